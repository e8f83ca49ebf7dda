"""The guards of where an issuer's endpoints are: whose word counts, and what is not taken for an address."""

from __future__ import annotations

import json

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError
from socialreg.oidc import OIDCProvider
from tests.test_oauth1 import Scripted

ISSUER = "https://op.example"
WELL_KNOWN = f"{ISSUER}/.well-known/openid-configuration"
APP = {"CLIENT_ID": "an-id", "CLIENT_SECRET": "a-s3cret"}
#: What may be set, and what the metadata call it.
NAMES = {
    "AUTHORIZE_URL": "authorization_endpoint",
    "TOKEN_URL": "token_endpoint",
    "JWKS_URL": "jwks_uri",
    "USERINFO_URL": "userinfo_endpoint",
    "REVOCATION_URL": "revocation_endpoint",
}
NEEDED = ("AUTHORIZE_URL", "TOKEN_URL", "JWKS_URL")
SET = {name: f"https://set.example/{name}" for name in NAMES}
TOLD = {name: f"{ISSUER}/told/{name}" for name in NAMES.values()}


class Example(OIDCProvider):
    slug = "example"
    label = "Example"
    issuer = ISSUER


class Plain(Example):
    """A stand-in on this machine."""

    issuer = "http://127.0.0.1:8000"


class Slashed(Example):
    issuer = f"{ISSUER}/"


class Tenant(Example):
    issuer = f"{ISSUER}/~"


def provider(kind: type[Example] = Example, said: dict[str, object] | None = None, **options: object) -> Example:
    body = json.dumps({"issuer": kind.issuer, **TOLD, **(said or {})}).encode()
    answer = Answer(200, "GET op.example/.well-known/openid-configuration", {}, body)
    return kind({**APP, **options}, Scripted(answer))


def asked(example: Example) -> list[str]:
    return [url for _, url, _, _ in example.transport.sent]  # type: ignore[attr-defined]


def addresses(example: Example) -> dict[str, str]:
    return {
        "AUTHORIZE_URL": example.authorization_endpoint(),
        "TOKEN_URL": example.token_endpoint(),
        "JWKS_URL": example.jwks_uri(),
        "USERINFO_URL": example.userinfo_endpoint(),
        "REVOCATION_URL": example.revocation_endpoint(),
    }


class TestAddresses:
    def test_they_are_those_of_the_metadata_which_are_read_once(self):
        example = provider()
        assert addresses(example) == {name: TOLD[told] for name, told in NAMES.items()}
        assert asked(example) == [WELL_KNOWN]

    def test_what_is_set_comes_first_and_then_nobody_is_asked(self):
        example = provider(**SET)
        assert addresses(example) == SET
        assert asked(example) == []

    @pytest.mark.parametrize("missing", NEEDED)
    def test_metadata_are_read_for_any_address_that_a_login_needs(self, missing):
        example = provider(**{name: SET[name] for name in NEEDED if name != missing})
        assert example.is_discovered is True
        assert addresses(example)[missing] == TOLD[NAMES[missing]]

    def test_without_metadata_what_is_not_set_is_not_there(self):
        example = provider(**{name: SET[name] for name in NEEDED})
        assert example.is_discovered is False
        assert (example.userinfo_endpoint(), example.revocation_endpoint()) == ("", "")
        assert example.document() == {"issuer": ISSUER}
        assert asked(example) == []

    def test_metadata_whose_address_is_set_are_read_in_any_case(self):
        example = provider(**SET, DISCOVERY_URL="https://set.example/metadata")
        assert example.is_discovered is True
        example.document()
        assert asked(example) == ["https://set.example/metadata"]

    def test_a_slash_at_the_end_of_an_issuer_is_not_doubled(self):
        example = provider(Slashed)
        example.document()
        assert asked(example) == [WELL_KNOWN]

    def test_whatever_else_it_ends_with_belongs_to_it(self):
        example = provider(Tenant)
        example.document()
        assert asked(example) == [f"{ISSUER}/~/.well-known/openid-configuration"]

    def test_another_issuers_are_not_ours_to_the_letter(self):
        for other in (f"{ISSUER}/", ISSUER.upper(), ""):
            with pytest.raises(ConfigurationError) as raised:
                provider(said={"issuer": other}).document()
            assert raised.value.code == "issuer"
        assert provider().is_issuer(ISSUER)
        assert not provider().is_issuer(f"{ISSUER}/")

    @pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    @pytest.mark.parametrize("value", [None, "", 7, ["https://op.example/"]])
    def test_one_that_a_login_needs_and_that_is_missing_is_an_error(self, name, value):
        example = provider(said={name: value})
        ask = {
            "authorization_endpoint": example.authorization_endpoint,
            "token_endpoint": example.token_endpoint,
            "jwks_uri": example.jwks_uri,
        }
        with pytest.raises(BadAnswer) as raised:
            ask[name]()
        assert raised.value.code == "metadata"
        assert name in raised.value.failed

    @pytest.mark.parametrize("name", ["userinfo_endpoint", "revocation_endpoint"])
    def test_one_that_need_not_be_there_is_none(self, name):
        example = provider(said={name: None})
        assert {"userinfo_endpoint": example.userinfo_endpoint, "revocation_endpoint": example.revocation_endpoint}[
            name
        ]() == ""


class TestBrowser:
    def test_visitors_of_an_https_issuer_are_sent_to_https_alone(self):
        with pytest.raises(BadAnswer) as raised:
            provider(said={"authorization_endpoint": "http://op.example/authorize"}).authorization_endpoint()
        assert raised.value.code == "metadata"

    @pytest.mark.parametrize("address", ["http://127.0.0.1:8000/authorize", "https://op.example/authorize"])
    def test_those_of_a_stand_in_may_go_where_it_is_itself(self, address):
        assert provider(Plain, {"authorization_endpoint": address}).authorization_endpoint() == address


class TestClient:
    @pytest.mark.parametrize(
        ("supported", "method"),
        [
            (None, "client_secret_basic"),
            ([], "client_secret_basic"),
            (["client_secret_basic"], "client_secret_basic"),
            (["client_secret_post"], "client_secret_post"),
            (["client_secret_post", "client_secret_basic"], "client_secret_basic"),
            (["private_key_jwt"], "client_secret_basic"),
            ("client_secret_post", "client_secret_basic"),
        ],
    )
    def test_it_says_who_it_is_as_the_metadata_ask(self, supported, method):
        assert provider(said={"token_endpoint_auth_methods_supported": supported}).auth_method() == method

    def test_what_is_set_comes_first(self):
        example = provider(
            said={"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
            TOKEN_ENDPOINT_AUTH_METHOD="client_secret_post",
        )
        assert example.auth_method() == "client_secret_post"
        assert asked(example) == []


class TestCallback:
    @pytest.mark.parametrize(
        ("said", "options", "expected"),
        [
            (None, {}, (ISSUER, False)),
            (True, {}, (ISSUER, True)),
            ("true", {}, (ISSUER, False)),
            (None, {"AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED": True}, (ISSUER, True)),
            (True, {"AUTHORIZATION_SERVER": "https://as.example"}, ("https://as.example", True)),
        ],
    )
    def test_whose_it_has_to_be_and_whether_it_has_to_say_so(self, said, options, expected):
        promise = {"authorization_response_iss_parameter_supported": said}
        assert provider(said=promise, **options).callback_issuer() == expected


def test_all_addresses_are_known_to_whoever_looks_after_the_site():
    assert ISSUER in provider().endpoints()
    assert {SET["AUTHORIZE_URL"], SET["TOKEN_URL"]} <= set(provider(**SET).endpoints())
