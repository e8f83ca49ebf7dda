"""Sealed text: encrypted and authenticated, with a key of its own for every purpose.

Keys are derived (HKDF, RFC 5869) from ``SECRET_KEY`` and from each of ``SECRET_KEY_FALLBACKS``, so rotating Django's
key rotates ours: new text is sealed with the first key, old text is still read with the others. A text sealed for one
purpose cannot be opened for another, so an attempt can never be replayed as a pending registration.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

Purpose = Literal["attempt", "pending", "credentials"]


def seal(purpose: Purpose, data: Mapping[str, object]) -> str:
    """Return ``data`` as text that only this site can read or make."""
    return _cipher(purpose).encrypt(json.dumps(data, separators=(",", ":")).encode("ascii")).decode("ascii")


def unseal(purpose: Purpose, sealed: str, max_age: int | None = None) -> dict[str, Any] | None:
    """Return what was sealed; ``None`` if it is not ours, for another purpose, or older than ``max_age`` seconds."""
    try:
        opened = _cipher(purpose).decrypt(sealed.encode("ascii"), ttl=max_age)
    except (InvalidToken, UnicodeError):
        return None
    data: dict[str, Any] = json.loads(opened)
    return data


def _cipher(purpose: Purpose) -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return _derived(purpose, tuple(force_bytes(key) for key in keys))


@lru_cache(maxsize=16)
def _derived(purpose: Purpose, keys: tuple[bytes, ...]) -> MultiFernet:
    info = f"socialreg.{purpose}".encode("ascii")
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_hkdf(info).derive(key))) for key in keys])


def _hkdf(info: bytes) -> HKDF:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
