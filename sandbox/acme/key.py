"""The key that Acme's ID tokens are signed with: made at the first start, kept in a file beside the database."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def signing_key(path: Path) -> str:
    """Return the RSA key in ``path`` in PEM format; make it there if there is none, readable by its owner alone."""
    if not path.exists():
        made = _new_key()
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(made)
    return path.read_text("ascii")


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode("ascii")
