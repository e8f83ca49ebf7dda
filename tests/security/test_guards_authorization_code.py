"""The guards of the authorization code grant: what waits, what is sent, and what nothing may replace."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg.exceptions import ConfigurationError, Denied, Mismatch
from socialreg.oauth2 import OAuth2Provider
from tests.test_oauth1 import Scripted, answer

CALLBACK = "https://site.example/cb/"
APP = {
    "CLIENT_ID": "an-id",
    "CLIENT_SECRET": "a-s3cret",
    "AUTHORIZE_URL": "https://example.com/authorize",
    "TOKEN_URL": "https://example.com/token",
    "PROFILE_URL": "https://example.com/me",
}


class Example(OAuth2Provider):
    slug = "example"
    label = "Example"
    issuer = "https://example.com"
    scope = ("read", "write")


class Bare(Example):
    pkce = False


def provider(*answers: str, kind: type[Example] = Example, **options: object) -> Example:
    return kind({**APP, **options}, Scripted(*map(answer, answers)))


def sent(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def body_of(example: Example, number: int = 0) -> Mapping[str, str]:
    body = example.transport.sent[number][3]  # type: ignore[attr-defined]
    return dict(parse_qsl(body.decode()))


def test_a_callback_is_named_by_its_state_alone():
    assert provider().correlate({"state": "a", "oauth_token": "b"}) == "a"
    assert provider().correlate({"oauth_token": "b"}) == ""


def test_who_cancels_at_the_provider_is_told_so_and_no_code_is_exchanged():
    example = provider()
    redirect = example.authorize(CALLBACK, "login", {})
    with pytest.raises(Denied):
        example.verify(redirect.pending, {"state": redirect.key, "error": "access_denied"})
    assert example.transport.sent == []  # type: ignore[attr-defined]


def test_what_waits_is_what_was_sent_and_nothing_is_guessable():
    redirect = provider().authorize(CALLBACK, "login", {})
    query = sent(redirect.url)
    assert set(redirect.pending) == {"state", "redirect_uri", "verifier"}
    assert (redirect.pending["redirect_uri"], redirect.pending["state"], redirect.key) == (
        CALLBACK,
        query["state"],
        query["state"],
    )
    assert (len(redirect.pending["state"]), len(redirect.pending["verifier"])) == (43, 64)
    assert (query["code_challenge_method"], len(query["code_challenge"])) == ("S256", 43)
    assert set(query) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    }
    assert query["scope"] == "read write"


def test_without_pkce_there_is_neither_verifier_nor_challenge():
    redirect = provider(kind=Bare).authorize(CALLBACK, "login", {})
    assert set(redirect.pending) == {"state", "redirect_uri"}
    assert not {"code_challenge", "code_challenge_method"} & set(sent(redirect.url))


def test_blanks_in_an_address_are_no_plus():
    assert "scope=read%20write" in provider().authorize(CALLBACK, "login", {}).url


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, "read write"),
        ({"scope": "more"}, "read write more"),
        ({"granted": "read"}, "read"),
        ({"granted": "read more", "scope": "more last"}, "read more last"),
    ],
)
def test_what_was_granted_and_the_addition_are_asked_for_once_each(options, asked):
    redirect = provider().authorize(CALLBACK, "login", options)
    assert sent(redirect.url)["scope"] == asked
    assert redirect.pending.get("scope", "read write") == asked


@pytest.mark.parametrize(("length", "waits"), [(1000, True), (1001, False)])
def test_a_scope_waits_where_the_cookie_has_room_and_is_asked_for_in_any_case(length, waits):
    redirect = provider().authorize(CALLBACK, "login", {"granted": "x" * length})
    assert ("scope" in redirect.pending) is waits
    assert sent(redirect.url)["scope"] == "x" * length


@pytest.mark.parametrize(("address", "joint"), [("https://example.com/a", "?"), ("https://example.com/a?b=1", "&")])
def test_a_query_of_the_address_stays(address, joint):
    url = provider(AUTHORIZE_URL=address).authorize(CALLBACK, "login", {}).url
    assert url.startswith(f"{address}{joint}response_type=code&")


@pytest.mark.parametrize(("mode", "by_post"), [("", False), ("form_post", True)])
def test_an_answer_comes_by_query_or_by_post(mode, by_post):
    example = provider(RESPONSE_MODE=mode)
    assert example.answers_by_post is by_post
    assert sent(example.authorize(CALLBACK, "login", {}).url).get("response_mode", "") == mode


def test_an_answer_that_reaches_no_server_is_a_wrong_setting():
    with pytest.raises(ConfigurationError) as raised:
        provider(RESPONSE_MODE="fragment")
    assert raised.value.code == "option-value"


def test_a_code_goes_with_its_verifier_and_its_address_and_the_secret_not_in_the_body():
    example = provider('{"access_token": "t"}', '{"id": 7}')
    redirect = example.authorize(CALLBACK, "login", {})
    credentials = example.verify(redirect.pending, {"state": redirect.key, "code": "c0de"})
    assert body_of(example) == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": CALLBACK,
        "code_verifier": redirect.pending["verifier"],
    }
    assert (credentials.uid, credentials.scope) == ("7", "read write")


def test_what_was_asked_for_is_taken_for_granted_where_the_provider_does_not_say():
    example = provider('{"access_token": "t"}', '{"id": 7}')
    redirect = example.authorize(CALLBACK, "login", {"scope": "more"})
    assert example.verify(redirect.pending, {"state": redirect.key, "code": "c"}).scope == "read write more"


def test_whether_an_answer_is_this_servers_is_decided_by_the_settings():
    named = provider(AUTHORIZATION_SERVER="https://as.example", AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED=True)
    assert named.callback_issuer() == ("https://as.example", True)
    pending = named.authorize(CALLBACK, "login", {}).pending
    for iss in ({}, {"iss": "https://evil.example"}):
        with pytest.raises(Mismatch) as raised:
            named.verify(pending, {"state": pending["state"], "code": "c", **iss})
        assert raised.value.code == "issuer"
    assert provider().callback_issuer() == ("", False)
