"""The token endpoint: how the client says who it is, and what is believed of the answer."""

from __future__ import annotations

import base64
import json
import time

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError
from socialreg.tokens import auth_method, client_fields, client_headers, read_tokens


def answer(body: object) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(200, "POST provider.example/token", {}, content)


def test_basic_form_encodes_id_and_secret_before_joining_them():
    """RFC 6749 section 2.3.1: a colon in the id would otherwise end it, a percent sign be decoded into another."""
    header = client_headers("client_secret_basic", "a:b c", "50%41é")["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"a%3Ab+c:50%2541%C3%A9"
    assert client_fields("client_secret_basic", "a", "b") == {}


def test_post_and_none_say_it_in_the_body():
    assert client_fields("client_secret_post", "a", "b") == {"client_id": "a", "client_secret": "b"}
    assert client_fields("none", "a", "b") == {"client_id": "a"}
    assert "Authorization" not in client_headers("client_secret_post", "a", "b") | client_headers("none", "a", "b")


def test_a_method_that_nobody_knows_is_told_with_those_that_are_known():
    with pytest.raises(ConfigurationError, match="client_secret_basic, client_secret_post, none"):
        auth_method("client_secret_jwt")


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None])
def test_bearer_is_read_in_any_case_and_assumed_where_nothing_is_said(kind: str | None):
    assert read_tokens(answer({"access_token": "t", "token_type": kind}), "").access_token == "t"


@pytest.mark.parametrize("kind", ["mac", "DPoP", 7, ["bearer"], "bearer "])
def test_any_other_kind_is_refused(kind: object):
    with pytest.raises(BadAnswer, match="token_type"):
        read_tokens(answer({"access_token": "t", "token_type": kind}), "")


@pytest.mark.parametrize("token", [None, "", 7, True, ["t"], {"t": 1}, "a b\n", "ü", "t" * 16_001])
def test_a_token_that_no_header_can_carry_is_refused(token: object):
    with pytest.raises(BadAnswer, match="access token"):
        read_tokens(answer({"access_token": token}), "")


@pytest.mark.parametrize(("seconds", "kept"), [(3600, 3600), ("3600", 3600), (7200.5, 7200), (1, 1)])
def test_expires_in_becomes_a_time(seconds: object, kept: int):
    expires = read_tokens(answer({"access_token": "t", "expires_in": seconds}), "").expires_at
    assert expires is not None
    assert abs(expires - time.time() - kept) < 5


@pytest.mark.parametrize("seconds", [None, 0, -1, True, "soon", "", [], {}, 10**12, "9" * 5000, "-1"])
def test_nonsense_in_expires_in_says_nothing(seconds: object):
    assert read_tokens(answer({"access_token": "t", "expires_in": seconds}), "").expires_at is None


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        ("a b", "a b"),
        ("a,b", "a b"),
        (" a  b ", "a b"),
        (["a", "b", 7], "a b"),
        (None, "asked for"),
        ("", "asked for"),
        (7, "asked for"),
    ],
)
def test_what_was_granted_is_kept_and_what_was_asked_counts_where_nothing_is_said(scope: object, kept: str):
    assert read_tokens(answer({"access_token": "t", "scope": scope}), "asked for").scope == kept


def test_a_refresh_token_is_kept_if_it_is_one():
    assert read_tokens(answer({"access_token": "t", "refresh_token": "r"}), "").refresh_token == "r"
    assert read_tokens(answer({"access_token": "t", "refresh_token": ["r"]}), "").refresh_token == ""


def test_a_form_is_read_as_well_as_json():
    tokens = read_tokens(answer(b"access_token=t&token_type=bearer&expires_in=60&scope=a%20b"), "")
    assert (tokens.access_token, tokens.scope, tokens.expires_at is not None) == ("t", "a b", True)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b'{"access_token": "t"', b"\xff\xfe", b'{"a":1,"a":2}']
)
def test_what_is_neither_is_refused(body: bytes):
    with pytest.raises(BadAnswer):
        read_tokens(answer(body), "")


def test_no_token_is_in_a_repr():
    assert "s3cret" not in repr(read_tokens(answer({"access_token": "s3cret", "refresh_token": "s3cret"}), ""))
