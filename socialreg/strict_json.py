"""JSON from strangers: what a parser would pass over in silence, and what no database takes, is refused.

Plain values, no Django.
"""

from __future__ import annotations

import json
import math
from typing import Never

#: No provider nests deeper than eight; a hundred thousand brackets are an attack.
DEPTH = 32
#: Commas, of which there is one between two values. No profile or key set has a thousand; a mebibyte of brackets with
#: one between each would be thirty of lists.
COMMAS = 20_000
#: Digits of a number. With more it is larger than a double, and no JSON column of any database takes it.
NUMBER_DIGITS = 300


def loads(data: bytes) -> object:
    """Return what JSON is in ``data``, in whichever encoding of Unicode.

    :raises ValueError: not JSON, deeper than 32, more than 20 000 commas, a key twice (which parser would one
        believe?), a number that is none (``NaN``) or larger than a double (``1e400``).
    """
    if data.count(b",") > COMMAS:
        raise ValueError("too many values")
    try:
        value: object = json.loads(
            data, object_pairs_hook=_unique, parse_int=_whole, parse_float=_finite, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError("too deep") from None
    _check_depth(value, DEPTH)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _whole(number: str) -> int:
    if len(number) > NUMBER_DIGITS:
        raise ValueError("too large")
    return int(number)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("too large")
    return value


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _check_depth(value: object, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise ValueError("too deep")
    for child in value.values() if isinstance(value, dict) else value:
        _check_depth(child, left - 1)
