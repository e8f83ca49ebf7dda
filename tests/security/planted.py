"""Secrets, planted and overheard: a stand-in that forgets nothing that went over the wire, and what is secret in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from socialreg.lookup import find_class
from socialreg.oauth1 import OAuth1Provider
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.provider import Provider
from socialreg.testing import StandIn
from socialreg.testing.messages import Request, Response
from tests.shipped import GENERIC, slugs

#: What a scan looks for: each value that there was, by its kind.
Secrets = dict[str, set[str]]

CLIENT_SECRET = "planted client secret: 100 % of-{slug}+0123456789"
KEYS = ("planted-encryption-key-of-today-" * 2, "planted-encryption-key-of-before-" * 2)
SECRET_KEY = "planted-secret-key-0123456789-0123456789-0123456789"
#: Names of fields that carry a secret, in forms and in JSON, and the kind that it is of.
_FIELDS = {
    "access_token": "access token",
    "refresh_token": "refresh token",
    "id_token": "ID token",
    "code": "authorization code",
    "code_verifier": "PKCE verifier",
    "client_secret": "client secret",
    "oauth_verifier": "OAuth 1.0a verifier",
    "state": "state",
    "nonce": "nonce",
}
#: Shorter than this it is found by chance.
_SHORTEST = 12


class Watched(StandIn):
    """Every provider that ships, played, with a secret for each; nothing that is said is forgotten."""

    def __init__(self) -> None:
        self.wire: list[tuple[Request, Response]] = []
        super().__init__(consumer_secret=CLIENT_SECRET.format(slug="twitter"))

    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the site's settings for all of them."""
        made = {}
        for shipped in slugs():
            slug = GENERIC.get(shipped, shipped)
            kind = {"PROVIDER": shipped} if shipped in GENERIC else {}
            secret = {"CLIENT_SECRET": CLIENT_SECRET.format(slug=slug)} if slug not in {"apple", "mastodon"} else {}
            made[slug] = {**kind, **secret, **self.play(slug, find_class(slug, kind), {**kind, **secret})}
        return made

    def _answer(self, request: Request) -> Response:
        response = super()._answer(request)
        self.wire.append((request, response))
        return response

    def secrets(self, entries: Mapping[str, Mapping[str, Any]]) -> Secrets:
        """Return every secret that there was so far, those of the settings included."""
        found: Secrets = {"SECRET_KEY": {SECRET_KEY}, "encryption key": set(KEYS)}
        for kind, value in (*_of_settings(entries), *(each for pair in list(self.wire) for each in _of_wire(*pair))):
            if len(value) >= _SHORTEST:
                found.setdefault(kind, set()).add(value)
        return found


def _of_settings(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for entry in entries.values():
        yield "client secret", str(entry.get("CLIENT_SECRET", ""))
        for line in str(entry.get("PRIVATE_KEY", "")).splitlines():
            if not line.startswith("-"):
                yield "private key", line


def _of_wire(request: Request, response: Response) -> Iterator[tuple[str, str]]:
    told = {**request.query_fields(), **request.form_fields(), **_json(response)}
    yield from ((_FIELDS[name], str(value)) for name, value in told.items() if name in _FIELDS)
    yield from _of_header(request.headers.get("authorization", ""))
    if response.way is not None:
        yield from ((_FIELDS[name], value) for name, value in response.way.fields.items() if name in _FIELDS)
    fields = response.fields() if b"oauth_token_secret=" in response.body else {}
    is_request_token = "request_token" in request.path
    if fields:
        yield ("request token secret" if is_request_token else "token secret"), fields["oauth_token_secret"]
    if fields and not is_request_token:  # a request token is shown to the browser
        yield "access token", fields["oauth_token"]


def _json(response: Response) -> dict[str, Any]:
    try:
        found = json.loads(response.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_header(value: str) -> Iterator[tuple[str, str]]:
    kind, _, rest = value.partition(" ")
    if kind == "Bearer":
        yield "access token", rest
    if kind == "Basic":
        try:
            yield "client secret", unquote_plus(base64.b64decode(rest).decode().partition(":")[2])
        except (binascii.Error, ValueError):
            return


_EVERYWHERE = {"SECRET_KEY", "encryption key"}
_OAUTH1 = {"client secret", "request token secret", "OAuth 1.0a verifier", "access token", "token secret"}
_OAUTH2 = {"client secret", "access token", "authorization code", "state"}


def expected(kind: type[Provider]) -> set[str]:
    """Return what has to have been there of a provider, for the search to mean anything: what its class works with."""
    if issubclass(kind, OAuth1Provider):
        return _EVERYWHERE | _OAUTH1
    assert issubclass(kind, OAuth2Provider), kind
    more = set() if kind.slug == "mastodon" else {"refresh token"}  # its access tokens do not run out
    more |= {"PKCE verifier"} if kind.pkce else set()
    more |= {"ID token", "nonce"} if issubclass(kind, OIDCProvider) else set()
    # A client secret that is made for the moment is signed with the key.
    more |= {"private key"} if "PRIVATE_KEY" in kind.required_options else set()
    return _EVERYWHERE | _OAUTH2 | more
