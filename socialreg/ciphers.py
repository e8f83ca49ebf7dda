"""What seals a text: Fernet (AES-128-CBC and HMAC-SHA256), with a key derived for one purpose by HKDF (RFC 5869).

A room of its own because it imports ``cryptography``, which costs more than all that ``django.setup()`` imports of this
package together. :mod:`encryption` asks for it when there is something to seal.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Cipher(MultiFernet):
    """Seals with the first key, opens with any of them.

    :param info: what the keys are for (``info`` of RFC 5869).
    :param keys: the secrets that they are derived from, newest first.
    """

    def __init__(self, info: bytes, keys: Sequence[bytes]) -> None:
        super().__init__([Fernet(base64.urlsafe_b64encode(_hkdf(info).derive(key))) for key in keys])

    def opened(self, sealed: bytes, max_age: int | None) -> bytes | None:
        """Return what was sealed; ``None`` if it is not ours, or older than ``max_age`` seconds."""
        try:
            return self.decrypt(sealed, ttl=max_age)
        except InvalidToken:
            return None


def _hkdf(info: bytes) -> HKDF:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
