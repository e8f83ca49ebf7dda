"""Many who want the same account refreshed at once, in several processes: each a worker of the same site.

::

    with Callers(connection, settings.SOCIALREG) as callers:
        said = callers.refresh(account.pk)      # by 20: a token each, or the code of an error
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from django.db.backends.base.base import BaseDatabaseWrapper

from tests.stores import database_of

PROCESSES, THREADS = 2, 10
#: Longer than any of them takes: only a broken test waits this long.
PATIENCE = 60


@dataclass(frozen=True)
class Said:
    """What became of one caller: ``token``, or ``error``, the code of it. ``signals`` are those of its process."""

    token: str = ""
    error: str = ""
    signals: tuple[str, ...] = ()


class Callers:
    """The processes, from ``with`` to the end of it. They are set up before they are asked for anything."""

    def __init__(self, database: BaseDatabaseWrapper, socialreg: dict[str, Any]) -> None:
        self._arguments = (database_of(database), socialreg)
        self._context = multiprocessing.get_context("spawn")
        self._running: list[tuple[Any, Connection]] = []

    def __enter__(self) -> Self:
        for _ in range(PROCESSES):
            here, there = self._context.Pipe()
            process = self._context.Process(target=_work, args=(there, *self._arguments), daemon=True)
            process.start()
            there.close()
            self._running.append((process, here))
        for _, pipe in self._running:
            _receive(pipe)
        return self

    def refresh(self, account_id: int) -> list[Said]:
        """Let all of them want it at once; return what became of each."""
        for _, pipe in self._running:
            pipe.send(account_id)
        return [said for _, pipe in self._running for said in _receive(pipe)]

    def die_over(self, account_id: int) -> None:
        """Let one process want it, that has a provider which ends the process once the answer is there."""
        process, pipe = self._running[0]
        pipe.send(account_id)
        process.join(PATIENCE)
        assert process.exitcode == DEATH, process.exitcode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, pipe in self._running:
            pipe.close()
            process.join(PATIENCE)
            process.kill()
            process.join()


def _receive(pipe: Connection) -> Any:
    assert pipe.poll(PATIENCE), "a process does not answer"
    return pipe.recv()


#: How a process ends that a provider of :mod:`tests.caller` has killed.
DEATH = -signal.SIGKILL


def _work(pipe: Connection, database: dict[str, Any], socialreg: dict[str, Any]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django  # noqa: PLC0415 - in a process that has not been set up yet

    django.setup()
    from tests.caller import serve  # noqa: PLC0415

    serve(pipe, database, socialreg)


def run(threads: int, act: Any) -> list[Any]:
    """Do something in as many threads, all from the same moment on."""
    barrier = threading.Barrier(threads)

    def one() -> Any:
        barrier.wait(PATIENCE)
        return act()

    with ThreadPoolExecutor(threads) as pool:
        return [each.result(PATIENCE) for each in [pool.submit(one) for _ in range(threads)]]
