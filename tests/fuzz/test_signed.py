"""ID tokens and what providers publish: a token is believed if all of it is right, and nothing else is an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from socialreg import jws, strict_json
from socialreg.id_token import LEEWAY, MAX_AGE, check
from tests.fuzz.altered import altered
from tests.fuzz.claims import told
from tests.fuzz.hostile import scalars, texts, values
from tests.fuzz.profiles import fuzz
from tests.fuzz.signing import CLIENT, EXPECTED, FOREIGN, GOOD, ISSUER, NONCE, NOW, OURS, Known, token

#: What has been tried elsewhere, by the name of the claim.
_TRIED: Mapping[str, tuple[object, ...]] = {
    "iss": (f"{ISSUER}/", ISSUER.upper(), [ISSUER], "https://evil.example"),
    "sub": ("", 7, True, "\0", "é", "x" * 255, "x" * 256, "7 "),
    "aud": ([CLIENT], [CLIENT, "evil"], [], "evil", [CLIENT, CLIENT], {"a": CLIENT}),
    "azp": (CLIENT, "evil", None, [CLIENT]),
    "exp": (NOW - LEEWAY - 5, NOW - 5, str(NOW + 300), 1e300, True, -1, NOW * 1000),
    "iat": (NOW + LEEWAY + 30, NOW - MAX_AGE - LEEWAY - 30, str(NOW), False, 0),
    "nbf": (NOW + LEEWAY + 30, NOW - 5, "x", True, None),
    "nonce": ("", NONCE[:-1], NONCE + "n", [NONCE], None),
    "at_hash": ("", "x", None, 7),
    "nonce_supported": (False,),
}
_tried = st.sampled_from([(name, value) for name, tried in _TRIED.items() for value in tried])
_odd = st.tuples(st.sampled_from(sorted(_TRIED)), values)
_claims = st.one_of(
    _tried.map(lambda one: {**GOOD, **dict([one])}),
    st.lists(_tried, max_size=2).map(lambda drawn: {**GOOD, **dict(drawn)}),
    st.lists(st.one_of(_tried, _odd), max_size=2).map(lambda drawn: {**GOOD, **dict(drawn)}),
    altered(GOOD),
)
_HEADERS: tuple[dict[str, object], ...] = (
    {},
    {"alg": "none"},
    {"alg": "HS256"},
    {"alg": "ES512"},
    {"alg": ["ES256"]},
    {"kid": "another"},
    {"kid": 7},
    {"crit": ["x"], "x": 1},
    {"jwk": FOREIGN.jwk(), "kid": FOREIGN.kid},
    {"jku": "https://evil.example/jwks", "x5u": "https://evil.example/x5u"},
    {"typ": "x", "cty": "JWT", "b64": True},
)


@fuzz
@given(_claims)
def test_a_token_is_believed_if_all_that_it_says_is_right(claims):
    """Judged a second time here, by other means than the ones under test."""
    found = told(lambda: check(token(claims, {}, OURS), Known([OURS.jwk()]), EXPECTED, NOW))
    assert found == (claims if _is_right(claims) else None)


@fuzz
@given(st.lists(st.sampled_from(_HEADERS), max_size=2), st.sampled_from((OURS, FOREIGN)), st.booleans())
def test_a_token_is_believed_if_it_is_signed_by_a_key_of_ours_and_demands_nothing(headers, key, is_right):
    header: dict[str, object] = {name: value for each in headers for name, value in each.items()}
    claims = GOOD if is_right else {**GOOD, "sub": ""}
    found = told(lambda: check(token(claims, header, key), Known([OURS.jwk()]), EXPECTED, NOW))
    assert found == (GOOD if key is OURS and is_right and _is_plain(header) else None)


def _is_plain(header: Mapping[str, object]) -> bool:
    return header.get("alg", "ES256") == "ES256" and header.get("kid", OURS.kid) == OURS.kid and "crit" not in header


def _is_right(claims: Any) -> bool:
    if not isinstance(claims, dict) or not _is_readable(claims):
        return False
    uid, times = claims.get("sub"), [claims.get(name) for name in ("exp", "iat")] + [claims.get("nbf", NOW)]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and each < 10**11 for each in times):
        return False
    return (
        claims.get("iss") == ISSUER
        and (claims.get("aud") == CLIENT or _are_us(claims.get("aud")))
        and claims.get("azp", CLIENT) == CLIENT
        and isinstance(uid, str)
        and 0 < len(uid) <= 255
        and all(" " <= character <= "~" for character in uid)
        and uid == uid.strip()
        and times[0] + LEEWAY > NOW
        and NOW - MAX_AGE - LEEWAY <= times[1] <= NOW + LEEWAY
        and times[2] <= NOW + LEEWAY
        and claims.get("nonce") == NONCE
        and "at_hash" not in claims
    )


def _are_us(audience: object) -> bool:
    return isinstance(audience, list) and bool(audience) and all(each == CLIENT for each in audience)


def _is_readable(claims: dict[str, Any]) -> bool:
    try:
        strict_json.loads(json.dumps(claims).encode())
    except ValueError:
        return False
    return len(token(claims, {}, OURS)) <= jws.TOKEN_LENGTH


_COMPACT = OURS.sign(GOOD)
_pieces = st.one_of(st.just(""), st.text(max_size=6), st.sampled_from((".", "=", "..", "A" * 20_000, "\0", "é")))


@fuzz
@given(st.integers(0, len(_COMPACT)), st.integers(0, len(_COMPACT)), _pieces)
def test_a_token_that_was_touched_anywhere_is_refused(start, end, piece):
    changed = _COMPACT[:start] + piece + _COMPACT[max(start, end) :]
    found = told(lambda: check(changed, Known([OURS.jwk()]), EXPECTED, NOW))
    assert found is None or _same_bytes(changed)


def _same_bytes(token: str) -> bool:
    """Whether a token says and proves the same: base64url writes one thing in several ways (RFC 4648 section 3.5)."""
    return [_decoded(part) for part in token.split(".")] == [_decoded(part) for part in _COMPACT.split(".")]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(f"{part}==")


@fuzz
@given(st.one_of(scalars, texts, values))
def test_what_is_no_token_at_all_is_refused(token):
    assert told(lambda: jws.read_signed(token, ("ES256",), Known([OURS.jwk()]))) is None
