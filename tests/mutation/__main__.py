"""``python -m tests.mutation [room ...]``: change every guard, and say which change no test noticed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest

from . import record, runs
from .explained import EXPLAINED
from .inside import Loop, Task
from .mutants import Mutant, change_of, mutants, unchanged
from .page import write
from .passing import Test, Watch, chosen, file_of, read
from .record import UNTRIED, Fate, room_file
from .rooms import ROOMS, TESTS
from .runs import OUTCOMES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help="rooms of socialreg/; left out: all")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--untried", action="store_true", help="try nothing that was tried, and reads as it did then")
    parser.add_argument("--refresh", action="store_true", help="try nothing: lines and figures of the page alone")
    options = parser.parse_args()
    done = options.refresh or tried(options.rooms, options.jobs, is_old=not options.untried)
    found = record.fates()
    write(found)
    return int(not done) or report(found)


def tried(rooms: list[str], jobs: int, *, is_old: bool) -> bool:
    """Try the changes of some rooms and write down what became of them; return whether all came to something.

    :param is_old: also those that were tried before.
    """
    known = {(fate.change.room, fate.change.digest) for fate in record.fates() if fate.outcome != UNTRIED}
    every = [mutant for room in rooms for mutant in mutants(room_file(room))]
    every = [mutant for mutant in every if is_old or (mutant.room, mutant.digest) not in known]
    runs.load()
    with tempfile.TemporaryDirectory() as folder:
        passing = Path(folder, "passing.json")
        if not watched(passing):
            return failed("The tests fail without any change")
        tests = read(passing)
    plain = [mutant for room in dict.fromkeys(each.room for each in every) for mutant in unchanged(room_file(room))]
    if len(as_expected(fates(plain, tests, jobs), "survived")) < len(plain):
        return failed("What is not changed does not survive: that a change is noticed would say nothing")
    found = as_expected(fates(every, tests, jobs), *OUTCOMES)
    record.save(found)
    return len(found) == len(every) or failed(f"{len(every) - len(found)} changes came to nothing: the tool is broken")


def failed(why: str) -> bool:
    print(f"FAILED. {why}.", file=sys.stderr, flush=True)
    return False


def as_expected(found: Iterable[Fate], *outcomes: str) -> list[Fate]:
    """Tell what was not killed, and return what came to one of these outcomes."""
    kept = []
    for fate in found:
        change = fate.change
        if fate.outcome != "killed":
            print(
                f"socialreg/{change.room}.py:{change.line} {change.where}: {change.change}: {fate.outcome}", flush=True
            )
        if fate.outcome in outcomes:
            kept.append(fate)
    return kept


def watched(out: Path) -> bool:
    """Run all tests once and write down by which lines they come; return whether they passed."""
    files = {str(Path("socialreg", f"{room}.py").resolve()): room for room in ROOMS}
    own = {file for files in ROOMS.values() for file in files}
    child = os.fork()
    if not child:  # what is loaded there must not be loaded here
        options = (*runs.LOADED, "--no-header", "-m", "not slow and not browser")
        os._exit(int(pytest.main([*options, *TESTS], plugins=[Watch(files, own, out)])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def fates(every: Sequence[Mutant], tests: list[Test], jobs: int) -> Iterator[Fate]:
    """Try mutants, several at once; yield what became of each."""
    tasks = [(mutant, stages(mutant, tests)) for mutant in every]
    told = [start(tasks[n::jobs]) for n in range(jobs)]
    while told:
        for each in wait(told):
            try:
                yield each.recv()
            except EOFError:
                told.remove(each)


def start(tasks: list[Task]) -> Connection:
    """Start a worker; return where it tells what became of each mutant."""
    ours, theirs = Pipe(duplex=False)  # no queue: that has a thread, and no fork of the worker's would have it
    get_context("fork").Process(target=work, args=(tasks, theirs)).start()
    theirs.close()
    return ours


def work(tasks: list[Task], told: Connection) -> None:
    """Be a worker: first try what needs nothing of ours loaded, then the rest."""

    def tell(mutant: Mutant, outcome: str) -> None:
        told.send(Fate(change_of(mutant), outcome))

    for mutant, some in tasks:
        if mutant.at_import:
            tell(mutant, runs.fate(partial(runs.imported, mutant), some))
    later = [task for task in tasks if not task[0].at_import]
    pytest.main([*runs.QUIET, *TESTS], plugins=[Loop(later, tell)])


def stages(mutant: Mutant, tests: list[Test]) -> list[list[Test]]:
    """Return the tests that come by a mutant: file by file the room's own, and then the others' together."""
    own = ROOMS[mutant.room]
    wanted = chosen(tests, mutant.room, mutant.lines, own) or chosen(tests, mutant.room, frozenset(), own)
    return [[test for test in wanted if own_file(test.name, own) == file] for file in (*own, "")]


def own_file(name: str, own: Sequence[str]) -> str:
    return file_of(name) if file_of(name) in own else ""


def report(found: list[Fate]) -> int:
    """Print what is to be done; return whether anything survived that is not explained, or was not tried."""
    keys = {outcome: {fate.change.key for fate in found if fate.outcome == outcome} for outcome in (*OUTCOMES, UNTRIED)}
    survived, untried = keys["survived"], keys[UNTRIED]
    new = survived - set(EXPLAINED)
    for text, some in (
        ("Not explained", new),
        ("Explained, and noticed by now", (keys["killed"] | keys["timed out"]) & set(EXPLAINED)),
        ("Not tried as it is now", untried),
    ):
        for key in sorted(some):
            print(f"{text}: {': '.join(key)}")
    print(f"{len(found)} mutants, {len(survived)} survived, {len(new)} of them unexplained, {len(untried)} not tried")
    return int(bool(new or untried))


if __name__ == "__main__":
    sys.exit(main())
