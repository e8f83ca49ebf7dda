"""Dotted paths: what they find, and that whatever a provider sends they raise nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg.paths import read

ANSWER = {
    "id": 7,
    "data": {"id": "8", "emails": [{"value": "a@example.com"}, {"value": "b@example.com"}]},
    "https://corp.example/team.id": "T1",
    "rows": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", 7),
        ("data.id", "8"),
        ("data.emails[1].value", "b@example.com"),
        ("data.emails[2].value", None),
        ("https://corp.example/team.id", "T1"),
        ("rows[0][1]", 2),
        ("id.more", None),
        ("id[0]", None),
        ("data[0]", None),
        ("nothing.at.all", None),
        ("", ANSWER),
    ],
)
def test_a_path_finds_what_stands_there_and_nothing_else(path: str, found: object):
    assert read(ANSWER, path) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(data=JSON, path=st.text(alphabet="ab.[]01", max_size=12))
def test_no_answer_and_no_path_raises(data: object, path: str):
    read(data, path)
