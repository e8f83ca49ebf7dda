"""What OpenID Connect adds to the grant: metadata, UserInfo only where something is missing, one person per sub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer, ConfigurationError, Mismatch, Refused
from socialreg.http import Client
from socialreg.oidc import OIDCProvider
from socialreg.testing.messages import Response
from socialreg.types import Credentials, Profile
from tests.providers.grid import CALLBACK, TOKEN, OIDCGrid, Peer


class Example(OIDCProvider):
    slug = "example"
    label = "Example"
    issuer = "https://example.com"


class Means(OIDCGrid):
    """The grid's means, of use to the tests below; its own tests are run by the providers'."""

    provider = Example
    userinfo: ClassVar[dict[str, Any] | None] = {"name": "Ann Ash", "email": "ann@example.com", "email_verified": True}


WELL_KNOWN = "/.well-known/openid-configuration"
grid = Means()
WHOLE = {"sub": "7", "name": "Ann Ash", "email": "ann@example.com", "email_verified": True}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        grid.serve(peer, WHOLE)
        yield peer


@pytest.fixture
def outside(peer: Peer) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({urlsplit(peer.url).netloc}), plain_http=True)
    yield client
    client.close()


def document(peer: Peer, **members: object) -> None:
    """Change the metadata; ``...`` takes a member out."""
    body = {**json.loads(peer.answers[WELL_KNOWN].body), **members}
    peer.answers[WELL_KNOWN] = Response.json({name: value for name, value in body.items() if value is not ...})


def needed(peer: Peer) -> dict[str, str]:
    """Return the options that say all that a login needs of metadata."""
    return {"AUTHORIZE_URL": f"{peer.url}/mine", "TOKEN_URL": f"{peer.url}/token", "JWKS_URL": f"{peer.url}/jwks"}


@pytest.mark.parametrize(
    ("scope", "claims", "asks"),
    [
        (["openid"], {"sub": "7"}, False),
        (["openid", "email"], {"sub": "7"}, True),
        (["openid", "email"], {"sub": "7", "email": "ann@example.com"}, False),
        (["openid", "profile", "email"], {"sub": "7", "email": "ann@example.com"}, True),
        (["openid", "profile", "email"], {"sub": "7", "email": "ann@example.com", "given_name": "Ann"}, False),
        (["openid", "phone"], {"sub": "7", "email": "ann@example.com"}, True),
        (["openid", "address"], {"sub": "7", "address": {"locality": "Visby"}}, False),
    ],
)
def test_userinfo_is_asked_only_for_what_the_scope_asks_and_the_token_lacks(
    peer: Peer, outside: Client, scope: list[str], claims: dict[str, object], asks: bool
):
    grid.serve(peer, claims)
    grid.arrive(peer, grid.make(peer, outside, SCOPE=scope))
    assert ("/userinfo" in peer.asked()) is asks


def test_the_id_token_is_believed_before_userinfo(peer: Peer, outside: Client):
    grid.serve(peer, {"sub": "7", "email": "signed@example.com", "email_verified": False})
    profile = grid.arrive(peer, grid.make(peer, outside))
    assert (profile.full_name, str(profile.email), profile.email.verified) == ("Ann Ash", "signed@example.com", False)
    assert peer.request("/userinfo").headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("sub", [None, "8", 7, True, ["7"], ""])
def test_userinfo_of_somebody_else_or_of_nobody_ends_the_login(peer: Peer, outside: Client, sub: object):
    """Core section 5.3.2."""
    grid.serve(peer, {"sub": "7"})
    peer.answers["/userinfo"] = Response.json({"sub": sub, "name": "Eve"})
    with pytest.raises(BadAnswer, match="other-person"):
        grid.arrive(peer, grid.make(peer, outside))


def test_a_signed_userinfo_answer_is_left_alone(peer: Peer, outside: Client):
    grid.serve(peer, {"sub": "7"})
    peer.answers["/userinfo"] = Response(200, b"eyJhbGciOiJub25lIn0.e30.", "application/jwt")
    assert grid.arrive(peer, grid.make(peer, outside)).full_name == ""


def test_the_profile_of_stored_credentials_is_asked_of_userinfo(peer: Peer, outside: Client):
    provider = grid.make(peer, outside)
    assert steps.fetch_profile(provider, Credentials("7", token="t")).full_name == "Ann Ash"
    with pytest.raises(BadAnswer, match="other-person"):
        steps.fetch_profile(provider, Credentials("8", token="t"))


def test_without_userinfo_stored_credentials_tell_what_they_can(peer: Peer, outside: Client, caplog):
    """Discovery section 3 does not require one, so there is nothing to warn of at every login."""
    document(peer, userinfo_endpoint=...)
    provider = grid.make(peer, outside)
    assert steps.fetch_profile(provider, Credentials("7", "ann", token="t")) == Profile("7", "ann")
    assert provider.profile_from(Credentials("7", "ann", token="t")) == Profile("7", "ann")
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("supported", "method"),
    [
        (..., "client_secret_basic"),
        (["client_secret_basic", "client_secret_post"], "client_secret_basic"),
        (["client_secret_post", "private_key_jwt"], "client_secret_post"),
        (["private_key_jwt"], "client_secret_basic"),
        ("client_secret_post", "client_secret_basic"),
        (None, "client_secret_basic"),
    ],
)
def test_the_client_says_who_it_is_as_the_metadata_ask(peer: Peer, outside: Client, supported: object, method: str):
    document(peer, token_endpoint_auth_methods_supported=supported)
    assert grid.make(peer, outside).auth_method() == method
    assert grid.make(peer, outside, TOKEN_ENDPOINT_AUTH_METHOD="none").auth_method() == "none"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [..., None, "", 7, ["https://example.com"]])
def test_metadata_without_an_address_are_a_typed_error_that_names_it(
    peer: Peer, outside: Client, name: str, value: object
):
    document(peer, **{name: value})
    with pytest.raises(BadAnswer, match=name):
        grid.arrive(peer, grid.make(peer, outside))


def test_addresses_in_the_settings_come_before_the_metadata(peer: Peer, outside: Client):
    document(peer, authorization_endpoint="https://evil.example/a", token_endpoint="https://evil.example/t")
    provider = grid.make(peer, outside, **needed(peer), DISCOVERY_URL=f"{peer.url}{WELL_KNOWN}")
    assert steps.authorize(provider, CALLBACK, "login", {}).url.startswith(f"{peer.url}/mine?")
    assert grid.arrive(peer, provider).uid == "7"


@pytest.mark.parametrize("scope", [["openid"], ["openid", "profile", "email"]])
def test_a_provider_that_publishes_no_metadata_is_described_by_the_settings(
    peer: Peer, outside: Client, scope: list[str], caplog
):
    peer.answers[WELL_KNOWN] = Response.json({}, 404)
    provider = grid.make(peer, outside, SCOPE=scope, **needed(peer))
    assert grid.arrive(peer, provider).uid == "7"
    assert peer.asked() == ["/token", "/jwks"]
    assert not provider.may_ask_userinfo
    assert (provider.auth_method(), provider.callback_issuer()) == ("client_secret_basic", (peer.url, False))
    assert caplog.messages == []


@pytest.mark.parametrize("missing", ["AUTHORIZE_URL", "TOKEN_URL", "JWKS_URL"])
def test_metadata_are_read_for_what_the_settings_leave_out(peer: Peer, outside: Client, missing: str):
    given = {name: value for name, value in needed(peer).items() if name != missing}
    assert grid.arrive(peer, grid.make(peer, outside, **given)).uid == "7"
    assert WELL_KNOWN in peer.asked()


def test_metadata_whose_address_is_set_are_read_whatever_else_is(peer: Peer, outside: Client):
    document(peer, authorization_response_iss_parameter_supported=True)
    provider = grid.make(peer, outside, DISCOVERY_URL=f"{peer.url}{WELL_KNOWN}", **needed(peer))
    assert provider.callback_issuer() == (peer.url, True)


def test_userinfo_needs_no_metadata_either(peer: Peer, outside: Client):
    peer.answers[WELL_KNOWN] = Response.json({}, 404)
    provider = grid.make(peer, outside, USERINFO_URL=f"{peer.url}/userinfo", **needed(peer))
    assert steps.fetch_profile(provider, Credentials("7", token="t")).full_name == "Ann Ash"
    assert peer.asked() == ["/userinfo"]


def test_that_iss_is_promised_can_be_set_where_no_metadata_say_so(peer: Peer, outside: Client):
    """RFC 9207 section 2.4. What metadata promise, no setting takes back."""
    promised = {"AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED": True}
    assert grid.make(peer, outside, **promised, **needed(peer)).callback_issuer() == (peer.url, True)
    assert grid.make(peer, outside, **promised).callback_issuer() == (peer.url, True)
    document(peer, authorization_response_iss_parameter_supported=True)
    taken_back = dict.fromkeys(promised, False)
    assert grid.make(peer, outside, **taken_back).callback_issuer() == (peer.url, True)


@pytest.mark.parametrize(
    "address", ["http://evil.example/a", "javascript:alert(1)", "ftp://x.example/", "//x.example/"]
)
def test_visitors_are_sent_to_https_alone(peer: Peer, outside: Client, address: str):
    """The stand-in's own scheme is all right on one's own machine; of an https issuer only https is."""
    document(peer, authorization_endpoint=address, issuer="https://op.example")
    provider = grid.make(peer, outside, ISSUER="https://op.example")
    provider.discovery_url = f"{peer.url}{WELL_KNOWN}"
    with pytest.raises(BadAnswer, match="https"):
        steps.authorize(provider, CALLBACK, "login", {})


def test_metadata_of_another_issuer_are_refused_at_the_start(peer: Peer, outside: Client):
    document(peer, issuer="https://evil.example")
    with pytest.raises((ConfigurationError, BadAnswer, Refused)) as caught:
        steps.authorize(grid.make(peer, outside), CALLBACK, "login", {})
    assert "ISSUER" in caught.value.remedy


def test_iss_of_the_callback_is_the_issuer_and_missed_where_it_is_promised(peer: Peer, outside: Client):
    assert grid.make(peer, outside).callback_issuer() == (peer.url, False)
    document(peer, authorization_response_iss_parameter_supported=True)
    assert grid.make(peer, outside).callback_issuer() == (peer.url, True)
    document(peer, authorization_response_iss_parameter_supported="true")
    assert grid.make(peer, outside).callback_issuer() == (peer.url, False)


def test_a_callback_with_another_state_asks_nothing_not_even_for_metadata(peer: Peer, outside: Client):
    pending, _, back = grid.begin(grid.make(peer, outside))
    peer.requests.clear()
    with pytest.raises(Mismatch):
        steps.verify(grid.make(peer, outside), pending, {**back, "state": "another"})
    assert peer.requests == []


def test_no_claim_and_no_setting_switches_the_nonce_off(peer: Peer, outside: Client):
    grid.serve(peer, {**WHOLE, "nonce_supported": False})
    provider = grid.make(peer, outside)
    pending, _, back = grid.begin(provider)
    grid.sign(peer, {**WHOLE, "nonce_supported": False})
    with pytest.raises(BadAnswer):
        steps.verify(provider, pending, back)
    with pytest.raises(ConfigurationError):
        grid.make(peer, outside, NONCE_IN_ID_TOKEN=False)


@pytest.mark.parametrize("algorithms", [["none"], ["HS256"], ["RS256", "HS512"], [], ["RS257"]])
def test_an_algorithm_that_anybody_can_sign_with_is_a_wrong_setting(peer: Peer, outside: Client, algorithms: list[str]):
    with pytest.raises(ConfigurationError):
        grid.make(peer, outside, ID_TOKEN_ALGORITHMS=algorithms)


def test_an_id_token_that_is_missing_says_what_to_do(peer: Peer, outside: Client):
    provider = grid.make(peer, outside)
    pending, _, back = grid.begin(provider)
    with pytest.raises(BadAnswer, match="openid"):
        steps.verify(provider, pending, back)


def test_two_tenants_of_one_class_never_share_metadata(peer: Peer, outside: Client):
    with Peer() as other:
        grid.serve(other, WHOLE)
        elsewhere = Client(
            private_hosts=frozenset({urlsplit(url.url).netloc for url in (peer, other)}), plain_http=True
        )
        one = Example({"CLIENT_ID": "a", "CLIENT_SECRET": "b", "ISSUER": peer.url}, elsewhere)
        two = Example({"CLIENT_ID": "a", "CLIENT_SECRET": "b", "ISSUER": other.url}, elsewhere, one.store)
        for provider, url in ((one, peer.url), (two, other.url), (one, peer.url)):
            assert steps.authorize(provider, CALLBACK, "login", {}).url.startswith(f"{url}/authorize")
        elsewhere.close()


def test_an_issuer_with_a_slash_at_its_end_is_looked_up_without(peer: Peer, outside: Client):
    document(peer, issuer=f"{peer.url}/")
    provider = grid.make(peer, outside, ISSUER=f"{peer.url}/")
    assert "nonce" in dict(parse_qsl(urlsplit(steps.authorize(provider, CALLBACK, "login", {}).url).query))
    assert peer.asked() == [WELL_KNOWN]
