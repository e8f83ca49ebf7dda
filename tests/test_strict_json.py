"""JSON from strangers: one error for all that is refused, and whatever is sound comes through as it is."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg import strict_json

SOUND = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**298), 10**298)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(SOUND)
def test_what_is_sound_comes_through_as_it_is(value: object):
    assert strict_json.loads(json.dumps(value).encode()) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_are_one_kind_of_error(data: bytes):
    with suppress(ValueError):
        strict_json.loads(data)


@pytest.mark.parametrize("nested", [b"[%b]", b'{"a":%b}'])
def test_thirty_two_levels_are_read_and_no_more(nested: bytes):
    def levels(number: int) -> bytes:
        return nested % levels(number - 1) if number else b"1"

    strict_json.loads(levels(32))
    with pytest.raises(ValueError, match="too deep"):
        strict_json.loads(levels(33))


def test_brackets_by_the_thousand_are_no_crash():
    """The parser gives up with a RecursionError, which is no ValueError."""
    with pytest.raises(ValueError, match="too deep"):
        strict_json.loads(b"[" * 100_000)


@pytest.mark.parametrize(
    "data", [b'{"a": 1, "a": 1}', b'[{"a": {"b": 1, "b": 2}}]', b"NaN", b"[-Infinity]", b"1e400", b"9" * 301]
)
def test_what_two_parsers_read_in_two_ways_or_no_column_takes_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(data)


def test_the_longest_whole_number_is_read():
    assert strict_json.loads(b"9" * 300) == int("9" * 300)
