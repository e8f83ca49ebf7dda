"""Which tests come by which lines: found once, by running them all with every line of the rooms watched."""

from __future__ import annotations

import json
import sys
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest

#: Seconds. Longer tests take no part: what they show, shorter ones show as well, or it stands among the explained.
LONGEST = 2.0
#: Seconds that the tests of one mutant may take together; a room's own are run in any case.
MOST = 20.0


@dataclass(frozen=True, slots=True)
class Test:
    """A test, how long it takes, and by which lines of which rooms it comes."""

    name: str
    seconds: float
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)


class Watch:
    """A pytest plugin that writes down the lines of ``rooms`` by which each test comes.

    Of tests with many cases three are run: the first, the last, and one from the middle; in ``whole`` files, all.
    """

    def __init__(self, rooms: Mapping[str, str], whole: Collection[str], out: Path) -> None:
        self._rooms = rooms
        self._whole = whole
        self._out = out
        self._lines: defaultdict[str, set[int]] = defaultdict(set)
        self._tests: list[tuple[str, float, dict[str, list[int]]]] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        functions: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            functions[item.nodeid.partition("[")[0]].append(item)
        kept = [
            cases if file_of(name) in self._whole else dict.fromkeys((cases[0], cases[len(cases) // 2], cases[-1]))
            for name, cases in functions.items()
        ]
        items[:] = [item for cases in kept for item in cases]

    def pytest_sessionstart(self) -> None:
        threading.settrace(self._trace)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines = defaultdict(set)
        self._seconds, self._failed = 0.0, False
        sys.settrace(self._trace)
        result = yield
        lines = {room: sorted(found) for room, found in self._lines.items()}
        if not self._failed:
            self._tests.append((item.nodeid, self._seconds, lines))
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds += report.duration
        self._failed = self._failed or report.failed

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        self._out.write_text(json.dumps(self._tests), "utf-8")

    def _trace(self, frame: FrameType, event: str, argument: object) -> object:
        room = self._rooms.get(frame.f_code.co_filename)
        return None if room is None or frame.f_code.co_name == "<module>" else self._follow

    def _follow(self, frame: FrameType, event: str, argument: object) -> object:
        self._lines[self._rooms[frame.f_code.co_filename]].add(frame.f_lineno)
        return self._follow


def read(path: Path) -> list[Test]:
    """Return what :class:`Watch` wrote down, but for tests that are too long."""
    found = json.loads(path.read_text("utf-8"))
    return [
        Test(name, seconds, {room: frozenset(lines) for room, lines in rooms.items()})
        for name, seconds, rooms in found
        if seconds < LONGEST
    ]


def chosen(tests: Sequence[Test], room: str, lines: frozenset[int], own: Sequence[str]) -> list[Test]:
    """Return the tests that come by these lines of a room; without lines, by the room at all.

    The room's ``own`` files come first, and the very first is run whole: what it tests may be made at import. Of the
    others the quick ones come first.
    """
    found = [test for test in tests if _comes_by(test, room, lines) or file_of(test.name) == own[0]]
    files: dict[str, list[Test]] = defaultdict(list)
    for test in sorted(found, key=lambda test: test.seconds):
        files[file_of(test.name)].append(test)
    # Those of one file stay together: they share what is dear to set up.
    quick = sorted(files, key=lambda file: (sum(test.seconds for test in files[file]), file))
    ordered = [*(file for file in own if file in files), *(file for file in quick if file not in own)]
    wanted, seconds = [], 0.0
    for test in (test for file in ordered for test in files[file]):
        seconds += test.seconds
        if seconds <= MOST or file_of(test.name) in own:
            wanted.append(Test(test.name, test.seconds))
    return wanted


def _comes_by(test: Test, room: str, lines: frozenset[int]) -> bool:
    return bool(test.lines.get(room, frozenset()) & lines) if lines else room in test.lines


def file_of(name: str) -> str:
    """Return the file of a test."""
    return name.partition("::")[0]
