"""Work in the background that waits until a request is through.

SQLite in memory, which the tests run on, has no patience: of two threads at one table the second one fails at once.
Databases in files, and all others, let it wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from socialreg.background import WORKERS, background


@contextmanager
def held() -> Iterator[None]:
    """Keep every worker busy for the block; afterwards everything is done that was left for them."""
    release = threading.Event()
    for _ in range(WORKERS):
        background.after_commit("Waiting for a test", release.wait, "default")
    try:
        yield
    finally:
        release.set()
        background.drain()
