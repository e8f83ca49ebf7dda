"""The keys that sign ID tokens, and the signing itself: RS256 and its kin, on PyJWT."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Json = dict[str, object]
#: Two who want the first key at once get the same one.
_making = threading.Lock()


class KeyRing:
    """The keys of one provider; the newest signs."""

    def __init__(self) -> None:
        self._number = 1

    def rotate(self) -> None:
        """Sign with a new key from now on. The old one is published no more."""
        self._number += 1

    def key(self, algorithm: str) -> Key:
        """Return the key that signs now."""
        with _making:
            return _key(algorithm[:2], self._number)

    def kid(self, algorithm: str) -> str:
        """Return its name."""
        return f"{algorithm.lower()}-{self._number}"

    def public(self, algorithm: str) -> Json:
        """Return it as a JWK (RFC 7517), without its private half."""
        found: Json = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(self.key(algorithm).public_key()))
        found.pop("key_ops", None)
        return {**found, "use": "sig", "alg": algorithm, "kid": self.kid(algorithm)}

    def sign(self, claims: Mapping[str, object], algorithm: str, header: Mapping[str, object]) -> str:
        """Return a signed token."""
        given = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(dict(claims), self.key(algorithm), algorithm, given)


def half_hash(token: str) -> str:
    """Return the ``at_hash`` of an access token (OpenID Connect Core section 3.1.3.6), for algorithms on SHA-256."""
    return base64.urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


@cache  # making one takes a tenth of a second
def _key(family: str, number: int) -> Key:
    if family == "ES":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
