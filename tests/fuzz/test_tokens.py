"""Token answers: of OAuth 2.0, of both steps of OAuth 1.0a, and of a Mastodon server that registers an application."""

from __future__ import annotations

import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from socialreg.answer import Answer
from socialreg.encryption import seal
from socialreg.scopes import covers
from socialreg.testing.messages import Response
from socialreg.tokens import TOKEN_LENGTH, Tokens, read_tokens
from socialreg.types import Credentials
from socialreg_providers.mastodon import Mastodon
from socialreg_providers.twitter import Twitter
from tests.fuzz.altered import altered, bodies, form, said, spoilt
from tests.fuzz.claims import check_credentials, check_profile, told
from tests.fuzz.hostile import statuses, texts
from tests.fuzz.profiles import fuzz
from tests.fuzz.wire import Wire
from tests.providers.grid import CALLBACK

_GOOD = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r", "scope": "a b"}
_REQUEST = {"oauth_token": "req", "oauth_token_secret": "s", "oauth_callback_confirmed": "true"}
_ACCESS = {"oauth_token": "7-acc", "oauth_token_secret": "s", "user_id": "7", "screen_name": "maralind"}
_APP = {"client_id": "i", "client_secret": "s", "name": "site"}
#: Five hundred letters, which take twelve bytes each where they wait.
_LONG_TOKEN = urlencode({**_REQUEST, "oauth_token_secret": "\N{GRINNING FACE}" * 500}).encode()
#: What browsers keep of a cookie, its name and attributes left out: RFC 6265 section 6.1.
_COOKIE_BYTES = 4096


def _check_tokens(tokens: Tokens) -> None:
    for token in (tokens.access_token, tokens.refresh_token):
        assert len(token) <= TOKEN_LENGTH
        assert token.isascii()
        assert token.isprintable()
    assert tokens.access_token
    assert tokens.expires_at is None or 0 < tokens.expires_at < time.time() + 11 * 366 * 24 * 3600
    assert tokens.scope.isascii()
    assert tokens.scope.isprintable() or not tokens.scope
    assert covers(tokens.scope, tokens.scope)


@fuzz
@given(st.one_of(said(_GOOD), form({k: str(v) for k, v in _GOOD.items()}), bodies), st.sampled_from(("", "a")))
@example(b'{"access_token": "t", "expires_in": 1e300}', "a")
@example(b"access_token=t&expires_in=99999999999999", "a")
def test_tokens_can_be_sent_and_stored_or_there_are_none(body, asked):
    tokens = told(lambda: read_tokens(Answer(200, "POST provider.example/token", {}, body), asked))
    if tokens is not None:
        _check_tokens(tokens)


@fuzz
@given(altered({"expires_in": 3600, "scope": "a b", "more": [1]}).filter(lambda it: isinstance(it, dict)))
def test_no_login_fails_for_what_stands_beside_a_good_token(beside):
    body = Response.json({**beside, "access_token": "t0ken"}).body
    beside_is_readable = told(Answer(200, "POST provider.example/token", {}, body).json) is not None
    tokens = told(lambda: read_tokens(Answer(200, "POST provider.example/token", {}, body), "a"))
    kind = beside.get("token_type")
    assert (tokens is not None) == (beside_is_readable and str(kind or "bearer").lower() == "bearer")


@cache
def _twitter() -> tuple[Twitter, Wire]:
    wire = Wire()
    options = {"CLIENT_ID": "id", "CLIENT_SECRET": "s", "API_HOST": wire.url, "LOGIN_HOST": wire.url}
    return Twitter(options, wire), wire


@fuzz
@given(form(_REQUEST), statuses)
@example(_LONG_TOKEN, 200)
def test_a_request_token_fits_into_a_cookie_and_an_address_or_is_none(body, status):
    twitter, wire = _twitter()
    wire.answers["/oauth/request_token"] = Response(status, body)
    redirect = told(lambda: twitter.authorize(CALLBACK, "login", {}))
    if redirect is None:
        return
    assert parse_qs(urlsplit(redirect.url).query)["oauth_token"] == [redirect.key]
    assert redirect.url.isascii()
    assert redirect.url.isprintable()
    assert len(seal("attempt", {"pending": dict(redirect.pending), "key": redirect.key})) < _COOKIE_BYTES - 1500


@fuzz
@given(form(_ACCESS), statuses)
def test_an_access_token_is_somebodys_and_can_be_kept_or_is_none(body, status):
    twitter, wire = _twitter()
    wire.answers["/oauth/access_token"] = Response(status, body)
    pending = {"token": "req", "secret": "s", "callback": CALLBACK}
    found = told(lambda: twitter.verify(pending, {"oauth_token": "req", "oauth_verifier": "v"}))
    if found is not None:
        assert 200 <= status < 300
        check_credentials(found)
        assert found.uid == dict(parse_qsl(body.decode("ascii").strip(), keep_blank_values=True))["user_id"]


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(("oauth_token", "oauth_verifier", "denied", "state")), st.one_of(st.just("req"), texts)
    ),
    form(_ACCESS),
)
@example({"oauth_token": "req", "oauth_verifier": "\ud800"}, b"")
@example({"oauth_token": "req", "oauth_verifier": "v" * 501}, b"")
def test_nothing_is_exchanged_for_a_callback_that_does_not_name_the_request_token(params, body):
    twitter, wire = _twitter()
    wire.requests.clear()
    wire.answers["/oauth/access_token"] = Response(200, body)
    told(lambda: twitter.verify({"token": "req", "secret": "s", "callback": CALLBACK}, params))
    verifier = params.get("oauth_verifier", "")
    can_be_a_verifier = verifier.isascii() and verifier.isprintable() and 0 < len(verifier) <= 500
    is_ours = params.get("oauth_token") == "req" and can_be_a_verifier and params.get("denied") != "req"
    assert wire.requests == (["/oauth/access_token"] if is_ours else [])


_V2 = {"data": {"id": "7", "name": "Mara", "username": "maralind", "confirmed_email": "a@example.com"}}
_V2["data"]["profile_image_url"] = "https://pbs.twimg.com/profile_images/1/a_normal.jpg"
_V1 = {"id_str": "7", "screen_name": "maralind", "name": "Mara", "email": "a@example.com"}


@fuzz
@given(said(_V2), said(_V1), statuses)
def test_a_profile_at_x_is_this_persons_and_no_login_depends_on_it(second, first, status):
    twitter, wire = _twitter()
    wire.answers["/2/users/me"] = Response(status, second)
    wire.answers["/1.1/account/verify_credentials.json"] = Response(200, first)
    profile = told(lambda: twitter.fetch_profile(Credentials("7", "maralind", "t", "s")))
    if profile is not None:
        assert profile.uid == "7"
        check_profile(profile)


@fuzz
@given(said(_APP), statuses, spoilt(st.just(b"{}")))
def test_an_application_at_a_server_of_anybodys_is_usable_or_none(body, status, kept):
    wire = Wire()
    wire.answers["/api/v1/apps"] = Response(status, body)
    wire.answers["/token"] = Response(status, kept)
    mastodon: Any = Mastodon({}, wire)
    redirect = told(lambda: mastodon.authorize(CALLBACK, "login", {"server": "social.example"}))
    if redirect is not None:
        assert redirect.url.startswith("https://social.example/oauth/authorize?")
        for name in ("client_id", "client_secret"):
            assert len(redirect.pending[name]) <= 200
            assert redirect.pending[name].isascii()
            assert redirect.pending[name].isprintable()
