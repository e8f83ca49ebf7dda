"""Good answers, altered: pure noise is refused by the first check that it meets.

So most of what is made here is almost right: a little is replaced, left out, doubled, nested or cut.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import reduce
from itertools import cycle
from operator import getitem
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.fuzz.hostile import TEXTS, TREES, scalars, texts, values


def _places(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, child in children for place in _places(child, (*here, key)))]


def _alter(document: Any, changes: list[tuple[int, str, Any]]) -> Any:
    changed = deepcopy(document)
    for number, act, given in changes:
        value = deepcopy(given)  # another change may go into it
        places = _places(changed)
        place = places[number % len(places)]
        if not place:
            changed = value if act == "whole" else changed
            continue
        holder = reduce(getitem, place[:-1], changed)
        if act == "remove":
            del holder[place[-1]]
        else:
            holder[place[-1]] = [holder[place[-1]]] if act == "wrap" else value
    return changed


def _fill(document: Any, fillings: list[Any]) -> Any:
    """Return a document with every text and number in it replaced, by one filling after the other."""
    changed = deepcopy(document)
    leaves = [place for place in _places(changed) if not isinstance(reduce(getitem, place, changed), dict | list)]
    others = [place for place in leaves if place and place[-1] not in _WHO]
    for place, value in zip(others, cycle(fillings), strict=False):
        reduce(getitem, place[:-1], changed)[place[-1]] = value
    return changed


_ACTS = (*["replace"] * 7, "remove", "wrap", "whole")
_changes = st.lists(st.tuples(st.integers(0, 999), st.sampled_from(_ACTS), values), max_size=4)
#: What says who somebody is: with it gone, nothing else is looked at.
_WHO = frozenset({"id", "id_str", "sub", "uuid", "account_id", "user_id", "tid", "https://slack.com/team_id"})
#: As long as a column, and a little longer; and nothing, for which something longer may stand in.
_LONG = ("x" * 255, "x" * 256, "\ufb2c" * 255, "", None)
_fillings = st.one_of(
    *(st.lists(each, min_size=1, max_size=3) for each in (st.sampled_from(TEXTS), st.sampled_from(_LONG), scalars))
)


def altered(document: Any) -> st.SearchStrategy[Any]:
    """Return documents like ``document``: a few values replaced, left out or wrapped; or all of them replaced."""
    few = _changes.map(lambda changes: _alter(document, changes))
    return st.one_of(few, _fillings.map(lambda fillings: _fill(document, fillings)))


# Each a choice of few, of which most are "as it is": a choice between strategies knows no weights.
_encodings = st.sampled_from((*["utf-8"] * 12, "utf-8-sig", "utf-16", "utf-32-be"))
_doubles = st.sampled_from((*[None] * 60, 7, "7", *TREES[:4]))
_PIECES = (b"", b"\0", b"[" * 2_000, b"NaN", b"%", b"&", b"=", b"\xff", b"{}", b",")
_spoils = st.sampled_from(
    [None] * 150 + [(place, piece, how) for place in (0, 1, 7, 20) for piece in _PIECES for how in ("cut", "end", "in")]
)


def said(document: Any) -> st.SearchStrategy[bytes]:
    """Return the JSON of documents like ``document``, as bodies: mostly whole, in UTF-8, each name once."""
    parts = st.tuples(altered(document), st.booleans(), _doubles, _encodings)
    return spoilt(parts.map(lambda drawn: _said(document, *drawn)))


def _said(document: Any, value: Any, ensure_ascii: bool, double: Any, encoding: str) -> bytes:
    body = json.dumps(value, ensure_ascii=ensure_ascii)
    if double is not None and body.startswith("{") and document:
        body = f"{{{json.dumps(next(iter(document), ''))}:{json.dumps(double)}," + body[1:]
    return body.encode(encoding, "surrogatepass")


def spoilt(bodies: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return bodies as they are, mostly; else cut off, with something after them, or with something in between."""
    return st.tuples(bodies, _spoils).map(lambda drawn: _spoil(*drawn))


def _spoil(body: bytes, spoil: tuple[int, bytes, str] | None) -> bytes:
    if spoil is None:
        return body
    number, piece, how = spoil
    place = number % (len(body) + 1)
    return {"cut": body[:place], "end": body + piece, "in": body[:place] + piece + body[place:]}[how]


def filled(fields: dict[str, str]) -> st.SearchStrategy[dict[str, str]]:
    """Return a form's fields like ``fields``: mostly whole, some of them with another text, left out, or one more."""
    names = st.sampled_from([*sorted(fields)] * 5 + [*TEXTS[:8]])
    changes = st.lists(st.tuples(names, st.one_of(st.sampled_from((*TEXTS, None, None, None)), texts)), max_size=3)
    return changes.map(lambda drawn: {k: v for k, v in {**fields, **dict(drawn)}.items() if v is not None})


def form(fields: dict[str, str]) -> st.SearchStrategy[bytes]:
    """Return forms like ``fields``, as bodies: well encoded or not."""
    return spoilt(filled(fields).map(lambda drawn: urlencode(drawn, errors="surrogatepass").encode()))


#: The bodies of no provider in particular.
bodies = st.one_of(
    st.binary(max_size=64),
    said({"a": {"b": [1, "c"]}}),
    form({"oauth_token": "t", "oauth_token_secret": "s"}),
    texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
)
