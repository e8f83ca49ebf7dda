"""How an application proves at the token endpoint who it is: in the way that the class names, and in no other."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

import jwt
from jwt.types import Options

from socialreg.testing.messages import Request

from .grants import Client
from .part import Part, SigningKey
from .refusal import Refusal
from .scene import Scene

#: Apple takes a client secret for six months at most, in seconds.
_LONGEST = 15_777_000


def authenticate(scene: Scene, request: Request, asked: Mapping[str, str]) -> Client:
    """Return the application that asks.

    :raises Refusal: it is not known, says so in another way than agreed, or has another secret.
    """
    method = scene.part.auth_method
    header = request.headers.get("authorization", "")
    if (method == "client_secret_basic") != bool(header) or (method != "client_secret_post") == (
        "client_secret" in asked
    ):
        raise _refused(f"The client is to authenticate by {method}, and in no other way.")
    client_id, secret = basic(header) if header else (asked.get("client_id", ""), asked.get("client_secret", ""))
    client = scene.client(client_id)
    if client is None or asked.get("client_id", client_id) != client_id:
        raise _refused("The client is not known here.")
    if scene.part.secret_key is not None:
        _check_signed(scene, secret, scene.part.secret_key, request.when)
    elif method != "none" and not hmac.compare_digest(secret.encode(), client.secret.encode()):
        raise _refused("The client_secret is another.")
    return client


def _refused(why: str) -> Refusal:
    return Refusal("invalid_client", why, 401)


def basic(header: str) -> tuple[str, str]:
    """Return id and secret, each form-decoded (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise _refused("The Authorization header is no Basic authentication.")
    return unquote_plus(client_id), unquote_plus(secret)


def _check_signed(scene: Scene, secret: str, key: SigningKey, now: float) -> None:
    """Apple's client secret: https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret."""
    options: Options = {"require": ["iss", "iat", "exp", "aud", "sub"], "verify_exp": False, "verify_iat": False}
    try:
        header = jwt.get_unverified_header(secret)
        claims = jwt.decode(secret, key.public_key(), ["ES256"], options, audience=_audiences(scene.part))
    except jwt.PyJWTError as error:
        raise _refused(f"The client_secret is no JWT as it should be: {error}.") from error
    wanted = {"iss": scene.part.text("team_id"), "sub": scene.part.text("client_id")}
    if header.get("kid") != scene.part.text("key_id") or {name: claims[name] for name in wanted} != wanted:
        raise _refused("The client_secret names another key, team or client.")
    if not claims["iat"] - 60 <= now < claims["exp"] <= now + _LONGEST:
        raise _refused("The client_secret is not valid yet, not any more, or for more than six months.")


def _audiences(part: Part) -> list[str]:
    # The class may name Apple itself, wherever its requests are sent.
    return [part.text("issuer"), str(getattr(part.provider, "issuer", ""))]
