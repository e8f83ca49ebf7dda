"""What providers remember between requests: metadata, keys, applications registered on the fly. No Django.

In a site it is the cache and the database, shared by all workers (:mod:`shared`); by itself, :class:`Memory`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Protocol, cast


class Store(Protocol):
    """A provider's memory. Keys are a provider's own to choose and of any length; values are what JSON can hold."""

    def get(self, key: str) -> object:
        """Return what was remembered, ``None`` if there is nothing, or nothing any more."""

    def set(self, key: str, value: object, seconds: int) -> None:
        """Remember something for a time; it may be forgotten earlier."""

    def add(self, key: str, seconds: int) -> bool:
        """Mark a key for a time; return whether nobody else had marked it. Of two at once, one gets ``True``."""

    def kept(self, key: str) -> Mapping[str, str] | None:
        """Return what was kept for good, ``None`` if there is nothing."""

    def keep(self, key: str, value: Mapping[str, str]) -> Mapping[str, str]:
        """Keep something for good, encrypted; return what is kept: of two at once, what the first one brought."""

    def held(self, key: str) -> Mapping[str, str] | None:
        """Return what is held for a time, ``None`` if there is nothing, or nothing any more."""

    def hold(self, key: str, value: Mapping[str, str], seconds: int) -> None:
        """Hold something for a time, encrypted; it may be lost earlier. What is kept under the key is not touched."""

    def forget(self, key: str) -> None:
        """Forget what is kept for good under a key, and what is held."""


class Memory:
    """The memory of one process: for providers that are used without a site."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[float, object]] = {}
        self._kept: dict[str, Mapping[str, str]] = {}

    def get(self, key: str) -> object:
        until, value = self._remembered.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def set(self, key: str, value: object, seconds: int) -> None:
        self._remembered[key] = (time.monotonic() + seconds, value)

    def add(self, key: str, seconds: int) -> bool:
        with self._lock:
            if self.get(key) is not None:
                return False
            self.set(key, 1, seconds)
            return True

    def kept(self, key: str) -> Mapping[str, str] | None:
        return self._kept.get(key)

    def keep(self, key: str, value: Mapping[str, str]) -> Mapping[str, str]:
        return self._kept.setdefault(key, dict(value))

    def held(self, key: str) -> Mapping[str, str] | None:
        return cast("Mapping[str, str] | None", self.get(_held(key)))

    def hold(self, key: str, value: Mapping[str, str], seconds: int) -> None:
        self.set(_held(key), dict(value), seconds)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)
        self._remembered.pop(_held(key), None)


def _held(key: str) -> str:
    return f"held: {key}"
