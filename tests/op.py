"""An OpenID provider on loopback, for tests: it does all that it should, but for what a test switches.

::

    with OP() as op:
        provider = OIDCProvider(op.settings(), op.client())
        redirect = provider.authorize(CALLBACK, "login", {})
        credentials = provider.verify(redirect.pending, op.approve(redirect.url))

Every switch is a plain attribute, as new after :meth:`OP.reset`. Those that are dicts change what the provider would
have said, member by member; :data:`GONE` takes one away.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import get_default_algorithms

from socialreg.http import Client
from tests.servers import Peer, Server, answer

#: As a value in a switch: this member is not there.
GONE = object()
DISCOVERY, JWKS, TOKEN, USERINFO = "/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"
MARA = {
    "sub": "248289761001",
    "name": "Mara Lindqvist",
    "given_name": "Mara",
    "family_name": "Lindqvist",
    "preferred_username": "maralind",
    "email": "mara.lindqvist@example.com",
    "email_verified": True,
}


@dataclass(frozen=True)
class Key:
    """A key pair: how it is published, and how it signs."""

    kid: str
    alg: str
    private: Any = field(repr=False)

    def jwk(self, **changes: object) -> dict[str, object]:
        """Return the public half, as a key set has it."""
        found = get_default_algorithms()[self.alg].to_jwk(self.private.public_key(), as_dict=True)
        found.pop("key_ops", None)
        return changed({**found, "kid": self.kid, "alg": self.alg, "use": "sig"}, changes)

    def sign(self, claims: Mapping[str, object] | bytes, **header: object) -> str:
        """Return a token; members of its header can be changed."""
        whole = changed({"typ": "JWT", "alg": self.alg, "kid": self.kid}, header)
        return compact(whole, claims, self.private, self.alg)


def rsa_key(number: int = 1, alg: str = "RS256", bits: int = 2048) -> Key:
    """Return an RSA key; the same for the same arguments, for making one takes a while."""
    return Key(f"rsa-{number}", alg, _rsa(number, bits))


def ec_key(number: int = 1, alg: str = "ES256") -> Key:
    """Return an elliptic curve key; the same for the same arguments."""
    return Key(f"ec-{number}", alg, _ec(number, alg))


@cache
def _rsa(_number: int, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def _ec(_number: int, alg: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[alg])


def compact(header: object, claims: object, key: Any = None, alg: str = "none") -> str:
    """Return a token of any content, signed with any key: parts that are bytes are taken as they are."""
    head, body = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims))
    signed = f"{b64(head)}.{b64(body)}"
    return f"{signed}.{b64(get_default_algorithms()[alg].sign(signed.encode(), key))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def half_hash(text: str, name: str = "sha256") -> str:
    """Return what ``at_hash`` is for a token (Core section 3.1.3.6)."""
    digest = hashlib.new(name, text.encode()).digest()
    return b64(digest[: len(digest) // 2])


def changed(members: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


@dataclass(frozen=True)
class Request:
    """One request that arrived: ``headers`` by lower-case name, ``form`` is the body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


