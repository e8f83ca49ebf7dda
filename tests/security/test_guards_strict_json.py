"""The guards of JSON from strangers, each at its very edge: what is read still, and what is not read any more."""

from __future__ import annotations

import pytest

from socialreg import strict_json


def test_twenty_thousand_commas_are_read_and_no_more():
    assert len(strict_json.loads(b"[" + b"1," * 20_000 + b"1]")) == 20_001
    with pytest.raises(ValueError, match="too many values"):
        strict_json.loads(b"[" + b"1," * 20_001 + b"1]")


def test_what_the_parser_said_is_not_shown_with_it():
    with pytest.raises(ValueError, match="too deep") as raised:
        strict_json.loads(b"[" * 100_000)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1, "a": 1}', "duplicate key"),
        (b'{"a": {}, "b": {"c": 1, "c": 2}}', "duplicate key"),
        (b"9" * 301, "too large"),
        (b"-" + b"9" * 300, "too large"),
        (b"1e400", "too large"),
        (b"-1e400", "too large"),
        (b"NaN", "NaN"),
        (b"Infinity", "Infinity"),
        (b"-Infinity", "-Infinity"),
    ],
)
def test_each_is_refused_for_its_own_reason(data, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        strict_json.loads(data)


@pytest.mark.parametrize("data", [b"1e308", b"-1.5", b"0", b"true", b'"NaN"', b'{"a": [{"b": {}}, []], "b": 1}'])
def test_what_is_sound_is_read(data):
    assert strict_json.loads(data) is not None


@pytest.mark.parametrize("levels", [b'[{"a":' * 16 + b"1" + b"}]" * 16, b"[1," * 32 + b"1" + b"]" * 32])
def test_every_branch_may_be_thirty_two_deep(levels):
    strict_json.loads(levels)
    with pytest.raises(ValueError, match="too deep"):
        strict_json.loads(b"[1, " + levels + b"]")
