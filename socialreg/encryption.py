"""Sealed text: encrypted and authenticated, with a key of its own for every purpose.

Keys are derived (HKDF, RFC 5869) from each of ``SOCIALREG["ENCRYPTION_KEYS"]``, or, where the site has none, from
``SECRET_KEY`` and each of ``SECRET_KEY_FALLBACKS``: then rotating Django's key rotates ours. New text is sealed with
the first key, old text is still read with the others. A text sealed for one
purpose cannot be opened for another, so an attempt can never be replayed as a pending registration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from django.utils.encoding import force_bytes

from . import conf

if TYPE_CHECKING:
    from .ciphers import Cipher

Purpose = Literal["attempt", "answer", "pending", "credentials", "kept", "held", "prefill", "changes"]


def seal(purpose: Purpose, data: Mapping[str, object]) -> str:
    """Return ``data`` as text that only this site can read or make."""
    return _cipher(purpose).encrypt(json.dumps(data, separators=(",", ":")).encode("ascii")).decode("ascii")


def unseal(purpose: Purpose, sealed: str, max_age: int | None = None) -> dict[str, Any] | None:
    """Return what was sealed; ``None`` if it is not ours, for another purpose, or older than ``max_age`` seconds."""
    opened = _cipher(purpose).opened(sealed.encode("ascii"), max_age) if sealed.isascii() else None
    data: dict[str, Any] | None = None if opened is None else json.loads(opened)
    return data


def reseal(purpose: Purpose, sealed: str) -> str | None:
    """Return a sealed text, sealed with the newest key: the very same if it is; ``None`` if no key opens it."""
    again = _cipher(purpose).resealed(sealed.encode("ascii")) if sealed.isascii() else None
    return None if again is None else again.decode("ascii")


def _cipher(purpose: Purpose) -> Cipher:
    return _derived(purpose, tuple(force_bytes(key) for key in conf.encryption_keys()))


@lru_cache(maxsize=16)
def _derived(purpose: Purpose, keys: tuple[bytes, ...]) -> Cipher:
    kind = cast("type[Cipher]", conf.deferred("socialreg.ciphers.Cipher"))
    return kind(f"socialreg.{purpose}".encode("ascii"), keys)
