"""Several at the same moment, in threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from socialreg.exceptions import SocialRegError


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do everything at the same moment, and return what came of each: what it returned, or our error."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=30)
            return work()
        except SocialRegError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
