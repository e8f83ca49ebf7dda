"""Signed tokens (JWS, RFC 7515): whether one of the provider's own keys made the signature (RFC 8725 section 3).

PyJWT verifies; which key and which algorithm it may use is chosen here, from our allow-list and the provider's keys. A
token's own ``jwk``, ``jku`` and ``x5u`` headers are never read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Protocol

from jwt import InvalidSignatureError, PyJWK, PyJWS

from . import strict_json
from .exceptions import BadAnswer

#: Characters. Providers' tokens have one or two thousand; what is longer is refused before anything is decoded.
TOKEN_LENGTH = 16 * 1024
#: What each algorithm needs: the type of its key, the curve, and its hash (RFC 7518, RFC 8037). All are signed with
#: a private key: what anybody could sign with (``none``, or ``HS256`` and the public key) has no place here.
ALGORITHMS = {
    "RS256": ("RSA", None, hashlib.sha256),
    "RS384": ("RSA", None, hashlib.sha384),
    "RS512": ("RSA", None, hashlib.sha512),
    "PS256": ("RSA", None, hashlib.sha256),
    "PS384": ("RSA", None, hashlib.sha384),
    "PS512": ("RSA", None, hashlib.sha512),
    "ES256": ("EC", "P-256", hashlib.sha256),
    "ES384": ("EC", "P-384", hashlib.sha384),
    "ES512": ("EC", "P-521", hashlib.sha512),
    "EdDSA": ("OKP", "Ed25519", hashlib.sha512),
}
_JWS = PyJWS(options={"enforce_minimum_key_length": True})

_TELL = "Report it to the provider: what it sends is not as RFC 7515 and OpenID Connect Core section 2 have it"
_KEYS = "Try again; if it stays, see that ISSUER, or JWKS_URL if it is set, is this provider's"
_PAGE = "on the provider's page for your app"


class Keys(Protocol):
    """A provider's public keys (JWK, RFC 7517)."""

    def current(self) -> list[Mapping[str, object]]:
        """Return the keys as they are known."""

    def again(self) -> list[Mapping[str, object]]:
        """Return the keys fetched anew, or as they are known if that was done often enough lately."""


def read_signed(token: object, algorithms: tuple[str, ...], keys: Keys) -> tuple[dict[str, object], str]:
    """Return the claims of a token, and the algorithm it is signed with.

    :param token: as it stands in an answer.
    :param algorithms: those that are accepted, of :data:`ALGORITHMS`.
    :raises BadAnswer: it is no token, or not signed by the provider: with the code ``id-token``. Or the keys are none.
    :raises Refused, Unavailable: the keys cannot be had.
    """
    text = _compact(token)
    algorithm, kid = _header(text, algorithms)
    return _object(_signed(text, algorithm, kid, keys), "its claims are"), algorithm


def refused(cause: str, remedy: str) -> BadAnswer:
    """Return the error that says why a token is not accepted. Its text holds nothing of the token."""
    return BadAnswer("The provider's ID token is not accepted", cause=cause, remedy=remedy, code="id-token")


def _compact(token: object) -> str:
    if not isinstance(token, str):
        remedy = 'See that SCOPE holds "openid", and that the app is allowed to use OpenID Connect there'
        raise refused("there is none in the answer", remedy)
    if len(token) > TOKEN_LENGTH:
        raise refused("it is longer than 16 KiB", f"Ask for fewer claims and groups {_PAGE}")
    if token.count(".") == 4:  # noqa: PLR2004 - RFC 7516 section 3.1
        raise refused("it is encrypted", f"Switch the encryption of ID tokens off {_PAGE}")
    if token.count(".") != 2:  # noqa: PLR2004 - RFC 7515 section 3.1
        raise refused("it is no signed token of three parts", _TELL)
    return token


def _header(token: str, allowed: tuple[str, ...]) -> tuple[str, str | None]:
    """Return algorithm and key id. What else a header holds is passed over, unless it forbids just that."""
    encoded = token.partition(".")[0]
    try:
        header = _object(base64.urlsafe_b64decode(f"{encoded}=="), "its header is")  # more padding than needed is none
    except ValueError:
        raise refused("its header is not base64url", _TELL) from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        named = str(algorithm) if str(algorithm) in ALGORITHMS else "an algorithm that is never accepted"
        remedy = f"Choose one of these {_PAGE}, or add the provider's to ID_TOKEN_ALGORITHMS"
        raise refused(f"it is signed with {named}, not with one of {', '.join(allowed)}", remedy)
    if "crit" in header or not (kid is None or isinstance(kid, str)):
        raise refused("its header demands what nobody here understands", _TELL)
    return algorithm, kid


def _object(data: bytes, what: str) -> dict[str, object]:
    try:
        value = strict_json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise refused(f"{what} not the JSON expected", _TELL)
    return value


def _signed(token: str, algorithm: str, kid: str | None, keys: Keys) -> bytes:
    """Return the payload of a token that is signed with a key of the provider's."""
    fitting = _fitting(keys.current(), algorithm, kid)
    # A key that is not known may be a new one. Of a token that names no key, only the signature can tell.
    if not fitting or (kid is None and len(fitting) == 1 and _payload(token, fitting[0], algorithm) is None):
        fitting = _fitting(keys.again(), algorithm, kid)
    if len(fitting) != 1:
        count = "none" if not fitting else "more than one"
        raise refused(f"of the provider's keys, {count} fits what its header says", _KEYS)
    payload = _payload(token, fitting[0], algorithm)
    if payload is None:
        raise refused("its signature is wrong", _KEYS)
    return payload


def _fitting(keys: list[Mapping[str, object]], algorithm: str, kid: str | None) -> list[Mapping[str, object]]:
    return [key for key in keys if _may_verify(key, algorithm) and (kid is None or key.get("kid") == kid)]


def _may_verify(key: Mapping[str, object], algorithm: str) -> bool:
    kind, curve, _ = ALGORITHMS[algorithm]
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == kind
        and key.get("crv") == curve
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _payload(token: str, key: Mapping[str, object], algorithm: str) -> bytes | None:
    """Return the payload, ``None`` if the signature is wrong."""
    try:
        found = _JWS.decode_complete(token, PyJWK(dict(key), algorithm), algorithms=[algorithm])
    except InvalidSignatureError:
        return None
    except Exception:  # noqa: BLE001 - whatever the libraries make of hostile numbers
        cause = "it is not base64url, or the provider's key is damaged or an RSA key of less than 2048 bits"
        raise refused(cause, _TELL) from None
    payload: bytes = found["payload"]
    return payload
