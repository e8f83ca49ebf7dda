"""The first page: what this is, who is there, what was asked, and the switches for every fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from socialreg.exceptions import ConfigurationError

from . import faults, pages
from .errors import CODES
from .messages import Record, Request, Response
from .oauth2.stage import Stage
from .people import Person, remark
from .switchboard import Group, Switch, Switchboard
from .x import API
from .x_part import XPart

_GROUPS: Mapping[Group, str] = {
    "errors": "Errors",
    "oauth": "Tokens and clock",
    "profile": "Profiles",
    "bodies": "Unusable bodies",
    "transport": "The network",
    "browser": "The way back",
    "token": "OAuth 2.0: tokens",
    "id-token": "OpenID Connect: ID tokens",
    "resource": "OAuth 2.0: profiles, addresses, keys",
    "back": "OAuth 2.0: the way back",
}
#: How many requests are shown, of the latest so many.
_RECENT = 12
_LOOKED_AT = 500


class Console:
    """The index page and its switches.

    :param x: X, as it is played from the start.
    :param requests: everything that was answered so far; it grows while this looks at it.
    """

    def __init__(
        self,
        x: XPart,
        people: Mapping[str, Person],
        board: Switchboard,
        requests: Sequence[Record],
        stage: Stage,
    ) -> None:
        self._x = x
        self._people = people
        self._board = board
        self._requests = requests
        self._stage = stage
        self.routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/"): self._index,
            ("POST", "/faults"): self._switch,
        }

    def _index(self, _request: Request) -> Response:
        on = self._board.on()
        values = {
            "providers": self._providers(),
            "people": pages.join([_person(person) for person in self._people.values()]),
            "on": _on(on),
            "codes": pages.join([_code(code) for code in CODES]),
            "paths": pages.join([pages.render("option", {"value": path, "label": path}) for path in sorted(API)]),
            "groups": pages.join([_group(group, {switch.fault.name for switch in on}) for group in _GROUPS]),
            "posts": str(len(self._x.posts)),
            "requests": _recent([record for record in self._requests[-_LOOKED_AT:] if _is_step(record)][-_RECENT:]),
        }
        return pages.page("Stand-in", pages.render("index", values))

    def _providers(self) -> pages.Html:
        played = [
            _provider(part.label, pages.Html(part.provider.icon()), part.protocol, {"slug": part.slug, **part.options})
            for part in self._stage.parts.values()
        ]
        return pages.join(
            [_provider("X", pages.Html(), "OAuth 1.0a", {"slug": "twitter", **self._x.options()}), *played]
        )

    def _switch(self, request: Request) -> Response:
        form = request.form_fields()
        name, do = form.get("name", ""), form.get("do", "on")
        if do == "on":
            code = form.get("code", "")
            try:
                switch = faults.switch(name, None, form.get("path") or None, int(code) if code.isdecimal() else None)
            except ConfigurationError:
                return pages.message("No such fault", "Go back and use one of the switches on the page.", 400)
            self._board.add(switch)
        else:
            self._board.clear(None if do == "clear" else name)
        return Response.redirect("/#faults", 303)


def _provider(label: str, icon: pages.Html, protocol: str, options: Mapping[str, object]) -> pages.Html:
    facts = [
        pages.render(
            "fact", {"name": name, "value": " ".join(value.split()) if isinstance(value, str) else repr(value)}
        )
        for name, value in options.items()
    ]
    return pages.render("provider", {"label": label, "icon": icon, "protocol": protocol, "facts": pages.join(facts)})


def _person(person: Person) -> pages.Html:
    values = {
        "handle": person.screen_name,
        "name": person.name,
        "picture": person.picture_url(""),
        "email": person.email or "",
        "remark": remark(person),
    }
    return pages.render("person", values)


def _code(code: int) -> pages.Html:
    return pages.render("option", {"value": str(code), "label": f"{code} · {CODES[code].text[:60]}"})


def _on(switches: Sequence[Switch]) -> pages.Html:
    if not switches:
        return pages.render("all-well", {})
    return pages.render("some-on", {"rows": pages.join([_on_row(switch) for switch in switches])})


def _on_row(switch: Switch) -> pages.Html:
    code = str(switch.code) if switch.fault.name == "error" else ""
    detail = " ".join(part for part in (code, switch.path or "") if part)
    return pages.render("on", {"name": switch.fault.name, "detail": detail})


def _group(group: Group, on: set[str]) -> pages.Html:
    members = [fault for fault in faults.CATALOGUE.values() if fault.group == group and fault.name != "error"]
    rows = [
        pages.render(
            "fault",
            {
                "name": fault.name,
                "says": fault.says,
                "do": "off" if fault.name in on else "on",
                "pressed": "true" if fault.name in on else "false",
                "label": "On" if fault.name in on else "Off",
            },
        )
        for fault in members
    ]
    is_open = any(fault.name in on for fault in members)
    values = {"title": _GROUPS[group], "count": str(len(members)), "rows": pages.join(rows)}
    return pages.render("group", {**values, "open": pages.Html(" open" if is_open else "")})


def _is_step(record: Record) -> bool:
    return not record.browser or record.path.startswith("/oauth/") or record.path.endswith(("/authorize", "/consent"))


def _recent(records: Sequence[Record]) -> pages.Html:
    if not records:
        return pages.render("no-requests", {})
    rows = [
        pages.render(
            "request",
            {
                "at": time.strftime("%H:%M:%S", time.localtime(record.when)),
                "call": f"{record.method} {record.path}",
                "status": str(record.status or "reset"),
                "who": "browser" if record.browser else "app",
                "kind": "bad" if record.status == 0 or record.status >= 400 else "good",  # noqa: PLR2004
            },
        )
        for record in reversed(records)
    ]
    return pages.render("requests", {"rows": pages.join(rows)})
