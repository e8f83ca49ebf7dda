"""A provider that does all that it should over OAuth 2.0, OpenID Connect and as a server of Mastodon's, and a site.

What it answers can be replaced: a whole answer (``answers``), or one field of one (``fields``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.testing.messages import Response
from tests.op import rsa_key
from tests.providers.grid import Peer

SERVER = "one.example"
CODE = "the-c0de-of-an-attempt"
DISCOVERY, JWKS = "/.well-known/openid-configuration", "/jwks"
MARA: dict[str, Any] = {"id": "7", "sub": "7", "name": "Mara", "username": "maralind", "email": "mara@example.com"}


class World:
    """A provider that does all that it should, but for ``answers`` and ``fields``."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        #: By (document, field): what stands there instead.
        self.fields: dict[tuple[str, str], object] = {}
        #: By path: the whole answer.
        self.answers: dict[str, Response] = {}

    def settings(self) -> dict[str, Any]:
        url = self.peer.url
        client = {"CLIENT_ID": "the-id", "CLIENT_SECRET": "the-s3cret", "LABEL": "Acme"}
        acme = {
            "PROVIDER": "oauth2",
            "ISSUER": "https://acme.example",
            "AUTHORIZE_URL": f"{url}/authorize",
            "TOKEN_URL": f"{url}/token",
            "PROFILE_URL": f"{url}/profile",
            "EMAILS_URL": f"{url}/emails",
            "PROFILE_MAP": {name: name for name in ("username", "email", "email_verified", "picture")}
            | {"uid": "id", "full_name": "name"},
        }
        return {
            "acme": {**client, **acme},
            "corp": {**client, "PROVIDER": "oidc", "ISSUER": url},
            "mastodon": {"SERVER_ADDRESS": f"{url}/{{server}}"},
        }

    def serve(self, nonce: str = "") -> None:
        """Let every path answer, the token endpoint for the attempt that goes by ``nonce``."""
        url, tokens = self.peer.url, {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600}
        documents: dict[str, tuple[str, object]] = {
            "acme-token": ("/token", tokens),
            "acme-profile": ("/profile", MARA),
            "acme-emails": ("/emails", [self._changed("acme-emails", {"email": "m@example.com", "verified": True})]),
            "corp-discovery": (DISCOVERY, self._changed("corp-promises", _discovery(url))),
            "corp-keys": (JWKS, {"keys": [self._changed("corp-key", rsa_key().jwk())]}),
            "corp-token": ("/oidc-token", {**tokens, "id_token": self._id_token(nonce)}),
            "corp-userinfo": ("/userinfo", MARA),
            "mastodon-registration": (f"/{SERVER}/api/v1/apps", {"client_id": "i", "client_secret": "s"}),
            "mastodon-token": (f"/{SERVER}/oauth/token", tokens),
            "mastodon-profile": (f"/{SERVER}/api/v1/accounts/verify_credentials", MARA),
        }
        for name, (path, document) in documents.items():
            told = self._changed(name, document) if isinstance(document, dict) else document
            self.peer.answers[path] = self.answers.get(path) or Response.json(told)

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        parties = {"iss": self.peer.url, "sub": "7", "aud": "the-id", "exp": now + 300, "iat": now, "nonce": nonce}
        claims = self._changed("corp-claims", {**parties, "preferred_username": "maralind"})
        return rsa_key().sign(self._changed("corp-person", claims))

    def _changed(self, name: str, document: Mapping[str, object]) -> dict[str, object]:
        changes = {field: value for (where, field), value in self.fields.items() if where == name}
        return {field: value for field, value in {**document, **changes}.items() if value is not ...}


def _discovery(url: str) -> dict[str, object]:
    names = {"authorization_endpoint": "/authorize", "token_endpoint": "/oidc-token", "jwks_uri": JWKS}
    return {"issuer": url, "userinfo_endpoint": f"{url}/userinfo"} | {name: url + path for name, path in names.items()}


def begin(world: World, slug: str, client: Client, **data: str) -> tuple[str, dict[str, str]]:
    """Press the button; return the path and the query of a good callback."""
    world.serve()
    began = client.post(reverse("socialreg:start", args=[slug]), {"server": SERVER, **data})
    assert began.status_code == 302, began.content.decode()
    return _back(world, began)


def go(world: World, slug: str, client: Client) -> HttpResponse:
    """Press the button, come back; return our last answer."""
    world.serve()
    began = client.post(reverse("socialreg:start", args=[slug]), {"server": SERVER})
    return client.get(*_back(world, began)) if began.status_code == 302 else began


def _back(world: World, began: HttpResponse) -> tuple[str, dict[str, str]]:
    sent = dict(parse_qsl(urlsplit(began["Location"]).query))
    world.serve(sent.get("nonce", ""))
    callback = urlsplit(sent["redirect_uri"])
    return callback.path, {**dict(parse_qsl(callback.query)), "state": sent["state"], "code": CODE}


def is_register(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"] == reverse("socialreg:register")
