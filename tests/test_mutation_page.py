"""The page of the documentation that says which changes no test noticed holds what the tool knows today.

No test of ``tests/security``: those have to pass before the page can be written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutation import record
from tests.mutation.explained import EXPLAINED
from tests.mutation.mutants import listed
from tests.mutation.page import MARK, PAGE, told
from tests.mutation.record import room_file
from tests.mutation.rooms import ROOMS, TESTS

ROOT = Path(__file__).parents[1]
_ROOM = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
_ALL = re.compile(r"^\| \*\*all\*\* \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
_LISTED = re.compile(r"^\| `(\w+)\.py:(\d+)` \| `([^`]+)` \| `` (.+?) `` \|", re.MULTILINE)
_SURVIVOR = re.compile(r"^\| `(\w+)\.py:\d+` \| `([^`]+)` \| `` (.+?) `` \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def counted(page: str) -> dict[str, list[int]]:
    """By room: mutants, and how many of them were killed, timed out, survived and were not tried."""
    return {room: list(map(int, figures)) for room, *figures in _ROOM.findall(page)}


def survivors(page: str) -> Iterator[tuple[tuple[str, str, str], str]]:
    for room, where, change, why in _SURVIVOR.findall(page):
        yield (room, where, change.replace(r"\|", "|")), why


def test_every_room_has_its_row_and_no_other_has(counted):
    assert list(counted) == list(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_change_that_a_room_can_have_today_is_counted(counted, room):
    """A guard that was added since, or taken away, is noticed: ``python -m tests.mutation --refresh`` lists it."""
    total, *fates = counted[room]
    assert total == sum(fates)
    assert total == len(listed(room_file(room)))
    assert total > 0


def test_every_line_is_where_it_says_today(page):
    today = {(at.room, at.line, at.where, at.change) for room in ROOMS for at in listed(room_file(room))}
    found = [
        (room, int(line), where, change.replace(r"\|", "|")) for room, line, where, change in _LISTED.findall(page)
    ]
    assert set(found) <= today
    assert len(found) == len(set(found)) > 0


def test_the_page_is_what_was_written_down_of_the_runs(page):
    """If this fails, ``--refresh`` mends it: nothing is tried then, and what reads otherwise is listed as not tried."""
    assert page.partition(MARK)[2] == told(record.fates())


def test_the_last_row_sums_them_up(page, counted):
    [sums] = _ALL.findall(page)
    assert list(map(int, sums)) == [sum(column) for column in zip(*counted.values(), strict=True)]


def test_whatever_survives_is_explained_and_whatever_is_explained_survives(page, counted):
    assert "| not explained |" not in page
    found = dict(survivors(page))
    assert found == EXPLAINED
    assert len(found) == sum(survived for *_, survived, _ in counted.values())


def test_the_tests_of_every_room_are_there_and_take_part():
    for room, files in ROOMS.items():
        assert (ROOT / "socialreg" / f"{room}.py").is_file()
        for file in files:
            assert (ROOT / file).is_file(), f"{file}, of {room}"
            assert file in TESTS or file.startswith("tests/security/"), f"{file}, of {room}"
