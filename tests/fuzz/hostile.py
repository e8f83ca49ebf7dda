"""What strangers send: texts, numbers and values that have broken somebody's parser, and others like them."""

from __future__ import annotations

import math

from hypothesis import strategies as st

#: Texts that have broken somebody's parser, page, column or log.
TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "a\r\nSet-Cookie: b=c",
    "\ud800",
    "a\udfffb",
    "\u202egnp.exe",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\x85",
    "e\u0301" * 200,
    "\ufb2c" * 255,
    "\N{GREEK CAPITAL LETTER ALPHA WITH PSILI AND PROSGEGRAMMENI}" * 255,
    "x" * 255,
    "x" * 256,
    "x" * 5_000,
    "\N{GRINNING FACE}" * 300,
    "<script>alert(1)</script>",
    "'; DROP TABLE users; --",
    "{{ 7 * 7 }}",
    "%s%n{0}",
    "None",
    "null",
    "true",
    "false",
    "NaN",
    "0",
    "-1",
    "9" * 310,
    "9" * 5_000,
    "1e400",
    "../../etc/passwd",
    "https://[",
    "https://[zz]/",
    "https://a:b/",
    "https://a:99999/",
    "https://user@host/",
    "https://host/\N{FULLWIDTH SOLIDUS}",
    "http://127.0.0.1/",
    "javascript:alert(1)",
    "a@example.com",
    "a@example.com,b@example.com",
    "a\N{FULLWIDTH COMMERCIAL AT}example.com",
    '"<b>"@example.com',
)
#: Numbers at the edges of what columns, clocks and doubles hold, and what Python writes although JSON has none.
NUMBERS = (
    0,
    -1,
    2**31,
    2**63,
    2**64,
    10**254,
    -(10**254),
    10**255,
    10**299,
    10**300,
    10**400,
    1e300,
    1e-300,
    0.5,
    math.nan,
    math.inf,
)
#: Levels: around what is read (32) and what is stored (31), and beyond what any parser bears.
DEPTHS = (2, 16, 28, 29, 30, 31, 32, 33, 200)


def nested(depth: int, *, in_lists: bool) -> object:
    """Return a document of so many levels."""
    value: object = 1
    for _ in range(depth):
        value = [value] if in_lists else {"a": value}
    return value


NESTS = tuple(nested(depth, in_lists=in_lists) for depth in DEPTHS for in_lists in (False, True))
TREES = ([], {}, [None], [[]], {"a": 1}, {"": ""}, {"\0": "\0"}, {"\ud800": 1}, ["x" * 300], [True], *NESTS)

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=20), st.text(st.characters(codec=None), max_size=8))
scalars = st.one_of(st.sampled_from((None, True, False, *NUMBERS)), texts, st.integers(), st.floats())
#: Any value that JSON can carry, and some that it cannot.
values = st.one_of(
    st.sampled_from((None, True, False, *TEXTS, *NUMBERS)),
    st.sampled_from(TREES),
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(texts, scalars, max_size=3),
)
statuses = st.sampled_from((*[200] * 12, 201, 204, 299, 300, 304, 400, 401, 403, 404, 422, 429, 500, 502, 503, 599))
