"""A claim: of all who ask for the same thing, in whatever process and on whatever machine, one gets it, once.

It is an ``add`` to ``CACHES["default"]``, which Redis, Memcached and a database do in one step. Django's cache in files
looks first and writes then, so there a lock on a file stands around both. A cache of one process (LocMem) or of none
(Dummy) cannot tell a replay in another one: ``manage.py check`` says so (W001). One that throws entries away while they
are needed (W010) forgets who was first.

Nobody claims a key anew once it was forgotten: a table that still has the old row gives it to all who ask at once.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks

#: Beside the entries of a cache in files, and not one of them: those end in ``.djcache``.
_LOCK = "socialreg.lock"


def claim(key: str, seconds: int) -> bool:
    """Return whether nobody has claimed ``key`` before.

    :param seconds: how long it is remembered.
    :raises Exception: what the cache raises that is out of reach: every backend has errors of its own.
    """
    backend = caches["default"]
    if not isinstance(backend, FileBasedCache):
        return bool(cache.add(key, 1, seconds))
    folder = Path(settings.CACHES["default"]["LOCATION"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as file:
        locks.lock(file, locks.LOCK_EX)  # given back when the file is closed
        return bool(backend.add(key, 1, seconds))
