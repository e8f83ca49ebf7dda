"""Who somebody is: an identifier is told from every other to the letter, and an address is plainly one or none."""

from __future__ import annotations

import unicodedata
from email.headerregistry import Address

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from socialreg.models import identity_digest
from socialreg.types import SUBJECT_LENGTH, email, subject, text
from tests.fuzz.claims import check_text
from tests.fuzz.hostile import TEXTS, scalars, values
from tests.fuzz.profiles import fuzz

#: Categories of characters that nobody sees, or that no two machines need agree on.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: One letter written in ways that a database, a font or a mailer may take for another.
_TWINS = (
    "\u0130",
    "i\u0307",
    "\u0131",
    "i",
    "I",
    "é",
    "e\u0301",
    "ﬁ",
    "fi",
    "\u017f",
    "s",
    "K",
    "k",
    "ß",
    "ss",
    "a",
    "\u0430",
    "\uff41",
    "\u200b",
)
_twins = st.lists(st.one_of(st.sampled_from(_TWINS), st.characters()), min_size=1, max_size=4).map("".join)


@fuzz
@given(st.one_of(scalars, values, _twins, st.text(min_size=250, max_size=260), st.integers(-(10**260), 10**260)))
@example(True)
@example(10**255)
@example("x" * 256)
def test_an_identifier_is_a_plain_text_or_a_whole_number(value):
    found = subject(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        assert found is None
    elif isinstance(value, int):
        assert found is None if abs(value) >= 10**SUBJECT_LENGTH else found in {str(value), None}
    else:
        assert found in {value, None}
    if found is not None:
        assert 0 < len(found) <= SUBJECT_LENGTH
        assert found == found.strip()
        assert not [each for each in found if unicodedata.category(each) in _UNSEEN or (each.isspace() and each != " ")]
        found.encode()


@fuzz
@given(st.one_of(st.integers(0, 10**18), st.text(st.sampled_from("abcABC0189-_{}|:."), min_size=1, max_size=255)))
def test_every_ordinary_identifier_is_taken(value):
    assert subject(value) == str(value)


_names = st.one_of(_twins, st.text(max_size=6), st.sampled_from(("", "1", "11", "1:", ":1", "https://a.example")))


@fuzz
@given(st.tuples(_names, _names), st.tuples(_names, _names))
@example(("a", "1b"), ("a1", "b"))
@example(("1:a", "b"), ("1", ":ab"))
@example(("", "2:ab"), ("", "2:ab "))
def test_two_people_never_share_a_key(one, other):
    """Whoever vouches and whomever they name: a boundary that moves makes another person."""
    assume(all(part.isprintable() for pair in (one, other) for part in pair))
    assert (identity_digest(*one) == identity_digest(*other)) is (one == other)


@fuzz
@given(_twins, st.sampled_from(("NFC", "NFD", "NFKC", "NFKD", "lower", "upper", "fold", "swap", "unseen", "blank")))
def test_what_only_looks_the_same_is_another_person_or_nobody(name, how):
    ways = {"lower": str.lower, "upper": str.upper, "fold": str.casefold, "swap": str.swapcase}
    ways |= {"unseen": lambda each: f"{each}\u200b", "blank": lambda each: f"{each} "}
    twin = ways[how](name) if how in ways else unicodedata.normalize(how, name)  # type: ignore[arg-type]
    found, other = subject(name), subject(twin)
    if name == twin or found is None or other is None:
        return
    assert found != other
    assert identity_digest("https://a.example", found) != identity_digest("https://a.example", other)


_AROUND = ("@", "\uff20", "\ufe6b", "%40", ",", ";", " ", '"', "<", ">", "(", ")", "\\", "\n", "\r\n", "\0", ".", "..")
_PARTS = (
    *_AROUND,
    "a",
    "ann.lee",
    "o'neil",
    "+tag",
    "example.com",
    "evil.example",
    "-",
    "_",
    "é",
    "ä",
    "xn--a",
    "com",
    "mailto:",
)
_addresses = st.one_of(
    st.lists(st.sampled_from(_PARTS), max_size=9).map("".join),
    st.tuples(st.just("ann@example.com"), st.sampled_from(_PARTS), st.integers(0, 15)).map(
        lambda drawn: drawn[0][: drawn[2]] + drawn[1] + drawn[0][drawn[2] :]
    ),
    st.emails(),
    st.integers(236, 248).map(lambda length: f"{'a' * length}@example.com"),
    st.sampled_from(TEXTS),
    scalars,
)


@fuzz
@given(_addresses, scalars)
@example("ann@example.com,eve@evil.example", True)
@example('"<b>"@example.com', True)
@example("ann\uff20example.com", True)
@example("Ann <ann@example.com>", True)
def test_an_address_is_plainly_one_for_every_reader_or_none(value, said):
    """For Django's validator, for Python's own parser, and for a mail that is sent there."""
    found = email(value, verified=said)
    if found is None:
        return
    assert found.address == value
    assert found.verified is (said is True)
    name, _, host = found.address.partition("@")
    assert found.address.isascii()
    assert len(found.address) <= 254
    assert "." in host
    parsed = Address(addr_spec=found.address)
    assert (parsed.username, parsed.domain) == (name, host)
    assert EmailMessage(to=[found.address]).message()["To"] == found.address


@fuzz
@given(st.from_regex(r"[a-z0-9+_-]{1,20}(\.[a-z0-9]{1,9})?@[a-z0-9]{1,20}\.(example|com|co\.uk)", fullmatch=True))
def test_every_ordinary_address_is_taken(value):
    try:
        validate_email(value)
    except ValidationError:
        return
    assert email(value, verified=True) is not None


@fuzz
@given(st.one_of(scalars, values, _twins, st.text(min_size=240, max_size=300)), st.sampled_from((1, 30, 255)))
def test_a_name_is_clean_short_and_stays_as_it_is(value, length):
    found = text(value, length)
    check_text(found, length)
    assert text(found, length) == found
    assert unicodedata.is_normalized("NFC", found)
    assert isinstance(value, str) or found == ""
