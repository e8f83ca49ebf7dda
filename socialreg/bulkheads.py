"""A bulkhead: at most a quarter of the site's workers may wait for one provider as long as they must.

Each of them holds a place, an entry in ``CACHES["default"]`` for all processes. A place of a process that has died is
free again some seconds later.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from django.core.cache import cache

from . import conf
from .breakers import LEASE_SECONDS, Circuit

#: The part of the workers: one in four.
SHARE = 4
#: How many places are tried. Where there are hundreds, and nearly all are taken, some that are free are not found; but
#: whoever is turned away is so at once.
_TRIES = 8
#: Seconds between two looks at the places.
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is ours until ``ends``, by the clock of :func:`time.monotonic`."""

    key: str
    ends: float

    def leave(self) -> None:
        """Give it back; not one that is somebody else's by now."""
        if time.monotonic() < self.ends:
            cache.delete(self.key)


def take(slug: str, patience: float = 0) -> Place | None:
    """Return a place among those that a provider may have, ``None`` if others have them all.

    :param patience: seconds to wait for one.
    """
    gives_up = time.monotonic() + patience
    while (place := _free(slug)) is None and time.monotonic() < gives_up:
        time.sleep(_PAUSE)
    return place


def _free(slug: str) -> Place | None:
    places = max(1, conf.workers() // SHARE)
    first, ends = secrets.randbelow(places), time.monotonic() + LEASE_SECONDS
    for number in range(min(places, _TRIES)):
        key = Circuit(slug).key(f"place:{(first + number) % places}")
        if cache.add(key, 1, LEASE_SECONDS):
            return Place(key, ends)
    return None
