"""A browser's part, played over real HTTP: open the page, choose, see where it leads."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

from socialreg.exceptions import ConfigurationError

from .consent import CONSENT
from .messages import FORM


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
        """Open the consent page and post a choice; return the address to which that leads.

        :raises ConfigurationError: the page does not ask, or the choice leads nowhere.
        """
        parts = urlsplit(authorize_url)
        connection = self._connect()
        try:
            self._send(connection, "GET", f"{parts.path}?{parts.query}", HTTPStatus.OK)
            token = parse_qs(parts.query).get("oauth_token", [""])[0]
            return self._send(connection, "POST", CONSENT, HTTPStatus.FOUND, {"oauth_token": token, **choice})
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
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        expected: HTTPStatus,
        form: Mapping[str, str] | None = None,
    ) -> str:
        body = urlencode(form) if form else None
        connection.request(method, target, body, {"Content-Type": FORM} if form else {})
        answer = connection.getresponse()
        answer.read()
        if answer.status != expected:
            raise ConfigurationError(
                f"The stand-in's consent page answered {answer.status}",
                cause="the request token is unknown or spent, or there is nobody of that name",
                remedy="Hand over the address of a fresh redirect, and a screen name of the cast",
                code="no-consent",
            )
        return answer.getheader("Location") or ""
