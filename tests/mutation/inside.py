"""Mutants of functions, tried inside a pytest that has collected all tests: nothing is imported twice."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType

import pytest

from .mutants import Mutant, functions_in
from .passing import Test
from .runs import fate

Task = tuple[Mutant, list[list[Test]]]


class Loop:
    """A pytest plugin that tries mutants instead of running the tests.

    :param tasks: mutants, and the tests of each.
    :param tell: gets each mutant with what became of it.
    """

    def __init__(self, tasks: Iterable[Task], tell: Callable[[Mutant, str], None]) -> None:
        self._tasks = tasks
        self._tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        _prepare(session)
        gc.unfreeze()  # what is frozen is not found
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        gc.freeze()
        for mutant, stages in self._tasks:

            def tried(tests: Sequence[Test], mutant: Mutant = mutant) -> int:
                _put(mutant, functions)
                return _noticed([items[test.name] for test in tests])

            self._tell(mutant, fate(tried, stages))
        return True


def _prepare(session: pytest.Session) -> None:
    """Make the database, by a test that needs little else: in memory, it is every fork's own. A thread would not be."""
    first = min((i for i in session.items if i.get_closest_marker("django_db")), key=lambda i: len(i.fixturenames))
    others = [item for item in session.items if item.path != first.path]
    after = next((item for item in others if item.path.parent != first.path.parent), others[0])  # all that both share
    first.config.hook.pytest_runtest_protocol(item=first, nextitem=after)
    if threading.active_count() > 1:
        raise RuntimeError(f"{first.nodeid} left a thread behind, which no fork would have")


def _noticed(items: Sequence[pytest.Item]) -> int:
    """Run tests until one fails; return an exit code of pytest's."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            break
    return int(pytest.ExitCode.TESTS_FAILED if items[0].session.testsfailed else pytest.ExitCode.OK)


def _put(mutant: Mutant, functions: Iterable[FunctionType]) -> None:
    """Give the functions of a room the code that they have in the mutant.

    They are known by the file of their code: what ``functools.wraps`` made says that it is of another module.
    """
    file = str(sys.modules[f"socialreg.{mutant.room}"].__file__)
    whole = compile(mutant.source, file, "exec")
    codes = {code.co_qualname: code for code in functions_in(whole)}
    found = [each for each in functions if each.__code__.co_filename == file and each.__code__.co_qualname in codes]
    if not found:
        raise RuntimeError(f"no function of {mutant.room} was found, so none could be changed")
    for function in found:
        function.__code__ = codes[function.__code__.co_qualname]
