"""Error codes become causes and remedies; nothing else of an answer is taken over."""

from __future__ import annotations

import json

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import Barred, Refused, Unavailable
from socialreg.meanings import Meaning
from socialreg.notices import notice_for
from socialreg.oauth2_errors import MEANINGS, code_in, error_from, error_of_callback, is_error

CALLBACK = "https://site.example/accounts/it/callback/"


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, "POST provider.example/token", headers, content)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_of_the_standards_has_a_cause_a_remedy_and_a_sentence(code: str):
    error = error_from(answer(400, {"error": code, "error_description": "s3cret words"}), CALLBACK)
    assert error.code == code
    assert error.cause
    assert error.remedy
    assert "{" not in error.remedy
    assert "s3cret words" not in str(error)
    assert notice_for(error, "Acme").title


def test_a_callback_that_is_not_registered_is_named_in_the_remedy():
    assert CALLBACK in error_from(answer(400, {"error": "redirect_uri_mismatch"}), CALLBACK).remedy


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": "invalid_grant"}, "invalid_grant"),
        ({"error": {"code": 190, "type": "OAuthException"}}, "190"),
        ({"error": {"type": "OAuthException"}}, "OAuthException"),
        ({"error": {"message": "words"}}, ""),
        (b"error=bad_verification_code&error_description=x", "bad_verification_code"),
        ({"error": "two words\nand a line"}, "unknown-code"),
        ({"error": "x" * 61}, "unknown-code"),
        ({"error": ["a"]}, "unknown-code"),
        ({"error": None}, ""),
        (b"<html>", ""),
    ],
)
def test_the_code_is_found_wherever_it_stands_and_is_fit_for_a_log(body: object, code: str):
    assert code_in(answer(400, body)) == code


@pytest.mark.parametrize(
    ("status", "kind", "notice"),
    [
        (400, Refused, "refused"),
        (401, Refused, "refused"),
        (500, Unavailable, "unavailable"),
        (429, Unavailable, "busy"),
    ],
)
def test_without_a_code_the_status_speaks(status: int, kind: type[Exception], notice: str):
    error = error_from(answer(status))
    assert isinstance(error, kind)
    assert (error.code, error.notice) == (str(status), notice)


def test_a_rate_limit_says_how_long():
    headers = {"retry-after": "30"}
    assert "30 seconds" in error_from(Answer(429, "GET provider.example", headers, b"")).remedy
    assert "a while" in error_from(Answer(429, "GET provider.example", {"retry-after": "<b>"}, b"")).remedy


def test_a_providers_own_codes_come_before_the_standards():
    own = {"invalid_grant": Meaning("the account is suspended", "Nothing", "suspended")}
    assert isinstance(error_from(answer(400, {"error": "invalid_grant"}), more=own), Barred)
    assert isinstance(error_of_callback("invalid_grant", CALLBACK, own), Barred)


@pytest.mark.parametrize("code", ["", "weird thing\nINFO forged line", "x" * 4000, "ünlogged"])
def test_a_callbacks_error_writes_no_line_of_its_own_into_the_log(code: str):
    assert "\n" not in str(error_of_callback(code, CALLBACK, {}))
    assert len(str(error_of_callback(code, CALLBACK, {}))) < 400


def test_an_error_that_comes_with_200_is_one():
    assert is_error(answer(200, {"error": "bad_verification_code"}))
    assert is_error(answer(400, {}))
    assert not is_error(answer(200, {"access_token": "t"}))
    assert not is_error(answer(200, b"not JSON"))
