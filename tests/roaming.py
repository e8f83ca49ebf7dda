"""Browsers that any of several fleets may serve, as behind a load balancer.

Whichever fleet a request is sent to, the browser is at http://testserver, and has its cookies along.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.fleets import PATIENCE, Fleet
from tests.gates import Gate
from tests.project import forms_of

HOST = "testserver"
REGISTER = "/accounts/register/"


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers, of each name the first, and the page."""

    status: int
    headers: Mapping[str, str]
    page: str

    @property
    def location(self) -> str:
        """Where it leads, ``""`` for nowhere."""
        return self.headers.get("Location", "")


class Browser:
    """Somebody's browser: it keeps cookies, follows nothing, and presses the buttons on the first page."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def get(self, fleet: Fleet, address: str, **headers: str) -> Answer:
        """Open an address of the site, as it stands in a ``Location``."""
        return self._send(fleet, "GET", address, None, headers)

    def post(self, fleet: Fleet, address: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._send(fleet, "POST", address, urlencode(fields), typed)

    def start(self, fleet: Fleet, slug: str, **answers: str) -> str:
        """Press a provider's button on the first page; return the address at the provider to which that leads."""
        action = f"/accounts/{slug}/start/"
        form = next(form for form in forms_of(self.get(fleet, "/").page) if form.action == action)
        answer = self.post(fleet, action, {**form.fields, **answers})
        assert answer.status == 302, answer
        return answer.location

    def log_in(self, gate: Gate, slug: str, who: str, begins: Fleet, ends: Fleet) -> tuple[str, Answer]:
        """Begin in one fleet and finish in the other, the form too, if there is one.

        :return: the callback's address, and the last answer.
        """
        callback = gate.approve(self.start(begins, slug), who)
        answer = self.get(ends, callback)
        if answer.location == REGISTER:  # Google's people have no user name, and are asked for one
            (form,) = [form for form in forms_of(self.get(begins, REGISTER).page) if "username" in form.fields]
            answer = self.post(ends, REGISTER, {**form.fields, "username": who})
        return callback, answer

    def forget(self, *names: str) -> None:
        """Throw cookies away; all of them, if none is named."""
        for name in names or tuple(self.cookies):
            self.cookies.pop(name, None)

    def _send(self, fleet: Fleet, method: str, address: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(address)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body, {"Host": HOST, "Cookie": cookies, **headers})
            answer = connection.getresponse()
            self._keep(answer.headers.get_all("Set-Cookie", []))
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0" or not morsel.value:
                    del self.cookies[name]
