"""What providers remember between requests, shared by all workers of a site: Django's cache, and a table of ours.

:class:`socialreg.store.Store` says what each method promises. A key names what the value belongs to, and often a
visitor chose it: by the server that they say their account is on. So a key is a digest here, of one width whatever was
typed, and what is kept for good has bounds in number and in size.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.core.cache import cache
from django.db import Error

from .encryption import seal, unseal
from .exceptions import BadAnswer, OutOfOrder
from .models import Kept

logger = logging.getLogger("socialreg.shared")

#: Rows that are kept at most, give or take one for each worker: many times the servers that any site's visitors are on.
MOST_KEPT = 10_000
#: Characters of one of them, sealed. What a server hands out to an application it registers has a few hundred.
KEPT_LENGTH = 10_000
#: Seconds that the cache stands in for the table: a warm start asks no database.
CACHED_SECONDS = 3600


class SharedStore:
    """Metadata and keys are in ``CACHES["default"]``, applications registered on the fly in the table, sealed; what is
    held for a time is in the cache, sealed too.

    What nobody can open any more, because the key that it was sealed with is gone, counts as absent. Every method
    raises :exc:`OutOfOrder`, with the code ``cache`` or ``database``, when that one is out of order.
    """

    def __init__(self) -> None:
        self._told_full = False

    def get(self, key: str) -> object:
        with _cache_at_work():
            return cache.get(_remembered(key))

    def set(self, key: str, value: object, seconds: int) -> None:
        with _cache_at_work():
            cache.set(_remembered(key), value, seconds)

    def add(self, key: str, seconds: int) -> bool:
        with _cache_at_work():
            return bool(cache.add(_remembered(key), 1, seconds))

    def kept(self, key: str) -> Mapping[str, str] | None:
        name, digest = _cached(key), _digest(key)
        with _cache_at_work():
            found = _open(cache.get(name))
        if found is None and (row := _row(digest)) and (found := _open(row.sealed)) is not None:
            with _cache_at_work():
                cache.set(name, row.sealed, CACHED_SECONDS)
        return found

    def keep(self, key: str, value: Mapping[str, str]) -> Mapping[str, str]:
        """Keep something for good, see :meth:`socialreg.store.Store.keep`.

        With the table full it is kept for an hour, by the cache alone: the login that it is for can be finished.

        :raises BadAnswer: it is larger than anything that is honestly kept.
        """
        found = self.kept(key)
        if found is not None:
            return found
        sealed = seal("kept", value)
        if len(sealed) > KEPT_LENGTH:
            raise BadAnswer(
                "What a provider handed out is not kept",
                cause=f"sealed, it has more than {KEPT_LENGTH} characters",
                remedy="Nothing: no honest server hands out so much",
                code="too-large",
            )
        written = self._write(_digest(key), sealed)
        with _cache_at_work():
            if written:
                cache.set(_cached(key), written, CACHED_SECONDS)
            elif not cache.add(_cached(key), sealed, CACHED_SECONDS):
                written = cache.get(_cached(key))
        return _open(written) or dict(value)

    def held(self, key: str) -> Mapping[str, str] | None:
        with _cache_at_work():
            return _open(cache.get(_held(key)))

    def hold(self, key: str, value: Mapping[str, str], seconds: int) -> None:
        with _cache_at_work():
            cache.set(_held(key), seal("kept", value), seconds)

    def forget(self, key: str) -> None:
        with _database_at_work():
            Kept.objects.filter(digest=_digest(key)).delete()
        with _cache_at_work():
            cache.delete_many([_cached(key), _held(key)])

    def _write(self, digest: str, sealed: str) -> str | None:
        """Return what the table holds now: of two at once, what the first one brought. ``None`` if it is full."""
        row = _row(digest)
        with _database_at_work():
            if row is not None and _open(row.sealed) is None:
                # This very row: what another worker may have put in its place by now stays.
                Kept.objects.filter(pk=row.pk).delete()
            if Kept.objects.count() >= MOST_KEPT:
                self._tell_full()
                return None
            return Kept.objects.get_or_create(digest=digest, defaults={"sealed": sealed})[0].sealed

    def _tell_full(self) -> None:
        if not self._told_full:
            logger.error(
                "%d rows are kept for providers, and nothing new will be. Cause: visitors named as many servers. "
                "Remedy: empty the table socialreg_kept; what is needed of it comes back by itself",
                MOST_KEPT,
            )
        self._told_full = True


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _remembered(key: str) -> str:
    return f"socialreg:store:{_digest(key)}"


def _cached(key: str) -> str:
    return f"socialreg:kept:{_digest(key)}"


def _held(key: str) -> str:
    return f"socialreg:held:{_digest(key)}"


def _row(digest: str) -> Kept | None:
    with _database_at_work():
        return next(iter(Kept.objects.filter(digest=digest)), None)


def _open(sealed: object) -> dict[str, str] | None:
    return unseal("kept", sealed) if isinstance(sealed, str) else None


@contextmanager
def _cache_at_work() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # every cache backend has errors of its own
        raise OutOfOrder(
            "What a provider remembers is out of reach",
            cause=f"the cache failed: {type(error).__name__}",
            remedy='Bring the cache of CACHES["default"] back',
            code="cache",
        ) from error


@contextmanager
def _database_at_work() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise OutOfOrder(
            "What is kept for a provider is out of reach",
            cause=f"the database failed: {type(error).__name__}",
            remedy="Bring the database back, and see that manage.py migrate was run",
            code="database",
        ) from error
