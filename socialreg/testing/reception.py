"""Where every request arrives: it is given to whoever it is for, spoilt by the faults that are on, and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate

from . import avatars, faults, pages
from .messages import Record, Request, Response
from .oauth2.stage import Stage
from .people import Person
from .switchboard import Switch, Switchboard
from .x import X
from .x import endpoint as x_endpoint

Routes = Mapping[tuple[str, str], Callable[[Request], Response]]


class Reception:
    """Answers requests.

    :param x: X, for the calls of applications.
    :param stage: the providers that are played.
    :param routes: the pages of X and of the stand-in itself, by method and path.
    :param people: the cast, for their pictures.
    :param board: the faults that are on.
    """

    def __init__(self, x: X, stage: Stage, routes: Routes, people: Mapping[str, Person], board: Switchboard) -> None:
        self._x = x
        self._stage = stage
        self._routes = routes
        self._people = people
        self._board = board

    def answer(self, request: Request) -> tuple[Response, Record]:
        """Answer a request; return what is to be remembered of it as well."""
        endpoint = self._stage.endpoint(request.path) or x_endpoint(request.path)
        switches = self._board.take(request.path, endpoint)
        skew = sum(switch.seconds for switch in switches if switch.fault.skews)
        request = replace(request, when=request.when + skew) if skew else request
        response = Response() if any(switch.fault.instead for switch in switches) else self._route(request)
        response = response.with_headers({"Date": formatdate(request.when, usegmt=True)})
        for switch in switches:
            response = _alter(response, request, switch)
        status = 0 if response.delivery.reset else response.status
        browser = not faults.is_api(request.path, endpoint)
        return response, Record(request.method, request.path, status, request.when, request.query, browser)

    def _route(self, request: Request) -> Response:
        if (request.method, x_endpoint(request.path)) in self._x.routes:
            return self._x.answer(request)
        route = self._routes.get((request.method, request.path))
        if route is not None:
            return route(request)
        if request.path == pages.STYLE:
            return pages.style()
        found = self._stage.answer(request) or self._stage.picture(request)
        found = found or avatars.answer(request.path, list(self._people.values()))
        return found or pages.message("Nothing here", "The stand-in has no page of this address.", 404)


def _alter(response: Response, request: Request, switch: Switch) -> Response:
    altered = switch.fault.act(response, request, switch)
    if switch.fault.instead:
        return altered.with_headers({"Date": formatdate(request.when, usegmt=True)})
    return altered
