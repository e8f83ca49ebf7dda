"""One mutant, one process, which is ended if it takes too long.

What changes a function is tried in a fork of a process that has collected all tests: the function gets other code. What
changes a module or a class is tried in a fork that has nothing of ours loaded yet: the import system gets other code.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NoReturn

import pytest

from .mutants import Mutant
from .passing import Test

#: What takes long to import and is nobody's room: loaded once, before the forks.
_LIBRARIES = (
    "cryptography.x509 django.db.backends.sqlite3.base django.db.migrations.executor django.template.defaulttags "
    "django.test django.test.utils hypothesis jwt oauthlib.oauth1 oauthlib.oauth2 psycopg pymysql pytest_django.plugin "
    "redis requests selenium.webdriver tweepy urllib3"
)
#: Plugins are among what is loaded already, and pytest would warn that it cannot rewrite them any more.
LOADED = ("-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider", "-p", "no:xdist")
#: Captured output is kept in memory: files would be shared by the forks.
QUIET = (*LOADED, "-x", "--tb=no", "--no-header", "--no-summary", "--capture=sys")
#: What a mutant may take besides its tests, and how many times longer than without a change those may take.
_SECONDS = 15.0
_TIMES = 4
_PAUSE = 0.02
#: What an exit code says. Any other, of pytest's or of a signal, says that nothing was tested to its end.
_CODES = {int(pytest.ExitCode.OK): "survived", int(pytest.ExitCode.TESTS_FAILED): "killed"}
OUTCOMES = ("killed", "timed out", "survived")


class Choice:
    """A pytest plugin that leaves the chosen tests, in their order. ``is_refused``: a file of them was no test file."""

    def __init__(self, names: Sequence[str]) -> None:
        self._order = {name: n for n, name in enumerate(names)}
        self.is_refused = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._order), key=lambda i: self._order[i.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.is_refused = self.is_refused or report.failed


class Loading:
    """How the import system loads the rooms: one of them with other code. ``has_failed``: one could not be loaded."""

    def __init__(self, path: str, code: CodeType) -> None:
        self._path, self._code = path, code
        self._get_code, self._exec = SourceFileLoader.get_code, SourceFileLoader.exec_module
        self.has_failed = False

    def install(self) -> None:
        """Let it be so from now on. Plain functions, for only those become methods of the loader."""

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            return self._code_of(loader, name)

        def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
            self._load(loader, module)

        SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign]
        SourceFileLoader.exec_module = exec_module  # type: ignore[assignment,method-assign]

    def _code_of(self, loader: SourceFileLoader, name: str) -> CodeType | None:
        return self._code if os.path.realpath(loader.path) == self._path else self._get_code(loader, name)

    def _load(self, loader: SourceFileLoader, module: ModuleType) -> None:
        try:
            self._exec(loader, module)
        except Exception:
            self.has_failed = self.has_failed or module.__name__.startswith("socialreg.")
            raise


def load() -> None:
    """Load the libraries."""
    for name in _LIBRARIES.split():
        try:
            importlib.import_module(name)
        except ImportError:  # one that some environments lack
            continue
    gc.freeze()  # pytest collects garbage, and need not look at all that again in each of them


def outcome(work: Callable[[], int], tests: Sequence[Test]) -> str:
    """Do ``work``, which runs these tests, in a process of its own; return ``killed``, ``survived`` or ``timed out``.

    Any other end says nothing of the tests, and is told as what it is: ``failed with 3``.

    :param work: returns an exit code: 0 if the tests noticed nothing, 1 if one failed.
    """
    child = os.fork()
    if not child:
        _leave(work)
    until = time.monotonic() + _SECONDS + _TIMES * sum(test.seconds for test in tests)
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            return _CODES.get(code, f"failed with {code}")
        time.sleep(_PAUSE)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def fate(tried: Callable[[Sequence[Test]], int], stages: Iterable[Sequence[Test]]) -> str:
    """Try the stages until one does not survive; return what became of the last."""
    found = (outcome(partial(tried, stage), stage) for stage in stages if stage)
    return next((each for each in found if each != "survived"), "survived")


def _leave(work: Callable[[], int]) -> NoReturn:
    """Be the child: do the work, silently, and end."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    try:
        os._exit(work())
    except BaseException:  # noqa: BLE001 - a child must never go on as its parent
        os._exit(pytest.ExitCode.INTERNAL_ERROR)


def imported(mutant: Mutant, tests: Sequence[Test]) -> int:
    """Run tests with the mutant where the import system finds the room; return pytest's exit code.

    A room that cannot be loaded any more, or that spoils what a file of tests is made of, is noticed as well: by all of
    them.
    """
    assert "socialreg" not in sys.modules
    path = str(Path("socialreg", f"{mutant.room}.py").resolve())
    loading = Loading(path, compile(mutant.source, path, "exec"))
    loading.install()
    files = sorted({test.name.partition("::")[0] for test in tests})
    choice = Choice([test.name for test in tests])
    try:
        code = int(pytest.main([*QUIET, *files], plugins=[choice]))
    except Exception:
        if not loading.has_failed:
            raise
        code = int(pytest.ExitCode.INTERNAL_ERROR)
    return int(pytest.ExitCode.TESTS_FAILED) if loading.has_failed or choice.is_refused else code
