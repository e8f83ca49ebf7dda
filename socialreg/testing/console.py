"""The first page: what this is, who is there, what was asked, and the switches for every fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from . import pages, x
from .errors import CODES, SHAPES
from .faults import API, CATALOGUE
from .messages import Record, Request, Response
from .oauth1_server import Consumer
from .people import Person, remark
from .switchboard import Fault, Group, Switchboard

_GROUPS: Mapping[Group, str] = {
    "errors": "Errors of X",
    "oauth": "Tokens and clock",
    "profile": "Profiles",
    "bodies": "Unusable bodies",
    "transport": "The network",
    "browser": "The way back",
}
_RECENT = 12


class Console:
    """The index page and its one form."""

    def __init__(
        self, consumer: Consumer, people: Mapping[str, Person], board: Switchboard, requests: Sequence[Record]
    ) -> None:
        self._consumer = consumer
        self._people = people
        self._board = board
        self._requests = requests
        self.routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/"): self._index,
            ("POST", "/faults"): self._switch,
        }

    def _index(self, request: Request) -> Response:
        on = {switch.fault.name for switch in self._board.on()}
        values = {
            "origin": request.origin,
            "key": self._consumer.key,
            "secret": self._consumer.secret,
            "people": pages.join([_person(person) for person in self._people.values()]),
            "on": self._on(),
            "groups": pages.join([_group(group, on) for group in _GROUPS]),
            "requests": _recent(self._requests),
        }
        return pages.page("Stand-in for X", pages.render("index", values))

    def _on(self) -> pages.Html:
        switches = self._board.on()
        if not switches:
            return pages.render("all-well", {})
        rows = [
            pages.render("on", {"name": s.fault.name, "detail": _detail(s.code, s.path), "says": s.fault.says})
            for s in switches
        ]
        return pages.render("some-on", {"rows": pages.join(rows)})

    def _switch(self, request: Request) -> Response:
        form = request.form_fields()
        fault = CATALOGUE.get(form.get("name", ""))
        if form.get("do") == "clear":
            self._board.clear()
        elif fault is None:
            return pages.message("No such fault", "Go back and use one of the switches on the page.", 400)
        elif form.get("do") == "off":
            self._board.clear(fault.name)
        else:
            self._board.add(fault.switch(form))
        return Response.redirect("/#faults", 303)
