"""What counts the cases: their ids, the plugin that reports on them, and the table that is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.cases import FOLDERS, IDS, NO_DATABASE, ROOT, by_case, ids_of
from tests.security.table import Run, status, summary, table

SAMPLE = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("broken")

@pytest.mark.parametrize("number", ["::", "[", 2])
def test_a01_passes(number): pass

@pytest.mark.django_db
def test_a02_a03_is_of_two(): pass

class TestOne:
    def test_f01_fails(self): assert False
    def test_f01_passes(self): pass

def test_f02_is_in_error(broken): pass
def test_of_no_case(): pass
"""
EVERY = {case: {"passed": 1} for case in IDS}


def test_the_cases_are_the_48_and_none_is_without_a_test():
    assert (*(f"A{number:02}" for number in range(1, 40)), *(f"F{number:02}" for number in range(1, 10))) == IDS
    assert [case for case, tests in by_case().items() if not tests] == []


#: Fuzz tests that are handed a database and write nothing into it, or what the cases write as well.
NOTHING_NEW = {"test_callbacks.py", "test_machine.py"}


def test_fuzz_tests_that_write_what_is_made_up_are_run_on_every_database():
    files = {path.name for path in (ROOT / "fuzz").glob("test_*.py") if "mark.django_db" in path.read_text("utf-8")}
    assert {path.name for path in FOLDERS if path.parent.name == "fuzz"} == files - NOTHING_NEW
    assert all(path.exists() for path in FOLDERS)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_a07_x", ("A07",)),
        ("test_a22_a23_x", ("A22", "A23")),
        ("test_f09_a_b", ("F09",)),
        ("test_a_callback", ()),
        ("test_oidc_a07_x", ()),
    ],
)
def test_a_test_belongs_to_the_cases_in_its_name(name: str, ids: tuple[str, ...]):
    assert ids_of(name) == ids


@pytest.mark.parametrize("more", [[], ["-n", "2"]])
def test_the_report_counts_by_case_also_over_several_processes(tmp_path: Path, more: list[str]):
    assert reported(tmp_path, more) == {
        "A01": {"passed": 3},
        "A02": {"passed": 1},
        "A03": {"passed": 1},
        "F01": {"failed": 1, "passed": 1},
        "F02": {"errors": 1},
        "others": {"passed": 1},
    }


def test_on_another_database_what_uses_none_is_left_out(tmp_path: Path):
    assert reported(tmp_path, ["--database-only"]) == {"A02": {"passed": 1}, "A03": {"passed": 1}}


def reported(folder: Path, more: list[str]) -> object:
    (folder / "test_sample.py").write_text(SAMPLE, "utf-8")
    (folder / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT.parent}\nDJANGO_SETTINGS_MODULE = tests.settings\n", "utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.security.report"]
    path = f"{ROOT.parent}{os.pathsep}{ROOT.parent / 'providers'}"
    shown = subprocess.run(
        [*command, "--cases-report=report.json", *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert shown.returncode in {0, 1}, shown.stdout.decode() + shown.stderr.decode()
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_all_cases_on_three_databases():
    elsewhere = {case: counts for case, counts in EVERY.items() if case not in NO_DATABASE}
    runs = [Run("SQLite", EVERY), Run("PostgreSQL", elsewhere), Run("MariaDB", elsewhere)]
    lines = "\n".join(table(runs))
    assert lines.count(" ok 1") == 3 * 48 - 2 * len(NO_DATABASE)
    assert sum(line.endswith(" -") for line in lines.splitlines()) == len(NO_DATABASE)
    assert summary(runs) == "48 of 48 on 3 databases"
    assert status(runs, strict=True) == 0


def test_a_case_that_no_test_shows_on_a_database_is_a_failure():
    elsewhere = {case: counts for case, counts in EVERY.items() if case != "F03"}
    runs = [Run("SQLite", EVERY), Run("PostgreSQL", elsewhere)]
    assert "none" in "\n".join(table(runs))
    assert summary(runs) == "47 of 48 on 2 databases"
    assert status(runs, strict=False) == 1


@pytest.mark.parametrize(
    ("counts", "cell"),
    [({"passed": 35, "failed": 1, "errors": 1}, "FAILED 2 of 37"), ({}, "none"), ({"skipped": 2}, "skipped")],
)
def test_a_case_that_fails_or_has_no_test_is_a_failure(counts: dict[str, int], cell: str):
    runs = [Run("SQLite", {**EVERY, "A07": counts})]
    assert cell in "\n".join(table(runs))
    assert summary(runs) == "47 of 48 on 1 database"
    assert status(runs, strict=False) == 1


def test_a_case_of_which_all_was_skipped_has_not_stood_on_any_database():
    runs = [Run("SQLite", EVERY), Run("PostgreSQL", {**EVERY, "F05": {"skipped": 9}}), Run("MariaDB", EVERY)]
    assert summary(runs) == "47 of 48 on 3 databases"
    assert status(runs, strict=False) == 1


def test_a_test_of_no_case_that_fails_is_a_failure():
    assert status([Run("SQLite", {**EVERY, "others": {"failed": 1}})], strict=False) == 1


def test_a_run_that_broke_off_is_a_failure():
    assert status([Run("SQLite", EVERY, broken=True)], strict=False) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_a_database_that_does_not_answer_is_said_to_and_is_a_failure_where_it_must_not_be(strict: bool):
    runs = [Run("SQLite", EVERY), Run("PostgreSQL", {}, missing="connection refused")]
    assert "PostgreSQL does not answer: connection refused" in "\n".join(table(runs))
    assert summary(runs) == "48 of 48 on 1 database"
    assert status(runs, strict=strict) is int(strict)
