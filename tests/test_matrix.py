"""What is printed of the pairs of Django and Python."""

from __future__ import annotations

from tests.matrix import NEWEST, PAIRS, Result, left_out, lines


def test_what_was_not_tested_is_the_last_that_is_said():
    results = [Result("one", absent="there is no Python here"), Result("two", "9 passed"), Result("three", "1 failed")]
    said = list(lines(results))
    assert said == ["two: 9 passed", "three: 1 failed", "!" * 79, "NOT TESTED: one: there is no Python here"]


def test_nothing_is_said_at_the_end_where_all_were_tested():
    assert list(lines([Result("two", "9 passed")])) == ["two: 9 passed"]


def test_the_attacks_run_where_both_are_newest():
    assert list(PAIRS)[-1] == NEWEST
    assert [release for release in PAIRS if "security" not in left_out(release)] == [NEWEST]
