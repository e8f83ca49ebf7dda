"""The tool that changes guards: what it says was noticed was noticed by a test, and by nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutation import record
from tests.mutation.__main__ import as_expected
from tests.mutation.mutants import Change, change_of, listed, mutants, unchanged
from tests.mutation.record import UNTRIED, Fate

ROOT = Path(__file__).parents[1]
#: In a process of its own: it forks, and this one has servers in it.
_ENDS = """
import os, signal
from tests.mutation.runs import outcome

def fail():
    raise RuntimeError

ends = [*((lambda code=code: code) for code in range(6)), fail, lambda: os.kill(os.getpid(), signal.SIGTERM)]
print([outcome(end, []) for end in ends])
"""
#: Ways of importing a room: as it is, with a test or with none; not to be loaded; of no use to a file of tests.
_IMPORTS = """
from pathlib import Path
from tests.mutation import runs
from tests.mutation.mutants import Mutant, unchanged
from tests.mutation.passing import Test

plain = unchanged(Path("socialreg/parameters.py"))[0].source
TEST = "test_what_is_taken_is_what_the_query_says"

def outcome(source, name):
    mutant = Mutant("parameters", "(module)", 0, "", "", frozenset(), True, source)
    tests = [Test(f"tests/test_parameters.py::{name}", 1.0)]
    return runs.outcome(lambda: runs.imported(mutant, tests), tests)

runs.load()
print([outcome(*each) for each in [(plain, TEST), (plain, "gone"), (plain + "\\nraise ValueError", TEST), ("", TEST)]])
"""


def said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_test_that_fails_is_the_only_end_that_kills():
    """A run that was stopped, that broke, or that had no tests in it, has shown nothing."""
    assert said(_ENDS) == repr(
        ["survived", "killed", *(f"failed with {code}" for code in (2, 3, 4, 5)), "failed with 3", "failed with -15"]
    )


def test_a_room_that_cannot_be_loaded_is_noticed_and_tests_that_are_not_there_notice_nothing():
    assert said(_IMPORTS) == repr(["survived", "failed with 5", "killed", "killed"])


@pytest.fixture
def room(tmp_path, monkeypatch) -> Callable[[str], list[Fate]]:
    """A site of one room: write its source, and read what is known of its changes."""
    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(record, "TRIED", tmp_path / "tried.json")
    monkeypatch.setattr(record, "ROOMS", {"gate": ()})
    (tmp_path / "socialreg").mkdir()

    def written(source: str) -> list[Fate]:
        (tmp_path / "socialreg" / "gate.py").write_text(source, "utf-8")
        return record.fates()

    return written


GATE = "MOST = 3\n\n\ndef is_open(guests):\n    return guests < MOST\n\n\ndef is_shut(hour):\n    return hour > 22\n"


def test_nothing_is_known_of_what_was_never_tried(room):
    found = room(GATE)
    told = ["3 -> 7", "guests < MOST -> guests <= MOST", "hour > 22 -> hour >= 22", "22 -> 45"]
    assert [fate.change.change for fate in found] == told
    assert {fate.outcome for fate in found} == {UNTRIED}


def test_what_was_tried_is_known_wherever_it_moves_and_not_once_it_reads_otherwise(room):
    record.save([Fate(fate.change, "killed") for fate in room(GATE)])
    moved = room('"""A gate."""\n\n' + GATE.replace("    return hour", "    # Late.\n    return hour"))
    assert [(fate.change.line, fate.outcome) for fate in moved] == [(n, "killed") for n in (3, 7, 12, 12)]
    changed = room(GATE.replace("return guests < MOST", "guests = guests + 1\n    return guests < MOST"))
    assert [fate.outcome for fate in changed] == ["killed", UNTRIED, UNTRIED, UNTRIED, "killed", "killed"]


def test_a_guard_that_was_added_is_not_tried_and_one_that_is_gone_is_forgotten(room):
    record.save([Fate(fate.change, "killed") for fate in room(GATE)])
    added = room(GATE + "\n\ndef is_free(day):\n    return day == 7\n")
    assert [fate.outcome for fate in added] == ["killed"] * 4 + [UNTRIED] * 2
    room(GATE.partition("\n\n\ndef is_shut")[0])
    record.save([])
    assert len(json.loads(record.TRIED.read_text("utf-8"))["gate"]) == 2


def test_what_came_to_nothing_is_told_and_left_out(capsys):
    change = Change("gate", "is_open", 5, "3 -> 7", "0123456789")
    ends = ["killed", "failed with 5", "survived", "failed with -9", "timed out"]
    found = as_expected((Fate(change, end) for end in ends), "killed", "survived", "timed out")
    assert [fate.outcome for fate in found] == ["killed", "survived", "timed out"]
    assert "socialreg/gate.py:5 is_open: 3 -> 7: failed with 5" in capsys.readouterr().out


def test_a_room_as_it_is_is_tried_in_both_ways():
    path = ROOT / "socialreg/parameters.py"
    both = unchanged(path)
    assert [(mutant.at_import, mutant.lines) for mutant in both] == [(True, frozenset()), (False, frozenset())]
    assert {mutant.source for mutant in both}.isdisjoint(mutant.source for mutant in mutants(path))


def test_what_is_listed_is_what_is_tried():
    path = ROOT / "socialreg/parameters.py"
    assert [change_of(mutant) for mutant in mutants(path)] == listed(path)
