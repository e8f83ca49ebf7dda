"""Headers and statuses of answers: when to come back, what a token may, what a clock says; and error codes."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg import api_errors, rate_limits
from socialreg.answer import Answer
from socialreg.exceptions import Forbidden, ProviderError, RateLimited
from socialreg.oauth2 import OAuth2Provider
from socialreg.oauth2_errors import code_in, error_from, error_of_callback, is_error
from tests.fuzz.altered import bodies, said
from tests.fuzz.claims import check_error
from tests.fuzz.hostile import NUMBERS, TEXTS, texts
from tests.fuzz.profiles import fuzz
from tests.fuzz.wire import Wire, grids

NOW = 1_900_000_000.0
#: What http.client hands on is Latin-1, without ends of lines.
_any = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)
_numbers = st.one_of(
    st.sampled_from(("0", "0.0", "1", "86401", "999999999", "1900000060", "99999999999", "-1", "9" * 5_000)),
    st.integers(0, 10**11).map(str),
    _any,
)
_PIECES = ("Mon", ",", " ", "1", "99999999999999999999", "Jan", "Feb", "0001", "9999", ":", "00:00:00", "GMT", "+", "-")
_dates = st.one_of(
    st.lists(st.sampled_from((*_PIECES, "+9999", "-", "é", "²")), max_size=10).map("".join),
    st.datetimes().map(lambda moment: f"{moment:%a, %d %b %Y %H:%M:%S} GMT"),
    _any,
)
_SCOPES = ("", "a b", "é", "x" * 1_001, "a  b", 'a\\"b', "a\x00b", "\x85", "a\tb", " a")
_WORDS = ("Bearer ", "error=", '"insufficient_scope"', "scope=", '"', ",", "=", "x" * 999)
_challenges = st.one_of(
    st.sampled_from(_SCOPES).map(lambda scope: f'Bearer error="insufficient_scope", scope="{scope}"'),
    st.lists(
        st.sampled_from(("Bearer ", "error=", '"insufficient_scope"', "scope=", '"', ",", "x" * 999)), max_size=12
    ).map("".join),
    _any,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "date": _dates,
        "retry-after": st.one_of(_dates, _numbers),
        "www-authenticate": _challenges,
        **{f"{prefix}-remaining": _numbers for prefix in ("x-rate-limit", "x-ratelimit", "ratelimit")},
        **{f"{prefix}-reset": _numbers for prefix in ("x-rate-limit", "x-ratelimit", "ratelimit")},
        "x-accepted-oauth-scopes": _any,
        "x-oauth-scopes": _any,
    },
)
#: Errors as the standards, Facebook, Microsoft, Slack, Twitch and X write them.
_ERRORS = (
    {"error": "invalid_grant", "error_description": "words"},
    {"error": {"code": 190, "type": "OAuthException", "error_subcode": 463}},
    {"error": "invalid_client", "error_codes": [7000215]},
    {"ok": False, "error": "missing_scope", "needed": "chat:write"},
    {"status": 400, "message": "invalid client"},
    {"errors": [{"code": 89, "message": "words"}], "type": "about:blank", "detail": "Forbidden"},
)
_XML = b'<?xml version="1.0"?><errors><error code="%s">words</error></errors>'
#: Where codes stand, and what stands there instead.
_codes = st.tuples(
    st.sampled_from((*NUMBERS[:11], *TEXTS, 89, 190, "190", None, True)),
    st.sampled_from(
        (
            lambda code: {"errors": [{"code": code}]},
            lambda code: {"error": code},
            lambda code: {"error": {"code": code}},
            lambda code: {"error": {"error_subcode": code}},
            lambda code: {"error": "invalid_client", "error_codes": [code]},
            lambda code: {"ok": False, "error": code, "needed": code},
            lambda code: {"message": code},
        )
    ),
).map(lambda drawn: json.dumps(drawn[1](drawn[0])).encode())
_statuses = st.sampled_from((200, 400, 401, 401, 403, 403, 404, 422, 429, 429, 500, 503))
error_bodies = st.one_of(
    _codes,
    bodies,
    st.sampled_from(_ERRORS).flatmap(said),
    st.integers(0, 10**9).map(lambda number: _XML % str(number).encode()),
)
answers = st.builds(Answer, _statuses, st.just("GET provider.example/path"), headers, error_bodies)


@fuzz
@given(answers)
def test_when_calls_are_taken_again_is_a_time_within_a_day_or_is_not_known(answer):
    told = rate_limits.told_reset(answer, NOW)
    assert told is None or math.isfinite(told)
    resumes = rate_limits.resumes_at(answer, NOW)
    assert resumes is None or resumes <= NOW + rate_limits.LONGEST_WAIT + 1
    if answer.status == 429:
        assert resumes is not None
        assert resumes >= NOW + rate_limits.SHORTEST_WAIT


@fuzz
@given(answers)
def test_the_date_of_an_answer_is_a_number_or_is_not_known(answer):
    assert isinstance(answer.date(), int | None)


@fuzz
@given(answers)
def test_what_an_answer_says_of_tokens_is_one_of_three_errors_or_nothing(answer):
    error = api_errors.error_of(answer)
    if error is None:
        assert answer.status not in {401, 429}
        return
    check_error(error)
    assert not isinstance(error, RateLimited) or isinstance(error.reset, int | None)
    if isinstance(error, Forbidden):
        assert len(error.scope) <= 1000
        assert error.scope.isascii()
        assert error.scope.isprintable()


@fuzz
@given(answers, texts, st.sampled_from(("", "https://site.example/callback/")))
def test_every_error_answer_has_a_code_a_cause_and_a_sentence(answer, own, callback):
    error = error_from(answer, callback, own=own)
    assert isinstance(error, ProviderError)
    check_error(error)
    assert error.cause
    assert error.remedy
    assert len(code_in(answer)) <= 60
    assert isinstance(is_error(answer), bool)


@fuzz
@given(texts)
def test_every_error_of_a_callback_has_one_as_well_and_shows_nothing_but_a_code(text):
    error = error_of_callback(text, "https://site.example/callback/", {})
    check_error(error)
    assert not text or error.code in {"unknown-code", text}


@cache
def _provider(name: str) -> Any:
    wire = Wire()
    return grids()[name]().make(wire, wire)


def _with_words_of_their_own() -> list[str]:
    methods = ("error_from", "error_of", "error_code")
    shared = {each: getattr(OAuth2Provider, each) for each in methods}
    return [name for name, grid in grids().items() if any(getattr(grid.provider, m) is not shared[m] for m in methods)]


@pytest.mark.parametrize("name", _with_words_of_their_own())
@fuzz
@given(answers)
def test_every_provider_with_words_of_its_own_reads_every_error(name, answer):
    provider = _provider(name)
    for error in (provider.error_from(answer), provider.error_of(answer)):
        if error is not None:
            check_error(error)
