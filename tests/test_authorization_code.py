"""The authorization code grant, over real HTTP against a peer on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer, ConfigurationError, Mismatch, Refused, Unavailable
from socialreg.http import Client
from socialreg.oauth2 import OAuth2Provider
from socialreg.testing.messages import Response
from socialreg.types import Credentials, Intent
from tests.providers.grid import CALLBACK, RESET, Peer


class Example(OAuth2Provider):
    slug = "example"
    label = "Example"
    issuer = "https://example.com"
    scope = ("read", "e-mail")
    request_options = ("hint",)

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return {"login_hint": options.get("hint", ""), "state": "chosen by the form", "intent": intent}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        peer.answers["/token"] = Response.json({"access_token": "t0k3n", "refresh_token": "r1", "expires_in": 60})
        peer.answers["/profile"] = Response.json({"id": 7})
        yield peer


@pytest.fixture
def outside(peer: Peer) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({urlsplit(peer.url).netloc}), plain_http=True)
    yield client
    client.close()


def example(peer: Peer, outside: Client, **options: object) -> Example:
    addresses = {
        name: f"{peer.url}/{name.split('_')[0].lower()}" for name in ("AUTHORIZE_URL", "TOKEN_URL", "PROFILE_URL")
    }
    return Example({"CLIENT_ID": "id", "CLIENT_SECRET": "secret", **addresses, **options}, outside)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def test_nothing_takes_the_place_of_a_parameter_of_the_protocol(peer: Peer, outside: Client):
    hostile = {"client_id": "x", "redirect_uri": "x", "state": "x", "scope": "x", "code_challenge": "x", "more": "y"}
    provider = example(peer, outside, EXTRA_PARAMS={**hostile, "response_type": "token"})
    redirect = steps.authorize(provider, CALLBACK, "login", {"hint": "ann"})
    sent = query(redirect.url)
    assert (sent["client_id"], sent["redirect_uri"], sent["response_type"]) == ("id", CALLBACK, "code")
    assert (sent["scope"], sent["more"], sent["login_hint"]) == ("read e-mail", "y", "ann")
    assert sent["state"] == redirect.key
    assert sent["code_challenge"] not in {"x", ""}


def test_an_address_with_a_query_of_its_own_keeps_it(peer: Peer, outside: Client):
    url = steps.authorize(example(peer, outside, AUTHORIZE_URL=f"{peer.url}/a?tenant=1"), CALLBACK, "login", {}).url
    assert url.count("?") == 1
    assert query(url)["tenant"] == "1"


def test_the_verifier_is_as_rfc_7636_has_it_and_never_the_same(peer: Peer, outside: Client):
    provider = example(peer, outside)
    seen = set()
    for _ in range(200):
        redirect = steps.authorize(provider, CALLBACK, "login", {})
        verifier = redirect.pending["verifier"]
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        assert query(redirect.url)["code_challenge"] == challenge
        seen |= {verifier, redirect.key}
    assert len(seen) == 400


@pytest.mark.parametrize("code", ["", "a\n", "ü", "\0", "c" * 4097, "\ud800"])
def test_a_code_that_nobody_issued_makes_no_call(peer: Peer, outside: Client, code: str):
    provider = example(peer, outside)
    redirect = provider.authorize(CALLBACK, "login", {})
    with pytest.raises(Mismatch):
        steps.verify(provider, redirect.pending, {"state": redirect.key, "code": code})
    assert peer.requests == []


def test_an_access_token_in_the_callback_is_ignored(peer: Peer, outside: Client):
    provider = example(peer, outside)
    redirect = provider.authorize(CALLBACK, "login", {})
    with pytest.raises(Mismatch):
        steps.verify(provider, redirect.pending, {"state": redirect.key, "access_token": "t", "id": "8"})
    back = {"state": redirect.key, "code": "c", "access_token": "another", "id": "8"}
    credentials = steps.verify(provider, redirect.pending, back)
    assert (credentials.uid, credentials.token) == ("7", "t0k3n")


@pytest.mark.parametrize("also", [{"code": "c"}, {"error": "access_denied"}, {"error": "server_error"}])
@pytest.mark.parametrize(
    ("server", "promised", "iss"),
    [
        ("https://as.example", False, "https://as.example/"),
        ("https://as.example", False, "https://evil.example"),
        ("https://as.example", True, None),
        ("https://as.example", True, ""),
        ("", True, None),
    ],
)
def test_another_iss_is_refused_on_errors_too(peer: Peer, outside: Client, server: str, promised, iss, also):
    """RFC 9207 section 2.4: compared as plain text, before anything else is read."""
    promise = {"AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED": promised}
    provider = example(peer, outside, AUTHORIZATION_SERVER=server, **promise)
    redirect = provider.authorize(CALLBACK, "login", {})
    back = {"state": redirect.key, **also} | ({} if iss is None else {"iss": iss})
    with pytest.raises(Mismatch, match="issuer"):
        steps.verify(provider, redirect.pending, back)
    assert peer.requests == []


@pytest.mark.parametrize(
    ("server", "promised", "iss"),
    [
        ("", False, {}),
        ("", False, {"iss": "https://anything.example"}),
        ("https://as.example", False, {}),
        ("https://as.example", False, {"iss": "https://as.example"}),
        ("https://as.example", True, {"iss": "https://as.example"}),
    ],
)
def test_the_right_iss_goes_through(peer: Peer, outside: Client, server: str, promised, iss):
    promise = {"AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED": promised}
    provider = example(peer, outside, AUTHORIZATION_SERVER=server, **promise)
    redirect = provider.authorize(CALLBACK, "login", {})
    assert steps.verify(provider, redirect.pending, {"state": redirect.key, "code": "c", **iss}).uid == "7"


@pytest.mark.parametrize(
    ("error", "kind", "notice"),
    [
        ("server_error", Unavailable, "unavailable"),
        ("invalid_scope", Refused, "not-available"),
        ("login_required", Refused, "refused"),
        ("<script>", Refused, "refused"),
    ],
)
def test_an_error_in_the_callback_is_read_by_its_code(
    peer: Peer, outside: Client, error: str, kind: type[Exception], notice: str
):
    provider = example(peer, outside)
    redirect = provider.authorize(CALLBACK, "login", {})
    with pytest.raises(kind) as caught:
        steps.verify(provider, redirect.pending, {"state": redirect.key, "error": error, "error_description": "w0rds"})
    assert caught.value.notice == notice
    assert "w0rds" not in str(caught.value)
    assert "<" not in str(caught.value)
    assert peer.requests == []


def test_a_public_client_needs_no_secret_and_sends_none(peer: Peer, outside: Client):
    provider = example(peer, outside, TOKEN_ENDPOINT_AUTH_METHOD="none", CLIENT_SECRET="")
    assert "CLIENT_SECRET" not in provider.required_options
    assert "CLIENT_SECRET" in example(peer, outside).required_options
    redirect = provider.authorize(CALLBACK, "login", {})
    steps.verify(provider, redirect.pending, {"state": redirect.key, "code": "c"})
    request = peer.request("/token")
    assert request.form_fields()["client_id"] == "id"
    assert "client_secret" not in request.form_fields()
    assert "authorization" not in request.headers


def test_a_response_mode_that_reaches_no_server_is_refused(peer: Peer, outside: Client):
    with pytest.raises(ConfigurationError, match="RESPONSE_MODE"):
        example(peer, outside, RESPONSE_MODE="fragment")


def test_a_way_to_say_who_one_is_that_nobody_knows_is_refused(peer: Peer, outside: Client):
    with pytest.raises(ConfigurationError, match="TOKEN_ENDPOINT_AUTH_METHOD"):
        example(peer, outside, TOKEN_ENDPOINT_AUTH_METHOD="private_key_jwt")


def test_form_post_is_asked_for(peer: Peer, outside: Client):
    provider = example(peer, outside, RESPONSE_MODE="form_post")
    assert provider.answers_by_post
    assert not example(peer, outside).answers_by_post
    assert query(provider.authorize(CALLBACK, "login", {}).url)["response_mode"] == "form_post"


STORED = Credentials("7", token="old", refresh_token="r0", expires_at=1, scope="read")


def test_a_refresh_keeps_what_is_not_handed_out_anew(peer: Peer, outside: Client):
    provider = example(peer, outside)
    fresh = provider.refresh(STORED)
    assert (fresh.uid, fresh.token, fresh.refresh_token, fresh.scope) == ("7", "t0k3n", "r1", "read")
    assert fresh.expires_at > 1
    form = peer.request("/token").form_fields()
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "r0")
    peer.answers["/token"] = Response.json({"access_token": "t2"})
    assert provider.refresh(STORED).refresh_token == "r0"


def test_a_refresh_that_cannot_be_says_why(peer: Peer, outside: Client):
    provider = example(peer, outside)
    with pytest.raises(Refused, match="no-refresh-token"):
        provider.refresh(Credentials("7", token="old"))
    assert peer.requests == []
    peer.answers["/token"] = Response.json({"error": "invalid_grant"}, 400)
    with pytest.raises(Refused, match="invalid_grant"):
        provider.refresh(STORED)
    peer.answers["/token"] = RESET
    with pytest.raises(Unavailable):
        provider.refresh(STORED)


def test_no_redirect_is_followed_with_a_code_or_a_token(peer: Peer, outside: Client):
    with Peer() as other:
        for status in (301, 302, 303, 307, 308):
            for path in ("/token", "/profile"):
                provider = example(peer, outside)
                redirect = provider.authorize(CALLBACK, "login", {})
                kept = peer.answers[path]
                peer.answers[path] = Response(status, headers={"Location": f"{other.url}{path}"})
                with pytest.raises(BadAnswer):
                    steps.verify(provider, redirect.pending, {"state": redirect.key, "code": "c"})
                peer.answers[path] = kept
        assert other.requests == []


def test_what_was_fetched_to_learn_the_uid_is_not_fetched_again(peer: Peer, outside: Client):
    provider = example(peer, outside)
    redirect = provider.authorize(CALLBACK, "login", {})
    credentials = steps.verify(provider, redirect.pending, {"state": redirect.key, "code": "c"})
    assert json.loads(json.dumps(dict(credentials.extra))) == {"profile": {"id": 7}}
    steps.fetch_profile(provider, credentials)
    assert peer.asked() == ["/token", "/profile"]


def test_the_profile_of_stored_credentials_is_fetched(peer: Peer, outside: Client):
    """They have nothing that came along: it is never stored."""
    assert steps.fetch_profile(example(peer, outside), STORED).uid == "7"
    peer.answers["/profile"] = Response.json({"id": 8})
    with pytest.raises(BadAnswer, match="other-person"):
        steps.fetch_profile(example(peer, outside), STORED)


def test_emails_are_chosen_verified_first_and_primary_first(peer: Peer, outside: Client):
    provider = example(peer, outside)

    def chosen(*rows: tuple[object, object, object]) -> tuple[str, bool] | None:
        found = provider.choose_email([{"email": a, "primary": p, "verified": v} for a, p, v in rows])
        return (found.address, found.verified) if found else None

    assert chosen(("a@example.com", False, True), ("b@example.com", True, True)) == ("b@example.com", True)
    assert chosen(("a@example.com", False, True), ("b@example.com", True, False)) == ("a@example.com", True)
    assert chosen(("a@example.com", False, True), ("b@example.com", False, True)) == ("a@example.com", True)
    assert chosen(("a@example.com", True, False)) == ("a@example.com", False)
    assert chosen(("a@example.com", True, "true")) == ("a@example.com", False)
    assert chosen(("a@example.com", False, False)) is None
    assert chosen(("not an address", True, True), (None, True, True)) is None
    assert provider.choose_email([None, 7, "a@example.com", []]) is None
