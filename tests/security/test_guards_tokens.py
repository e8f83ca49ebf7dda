"""The guards of a token endpoint's answer, each at its very edge."""

from __future__ import annotations

import base64
import json
import time

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError
from socialreg.tokens import TOKEN_LENGTH, Tokens, auth_method, client_fields, client_headers, is_token, read_tokens

TEN_YEARS = 10 * 366 * 24 * 3600


def read(asked: str = "", **fields: object) -> Tokens:
    body = json.dumps({"access_token": "t", **fields}).encode()
    return read_tokens(Answer(200, "POST provider.example/token", {}, body), asked)


class TestTokens:
    def test_sixteen_thousand_characters_are_one_and_no_more(self):
        assert TOKEN_LENGTH == 16_000
        assert read(access_token="t" * 16_000).access_token == "t" * 16_000
        assert read(refresh_token="r" * 16_000).refresh_token == "r" * 16_000
        assert read(refresh_token="r" * 16_001).refresh_token == ""
        with pytest.raises(BadAnswer):
            read(access_token="t" * 16_001)

    @pytest.mark.parametrize("value", ["", "ü", "a\nb", "a\x7f", "\ud800", 7, None, b"t", ["t"]])
    def test_what_no_header_carries_is_none(self, value):
        assert is_token(value) is False

    def test_there_may_be_less_room_for_one(self):
        assert is_token("tttt", 4) is True
        assert is_token("ttttt", 4) is False
        assert is_token("t", 4) is is_token(" ~", 4) is True

    def test_neither_they_nor_what_else_was_answered_are_shown(self):
        shown = repr(read(access_token="acc-s3cret", refresh_token="ref-s3cret", id_token="id-s3cret"))
        assert "s3cret" not in shown
        assert "expires_at" in shown

    def test_what_was_answered_is_kept_whole(self):
        found = read(more={"than": ["this"]}, scope="a")
        assert found.answer == {"access_token": "t", "more": {"than": ["this"]}, "scope": "a"}

    @pytest.mark.parametrize("kind", ["bearer", "BEARER", "", None])
    def test_bearer_is_the_one_kind(self, kind):
        assert read(token_type=kind).access_token == "t"

    @pytest.mark.parametrize("kind", ["mac", "bearer~", {"a": 1}])
    def test_no_other_is(self, kind):
        with pytest.raises(BadAnswer):
            read(token_type=kind)


class TestExpiry:
    @pytest.mark.parametrize("name", ["expires_in", "expires"])
    @pytest.mark.parametrize("kind", [int, str, float])
    @pytest.mark.parametrize("seconds", [1, 3600, TEN_YEARS])
    def test_up_to_ten_years_are_a_time_under_either_name(self, name, kind, seconds):
        if kind is float and seconds == 1:
            seconds = 2
        expires = read(**{name: kind(seconds)}).expires_at
        assert type(expires) is int
        assert abs(expires - time.time() - seconds) < 5

    @pytest.mark.parametrize(
        "seconds", [0, -1, TEN_YEARS + 1, str(TEN_YEARS + 1), f"0{TEN_YEARS}", "0", "-5", "1.5", "²", True, False, [60]]
    )
    def test_anything_else_is_no_time(self, seconds):
        assert read(expires_in=seconds).expires_at is None

    def test_the_standards_name_comes_first(self):
        assert read(expires_in=0, expires=60).expires_at is None

    def test_nothing_said_is_nothing_known(self):
        assert read().expires_at is None


class TestScope:
    def test_four_thousand_characters_are_looked_at(self):
        assert read(scope="a" * 3_998 + " b" + " c").scope == "a" * 3_998 + " b"

    @pytest.mark.parametrize(
        ("scope", "kept"),
        [
            ("a,b c", "a b c"),
            ('a b"c d\\e f', "a f"),
            ("a \x00 \ud800 ü b", "a b"),
            ("! # [ ] ~ }", "! # [ ] ~ }"),
            (["a", "b"], "a b"),
            (["a", 7, None], "a"),
            ([], "asked"),
            ([7], "asked"),
            ("", "asked"),
            ("ü", "asked"),
            (None, "asked"),
            ({"a": 1}, "asked"),
        ],
    )
    def test_of_what_was_granted_the_names_are_kept(self, scope, kept):
        assert read("asked", scope=scope).scope == kept

    def test_where_nothing_is_said_what_was_asked_counts(self):
        assert read("asked").scope == "asked"


class TestClient:
    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
    def test_what_it_says_of_itself_is_said_in_one_place(self, method):
        headers, fields = client_headers(method, "id:", "s%"), client_fields(method, "id:", "s%")
        assert auth_method(method) == method
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert headers["Accept"] == "application/json"
        basic = base64.b64encode(b"id%3A:s%25").decode()
        assert headers.get("Authorization") == (f"Basic {basic}" if method == "client_secret_basic" else None)
        expected = {"client_secret_post": {"client_id": "id:", "client_secret": "s%"}, "none": {"client_id": "id:"}}
        assert fields == expected.get(method, {})

    @pytest.mark.parametrize("name", ["", "private_key_jwt", "NONE"])
    def test_another_method_is_a_wrong_setting(self, name):
        with pytest.raises(ConfigurationError) as raised:
            auth_method(name)
        assert raised.value.code == "option-value"
