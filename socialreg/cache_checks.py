"""What ``manage.py check`` says about the cache: that all processes share it, and that it forgets nothing too early."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

#: By name: none of them is imported for nothing when Django is set up. Of one process, or none; and of a size.
_OF_NOBODY = ("locmem.LocMemCache", "dummy.DummyCache")
_OF_A_SIZE = ("db.DatabaseCache", "filebased.FileBasedCache")
#: How many entries these keep unless told otherwise, live ones or not, and how many are enough.
_DJANGOS_OWN, _ENOUGH = 300, 10_000


def check_cache(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """W001 and W010: outside ``DEBUG`` alone, for one process and few visitors any cache will do."""
    entry = settings.CACHES.get("default", {})
    backend = _class(entry.get("BACKEND", ""))
    return [] if settings.DEBUG or backend is None else [*_check_shared(backend), *_check_room(backend, entry)]


def _check_shared(backend: type) -> Iterator[CheckMessage]:
    if _is_one_of(backend, _OF_NOBODY):
        yield CheckWarning(
            'CACHES["default"] is not shared between processes: a callback could be used once in each of them',
            hint="Use Redis, Memcached or the database cache",
            id="socialreg.W001",
        )


def _check_room(backend: type, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    most = _most_entries(entry)
    if _is_one_of(backend, _OF_A_SIZE) and most < _ENOUGH:
        yield CheckWarning(
            f'CACHES["default"] throws entries away once there are {most}: a callback could be used once more then',
            hint=f'Set "OPTIONS": {{"MAX_ENTRIES": {10 * _ENOUGH}}} there, or use Redis or Memcached',
            id="socialreg.W010",
        )


def _most_entries(entry: Mapping[str, Any]) -> int:
    """Return how many entries a cache keeps, read as Django reads it: what is no number is its own."""
    try:
        return int(entry.get("max_entries", entry.get("OPTIONS", {}).get("MAX_ENTRIES", _DJANGOS_OWN)))
    except (TypeError, ValueError):
        return _DJANGOS_OWN


def _is_one_of(backend: type, names: Sequence[str]) -> bool:
    return any(issubclass(backend, import_string(f"django.core.cache.backends.{name}")) for name in names)


def _class(path: str) -> type | None:
    """Return what a dotted name stands for, ``None`` for no class: Django itself says what is wrong then."""
    try:
        found = import_string(path)
    except ImportError:
        return None
    return found if inspect.isclass(found) else None