class OP:
    """The provider, from ``with`` to the end of it. ``requests`` holds what arrived, in order."""

    client_id, client_secret = "acme: 50%+", "s3cret/+%:é"

    def __init__(self) -> None:
        self.server = Server(self._serve)
        self.issuer = f"http://{self.server.netloc}"
        self._client = Client(private_hosts=frozenset({self.server.netloc}), plain_http=True)
        self.reset()

    def reset(self) -> None:
        self.requests: list[Request] = []
        self.person: dict[str, object] = dict(MARA)
        self.key = rsa_key()
        #: What the key set holds; ``None``: the key that signs.
        self.keys: list[object] | None = None
        self.header: dict[str, object] = {}
        self.claims: dict[str, object] = {}
        #: The whole ID token, instead of one that is signed now.
        self.id_token: str | None = None
        self.tokens: dict[str, object] = {}
        self.userinfo: dict[str, object] = {}
        self.metadata: dict[str, object] = {}
        self.callback: dict[str, object] = {}
        #: By path: status and body to say instead of what is asked for.
        self.broken: dict[str, tuple[int, bytes]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, str] = {}
        self._access: set[str] = set()

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.server.__exit__(kind, error, trace)

    # -- for the test

    def settings(self, **changes: object) -> dict[str, object]:
        """Return what a site's settings say of this provider."""
        given = {"ISSUER": self.issuer, "CLIENT_ID": self.client_id, "CLIENT_SECRET": self.client_secret}
        return {**given, "LABEL": "Acme", **changes}

    def client(self) -> Client:
        """Return the outbound client, allowed to speak plain http to this provider."""
        return self._client

    def serve_keys(self, path: str, *keys: Key) -> None:
        """Serve a key set at another address."""
        self.broken[path] = (200, json.dumps({"keys": [key.jwk() for key in keys]}).encode())

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]

    def count(self, path: str) -> int:
        return self.paths.count(path)

    def approve(self, url: str) -> dict[str, str]:
        """Log in and consent, as a browser that was sent to ``url``; return the callback's parameters."""
        query = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{self.issuer}/authorize?"), url
        assert (query["response_type"], query["client_id"]) == ("code", self.client_id)
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        given = {"code": code, "state": query["state"], "iss": self.issuer}
        return {name: str(value) for name, value in changed(given, self.callback).items()}

    # -- what it says

    def _serve(self, peer: Peer) -> None:
        while raw := peer.request():
            request = _parse(raw)
            self.requests.append(request)
            status, body = self._answer(request)
            peer.say(
                answer(f"{status} Status", body, {"Content-Type": "application/json", "Cache-Control": "no-store"})
            )

    def _answer(self, request: Request) -> tuple[int, bytes]:
        if request.path in self.broken:
            return self.broken[request.path]
        say = {DISCOVERY: self._discovery, JWKS: self._jwks, TOKEN: self._token, USERINFO: self._userinfo}
        if request.path not in say:
            return 404, b"{}"
        try:
            return 200, json.dumps(say[request.path](request)).encode()
        except PermissionError as error:
            return 400, json.dumps({"error": str(error)}).encode()

    def _discovery(self, _request: Request) -> dict[str, object]:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": self.issuer + TOKEN,
            "userinfo_endpoint": self.issuer + USERINFO,
            "jwks_uri": self.issuer + JWKS,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return changed(said, self.metadata)

    def _jwks(self, _request: Request) -> dict[str, object]:
        return {"keys": [self.key.jwk()] if self.keys is None else self.keys}

    def _token(self, request: Request) -> dict[str, object]:
        _check(self._authenticated(request), "invalid_client")
        form = request.form
        if form.get("grant_type") == "refresh_token":
            _check(self._refresh.pop(form["refresh_token"], None) is not None, "invalid_grant")
            return self._issue({})
        query = self._codes.pop(form.get("code", ""), None)
        _check(form.get("grant_type") == "authorization_code" and query is not None, "invalid_grant")
        assert query is not None
        _check(form.get("redirect_uri") == query["redirect_uri"], "invalid_grant")
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        _check(challenge == query["code_challenge"], "invalid_grant")
        return self._issue({"nonce": query["nonce"]} if "nonce" in query else {})

    def _authenticated(self, request: Request) -> bool:
        given = (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            given = (unquote_plus(name), unquote_plus(secret))
        return given == (self.client_id, self.client_secret)

    def _issue(self, more: Mapping[str, object]) -> dict[str, object]:
        access, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self._access.add(access)
        self._refresh[refresh] = access
        said = {"access_token": access, "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh}
        said = {**said, "scope": "openid profile email"}
        claims = self.id_claims(str(self.tokens.get("access_token", access)), more)
        token = self.id_token or self.key.sign(claims, **self.header)
        return changed({**said, "id_token": token}, self.tokens)

    def id_claims(self, access_token: str, more: Mapping[str, object]) -> dict[str, object]:
        """Return the claims of an ID token that is issued now."""
        now = int(time.time())
        said = {"iss": self.issuer, "aud": self.client_id, "exp": now + 300, "iat": now, **self.person}
        return changed({**said, "at_hash": half_hash(access_token), **more}, self.claims)

    def _userinfo(self, request: Request) -> dict[str, object]:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        _check(kind == "Bearer" and token in self._access, "invalid_token")
        return changed(self.person, self.userinfo)


def _check(true: bool, error: str) -> None:
    if not true:
        raise PermissionError(error)


def _parse(raw: bytes) -> Request:
    head, _, body = raw.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, path, query, headers, dict(parse_qsl(body, keep_blank_values=True)))
