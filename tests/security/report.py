"""A plugin of pytest that counts the tests of every case: ``--cases-report=FILE``, and ``--database-only``.

In one word: the option is not known yet where pytest looks for folders of tests, and a file that is there would be one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.security.cases import ids_of

#: What tests of no case are counted under.
OTHERS = "others"
#: What :mod:`tests.stores` calls a test by.
_ELSEWHERE = re.compile(r"[\[-](postgres|mysql)[\]-]")
#: By one of these a test says that it uses the database.
_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cases")
    group.addoption("--cases-report", metavar="FILE", help="write how many tests of every case passed and failed")
    group.addoption("--database-only", action="store_true", help="leave out the tests that use no database")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("cases_report")
    if path and not hasattr(config, "workerinput"):  # xdist: what the workers report arrives in the controller
        config.pluginmanager.register(Report(Path(path)), "cases-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("database_only"):
        return
    items[:], left_out = [each for each in items if _uses(each)], [each for each in items if not _uses(each)]
    config.hook.pytest_deselected(items=left_out)


def _uses(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or bool(_DATABASE & set(getattr(item, "fixturenames", ())))


def _elsewhere(test: str) -> str:
    """Return ``postgres:`` or ``mysql:`` for a test that goes to that database itself, whichever the others run on."""
    found = _ELSEWHERE.search(test)
    return f"{found[1]}:" if found else ""


class Report:
    """What became of the tests of every case: how many passed, failed, or were in error before or after."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = report.outcome if report.when == "call" or report.skipped else "errors"
        if outcome == "errors" and not report.failed:
            return  # a fixture in good order
        if self.outcomes.get(report.nodeid) != "failed":
            self.outcomes[report.nodeid] = outcome

    def pytest_sessionfinish(self) -> None:
        counts: dict[str, Counter[str]] = {}
        for test, outcome in self.outcomes.items():
            name = test.partition("[")[0].rpartition("::")[2]
            for case in ids_of(name) or (OTHERS,):
                counts.setdefault(f"{_elsewhere(test)}{case}", Counter())[outcome] += 1
        self.path.parent.mkdir(parents=True, exist_ok=True)  # else an hour of tests would end without what they found
        self.path.write_text(json.dumps(counts, indent=1, sort_keys=True), "utf-8")
