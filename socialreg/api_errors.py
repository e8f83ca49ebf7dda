"""What an API's answer says about an account's tokens: that they are dead, do not reach so far, or were used too often.

RFC 6750 section 3 (``WWW-Authenticate``), RFC 6585 section 4 (429). Providers that say more, or say it elsewhere, read
their own codes in :meth:`~socialreg.api_access.ApiAccess.error_of`, and make their errors here. No Django.
"""

from __future__ import annotations

import re
import time

from .answer import Answer
from .exceptions import Forbidden, RateLimited, Refused, Revoked
from .rate_limits import LONGEST_WAIT, told_reset

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
#: One parameter of a challenge, quoted or not (RFC 9110 section 11.2).
_PARAMETER = re.compile(r'([A-Za-z_]{1,30})[ \t]*=[ \t]*(?:"([^"\\]{0,1000})"|([^\s",]{1,1000}))')
#: What a scope is made of (RFC 6749 section 3.3). A longer one would not pass through a button, nor a cookie.
_SCOPE_LENGTH = 1000
_SCOPE = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")


def error_of(answer: Answer) -> Forbidden | RateLimited | Revoked | None:
    """Return the error that an answer stands for by the standards, ``None`` if the caller is to see the answer."""
    if answer.status == _TOO_MANY:
        return rate_limited(answer)
    challenge = _challenge(answer) if answer.status in {_UNAUTHORIZED, _FORBIDDEN} else {}
    if challenge.get("error") == "insufficient_scope":
        return forbidden(answer, challenge.get("scope", ""))
    return revoked(answer) if answer.status == _UNAUTHORIZED else None


def cannot_ask(label: str, cause: str, remedy: str) -> Refused:
    """Return the error for a provider that has nothing to ask whether it takes a token still: nobody is at fault."""
    return Refused(
        f"{label} cannot be asked whether it takes a token still",
        cause=cause,
        remedy=f"{remedy}, if the provider has such an address; else nothing",
        code="cannot-ask",
    )


def revoked(answer: Answer, code: str = "") -> Revoked:
    """Return the error for tokens that the provider takes no more.

    :param code: the provider's own, in a form that may stand in a log. So in all of these.
    """
    return Revoked(
        f"{answer.where} answered {answer.status}",
        cause="the account's tokens are expired or revoked",
        remedy="Ask the person to log in again; nothing else brings new tokens",
        code=code,
    )


def forbidden(answer: Answer, scope: str = "", code: str = "") -> Forbidden:
    """Return the error for tokens that do not cover the call.

    :param scope: what would be needed, as the provider says; what is no scope is left out.
    """
    error = Forbidden(
        f"{answer.where} answered {answer.status}",
        cause="the account's tokens do not cover this call",
        remedy="Ask the person for more: a connect_button of the account with the scope that is missing",
        code=code,
    )
    error.scope = scope if len(scope) <= _SCOPE_LENGTH and _SCOPE.fullmatch(scope) else ""
    return error


def rate_limited(answer: Answer, code: str = "") -> RateLimited:
    """Return the error for too many calls, with the time of the next one if the answer says it."""
    error = RateLimited(
        f"{answer.where} answered {answer.status}",
        cause="there were more calls than the provider takes",
        remedy="Wait until the error's reset; a larger plan may raise the limit",
        code=code,
    )
    now = time.time()
    told = told_reset(answer, now)
    error.reset = None if told is None else int(min(max(told, now), now + LONGEST_WAIT))
    return error


def _challenge(answer: Answer) -> dict[str, str]:
    """Return the parameters of ``WWW-Authenticate``, by their names in lower case."""
    found = _PARAMETER.findall(answer.headers.get("www-authenticate", ""))
    return {name.lower(): quoted or bare for name, quoted, bare in found}
