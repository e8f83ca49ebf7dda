"""What nobody waits for: revoking a token, ending sessions. Done after the outcome, in threads of this process.

A few at a time and a bounded number waiting, so that a provider that is down costs no more than its own revocations. At
the end of the process what has begun is finished. What fails is a line in the log, and undoes nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from django.db import connections, transaction

from .exceptions import SocialRegError

logger = logging.getLogger("socialreg.background")

WORKERS = 2
#: How much may wait. What comes beside that is not done, and the log says so.
MOST_WAITING = 200


class Background:
    """The threads of one process, and what they have to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._waiting: set[Future[None]] = set()

    def after_commit(self, what: str, work: Callable[[], object], using: str) -> None:
        """Do ``work`` once the transaction around is in the database, and not at all if it is undone.

        :param what: what it is, for the log.
        :param using: the database whose transaction it is.
        """
        transaction.on_commit(partial(self._submit, what, work), using=using)

    def drain(self, seconds: float = 15) -> None:
        """Wait until everything is done that waits now. For tests, and for the end of a command."""
        with self._lock:
            waiting = set(self._waiting)
        wait(waiting, timeout=seconds)

    def _submit(self, what: str, work: Callable[[], object]) -> None:
        with self._lock:
            pool = self._pool()
            if len(self._waiting) >= MOST_WAITING:
                logger.warning("%s was left undone: %d others wait already", what, MOST_WAITING)
                return
            try:
                future = pool.submit(_do, what, work)
            except RuntimeError:  # it is after a commit: whoever waits is answered all the same
                logger.warning("%s was left undone: this process is ending, or can have no more threads", what)
                return
            self._waiting.add(future)
        future.add_done_callback(self._forget)

    def _pool(self) -> ThreadPoolExecutor:
        # By process: the threads of a parent do not run in a forked worker, and what waits there is never done here.
        if os.getpid() not in self._pools:
            self._waiting.clear()
            self._pools[os.getpid()] = ThreadPoolExecutor(WORKERS, "socialreg")
        return self._pools[os.getpid()]

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._waiting.discard(future)


def _do(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except SocialRegError as error:
        logger.warning("%s did not work. %s", what, error)
    except Exception as error:  # noqa: BLE001 - nobody is there to catch it
        logger.error("%s raised %s", what, type(error).__name__)  # noqa: TRY400 - its text may hold a secret
    finally:
        connections.close_all()


background = Background()
