"""The ID token: what must be true before anybody believes it (OpenID Connect Core section 3.1.3.7).

Nothing that a token says about itself relaxes a check: claims such as ``nonce_supported`` are never read.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .exceptions import ConfigurationError
from .jws import ALGORITHMS, Keys, read_signed, refused
from .types import subject

#: Seconds that the provider's clock may differ from ours.
LEEWAY = 60
#: Seconds. A token comes straight from the token endpoint, so it was issued just now.
MAX_AGE = 600
#: No time is later: the year 5138. What is, is in milliseconds or made up.
_LAST_SECOND = 10**11

_TELL = "Report it to the provider: OpenID Connect Core section 2 requires it"
_CLOCK = "Set this machine's clock by NTP; if it is right, report it to the provider"
_CLIENT = "See that CLIENT_ID is the one that the provider's page for your app shows"
_ISSUER = "Set ISSUER to the issuer that the provider's discovery document states"
_NONCE = "Nothing, if it happens once; if at every login, the provider sends back no nonce: report it"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say.

    ``issuer_for`` returns what ``iss`` must be, given claims whose signature is right: the same for everybody, or one
    per tenant. ``nonce`` is what was sent, ``None`` where none can be expected (a refreshed token, Core section 12.2).
    With ``nonce_required`` off a token without is taken too; one that comes must still be right. ``access_token`` is
    what came along, for ``at_hash``.

    :raises ConfigurationError: there is no client id; or as :func:`check_algorithms` does.
    """

    client_id: str
    algorithms: tuple[str, ...]
    issuer_for: Callable[[Mapping[str, object]], str]
    nonce: str | None = field(repr=False)
    nonce_required: bool = True
    access_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_algorithms(self.algorithms)
        if not self.client_id:
            raise ConfigurationError(
                "ID tokens cannot be checked", cause="CLIENT_ID is empty", remedy="Set CLIENT_ID", code="credentials"
            )


def check_algorithms(names: tuple[str, ...]) -> None:
    """See that ID tokens signed with these algorithms prove something.

    :raises ConfigurationError: there is none, or one that anybody could sign with (``none``, ``HS256``).
    """
    if not names or not set(names) <= set(ALGORITHMS):
        raise ConfigurationError(
            "ID tokens cannot be checked with these algorithms",
            cause="ID_TOKEN_ALGORITHMS is empty, or names one by which anybody could sign",
            remedy=f"Set ID_TOKEN_ALGORITHMS to some of {', '.join(ALGORITHMS)}, or leave it out",
            code="id-token-algorithms",
        )


def check(token: object, keys: Keys, expected: Expected, now: float | None = None) -> dict[str, object]:
    """Return the claims of an ID token that is all that it must be.

    :param token: as it stands in the token endpoint's answer.
    :param now: seconds since the epoch; this machine's clock if left out.
    :raises BadAnswer: it is not, with the code ``id-token``; or the keys cannot be read.
    :raises Refused, Unavailable: the keys cannot be had.
    """
    claims, algorithm = read_signed(token, expected.algorithms, keys)
    _check_parties(claims, expected)
    _check_times(claims, time.time() if now is None else now)
    _check_nonce(claims.get("nonce"), expected)
    if "at_hash" in claims:
        _check_access_token(claims["at_hash"], algorithm, expected.access_token)
    return claims


def _check_parties(claims: Mapping[str, object], expected: Expected) -> None:
    issuer, audience, uid = claims.get("iss"), claims.get("aud"), claims.get("sub")
    if not isinstance(issuer, str) or not issuer or issuer != expected.issuer_for(claims):
        raise refused("iss is missing or another issuer", _ISSUER)
    named = audience if isinstance(audience, list) else [audience]
    if not named or any(each != expected.client_id for each in named):
        raise refused("aud is missing, or not this client alone", _CLIENT)
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise refused("azp is another client", _CLIENT)
    if not isinstance(uid, str) or not uid.isascii() or subject(uid) is None:
        raise refused("sub is missing, or no text of 1 to 255 printable ASCII characters", _TELL)


def _check_times(claims: Mapping[str, object], now: float) -> None:
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or now >= expires + LEEWAY:
        raise refused("exp is missing, no number of seconds, or past", _CLOCK)
    if issued is None or not now - MAX_AGE - LEEWAY <= issued <= now + LEEWAY:
        raise refused("iat is missing, no number of seconds, in the future, or more than ten minutes ago", _CLOCK)
    if "nbf" in claims and (begins is None or begins > now + LEEWAY):
        raise refused("nbf is no number of seconds, or in the future", _CLOCK)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if value < _LAST_SECOND else None


def _check_nonce(nonce: object, expected: Expected) -> None:
    """Compare the nonce: a token that was made for another attempt is a stolen one (Core section 15.5.2)."""
    if expected.nonce is None or (nonce is None and not expected.nonce_required):
        return
    if not _same(nonce, expected.nonce):
        raise refused("nonce is missing, or another attempt's", _NONCE)


def _check_access_token(at_hash: object, algorithm: str, access_token: str) -> None:
    """See that the access token is the one that was issued with this ID token (Core section 3.1.3.6)."""
    digest = ALGORITHMS[algorithm][2](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not _same(at_hash, half):
        raise refused("at_hash is not that of the access token", _TELL)


def _same(given: object, wanted: str) -> bool:
    if not isinstance(given, str) or not wanted:
        return False
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())
