"""ID tokens that are wrong in every way that a token can be, each made of the claims of a right one."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from socialreg.testing.messages import Response
from tests.op import GONE, b64, changed, compact, ec_key, rsa_key
from tests.world import World

Claims = dict[str, Any]


def reissue(world: World, make: Callable[[Claims], str]) -> None:
    """Let the token endpoint hand out another token for the attempt that was begun last."""
    body = json.loads(world.peer.answers["/oidc-token"].body)
    claims = jwt.decode(body["id_token"], options={"verify_signature": False})
    world.peer.answers["/oidc-token"] = Response.json({**body, "id_token": make(claims)})


def signed(**changes: object) -> Callable[[Claims, str], str]:
    """Return what makes a token with other claims, signed as it should be."""
    return lambda claims, _: rsa_key().sign(changed(claims, changes))


def headed(number: int = 1, **header: object) -> Callable[[Claims, str], str]:
    """Return what makes a token with another header, signed with one of our keys or, number 2, with somebody's own."""
    return lambda claims, _: rsa_key(number).sign(claims, **header)


def bringing(kid: object) -> Callable[[Claims, str], str]:
    """Return what makes a token that names a key of its own, and where there is more of it."""

    def make(claims: Claims, evil: str) -> str:
        own = {"jwk": rsa_key(2).jwk(), "jku": f"{evil}/keys", "x5u": f"{evil}/keys", "x5c": ["AAAA"]}
        return rsa_key(2).sign(claims, kid=kid, **own)

    return make


def hmac_with(form: str, alg: str = "HS256") -> Callable[[Claims, str], str]:
    """Return what makes a token that is signed with what everybody knows."""

    def make(claims: Claims, _: str) -> str:
        public = rsa_key().private.public_key()
        encoding = serialization.Encoding.DER if form == "DER" else serialization.Encoding.PEM
        key = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        known = {"JWK": json.dumps(rsa_key().jwk()).encode(), "nothing": b"", "client id": b"the-id"}
        head = b64(json.dumps({"alg": alg, "kid": "rsa-1", "typ": "JWT"}).encode())
        text = f"{head}.{b64(json.dumps(claims).encode())}"
        digest = hmac.new(known.get(form, key), text.encode(), getattr(hashlib, f"sha{alg[2:]}"))
        return f"{text}.{b64(digest.digest())}"

    return make


def unsigned(alg: object, signature: str = "") -> Callable[[Claims, str], str]:
    return lambda claims, _: compact({"alg": alg, "typ": "JWT"}, claims) + signature


def cut(parts: int) -> Callable[[Claims, str], str]:
    return lambda claims, _: ".".join(rsa_key().sign(claims).split(".")[:parts])


def in_time(name: str, seconds: int) -> Callable[[Claims, str], str]:
    """Return what makes a token in which a moment is so many seconds from now."""
    return lambda claims, _: rsa_key().sign({**claims, name: int(time.time()) + seconds})


US, OTHER = "the-id", "another-client"
TOKENS: dict[str, Callable[[Claims, str], str]] = {
    "for us and another": signed(aud=[US, OTHER]),
    "for us and another, azp us": signed(aud=[US, OTHER], azp=US),
    "for another, azp us": signed(aud=OTHER, azp=US),
    "for nobody": signed(aud=[]),
    "aud null": signed(aud=None),
    "no aud": signed(aud=GONE),
    "aud an object": signed(aud={US: 1}),
    "azp another": signed(azp=OTHER),
    "azp empty": signed(azp=""),
    "azp null": signed(azp=None),
    "azp a list": signed(azp=[US]),
    "no exp": signed(exp=GONE),
    "exp null": signed(exp=None),
    "exp a text": signed(exp="2999999999"),
    "exp true": signed(exp=True),
    "exp 61 s ago": in_time("exp", -61),
    "no iat": signed(iat=GONE),
    "iat tomorrow": in_time("iat", 86400),
    "iat an hour ago": in_time("iat", -3601),
    "at_hash another's": signed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "at_hash empty": signed(at_hash=""),
    "at_hash null": signed(at_hash=None),
    "at_hash a list": signed(at_hash=[]),
    "no nonce, and none supported": signed(nonce=GONE, nonce_supported=False),
    "no sub": signed(sub=GONE),
    "iss with a slash": lambda claims, _: rsa_key().sign({**claims, "iss": f"{claims['iss']}/"}),
    "crit of nobody's": headed(crit=["x"], x=1),
    "crit b64": headed(crit=["b64"], b64=False),
    "crit empty": headed(crit=[]),
    "kid a list": headed(kid=["rsa-1"]),
    "signed by another under our name": headed(2, kid="rsa-1"),
    "a key of its own, unknown name": bringing("evil"),
    "a key of its own, our name": bringing("rsa-1"),
    "a key of its own, no name": bringing(GONE),
    "HMAC by the public key": hmac_with("PEM"),
    "HMAC by the public key, in DER": hmac_with("DER"),
    "HMAC by the published JWK": hmac_with("JWK"),
    "HMAC by nothing": hmac_with("nothing"),
    "HMAC by the client id": hmac_with("client id", "HS512"),
    "none": unsigned("none"),
    "None": unsigned("None"),
    "nOnE with a signature": unsigned("nOnE", "AAAA"),
    "no alg": unsigned(None),
    "an algorithm that is not on the list": lambda claims, _: rsa_key(alg="RS512").sign(claims),
    "another algorithm than the key's": lambda claims, _: rsa_key(alg="PS256").sign(claims, kid="rsa-1"),
    "another kind of key": lambda claims, _: ec_key().sign(claims, kid="rsa-1"),
    "no signature": lambda claims, _: f"{rsa_key().sign(claims).rpartition('.')[0]}.",
    "two parts": cut(2),
    "one part": cut(1),
    "encrypted": lambda _claims, _url: "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d",
    "16 KiB and one": lambda claims, _: rsa_key().sign({**claims, "x": "x" * 16_385}),
    "nothing": lambda _claims, _url: "",
}
