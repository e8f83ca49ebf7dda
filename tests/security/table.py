"""Run the 48 cases on every database and print what came of each: ``python -m tests.security.table``.

First on SQLite, over every provider; then on each of ``SOCIALREG_TEST_DATABASES`` (:mod:`tests.stores`) the tests that
use a database, a sample of them (:mod:`tests.effort`), for what a provider says is stored by the same statements
whichever it is; at night all of them there, too. A database that does not answer, or is not named,
is said to, and with ``CI=true`` is a failure. The exit status is 1 where a test failed, or a case has none that passed.
``--sqlite FILE`` takes the report of a run on SQLite that there has been (``--cases-report``), so that the build server
does not make the same run twice.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from tests import stores
from tests.effort import NIGHTLY
from tests.security.cases import CASES, FOLDERS, IDS, NO_DATABASE, Case
from tests.security.report import OTHERS

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MariaDB"}
WIDTHS = (3, 46, 40)
RESULT = 15

#: Outcomes of the tests of one case, and of all of them by case.
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Run:
    """What came of the cases on one database; ``missing``: why it does not answer; ``broken``: the run broke off."""

    name: str
    counts: Mapping[str, Counts]
    missing: str = ""
    broken: bool = False

    def cell(self, case: str) -> str:
        """Return what the table says of a case."""
        if self.missing:
            return "no answer"
        counts = self.counts.get(case, {})
        if failed(counts):
            return f"FAILED {failed(counts)} of {sum(counts.values())}"
        if counts.get("passed"):
            return f"ok {counts['passed']}"
        if counts.get("skipped"):
            return "skipped"
        return "-" if case in NO_DATABASE and not self.is_first else "none"

    @property
    def is_first(self) -> bool:
        """Return whether all tests were run here, with those that use no database."""
        return self.name == NAMES["sqlite"]

    def stood(self, case: str) -> bool:
        return self.cell(case).startswith(("ok", "-"))


def failed(counts: Counts) -> int:
    return counts.get("failed", 0) + counts.get("errors", 0)


def main() -> int:
    """Run, print, return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.table")
    parser.add_argument("--sqlite", type=Path, metavar="FILE", help="the report of a run on SQLite, made before")
    before = parser.parse_args().sqlite
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    runs = [read(before) if before and stores.kind(url) == "sqlite" else run(url) for url in stores.URLS]
    runs += [Run(NAMES[name], {}, stores.unnamed(name)) for name in stores.WANTED if not stores.of_kind(name)]
    runs = spread(runs)
    for line in table(runs):
        print(line)
    print(summary(runs))
    return status(runs, strict=os.environ.get("CI") == "true")


def spread(runs: Sequence[Run]) -> list[Run]:
    """Put what tests have shown that go to a database themselves, all in the first run, to that database's results."""
    gone = {case: counts for each in runs for case, counts in each.counts.items() if ":" in case}
    return [replace(each, counts=_with(each, gone)) for each in runs]


def _with(run: Run, gone: Mapping[str, Counts]) -> Mapping[str, Counts]:
    stayed = {case: counts for case, counts in run.counts.items() if ":" not in case}
    own = {case.partition(":")[2]: counts for case, counts in gone.items() if NAMES[case.partition(":")[0]] == run.name}
    return {case: Counter(stayed.get(case, {})) + Counter(own.get(case, {})) for case in stayed | own}


def read(report: Path) -> Run:
    """Return a run on SQLite that there has been."""
    return Run(NAMES["sqlite"], json.loads(report.read_text("utf-8")))


def run(url: str) -> Run:
    """Run the tests on one database."""
    name = NAMES.get(stores.kind(url), url)
    if missing := stores.missing(url):
        return Run(name, {}, missing)
    print(f"{name}:", flush=True)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "cases.json"
        command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "3", "--dist", "loadfile"]
        command += ["--no-loadscope-reorder", f"--cases-report={report}", *_less(url)]
        ended = subprocess.run([*command, *map(str, FOLDERS)], check=False, env=_environment(url)).returncode
        counts = json.loads(report.read_text("utf-8")) if report.exists() else {}
    return Run(name, counts, broken=ended != 0 and not any(map(failed, counts.values())))


def _less(url: str) -> list[str]:
    """Return what leaves tests out that one database has shown for all."""
    if stores.kind(url) == "sqlite":
        return []
    return ["--database-only", *([] if NIGHTLY else ["--sample"])]


def _environment(url: str) -> dict[str, str]:
    """Return the environment for a run: the database has a name that no other run has."""
    rest = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return rest if stores.kind(url) == "sqlite" else {**rest, "DATABASE_URL": f"{url}_{os.getpid()}"}


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield ""
    yield from _lines(("id", "case", "expected"), [each.name for each in runs])
    yield from _lines(tuple("-" * width for width in WIDTHS), ["-" * RESULT for _ in runs])
    for case in CASES:
        yield from _row(case, runs)
    for each in runs:
        yield from _remarks(each)


def _remarks(run: Run) -> Iterator[str]:
    if rest := run.counts.get(OTHERS):
        result = f"FAILED {failed(rest)} of {sum(rest.values())}" if failed(rest) else f"ok {rest['passed']}"
        yield f"Beside the cases, on {run.name}: {result}"
    if run.missing:
        yield f"{run.name} does not answer: {run.missing}"
    if run.broken:
        yield f"{run.name}: not all tests were run"


def _row(case: Case, runs: Sequence[Run]) -> Iterator[str]:
    return _lines((case.id, case.case, case.expected), [each.cell(case.id) for each in runs])


def _lines(cells: Sequence[str], results: Sequence[str]) -> Iterator[str]:
    """Yield one row in as many lines as it needs, the results in the first."""
    wrapped = [textwrap.wrap(cell, width) for cell, width in zip(cells, WIDTHS, strict=True)]
    columns = [*wrapped, *([result] for result in results)]
    widths = [*WIDTHS, *(RESULT for _ in results)]
    for line in zip_longest(*columns, fillvalue=""):
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def summary(runs: Sequence[Run]) -> str:
    """Return the last line: how many cases stood on all databases that answered."""
    answered = [each for each in runs if not each.missing]
    stood = [case for case in IDS if answered and all(each.stood(case) for each in answered)]
    return f"{len(stood)} of {len(IDS)} on {len(answered)} database{'s' if len(answered) != 1 else ''}"


def status(runs: Sequence[Run], *, strict: bool) -> int:
    """Return the exit status; ``strict``: there are to be three databases, and all of them have to answer."""
    answered = [each for each in runs if not each.missing]
    bad = any(failed(counts) for each in answered for counts in each.counts.values())
    unproven = not all(each.stood(case) for each in answered for case in IDS)
    absent = len(answered) < len(runs) or not {each.name for each in answered}.issuperset(NAMES.values())
    return int(bad or unproven or any(each.broken for each in answered) or (strict and absent))


if __name__ == "__main__":
    sys.exit(main())
