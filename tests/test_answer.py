"""Reading an answer without trusting it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer


def answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, "GET example.com/x", headers, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"true",
        b"{",
        b"{}x",
        b"<html></html>",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
        b'{"a": ' + b"9" * 400 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100_000,
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b"\xff\xfe",
        b'{"a": "\xff"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_json_that_is_no_sound_object_is_refused_without_a_word_of_it(body):
    with pytest.raises(BadAnswer) as raised:
        answer(body).json()
    assert raised.value.cause
    assert raised.value.remedy
    assert body[:20].decode("latin-1") not in str(raised.value) or len(body) < 4


def test_json_as_deep_as_allowed_is_read():
    assert answer(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}").json()["a"]


def test_json_is_read_whatever_encoding_of_unicode_it_has():
    assert answer('{"a": "é"}'.encode("utf-16")).json() == {"a": "é"}
    assert answer(b"\xef\xbb\xbf{}").json() == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a",
        b"a=1&a=2",
        b"<html>",
        b'{"a": 1}',
        "a=é".encode(),
        b"a=%ff",
        b"a=1&&b=2",
        b"&".join(b"a%d=1" % n for n in range(65)),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_form_that_is_none_is_refused(body):
    with pytest.raises(BadAnswer):
        answer(body).form()


def test_a_form_is_read_whatever_its_content_type_says():
    assert answer(b"a=1&b=&c=%C3%A9+x\n", **{"content-type": "text/html"}).form() == {"a": "1", "b": "", "c": "é x"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000),
        ("yesterday", None),
        ("", None),
        ("Tue, 99 Nov 2023 22:13:20 GMT", None),
    ],
)
def test_the_date_is_read_or_none(header, seconds):
    assert answer(b"", date=header).date() == seconds
    assert answer(b"").date() is None


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_any_other_way(body):
    for read in (answer(body).json, answer(body).form):
        try:
            read()
        except BadAnswer:
            continue
    assert isinstance(answer(body).text, str)


def test_a_repr_holds_neither_body_nor_headers():
    assert "s3cr3t" not in repr(answer(b"s3cr3t", **{"set-cookie": "s3cr3t"}))
