"""What nobody waits for: revoking a token, ending sessions. Done after the outcome, in threads of this process.

A few at a time and a bounded number waiting, and in two lanes, so that a provider that is down costs no more than its
own revocations: nobody's sessions go on because of it. At the end of the process what has begun is finished. What fails
is a line in the log, and undoes nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Literal

from django.db import connections, transaction

from .exceptions import SocialRegError

logger = logging.getLogger("socialreg.background")

#: What waits for the site's own database and mail server, and what for providers.
Lane = Literal["site", "providers"]

#: Threads of each lane.
WORKERS = 2
#: How much may wait in a lane. What comes beside that is not done, and the log says so.
MOST_WAITING = 200


class Background:
    """The threads of one process, and what they have to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[tuple[int, Lane], ThreadPoolExecutor] = {}
        self._waiting: dict[Future[None], Lane] = {}

    def after_commit(self, what: str, work: Callable[[], object], using: str, lane: Lane = "site") -> None:
        """Do ``work`` once the transaction around is in the database, and not at all if it is undone.

        :param what: what it is, for the log.
        :param using: the database whose transaction it is.
        """
        transaction.on_commit(partial(self._submit, what, work, lane), using=using)

    def drain(self, seconds: float = 15) -> None:
        """Wait until everything is done that waits now. For tests, and for the end of a command."""
        with self._lock:
            waiting = set(self._waiting)
        wait(waiting, timeout=seconds)

    def _submit(self, what: str, work: Callable[[], object], lane: Lane) -> None:
        with self._lock:
            pool = self._pool(lane)
            if list(self._waiting.values()).count(lane) >= MOST_WAITING:
                logger.warning("%s was left undone: %d others wait already", what, MOST_WAITING)
                return
            try:
                future = pool.submit(_do, what, work)
            except RuntimeError:  # it is after a commit: whoever waits is answered all the same
                logger.warning("%s was left undone: this process is ending, or can have no more threads", what)
                return
            self._waiting[future] = lane
        future.add_done_callback(self._forget)

    def _pool(self, lane: Lane) -> ThreadPoolExecutor:
        # By process: the threads of a parent do not run in a forked worker, and what waits there is never done here.
        process = os.getpid()
        if all(key[0] != process for key in self._pools):
            self._waiting.clear()
        if (process, lane) not in self._pools:
            self._pools[process, lane] = ThreadPoolExecutor(WORKERS, f"socialreg-{lane}")
        return self._pools[process, lane]

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._waiting.pop(future, None)


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
