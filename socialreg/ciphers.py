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
        ciphers = [Fernet(base64.urlsafe_b64encode(_hkdf(info).derive(key))) for key in keys]
        super().__init__(ciphers)
        self._newest = ciphers[0]

    def opened(self, sealed: bytes, max_age: int | None) -> bytes | None:
        """Return what was sealed; ``None`` if it is not ours, or older than ``max_age`` seconds."""
        try:
            return self.decrypt(sealed, ttl=max_age)
        except InvalidToken:
            return None

    def resealed(self, sealed: bytes) -> bytes | None:
        """Return what was sealed, sealed with the first key: as it is, if that was done; ``None`` if it is not ours."""
        try:
            self._newest.extract_timestamp(sealed)  # which looks at the signature alone
        except InvalidToken:
            pass
        else:
            return sealed
        try:
            return self.rotate(sealed)
        except InvalidToken:
            return None


def _hkdf(info: bytes) -> HKDF:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
