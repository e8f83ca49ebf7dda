"""How a site becomes an application of a Mastodon server, on the fly, and stays one.

https://docs.joinmastodon.org/methods/apps/#create
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from socialreg.answer import Answer
from socialreg.deadlines import deadline
from socialreg.exceptions import ConfigurationError, NoSuchServer, SocialRegError
from socialreg.oauth2_errors import code_in, error_from
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.tokens import FORM

#: Seconds that an application is remembered before anybody has logged in with it: so long does a login wait.
_HELD = 600
#: Seconds between two looks whether a server still knows us. Servers before 4.3 remove what seems unused, any may be
#: set up anew, and a browser that is sent to one which does not know us never comes back to tell.
_DAY = 24 * 3600
#: Seconds for either: whoever picks the server picks how slow it is.
_PATIENCE = 4.0
_HEADERS = {"Content-Type": FORM, "Accept": "application/json"}
#: An id or a secret. Servers make them of 26 to 64 characters; both have to wait in a cookie, where quotes and
#: backslashes, which no server uses, would take two.
_CREDENTIAL = re.compile(r"[!#-\[\]-~]{1,200}")
#: What a server answers that knows the application no more, or with another scope.
_LOST = frozenset({"invalid_client", "invalid_scope"})
#: What the transport says of a host that nobody should have named.
_BAD_HOSTS = frozenset({"private-address", "address"})


@dataclass(frozen=True, slots=True)
class About:
    """What a server is told of this site."""

    client_name: str
    website: str
    redirect_uri: str
    scope: str


class Apps:
    """The application that this site is at one server.

    An application is ``client_id`` and ``client_secret``, and ``kept`` once somebody has logged in with it. Before that
    it is held for minutes alone, so that nobody fills a table by naming servers.

    :param home: the server's address.
    """

    def __init__(self, transport: Transport, store: Store, home: str, about: About) -> None:
        self._transport = transport
        self._store = store
        self._home = home
        self._about = about
        # What it was registered with is part of it: with another callback or scope it is another application.
        self._key = f"mastodon {home} {about.redirect_uri} {about.scope}"

    def find(self) -> Mapping[str, str]:
        """Return the application; register it where there is none.

        :raises SocialRegError: the server does not play along.
        """
        kept = self._store.kept(self._key)
        if kept is not None and not self._is_lost(kept):
            return {**kept, "kept": "yes"}
        held = self._store.held(self._key)
        if held is not None:
            return held
        app = self._register()
        self._store.hold(self._key, app, _HELD)
        return app

    def keep(self, app: Mapping[str, str]) -> None:
        """Keep for good what somebody has logged in with."""
        if "kept" not in app:
            kept = {name: app[name] for name in ("client_id", "client_secret")}
            self._store.keep(self._key, kept)
            self._store.keep(revoking_key(self._home, self._about.scope), kept)

    def forget(self, app: Mapping[str, str]) -> None:
        """Forget what the server refuses, unless another application is in its place by now."""
        key = revoking_key(self._home, self._about.scope)
        found = [(self._key, self._store.kept(self._key)), (self._key, self._store.held(self._key))]
        for name, known in [*found, (key, self._store.kept(key))]:
            if known is not None and known["client_id"] == app["client_id"]:
                self._store.forget(name)

    def _is_lost(self, app: Mapping[str, str]) -> bool:
        """Whether the server does not know the application any more; it is asked once a day, and forgotten if so."""
        if not self._store.add(f"{self._key} looked after", _DAY):
            return False
        client = {name: app[name] for name in ("client_id", "client_secret")}
        grant = {"grant_type": "client_credentials", "redirect_uri": self._about.redirect_uri}
        try:
            answer = self._post("/oauth/token", {**grant, **client, "scope": self._about.scope})
        except SocialRegError:
            return False  # the browser will find out
        lost = not answer.ok and code_in(answer) in _LOST
        if lost:
            self.forget(app)
        return lost

    def _register(self) -> dict[str, str]:
        about = self._about
        fields = {"client_name": about.client_name, "website": about.website}
        answer = self._post("/api/v1/apps", {**fields, "redirect_uris": about.redirect_uri, "scopes": about.scope})
        if not answer.ok:
            raise error_from(answer, about.redirect_uri)
        found = answer.json()
        return {name: _credential(answer, found.get(name)) for name in ("client_id", "client_secret")}

    def _post(self, path: str, fields: Mapping[str, str]) -> Answer:
        with deadline(_PATIENCE):
            body = urlencode(fields).encode("ascii")
            return self._transport.send("POST", f"{self._home}{path}", headers=_HEADERS, body=body)


def _credential(answer: Answer, value: object) -> str:
    if not isinstance(value, str) or not _CREDENTIAL.fullmatch(value):
        raise answer.unusable("it lacks a client_id and a client_secret that can be used")
    return value


def revoking_key(home: str, scope: str) -> str:
    """Return the key of the application to which tokens of a server belong: those of an account know no callback."""
    return f"mastodon {home} {' '.join(sorted(scope.split()))} revokes"


class Elsewhere:
    """The way to servers that visitors name. What is a mistake in the settings elsewhere is theirs here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request, see :class:`~socialreg.provider.Transport`.

        :raises NoSuchServer: besides, if the host is none out in the internet.
        """
        try:
            return self._transport.send(method, url, headers=headers, body=body)
        except ConfigurationError as error:
            if error.code not in _BAD_HOSTS:
                raise
            raise no_such_server(error) from None

    @property
    def for_visitors(self) -> Transport:
        """This is it."""
        return self


def no_such_server(error: SocialRegError) -> NoSuchServer:
    """Return the error for a server that does not exist, or is no Mastodon's."""
    return NoSuchServer(
        "A visitor named a server where there is no Mastodon",
        cause=f"{error.failed}: {error.cause}",
        remedy="Nothing: they were asked again",
    )
