"""Work in the background that waits until a request is through.

SQLite in memory, which the tests run on, has no patience: of two threads at one table the second one fails at once.
Databases in files, and all others, let it wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import get_args

from socialreg.background import WORKERS, Lane, background


@contextmanager
def held() -> Iterator[None]:
    """Keep every worker busy for the block; afterwards everything is done that was left for them."""
    release = threading.Event()
    for lane, _ in product(get_args(Lane), range(WORKERS)):
        background.after_commit("Waiting for a test", release.wait, "default", lane)
    try:
        yield
    finally:
        release.set()
        background.drain()
