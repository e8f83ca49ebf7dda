"""What every provider must stand, run by each provider's own test with payloads from its documentation.

A test module subclasses :class:`OAuth2Grid` or :class:`OIDCGrid` and gives the class, its payloads and what is to come
out. Everything goes over real HTTP: a peer on this machine answers what it is told.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from socialreg import steps
from socialreg.authorization_code import AuthorizationCode
from socialreg.exceptions import BadAnswer, Denied, Mismatch, ProviderError, Refused, SocialRegError, Unavailable
from socialreg.http import Client
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.paths import read
from socialreg.testing.messages import Delivery, Request, Response
from socialreg.testing.server import Server
from socialreg.types import Credentials, Profile

CALLBACK = "https://site.example/accounts/it/callback/"
TOKEN = "a-t0k3n-for-the-tests"
HTML = Response(200, b"<!doctype html><title>Sorry</title>", "text/html")
RESET = Response(delivery=Delivery(reset=True))
#: What a field may be instead of what is documented. ``...`` stands for "not there".
ODD: tuple[object, ...] = (
    ...,
    None,
    7,
    1.5,
    True,
    False,
    "",
    " ",
    "\0",
    "\u202e",
    "<b>",
    "x" * 5_000,
    [],
    [None],
    {},
    {"a": 1},
)
#: What identifies nobody.
NOBODY: tuple[object, ...] = (..., None, "", " ", "\0", True, False, [], {}, 1.5, "x" * 256, 10**300)


class Peer:
    """A provider on this machine. ``answers`` has what each path answers, ``requests`` what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Response] = {}
        self.requests: list[Request] = []
        self._server = Server(("127.0.0.1", 0), self._answer, None)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.get(request.path, Response(404, b"nothing here"))

    def asked(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [request.path for request in self.requests]

    def request(self, path: str) -> Request:
        """Return the last request to a path."""
        return next(request for request in reversed(self.requests) if request.path == path)


def put(data: Any, path: str, value: object) -> Any:
    """Return a copy of ``data`` with something else at ``path``; ``...`` takes it away."""
    data = deepcopy(data)
    place, steps_ = data, [path] if isinstance(data, Mapping) and path in data else _steps(path)
    for step in steps_[:-1]:
        place = place[step]
    if value is ...:
        if isinstance(place, list):
            place.clear()
        else:
            place.pop(steps_[-1], None)
    else:
        place[steps_[-1]] = value
    return data


def _steps(path: str) -> list[Any]:
    return [int(step) if step.isdecimal() else step for step in path.replace("[", ".").replace("]", "").split(".")]


class Grid:
    """What OAuth 2.0 and OpenID Connect have in common."""

    #: The class under test, and the settings that it needs besides id, secret and addresses.
    provider: ClassVar[type[Any]]
    options: ClassVar[dict[str, object]] = {}
    #: The token answer.
    token: ClassVar[dict[str, object]] = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600}
    #: What the callback carries besides ``state``, ``code`` and, where it is promised, ``iss``.
    callback: ClassVar[dict[str, str]] = {}
    #: The callback as the provider is told it.
    redirect_uri: ClassVar[str] = CALLBACK
    #: The whole profile (OAuth 2.0: the answer of PROFILE_URL; OpenID Connect: the claims), and what it comes to.
    full: ClassVar[dict[str, Any]]
    expected: ClassVar[Profile]
    #: The least that the provider can answer, and what that comes to.
    minimal: ClassVar[dict[str, Any]]
    expected_minimal: ClassVar[Profile]
    #: How many requests a returning visitor costs.
    returning: ClassVar[int]
    #: An error of the token endpoint as the provider documents it, where it sends one with status 200.
    error_with_200: ClassVar[dict[str, object]] = {"error": "invalid_grant", "error_description": "s3cret words"}

    def make(self, peer: Peer, outside: Client, **options: object) -> Any:
        """Return the provider, pointed at the peer."""
        given = {
            "CLIENT_ID": "the-id",
            "CLIENT_SECRET": "the:s%cret",
            **self.addresses(peer),
            **self.options,
            **options,
        }
        return self.provider(given, outside)

    def addresses(self, peer: Peer) -> dict[str, object]:
        raise NotImplementedError

    def serve(self, peer: Peer, data: Any) -> None:
        """Let the peer be in good order, and tell ``data`` about the person."""
        raise NotImplementedError

    def prepare(self, peer: Peer, provider: AuthorizationCode, pending: Mapping[str, str]) -> None:
        """Do what has to wait until the attempt is known: a nonce is in the ID token."""

    def begin(self, provider: AuthorizationCode) -> tuple[Mapping[str, str], dict[str, str], dict[str, str]]:
        """Start; return what waits, what the address of the provider carries, and what a good callback carries."""
        redirect = steps.authorize(provider, CALLBACK, "login", {})
        sent = dict(parse_qsl(urlsplit(redirect.url).query, keep_blank_values=True))
        back = {"state": redirect.key, "code": "the-c0de", **self.callback}
        issuer, promised = provider.callback_issuer()
        return redirect.pending, sent, back | ({"iss": issuer} if promised else {})

    def log_in(self, peer: Peer, provider: Any) -> Credentials:
        """Go the whole way to the credentials."""
        pending, _, back = self.begin(provider)
        self.prepare(peer, provider, pending)
        return steps.verify(provider, pending, back)

    def arrive(self, peer: Peer, provider: Any) -> Profile:
        """Go the whole way to the profile."""
        return steps.fetch_profile(provider, self.log_in(peer, provider))

    # -- the protocol

    def test_the_address_carries_state_and_pkce_and_nothing_secret(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, sent, _ = self.begin(provider)
        _, again, _ = self.begin(provider)
        assert sent["response_type"] == "code"
        assert (sent["client_id"], sent["redirect_uri"]) == ("the-id", self.redirect_uri)
        assert len(sent["state"]) >= 32
        assert sent["state"] == pending["state"] != again["state"]
        if provider.pkce:
            assert sent["code_challenge_method"] == "S256"
            assert sent["code_challenge"] != again["code_challenge"]
            assert 43 <= len(pending["verifier"]) <= 128
            assert pending["verifier"] not in sent.values()
        else:
            assert "code_challenge" not in sent
        assert not {"the:s%cret", "client_secret"} & {*sent, *sent.values()}
        assert "+" not in urlsplit(provider.authorize(CALLBACK, "login", {}).url).query

    def test_the_code_is_exchanged_once_with_the_credentials_where_the_class_says(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        self.prepare(peer, provider, pending)
        steps.verify(provider, pending, back)
        requests = [request for request in peer.requests if request.path == "/token"]
        assert len(requests) == 1
        form = requests[0].form_fields()
        assert (form["grant_type"], form["code"]) == ("authorization_code", "the-c0de")
        assert form["redirect_uri"] == self.redirect_uri
        assert form.get("code_verifier") == pending.get("verifier")
        self.check_client(provider, requests[0].headers.get("authorization", ""), form)

    def check_client(self, provider: AuthorizationCode, authorization: str, form: Mapping[str, str]) -> None:
        """Assert how the client said who it is; a provider with a secret of its own kind overrides this."""
        if provider.auth_method() == "client_secret_basic":
            name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            assert (unquote_plus(name), unquote_plus(secret)) == ("the-id", "the:s%cret")
            assert not {"client_id", "client_secret"} & form.keys()
        else:
            assert (form["client_id"], form["client_secret"]) == ("the-id", "the:s%cret")
            assert not authorization

    def test_no_token_ever_stands_in_an_address(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        secrets = {TOKEN, "the:s%cret", "the-c0de"}
        assert not [r.path for r in peer.requests if secrets & {v for vs in parse_qs(r.query).values() for v in vs}]

    @pytest.mark.parametrize("state", [None, "", "another"])
    def test_a_callback_with_another_state_makes_no_call(self, peer: Peer, outside: Client, state: str | None):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        for wrong in (back, {**back, "error": "access_denied"}):
            callback = {name: value for name, value in wrong.items() if name != "state"} | (
                {"state": state} if state else {}
            )
            before = len(peer.requests)
            with pytest.raises(Mismatch):
                steps.verify(provider, pending, callback)
            assert len(peer.requests) == before

    def test_cancelling_is_no_error_of_anybodys(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        for error in provider.denied_errors:
            pending, _, back = self.begin(provider)
            before = len(peer.requests)
            del back["code"]
            with pytest.raises(Denied):
                steps.verify(provider, pending, {**back, "error": error})
            assert len(peer.requests) == before

    def test_another_authorization_server_is_refused(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        issuer, promised = provider.callback_issuer()
        before = len(peer.requests)
        if issuer:
            with pytest.raises(Mismatch):
                steps.verify(provider, pending, {**back, "iss": "https://evil.example"})
        if promised:
            with pytest.raises(Mismatch):
                steps.verify(provider, pending, {name: value for name, value in back.items() if name != "iss"})
        assert len(peer.requests) == before

    # -- the profile

    def test_a_full_profile(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        assert replace(self.arrive(peer, self.make(peer, outside)), raw={}, issuer="") == self.expected

    def test_a_minimal_profile(self, peer: Peer, outside: Client):
        self.serve(peer, self.minimal)
        assert replace(self.arrive(peer, self.make(peer, outside)), raw={}, issuer="") == self.expected_minimal

    def test_a_returning_visitor_costs_few_requests(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        self.arrive(peer, provider)
        peer.requests.clear()
        self.log_in(peer, provider)
        assert len(peer.requests) == self.returning, peer.asked()

    def test_any_optional_field_may_be_missing_or_anything(self, peer: Peer, outside: Client):
        """Each in turn: the login goes on as the same person, and nothing odd counts as a verified address."""
        provider = self.make(peer, outside)
        mapped = {name: path for name, path in provider.profile_map.items() if read(self.full, path) is not None}
        for name in mapped.keys() - {"uid", *self.part_of_uid}:
            for odd in ODD:
                self.serve(peer, put(self.full, mapped[name], odd))
                profile = self.arrive(peer, provider)
                assert profile.uid == self.expected.uid, (name, odd)
                assert all(len(value) <= 2000 for value in vars_of(profile).values() if isinstance(value, str))
                if name == "email_verified" and odd is not True and odd not in provider.true_strings:
                    assert profile.email is None or not profile.email.verified, odd

    #: Names in ``profile_map`` that the uid is made of besides ``uid``.
    part_of_uid: ClassVar[tuple[str, ...]] = ()

    def test_who_is_nobody_is_refused(self, peer: Peer, outside: Client):
        provider = self.make(peer, outside)
        for nobody in NOBODY:
            self.serve(peer, put(self.full, provider.uid_claim, nobody))
            with pytest.raises(ProviderError):
                self.log_in(peer, provider)

    def test_markup_is_carried_as_text(self, peer: Peer, outside: Client):
        provider = self.make(peer, outside)
        path = next(p for n, p in provider.profile_map.items() if n in {"full_name", "first_name", "username"})
        self.serve(peer, put(self.full, path, "<script>alert(1)</script>"))
        profile = self.arrive(peer, provider)
        assert "<script>alert(1)</script>" in {profile.full_name, profile.first_name, profile.username}

    # -- a bad day

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Response.json({"error": "invalid_grant"}, 400), Refused),
            (Response.json({"error": "invalid_client"}, 401), Refused),
            (Response.json({"error": {"odd": 1}}, 400), Refused),
            (Response(403, b""), Refused),
            (Response(429, b"slow down"), Unavailable),
            (Response(500, b"oops"), Unavailable),
            (Response.json({"error": "temporarily_unavailable"}, 503), Unavailable),
            (RESET, Unavailable),
            (HTML, BadAnswer),
            (Response.json({}), BadAnswer),
            (Response.json([]), BadAnswer),
            (Response.json({"access_token": None}), BadAnswer),
            (Response.json({"access_token": "a\nb"}), BadAnswer),
            (Response.json({"access_token": TOKEN, "token_type": "mac"}), BadAnswer),
            (Response(302, headers={"Location": "https://evil.example/"}), BadAnswer),
        ],
    )
    def test_a_token_endpoint_that_fails_is_a_typed_error(
        self, peer: Peer, outside: Client, answer: Response, error: type[SocialRegError]
    ):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        peer.answers["/token"] = answer
        with pytest.raises(error) as caught:
            steps.verify(provider, pending, back)
        assert caught.value.code != "provider", "an exception that the class did not foresee"
        assert peer.asked().count("/token") == 1
        assert "/profile" not in peer.asked()

    def test_an_error_with_200_is_an_error_and_its_words_stay_out(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        peer.answers["/token"] = Response.json(self.error_with_200)
        with pytest.raises(Refused) as caught:
            steps.verify(provider, pending, back)
        assert "s3cret words" not in str(caught.value)
        assert caught.value.remedy

    def test_token_type_is_read_in_any_case(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        self.prepare(peer, provider, pending)
        body = {**json.loads(peer.answers["/token"].body), "token_type": "bEaReR"}
        peer.answers["/token"] = Response.json(body)
        assert steps.verify(provider, pending, back).uid == self.expected.uid

    def test_secrets_are_in_no_repr(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        assert TOKEN not in repr(self.log_in(peer, self.make(peer, outside)))


def vars_of(profile: Profile) -> dict[str, object]:
    return {name: getattr(profile, name) for name in Profile.__dataclass_fields__}


class OAuth2Grid(Grid):
    """A provider whose profile is an answer of its own."""

    provider: ClassVar[type[OAuth2Provider]]
    returning: ClassVar[int] = 2
    #: The answer of EMAILS_URL, for classes that have one.
    emails: ClassVar[object] = None

    def addresses(self, peer: Peer) -> dict[str, object]:
        paths = {"AUTHORIZE_URL": "/authorize", "TOKEN_URL": "/token", "PROFILE_URL": "/profile"}
        if self.provider.emails_url:
            paths["EMAILS_URL"] = "/emails"
        return {name: f"{peer.url}{path}" for name, path in paths.items()}

    def serve(self, peer: Peer, data: Any) -> None:
        peer.answers["/token"] = Response.json(self.token)
        peer.answers["/profile"] = Response.json(data)
        peer.answers["/emails"] = Response.json(self.emails)

    def test_the_token_answer_may_be_a_form(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        peer.answers["/token"] = Response.form({name: str(value) for name, value in self.token.items()})
        assert self.arrive(peer, self.make(peer, outside)).uid == self.expected.uid

    def test_the_profile_is_asked_for_with_the_token_in_the_header(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        assert peer.request("/profile").headers["authorization"] == f"Bearer {TOKEN}"

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Response(401, b"{}"), Refused),
            (Response.json({"error": "insufficient_scope"}, 403), Refused),
            (Response.json({"error": "temporarily_unavailable", "id": "1"}), ProviderError),
            (Response(429, b""), Unavailable),
            (Response(500, b""), Unavailable),
            (RESET, Unavailable),
            (HTML, BadAnswer),
            (Response.json(None), BadAnswer),
            (Response.json([]), BadAnswer),
            (Response.json("text"), BadAnswer),
            (Response(307, headers={"Location": "https://evil.example/"}), BadAnswer),
        ],
    )
    def test_a_profile_that_fails_is_a_typed_error(
        self, peer: Peer, outside: Client, answer: Response, error: type[SocialRegError]
    ):
        self.serve(peer, self.full)
        peer.answers["/profile"] = answer
        with pytest.raises(error) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert caught.value.code != "provider", "an exception that the class did not foresee"

    @pytest.mark.parametrize(
        "answer", [Response(404, b""), Response(403, b"{}"), Response(500), RESET, HTML, Response.json({})]
    )
    def test_no_login_depends_on_the_call_for_addresses(self, peer: Peer, outside: Client, answer: Response):
        self.serve(peer, self.full)
        peer.answers["/emails"] = answer
        assert self.arrive(peer, self.make(peer, outside)).uid == self.expected.uid

    def test_somebody_who_is_known_is_spared_the_call_for_addresses(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        profile = steps.fetch_again(provider, self.log_in(peer, provider), self.expected)
        assert "/emails" not in peer.asked()
        assert replace(profile, raw={}, issuer="") == self.expected


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OIDCGrid(Grid):
    """A provider that signs an ID token. ``full`` and ``minimal`` are claims without iss, aud, exp, iat and nonce."""

    provider: ClassVar[type[OIDCProvider]]
    returning: ClassVar[int] = 1
    #: The answer of UserInfo, to which ``sub`` is added; ``None`` for a provider without.
    userinfo: ClassVar[dict[str, Any] | None] = None
    #: What the metadata says besides issuer and addresses.
    metadata: ClassVar[dict[str, object]] = {}

    def addresses(self, peer: Peer) -> dict[str, object]:
        return {"ISSUER": peer.url}

    def issuer(self, peer: Peer) -> str:
        """What ``iss`` is in ID tokens and ``issuer`` in the metadata."""
        return peer.url

    def serve(self, peer: Peer, data: Any) -> None:
        document = {
            "issuer": self.issuer(peer),
            "authorization_endpoint": f"{peer.url}/authorize",
            "token_endpoint": f"{peer.url}/token",
            "jwks_uri": f"{peer.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            **({"userinfo_endpoint": f"{peer.url}/userinfo"} if self.userinfo is not None else {}),
            **self.metadata,
        }
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_signing_key().public_key()))
        peer.answers["/.well-known/openid-configuration"] = Response.json(document)
        peer.answers["/jwks"] = Response.json({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]})
        peer.answers["/userinfo"] = Response.json({**(self.userinfo or {}), "sub": data.get("sub")})
        peer.answers["/token"] = Response.json(self.token)
        self.claims = data

    def prepare(self, peer: Peer, provider: AuthorizationCode, pending: Mapping[str, str]) -> None:
        nonce = {"nonce": pending["nonce"]} if self.provider.nonce_in_id_token else {}
        self.sign(peer, {**nonce, **self.claims})

    def sign(self, peer: Peer, claims: Mapping[str, object]) -> None:
        """Let the token endpoint answer with an ID token."""
        now = int(time.time())
        whole = {"iss": self.issuer(peer), "aud": "the-id", "iat": now, "exp": now + 600, **claims}
        token = jwt.api_jws.encode(json.dumps(whole).encode(), _signing_key(), "RS256", {"kid": "k1", "typ": "JWT"})
        peer.answers["/token"] = Response.json({**self.token, "id_token": token})

    def test_the_address_carries_a_nonce_of_its_own(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        (_, sent, _), (_, again, _) = self.begin(provider), self.begin(provider)
        assert len(sent["nonce"]) >= 32
        assert sent["nonce"] != again["nonce"]
        assert "openid" in sent["scope"].split()

    def test_an_id_token_with_another_nonce_is_refused(self, peer: Peer, outside: Client):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        self.sign(peer, {**self.full, "nonce": "another"})
        with pytest.raises(BadAnswer):
            steps.verify(provider, pending, back)

    @pytest.mark.parametrize(
        "claims", [{"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}, {"iat": 1}, {"azp": "another"}]
    )
    def test_an_id_token_of_somebody_else_is_refused(self, peer: Peer, outside: Client, claims: dict[str, object]):
        self.serve(peer, {**self.full, **claims})
        with pytest.raises(BadAnswer):
            self.log_in(peer, self.make(peer, outside))

    @pytest.mark.parametrize(
        "answer", [Response(401, b""), Response(500), RESET, HTML, Response.json({"sub": "another"})]
    )
    def test_userinfo_that_fails_stops_no_login_but_another_persons_does(
        self, peer: Peer, outside: Client, answer: Response
    ):
        if self.userinfo is None:
            return
        self.serve(peer, self.minimal)
        peer.answers["/userinfo"] = answer
        provider = self.make(peer, outside)
        credentials = self.log_in(peer, provider)
        if answer.body == Response.json({"sub": "another"}).body:
            with pytest.raises(BadAnswer):
                steps.fetch_profile(provider, credentials)
        else:
            assert steps.fetch_profile(provider, credentials).uid == self.expected_minimal.uid
