"""What answers of providers' APIs mean: dead tokens, scopes that do not reach, limits; and what is none of these."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest

from socialreg import api_errors
from socialreg.answer import Answer
from socialreg.exceptions import Barred, Forbidden, RateLimited, Revoked
from socialreg.provider import Provider
from socialreg_providers.facebook import Facebook
from socialreg_providers.github import GitHub
from socialreg_providers.reddit import Reddit
from socialreg_providers.slack import Slack
from socialreg_providers.twitter import Twitter
from socialreg_providers.x import X

HOUR = 3600
HTML = b"<!doctype html><title>Sorry</title>"


def answered(status: int, body: object = b"", where: str = "GET api.example.com/things", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, where, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def error_of(kind: type[Provider], answer: Answer):
    required = dict.fromkeys(kind.required_options, "x")
    return kind(required, None).error_of(answer)


# The standards


@pytest.mark.parametrize("status", [200, 201, 204, 400, 402, 403, 404, 409, 410, 422, 500, 502, 503])
def test_what_says_nothing_about_tokens_is_the_callers_to_see(status):
    assert api_errors.error_of(answered(status)) is None


def test_a_401_is_a_dead_token():
    error = api_errors.error_of(answered(401, HTML))
    assert (type(error), error.code, error.notice) == (Revoked, "revoked", "expired")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("challenge", "scope"),
    [
        ('Bearer realm="a", error="insufficient_scope", scope="tweet.read tweet.write"', "tweet.read tweet.write"),
        ("Bearer error=insufficient_scope, scope=repo", "repo"),
        ('Basic realm="a", Bearer ERROR = "insufficient_scope"', ""),
        ('Bearer error="insufficient_scope", scope="a \\" b"', ""),
        ('Bearer error="insufficient_scope", scope="<script> é"', ""),
        ('Bearer error="insufficient_scope", scope="{}"'.format("a" * 5000), ""),
    ],
)
def test_a_scope_that_does_not_reach_is_forbidden_by_whichever_status(status, challenge, scope):
    error = api_errors.error_of(answered(status, www_authenticate=challenge))
    assert (type(error), error.scope) == (Forbidden, scope)


def test_a_403_for_another_reason_is_the_callers_to_see():
    assert api_errors.error_of(answered(403, www_authenticate='Bearer error="invalid_request"')) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "120"}, 120),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "9" * 400}, None),
        ({"retry_after": "999999"}, 24 * HOUR),
        ({"x_rate_limit_reset": "{now+900}"}, 900),
        ({"x_ratelimit_reset": "{now+60}"}, 60),
        ({"x_ratelimit_reset": "60"}, 60),
        ({"x_ratelimit_reset": "{now+60}.5"}, 60),
        ({"ratelimit_reset": "30"}, 30),
        ({"x_rate_limit_reset": "{now-900}"}, 0),
        ({"x_rate_limit_reset": "99999999999999"}, None),
        ({"x_rate_limit_reset": "{now+9999999}"}, 24 * HOUR),
        ({"x_rate_limit_reset": "NaN"}, None),
        ({"retry_after": "7", "x_rate_limit_reset": "{now+900}"}, 7),
    ],
)
def test_a_429_says_when_if_the_provider_does_and_never_beyond_a_day(headers, seconds):
    now = int(time.time())
    for moved in (-900, 60, 900, 9999999):
        headers = {name: value.replace(f"{{now{moved:+}}}", str(now + moved)) for name, value in headers.items()}
    error = api_errors.error_of(answered(429, **headers))
    assert isinstance(error, RateLimited)
    assert error.reset is None if seconds is None else abs(error.reset - now - seconds) <= 5


def test_retry_after_may_be_a_date():
    error = api_errors.error_of(answered(429, retry_after=formatdate(time.time() + 300, usegmt=True)))
    assert abs(error.reset - time.time() - 300) <= 5


def test_an_error_carries_nothing_of_the_answer():
    for status in (401, 403, 429):
        error = api_errors.error_of(
            answered(status, b"s3cret", www_authenticate='Bearer error="insufficient_scope", x="s3cret"')
        )
        assert "s3cret" not in f"{error} {error!r}"


# X


def problem(status: int, detail: str = "", kind: str = "about:blank") -> Answer:
    return answered(status, {"title": "T", "type": kind, "status": status, "detail": detail}, "POST a.b/2/tweets")


def coded(status: int, code: int) -> Answer:
    return answered(status, {"errors": [{"code": code, "message": "m"}]})


@pytest.mark.parametrize("kind", [Twitter, X])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (coded(401, 89), Revoked),
        (coded(403, 89), Revoked),
        (problem(401, "Unauthorized"), Revoked),
        (answered(401, HTML), Revoked),
        (coded(401, 32), None),
        (coded(401, 135), None),
        (coded(400, 215), None),
        (coded(401, 416), None),
        (coded(403, 453), None),
        (coded(403, 220), None),
        (coded(403, 261), None),
        (coded(403, 187), None),
        (coded(403, 63), Barred),
        (coded(403, 64), Barred),
        (coded(403, 326), Barred),
        (coded(429, 88), RateLimited),
        (answered(429), RateLimited),
        (problem(403, "Forbidden"), Forbidden),
        (problem(403, "No.", "https://api.twitter.com/2/problems/oauth1-permissions"), Forbidden),
        (problem(403, "You are not allowed to create a Tweet with duplicate content."), None),
        (answered(403, {"reason": "client-not-enrolled", "type": "https://x/client-forbidden"}), None),
        (answered(403, HTML), None),
        (answered(404), None),
        (answered(503), None),
        (answered(200, {"data": {"text": "oauth1-permissions"}}), None),
    ],
)
def test_xs_answers(kind, answer, expected):
    error = error_of(kind, answer)
    assert type(error) is (expected or type(None))


def test_x_does_not_say_which_scope_it_misses_so_it_is_told_by_the_call():
    calls = {
        "POST api.x.com/2/tweets": "tweet.write",
        "DELETE api.x.com/2/tweets/1": "tweet.write",
        "POST 127.0.0.1:9/x/2/users/7/likes": "like.write",
        "GET api.x.com/2/tweets": "",
        "POST api.x.com/2/tweets/search": "",
    }
    for where, scope in calls.items():
        answer = answered(403, {"type": "about:blank", "detail": "Forbidden"}, where)
        assert (error_of(X, answer).scope, error_of(Twitter, answer).scope) == (scope, "write" if scope else "")


# Others


@pytest.mark.parametrize(
    ("answer", "expected", "scope"),
    [
        (answered(403, x_accepted_oauth_scopes="repo, public_repo", x_oauth_scopes="user"), Forbidden, "repo"),
        (answered(403, x_accepted_oauth_scopes="repo", x_oauth_scopes="repo, user"), type(None), None),
        (answered(403, x_accepted_oauth_scopes="", x_oauth_scopes="user"), type(None), None),
        (answered(404, x_accepted_oauth_scopes="repo", x_oauth_scopes=""), type(None), None),
        (answered(403, x_ratelimit_remaining="0", x_ratelimit_reset="60"), RateLimited, None),
        (answered(403, retry_after="60"), RateLimited, None),
        (answered(403, x_ratelimit_remaining="7"), type(None), None),
        (answered(401), Revoked, None),
    ],
)
def test_githubs_answers(answer, expected, scope):
    error = error_of(GitHub, answer)
    assert (type(error), getattr(error, "scope", None)) == (expected, scope)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": 190, "error_subcode": 460}}, Revoked),
        ({"error": {"code": 190}}, Revoked),
        ({"error": {"code": 102}}, Revoked),
        ({"error": {"code": 4}}, RateLimited),
        ({"error": {"code": 200}}, Forbidden),
        ({"error": {"code": 10}}, Forbidden),
        ({"error": {"code": 190, "error_subcode": 459}}, Barred),
        ({"error": {"code": 100}}, None),
        ({"error": {"code": 2}}, None),
        ({"error": "odd"}, None),
        (HTML, None),
    ],
)
def test_facebooks_answers_come_with_400(body, expected):
    assert type(error_of(Facebook, answered(400, body))) is (expected or type(None))


def test_facebook_that_gives_no_code_is_read_by_its_status():
    assert [type(error_of(Facebook, answered(status))) for status in (200, 401, 429)] == [
        type(None),
        Revoked,
        RateLimited,
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ok": False, "error": "token_revoked"}, Revoked),
        ({"ok": False, "error": "account_inactive"}, Revoked),
        ({"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "openid"}, Forbidden),
        ({"ok": False, "error": "channel_not_found"}, None),
        ({"ok": False, "error": ["token_revoked"]}, None),
        ({"ok": True, "error": "token_revoked"}, None),
        (HTML, None),
    ],
)
def test_slacks_answers_come_with_200(body, expected):
    error = error_of(Slack, answered(200, body))
    assert type(error) is (expected or type(None))
    assert not isinstance(error, Forbidden) or error.scope == "chat:write"


def test_any_other_is_read_by_the_standards():
    challenge = 'Bearer realm="reddit", error="insufficient_scope"'
    assert type(error_of(Reddit, answered(403, www_authenticate=challenge))) is Forbidden
    assert error_of(Reddit, answered(403)) is None
