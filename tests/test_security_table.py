"""The table of the cases on the build server: three databases have to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import stores
from tests.security.cases import IDS
from tests.security.report import Report, _elsewhere
from tests.security.table import NAMES, Run, spread, status

EVERY = {case: {"passed": 1} for case in IDS}


@pytest.mark.parametrize("absent", NAMES.values())
def test_without_one_of_three_databases_the_build_server_fails(absent: str):
    runs = [Run(name, EVERY) for name in NAMES.values() if name != absent]
    assert status(runs, strict=True) == 1
    assert status(runs, strict=False) == 0
    assert status([*runs, Run(absent, EVERY)], strict=True) == 0


def test_what_goes_to_a_database_itself_is_counted_there():
    """F05 is shown on PostgreSQL by processes of its own, whatever database the other tests run on."""
    first = Run(
        "SQLite", {"F05": {"passed": 2}, "postgres:F05": {"passed": 3, "failed": 1}, "mysql:A18": {"passed": 1}}
    )
    sqlite, postgres, mysql = spread([first, Run("PostgreSQL", {"F05": {"passed": 1}}), Run("MariaDB", {})])
    assert sqlite.counts == {"F05": {"passed": 2}}
    assert postgres.counts == {"F05": {"passed": 4, "failed": 1}}
    assert mysql.counts == {"A18": {"passed": 1}}


@pytest.mark.parametrize(
    ("test", "where"),
    [
        ("f.py::test_f05_x[postgres-twitter]", "postgres:"),
        ("f.py::test_f05_x[x-mysql]", "mysql:"),
        ("f.py::test_a", ""),
    ],
)
def test_it_is_known_by_its_name(test: str, where: str):
    assert _elsewhere(test) == where


def test_all_databases_that_are_wanted_are_in_the_table():
    assert list(NAMES) == list(stores.WANTED)


def test_the_report_is_written_wherever_it_is_to_stand(tmp_path: Path):
    report = Report(tmp_path / "build" / "cases.json")
    report.pytest_sessionfinish()
    assert report.path.read_text("utf-8") == "{}"
