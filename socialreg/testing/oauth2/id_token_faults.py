"""What can be wrong with an ID token. Unless the sentence says so, the signature is right."""

from __future__ import annotations

import time

import jwt

from socialreg.testing.messages import Response
from socialreg.testing.switchboard import Act, Fault

from . import acts
from .endpoints import TOKEN
from .inversion import Json

_DAY = 24 * 3600


def _fault(name: str, says: str, act: Act) -> Fault:
    return Fault(name, says, "id-token", TOKEN, act)


def _other_audience(claims: Json) -> Json:
    return {**claims, "aud": [claims["aud"], "another-client"]}


def _bad_signature(token: str, _claims: Json, _response: Response) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def _unsigned(_token: str, claims: Json, _response: Response) -> str:
    return jwt.encode(claims, "", "none")


def _symmetric(_token: str, claims: Json, response: Response) -> str:
    # With the client secret, which some providers do and no allow-list of asymmetric algorithms takes.
    return jwt.encode(
        claims, "worthless, and long enough for HS256 to be signed with it", "HS256", {"kid": response.notes.kid}
    )


def _header(extra: Json) -> Act:
    def forge(_token: str, claims: Json, response: Response) -> str:
        sign = response.notes.sign
        return sign(claims, response.notes.algorithm, {"kid": response.notes.kid, **extra}) if sign else ""

    return acts.token(forge)


ID_TOKEN_FAULTS = (
    _fault("wrong-iss", "The ID token is another issuer's.", acts.claimed("iss", "https://other.example")),
    _fault("no-sub", "The ID token lacks sub.", acts.unclaimed("sub")),
    _fault("wrong-aud", "The ID token is for another client.", acts.claimed("aud", "another-client")),
    _fault("more-aud", "The ID token is for us and for another client.", acts.claims(_other_audience)),
    _fault("wrong-azp", "The ID token was issued to another client (azp).", acts.claimed("azp", "another-client")),
    _fault(
        "expired", "The ID token expired two minutes ago.", acts.claims(lambda c: {**c, "exp": int(time.time()) - 120})
    ),
    _fault("no-exp", "The ID token lacks exp.", acts.unclaimed("exp")),
    _fault("no-iat", "The ID token lacks iat.", acts.unclaimed("iat")),
    _fault(
        "early-iat", "The ID token was issued tomorrow.", acts.claims(lambda c: {**c, "iat": int(time.time()) + _DAY})
    ),
    _fault("wrong-nonce", "The ID token carries another nonce.", acts.claimed("nonce", "made-up")),
    _fault("no-nonce", "The ID token lacks nonce.", acts.unclaimed("nonce")),
    _fault(
        "wrong-at-hash",
        "The ID token's at_hash is of another access token.",
        acts.claimed("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
    ),
    _fault("no-at-hash", "The ID token lacks at_hash: harmless.", acts.unclaimed("at_hash")),
    _fault("bad-signature", "The ID token's signature is wrong.", acts.token(_bad_signature)),
    _fault("alg-none", "The ID token is not signed (alg none).", acts.token(_unsigned)),
    _fault("alg-hs256", "The ID token is signed with a shared secret (HS256).", acts.token(_symmetric)),
    _fault("unknown-kid", "The ID token names a key that is not published.", _header({"kid": "unknown"})),
    _fault("no-kid", "The ID token names no key: harmless as long as there is one.", _header({"kid": None})),
    _fault("odd-crit", "The ID token has a critical header that nobody knows.", _header({"crit": ["odd"], "odd": 1})),
)
