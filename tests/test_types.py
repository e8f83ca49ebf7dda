"""What travels is clean before it travels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg.types import (
    Credentials,
    Email,
    Profile,
    Redirect,
    email,
    split_name,
    storable_raw,
    subject,
    text,
    web_address,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1400000000000000001", "1400000000000000001"),
        (1400000000000000001, "1400000000000000001"),
        (0, "0"),
        ("AbC", "AbC"),
        ("{6c1d9d1b}", "{6c1d9d1b}"),
        ("é" * 255, "é" * 255),
        ("x" * 256, None),
        ("", None),
        (" ", None),
        ("a ", None),
        ("a\0", None),
        ("a\n", None),
        ("\u200b", None),
        ("\ud800", None),
        (None, None),
        (True, None),
        (False, None),
        (1.0, None),
        (b"1", None),
        ([], None),
        ({}, None),
        (["1"], None),
        (10**255, None),
        (int("9" * 4000), None),
        (-(10**255), None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_identifier_is_a_printable_text_or_a_number_and_nothing_else(value, expected):
    assert subject(value) == expected


def test_numbers_of_five_thousand_digits_are_refused_and_not_turned_into_text():
    assert subject(10**5000) is None


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com",
        "Ann.Lee+x@Sub.Example.co.uk",
        "o'neil@example.com",
        "a@xn--bcher-kva.example",
        "a_b-c@e-x.example",
    ],
)
@pytest.mark.parametrize(
    ("told", "verified"),
    [
        (True, True),
        (False, False),
        ("true", False),
        ("True", False),
        ("false", False),
        ("1", False),
        (1, False),
        ("yes", False),
        (None, False),
        ([True], False),
        ({"verified": True}, False),
        (1.0, False),
    ],
)
def test_only_true_is_verified(address, told, verified):
    assert email(address, verified=told) == Email(address, verified)


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        7,
        ["a@example.com"],
        "a",
        "a@",
        "@example.com",
        "a@b",
        "a@example",
        "a@@example.com",
        "a b@example.com",
        "a@example.com ",
        " a@example.com",
        "a@example.com\n",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "<a@example.com>",
        "Ann <a@example.com>",
        '"a"@example.com',
        "a\N{FULLWIDTH COMMERCIAL AT}example.com",
        "a@exämple.com",
        "ä@example.com",
        "a@ex\u200bample.com",
        "a@example.com.",
        "a@.example.com",
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "<b>a</b>@example.com",
        "a@example.com\0",
        "x" * 250 + "@example.com",
    ],
    ids=repr,
)
def test_whatever_is_not_plainly_one_address_is_none(address):
    assert email(address, verified=True) is None


@pytest.mark.parametrize(
    ("full", "names"),
    [
        ("Mara Lindqvist", ("Mara", "Lindqvist")),
        ("Kestrel", ("Kestrel", "")),
        ("Ana de la Cruz", ("Ana", "de la Cruz")),
        ("  Ana   Cruz ", ("Ana", "Cruz")),
        ("", ("", "")),
    ],
)
def test_names_are_split_into_the_first_word_and_the_rest(full, names):
    assert split_name(full) == names


@given(st.text())
def test_any_text_becomes_fit_for_every_database_and_page(value):
    cleaned = text(value)
    assert len(cleaned) <= 255
    assert cleaned == cleaned.strip()
    cleaned.encode("utf-8")
    assert not [c for c in cleaned if c < " " or c == "\x7f" or "\u202a" <= c <= "\u202e"]


@pytest.mark.parametrize("value", [None, 1, True, [], {}, b"x"])
def test_what_is_no_text_is_empty(value):
    assert text(value) == ""


def test_emoji_and_their_joiners_stay_and_names_are_composed():
    assert (
        text("Juno \N{FOX FACE} \N{WOMAN}\u200d\N{PERSONAL COMPUTER}")
        == "Juno \N{FOX FACE} \N{WOMAN}\u200d\N{PERSONAL COMPUTER}"
    )
    assert text("e\u0301") == "é"


@pytest.mark.parametrize(
    "address", ["https://pbs.twimg.com/a_400x400.jpg", "https://example.com", "https://example.com:8443/a?b=c&d=%20#e"]
)
def test_https_addresses_are_taken_as_they_are(address):
    assert web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "javascript:alert(1)",
        "data:image/png;base64,x",
        "//example.com/",
        "https:example.com",
        "https://",
        "https://a@example.com/",
        "https://example.com/\"onerror='x'",
        "https://example.com/ x",
        "https://example.com\\@evil.example/",
        "https://exämple.com/",
        "https://example.com/" + "x" * 2000,
        None,
        7,
    ],
    ids=lambda value: repr(value)[:30],
)
def test_other_addresses_are_left_out(address):
    assert web_address(address) == ""


def test_a_configured_host_is_taken_over_plain_http_but_not_one_that_begins_alike():
    assert web_address("http://127.0.0.1:8001/a.svg", "http://127.0.0.1:8001") == "http://127.0.0.1:8001/a.svg"
    assert web_address("http://127.0.0.1:8001.evil.example/a.svg", "http://127.0.0.1:8001") == ""


def test_raw_data_loses_what_no_database_stores_and_is_dropped_where_it_is_huge():
    raw = {"a\0": ["x\ud800", {"b": "c\0"}, 1, None, True]}
    assert storable_raw(raw) == {"a": ["x?", {"b": "c"}, 1, None, True]}
    assert storable_raw({"a": "x" * 40_000}) == {"too_large": True}


def test_no_repr_holds_a_secret():
    secret = "s3cr3t"
    things = [
        Credentials("1", "ann", token=secret, secret=secret, refresh_token=secret),
        Redirect(secret, secret, {"secret": secret}),
        Profile("1", raw={"x": secret}),
    ]
    assert not [thing for thing in things if secret in repr(thing) or secret in str(thing)]
