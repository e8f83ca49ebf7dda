"""The stand-in as one object: start it, point the site at it, break it on purpose, look at what was asked."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import replace
from email.utils import formatdate
from types import TracebackType
from typing import Self

from socialreg.exceptions import ConfigurationError

from . import avatars, faults, pages
from .consent import Consent
from .console import Console
from .errors import Shape
from .messages import Record, Request, Response
from .oauth1_server import Consumer, Tokens
from .people import PEOPLE, Person
from .server import Server
from .switchboard import Switch, Switchboard
from .visitor import Visitor
from .x import API, X

#: Known to everybody who reads this file, and good for nothing but a stand-in on one's own machine.
CONSUMER_KEY = "socialreg-sandbox"
CONSUMER_SECRET = "worthless-outside-this-machine"  # noqa: S105


class XStandIn:
    """A local stand-in for X that speaks real OAuth 1.0a over HTTP. Use it as a context manager, or start and stop it.

    :param port: the port to listen on; 0 takes a free one.
    :param host: a loopback address; no other is accepted.
    :param ssl_context: a server-side TLS context, to speak https.
    :param consumer_key: the application's key.
    :param consumer_secret: the application's secret; the default is published and worthless.
    :param callbacks: the application's allow-list of callback URLs, compared exactly; ``None`` for any http(s) address.
    :raises ConfigurationError: ``host`` is not a loopback address.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        ssl_context: ssl.SSLContext | None = None,
        consumer_key: str = CONSUMER_KEY,
        consumer_secret: str = CONSUMER_SECRET,
        callbacks: tuple[str, ...] | None = None,
    ) -> None:
        _require_loopback(host)
        self._consumer = Consumer(consumer_key, consumer_secret)
        self._board = Switchboard()
        #: The cast by screen name. A test may change, add and remove people; every answer looks at it anew.
        self.people: dict[str, Person] = {}
        #: Every request that was answered, browser's and application's, in order.
        self.requests: list[Record] = []
        self.reset()
        tokens = Tokens()
        self._x = X(self._consumer, callbacks, self.people, tokens)
        console = Console(self._consumer, self.people, self._board, self.requests)
        self._routes = {**Consent(consumer_key, self.people, tokens).routes, **console.routes}
        self._server = Server((host, port), self._answer, ssl_context)
        name = f"[{host}]" if ":" in host else host
        #: Where it listens, without a slash at the end.
        self.url = f"{self._server.scheme}://{name}:{self._server.server_address[1]}"
        self._visitor = Visitor(self.url)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer. The port is bound from construction on."""
        self._server.start()

    def stop(self) -> None:
        """Stop: every connection is closed and every held answer is let go."""
        self._server.stop()

    def provider_settings(self) -> dict[str, object]:
        """Return the entry for ``SOCIALREG["PROVIDERS"]["twitter"]`` that sends a site here."""
        return {
            "CLIENT_ID": self._consumer.key,
            "CLIENT_SECRET": self._consumer.secret,
            "API_HOST": self.url,
            "LOGIN_HOST": self.url,
        }

    def fault(
        self,
        name: str,
        times: int | None = None,
        *,
        path: str | None = None,
        code: int | None = None,
        shape: Shape | None = None,
        seconds: float | None = None,
    ) -> None:
        """Switch a fault on. Several can be on at once; each does its part in the order of switching.

        :param name: a key of :data:`FAULTS`.
        :param times: for how many matching requests; ``None`` until :meth:`clear`.
        :param path: the one path it is for; by default all that it makes sense for.
        :param code: of ``error`` X's code, of ``redirect`` the status.
        :param shape: of ``error``'s body: ``json``, ``xml``, ``hash``, ``text`` or ``problem`` (v2).
        :param seconds: of ``slow``, ``drip``, ``drip-headers`` and ``clock-skew``.
        :raises ConfigurationError: there is no such fault, code or shape.
        """
        self._board.add(faults.switch(name, times, path, code, shape, seconds))

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        self._board.clear(name)

    def reset(self) -> None:
        """Forget the requests, switch all faults off, restore the cast. Tokens and approvals stay good."""
        self.clear()
        self.requests.clear()
        self.people.clear()
        self.people.update({person.screen_name: person for person in PEOPLE})

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted so far, those of :meth:`approve` and :meth:`deny` left out."""
        return self._server.accepted - self._visitor.connections

    @property
    def api_requests(self) -> list[Record]:
        """The requests that an application made, without those of browsers."""
        return [record for record in self.requests if not record.browser]

    def requests_to(self, path: str) -> list[Record]:
        """Return the requests to one path, whatever their query."""
        return [record for record in self.requests if record.path == path]

    def approve(self, authorize_url: str, screen_name: str = PEOPLE[0].screen_name) -> str:
        """Do what a browser does whose owner presses "Authorize": over real HTTP, as a browser never seen before.

        :param authorize_url: where the site has sent the browser.
        :param screen_name: whom to be.
        :return: the callback URL to which the browser is sent.
        :raises ConfigurationError: a page was answered that lets nobody through.
        """
        return self._visitor.choose(authorize_url, {"screen_name": screen_name, "do": "authorize"})

    def deny(self, authorize_url: str) -> str:
        """Press "Cancel" instead. Parameters, result and errors as for :meth:`approve`."""
        return self._visitor.choose(authorize_url, {"do": "cancel"})

    def _answer(self, request: Request) -> Response:
        switches = self._board.take(request.path)
        skew = sum(switch.seconds for switch in switches if switch.fault.skews)
        request = replace(request, when=request.when + skew) if skew else request
        response = Response() if any(switch.fault.instead for switch in switches) else self._route(request)
        response = response.with_headers({"Date": formatdate(request.when, usegmt=True)})
        for switch in switches:
            response = _alter(response, request, switch)
        self.requests.append(_record(request, response))
        return response

    def _route(self, request: Request) -> Response:
        if (request.method, request.path) in self._x.routes:
            return self._x.answer(request)
        route = self._routes.get((request.method, request.path))
        if route is not None:
            return route(request)
        if request.path == pages.STYLE:
            return pages.style()
        picture = avatars.answer(request.path, list(self.people.values()))
        return picture or pages.message("Nothing here", "The stand-in has no page of this address.", 404)


def _alter(response: Response, request: Request, switch: Switch) -> Response:
    altered = switch.fault.act(response, request, switch)
    if switch.fault.instead:
        return altered.with_headers({"Date": formatdate(request.when, usegmt=True)})
    return altered


def _record(request: Request, response: Response) -> Record:
    status = 0 if response.delivery.reset else response.status
    return Record(request.method, request.path, status, request.when, request.query, request.path not in API)


def _require_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            f"The stand-in for X does not listen on {host!r}",
            cause="it vouches for anybody, so nobody but this machine may reach it",
            remedy="Use 127.0.0.1, ::1 or localhost",
            code="not-loopback",
        )
