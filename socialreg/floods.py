"""How many failures of one kind a process writes down: whoever makes pages fail by the thousand fills no table.

The log has each of them all the same, and so have the counters. What went well is always written down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

logger = logging.getLogger("socialreg.events")

#: Failures with one code that one process writes down in a minute.
MOST = 100
#: Failures of all kinds together.
MOST_OF_ALL = 300
_SECONDS = 60


class Flood:
    """Counts what one process has written down of late."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = 0
        self._written: Counter[str] = Counter()
        self._full: set[str] = set()

    def lets(self, kind: str) -> bool:
        """Return whether one more of a kind is still written down. What is not, takes no room from others.

        :param kind: one of a bounded number.
        """
        window = int(time.monotonic()) // _SECONDS
        with self._lock:
            if window != self._window:
                self._window = window
                self._written.clear()
                self._full.clear()
            full = self._what_is_full(kind)
            is_news = full is not None and full not in self._full
            if full is None:
                self._written[kind] += 1
            else:
                self._full.add(full)
        if is_news:
            logger.warning(
                "More than %d failures [%s] or %d in all, in a minute: the rest stands in the log alone",
                MOST,
                kind,
                MOST_OF_ALL,
            )
        return full is None

    def _what_is_full(self, kind: str) -> str | None:
        """Return the kind if there are enough of it, ``""`` if there are enough of all together, else ``None``."""
        if self._written[kind] >= MOST:
            return kind
        return "" if self._written.total() >= MOST_OF_ALL else None
