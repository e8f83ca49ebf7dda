"""ID tokens as they should be, and whoever signs others."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from jwt.algorithms import get_default_algorithms

from socialreg.id_token import Expected
from tests.op import Key, b64, ec_key

ISSUER, CLIENT, NONCE, TOKEN = "https://provider.example", "the-id", "n" * 43, "t0ken"
NOW = int(time.time())
OURS, FOREIGN = ec_key(1), ec_key(2)
ES256 = get_default_algorithms()["ES256"]
EXPECTED = Expected(CLIENT, ("RS256", "PS256", "ES256"), lambda claims: ISSUER, NONCE, access_token=TOKEN)
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "7",
    "aud": CLIENT,
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": NONCE,
}


class Known:
    """Keys as they are, however often they are asked for."""

    def __init__(self, keys: list[Mapping[str, object]]) -> None:
        self._keys = keys

    def current(self) -> list[Mapping[str, object]]:
        return self._keys

    again = current


def token(claims: object, header: Mapping[str, object], key: Key) -> str:
    whole = {"alg": "ES256", "kid": OURS.kid, **header}
    signed = f"{b64(json.dumps(whole).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(ES256.sign(signed.encode(), key.private))}"
