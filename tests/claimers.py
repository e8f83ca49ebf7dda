"""Several processes that claim the same keys, all at the same moment, key by key.

::

    won = claim_together({"CACHES": {"default": entry}}, keys)      # by 4: the keys that each of them got
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any, Literal

import django
import pymysql
from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache

from socialreg import claims

PROCESSES = 4
#: Longer than any of them takes: only a broken test waits this long.
PATIENCE = 60
#: Seconds for which a claim is remembered.
REMEMBERED = 600

How = Literal["by-claim", "by-add", "each-its-own"]


class SlowFiles(FileBasedCache):
    """A cache in files on a slow disk: between the look whether a key is there and the writing, others look too."""

    def has_key(self, key: Any, version: int | None = None) -> bool:
        found = super().has_key(key, version)
        time.sleep(0.01)
        return found


def claim_together(given: dict[str, Any], keys: Sequence[str], how: How = "by-claim") -> list[list[str]]:
    """Return which keys each process got, by our claim, or by the ``add`` of the cache alone.

    :param given: settings of Django's, ``CACHES`` at least.
    :param how: ``each-its-own`` lets every process claim keys of its own that nobody else wants, at the same time.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _set_up, (given, barrier)) as pool:
        # Nobody is through with theirs before all have begun: so every process has one.
        found = [each.result(PATIENCE) for each in [pool.submit(_claim_all, keys, how) for _ in range(PROCESSES)]]
    assert len({process for process, _ in found}) == PROCESSES
    return [won for _, won in found]


_barrier: Barrier


def _set_up(given: dict[str, Any], barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603 - a barrier reaches a process as it begins, or not at all
    _barrier = barrier
    pymysql.install_as_MySQLdb()
    settings.configure(**{"USE_TZ": True, **given})
    django.setup()


def _claim_all(keys: Sequence[str], how: How) -> tuple[int, list[str]]:
    act = _ACTS[how]
    won = []
    for key in keys:
        _barrier.wait(PATIENCE)
        if act(key):
            won.append(key)
    return os.getpid(), won


_ACTS: dict[How, Callable[[str], bool]] = {
    "by-claim": lambda key: claims.claim(key, REMEMBERED),
    "by-add": lambda key: bool(cache.add(key, 1, REMEMBERED)),
    "each-its-own": lambda key: claims.claim(f"{key}-{os.getpid()}", REMEMBERED),
}
