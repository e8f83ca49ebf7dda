"""What a callback must be before its code is exchanged (RFC 6749 section 4.1.2, RFC 9207)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .exceptions import Denied, Mismatch
from .meanings import Meaning
from .oauth2_errors import error_of_callback

_CODE_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Awaited:
    """The callback that an attempt waits for.

    ``issuer`` returns what ``iss`` must be, ``""`` where that is not known, and whether it must be there. It may have
    to ask the provider, so it is called for a callback with the right ``state`` alone. ``denied_errors`` are the codes
    of a visitor who pressed "cancel"; ``meanings`` are the provider's own codes.
    """

    state: str = field(repr=False)
    redirect_uri: str
    issuer: Callable[[], tuple[str, bool]]
    denied_errors: frozenset[str]
    meanings: Mapping[str, Meaning]


def read_code(params: Mapping[str, str], awaited: Awaited) -> str:
    """Return the code that a callback brings. One with an error must belong to the attempt, too (section 4.1.2.1).

    :param params: the callback's parameters: untrusted.
    :raises Denied: the visitor pressed "cancel".
    :raises Mismatch: it belongs to another attempt or another authorization server, or carries no code.
    :raises ProviderError: the provider sent an error back, or its metadata cannot be had.
    """
    if not hmac.compare_digest(params.get("state", "").encode(errors="replace"), awaited.state.encode()):
        raise _mismatch("The callback's state is not the one this attempt waits for")
    _check_issuer(params.get("iss", ""), *awaited.issuer())
    if "error" in params:
        if params["error"] in awaited.denied_errors:
            raise Denied(
                "The visitor declined at the provider",
                cause="they pressed cancel there",
                remedy="Nothing: no fault of anybody's",
            )
        raise error_of_callback(params["error"], awaited.redirect_uri, awaited.meanings)
    if not _is_code(params.get("code", "")):
        raise _mismatch("The callback carries no code, or none that a provider can have issued")
    return params["code"]


def _check_issuer(given: str, expected: str, promised: bool) -> None:  # noqa: FBT001 - what callback_issuer() returns
    """RFC 9207 section 2.4: compared as plain text, and missed where it is promised."""
    if (given and expected and given != expected) or (promised and not given):
        raise Mismatch(
            f"The callback's iss is {'another issuer' if given else 'missing'}",
            cause="the answer is another authorization server's (a mix-up), or what is expected is set wrongly",
            remedy="Compare ISSUER and AUTHORIZATION_SERVER with the provider's metadata",
            code="issuer",
        )


def _is_code(code: str) -> bool:
    """RFC 6749 appendix A.11: printable ASCII; no provider's is longer than a few hundred characters."""
    return 0 < len(code) <= _CODE_LENGTH and code.isascii() and code.isprintable()


def _mismatch(failed: str) -> Mismatch:
    return Mismatch(
        failed, cause="the link was cut or put together by hand", remedy="Begin again from the login button"
    )
