"""A browser's part, played over real HTTP: open the page, choose, press the button, see where it leads."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Mapping
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Self
from urllib.parse import urlencode, urlsplit

from socialreg.exceptions import ConfigurationError

from .messages import FORM


class Posted(str):
    """A callback's address to which the browser posts :attr:`fields`, as a provider's page makes it do."""

    __slots__ = ("fields",)
    #: What is posted, as ``application/x-www-form-urlencoded``.
    fields: dict[str, str]

    def __new__(cls, url: str, fields: Mapping[str, str]) -> Self:
        """Return the address with its fields."""
        made = super().__new__(cls, url)
        made.fields = dict(fields)
        return made


class Visitor:
    """Somebody who presses buttons at the stand-in.

    :param url: the stand-in's address. Whatever host an authorize URL names, this is where it is opened.
    """

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._lock = threading.Lock()
        #: How many connections this has opened.
        self.connections = 0

    def choose(self, authorize_url: str, choice: Mapping[str, str]) -> str:
        """Open the consent page and post a choice; return the address to which that leads, :class:`Posted` for a form.

        :raises ConfigurationError: the page does not ask, or the choice leads nowhere.
        """
        parts = urlsplit(authorize_url)
        connection = self._connect()
        try:
            location, form = self._send(connection, "GET", f"{parts.path}?{parts.query}")
            if location or urlsplit(form.action).netloc:
                return location or Posted(form.action, form.fields)
            location, form = self._send(connection, "POST", form.action, {**form.fields, **choice})
            return location or Posted(form.action, form.fields)
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        with self._lock:
            self.connections += 1
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=30)
        context = ssl.create_default_context()
        context.check_hostname = False  # a loopback peer that this very process has started
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=30, context=context)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, target: str, form: Mapping[str, str] | None = None
    ) -> tuple[str, _Form]:
        """Return where the browser is redirected to, ``""`` if nowhere, and the form on the page."""
        body = urlencode(form) if form else None
        connection.request(method, target, body, {"Content-Type": FORM} if form else {})
        answer = connection.getresponse()
        found = _Form()
        found.feed(answer.read().decode("utf-8", "replace"))
        location = answer.getheader("Location") or ""
        if answer.status != (HTTPStatus.FOUND if location else HTTPStatus.OK) or not (location or found.action):
            raise ConfigurationError(
                f"The stand-in's consent page answered {answer.status}",
                cause="what it was asked with is unknown, spent or not as the provider wants it, or there is nobody of "
                "that name",
                remedy="Hand over the address of a fresh redirect, and a screen name of the cast",
                code="no-consent",
            )
        return location, found


class _Form(HTMLParser):
    """The one form of a page: where it is sent, and the fields that nobody sees."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what belongs to the form."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found.get("action", "")
        if tag == "input" and found.get("type") == "hidden":
            self.fields[found.get("name", "")] = found.get("value", "")
