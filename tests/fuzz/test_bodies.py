"""Bodies of answers: JSON, forms and compressed ones are read, or refused by an error of ours."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from socialreg import strict_json
from socialreg.answer import Answer
from socialreg.bodies import decompress
from socialreg.deadlines import Fault
from socialreg.sockets import BODY_BYTES
from tests.fuzz.altered import bodies, said
from tests.fuzz.claims import depth, told
from tests.fuzz.hostile import nested, texts, values
from tests.fuzz.profiles import fuzz

#: Texts without half characters.
_WHOLE = st.text(st.characters(codec="utf-8"), max_size=20)


def answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, "GET provider.example/path", headers or {}, body)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict | list):
        children = value.values() if isinstance(value, dict) else value
        return [number for child in children for number in _numbers(child)]
    return [value] if isinstance(value, int | float) else []


@fuzz
@given(st.one_of(bodies, said({"id": "7", "name": "Mara", "of": [{"a": 1}]})))
@example(json.dumps(nested(33, in_lists=True)).encode())
@example(b"[" * 200_000)
@example(b'{"a": 1, "a": 2}')
@example(b"[NaN]")
@example(b"[1e400]")
def test_json_is_what_everybody_reads_there_and_nothing_that_breaks_anybody(body):
    """No value but the one that is written there; no deeper than 32, finite, each name once."""
    try:
        value = strict_json.loads(body)
    except ValueError:
        return

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    assert value == json.loads(body, object_pairs_hook=once)
    assert depth(value) <= strict_json.DEPTH
    assert all(_is_bounded(number, strict_json.NUMBER_DIGITS) for number in _numbers(value))


def _is_bounded(number: float, digits: int) -> bool:
    return abs(number) < 10**digits if isinstance(number, int) else math.isfinite(number)


def _is_plain(value: object) -> bool:
    return depth(value) <= strict_json.DEPTH and all(
        _is_bounded(number, strict_json.NUMBER_DIGITS - 1) for number in _numbers(value)
    )


@fuzz
@given(values.filter(_is_plain))
def test_ordinary_json_is_never_refused(value):
    assert strict_json.loads(json.dumps(value).encode()) == value


@fuzz
@given(bodies)
def test_an_answer_is_read_or_refused_whatever_its_body_is(body):
    given_ = answer(body)
    for read in (given_.json, given_.json_value, given_.form, given_.fields):
        told(read)
    fields = told(given_.form)
    assert fields is None or all(isinstance(each, str) for pair in fields.items() for each in pair)
    assert isinstance(given_.text, str)


@fuzz
@given(st.dictionaries(_WHOLE.filter(bool), _WHOLE, min_size=1, max_size=9))
def test_an_ordinary_form_comes_through_unchanged(fields):
    assert answer(urlencode(fields).encode()).form() == fields


@fuzz
@given(
    st.one_of(st.binary(max_size=200), texts.map(lambda text: text.encode("utf-8", "replace") * 50)),
    st.sampled_from(("", "identity", "gzip", "x-gzip", "deflate", "br", "gzip, gzip", "\0")),
    st.integers(-4, 4),
    st.booleans(),
)
def test_a_compressed_body_is_whole_or_refused(body, coding, cut, is_compressed):
    """A piece of a token is worse than none: nothing that was cut or followed by something else is handed on."""
    sent = gzip.compress(body, 1) if coding.endswith("gzip") else zlib.compress(body, 1) if is_compressed else body
    sent = sent[:cut] if cut < 0 else sent + b"x" * cut
    try:
        found = decompress(sent, coding)
    except Fault:
        return
    assert len(found) <= BODY_BYTES
    if coding not in {"", "identity"} and sent:
        assert (found, cut) == (body, 0)


@pytest.mark.parametrize("over", [0, 1])
def test_a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger(over):
    sent = gzip.compress(b"\0" * (BODY_BYTES + over))
    if over:
        with pytest.raises(Fault):
            decompress(sent, "gzip")
    else:
        assert len(decompress(sent, "gzip")) == BODY_BYTES
