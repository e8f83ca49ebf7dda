"""Work that must be in the database whatever becomes of the transaction around.

A refresh token that was spent is spent, also if the request that needed it fails afterwards and is rolled back. So
inside a transaction (``ATOMIC_REQUESTS``, ``atomic()``) such work is done by a thread with a connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .exceptions import Unavailable

#: Seconds that anybody waits for such work: more than it ever takes, for that has deadlines of its own.
PATIENCE = 60

T = TypeVar("T")


def apart(work: Callable[[], T], probe: Callable[[], object], using: str) -> T:
    """Do ``work`` outside the transaction that is open on ``using``, or at once if there is none.

    :param probe: what to do before, in the case that there is one: it raises where a row is locked, for the transaction
        that locked it waits for us.
    :raises Unavailable: with the code ``locked``, where the database refused.
    """
    if not _is_open(connections[using]):
        return work()
    with_context = copy_context()
    pool = ThreadPoolExecutor(1, "socialreg-apart")
    try:
        return pool.submit(with_context.run, _alone, work, probe).result(PATIENCE)
    except (Error, TimeoutError) as error:
        raise Unavailable(
            "What cannot wait for the end of a transaction could not be written beside it",
            cause=f"the transaction around has locked the row, or the whole database (SQLite): {type(error).__name__}",
            remedy="Use the account before its row is written or locked, or outside the transaction",
            code="locked",
        ) from error
    finally:
        pool.shutdown(wait=False)


def _is_open(connection: BaseDatabaseWrapper) -> bool:
    """Whether what is written now may be undone. A test case's own transaction stands for none."""
    if connection.get_autocommit():
        return False
    return not any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _alone(work: Callable[[], T], probe: Callable[[], object]) -> T:
    try:
        probe()
        return work()
    finally:
        connections.close_all()
