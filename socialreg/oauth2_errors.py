"""What the error codes of OAuth 2.0 and OpenID Connect mean: RFC 6749 sections 4.1.2.1 and 5.2, Core section 3.1.2.6.

Only codes are read, never descriptions. A code that is none of these is named in the log if it looks like a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import codes
from .answer import Answer
from .exceptions import BadAnswer, ProviderError, Refused
from .meanings import Meaning

_TOO_MANY, _SERVER_ERROR = 429, 500
#: Digits: with more, it is no number of seconds, and nothing for a log.
_LONG_WAIT = 9
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
_KEYS = "Copy the client id and the client secret again from the provider's page for your app into CLIENT_ID and "
_KEYS += "CLIENT_SECRET"
_UPDATE = "Compare SCOPE and the other options of this provider with its documentation; update socialreg"
_WAIT = "Wait; see the provider's status page"

MEANINGS: Mapping[str, Meaning] = {
    "invalid_request": Meaning("the provider misses a parameter, or does not take one", _UPDATE, "not-available"),
    "invalid_client": Meaning(
        "the provider does not know CLIENT_ID, or CLIENT_SECRET is wrong",
        f"{_KEYS}. If both are right: try another TOKEN_ENDPOINT_AUTH_METHOD",
        "not-available",
    ),
    "invalid_grant": Meaning(
        "the code or refresh token is expired, used or revoked, or the callback is another than at the start",
        "One such line is nothing. Many: see that {callback} is registered there to the letter",
        "expired",
    ),
    "unauthorized_client": Meaning(
        "the app may not log people in this way",
        "Enable the authorization code flow on the provider's page for your app; see TOKEN_ENDPOINT_AUTH_METHOD",
        "not-available",
    ),
    "unsupported_grant_type": Meaning("the provider does not take this kind of grant", _UPDATE, "not-available"),
    "unsupported_response_type": Meaning("the provider does not issue codes to this app", _UPDATE, "not-available"),
    "invalid_scope": Meaning(
        "a scope is unknown to the provider, or not granted to the app",
        "Correct SCOPE, or ask for the scope on the provider's page for your app",
        "not-available",
    ),
    "redirect_uri_mismatch": Meaning(
        "our callback address is not registered for the app, to the letter",
        "Register exactly {callback} on the provider's page for your app",
        "not-available",
    ),
    "invalid_token": Meaning("the provider does not take its own access token", _KEYS),
    "insufficient_scope": Meaning(
        "the access token does not cover this call", "Add the scope that the provider names to SCOPE", "not-available"
    ),
    "server_error": Meaning("the provider is in trouble", _WAIT, "unavailable"),
    "temporarily_unavailable": Meaning("the provider is overloaded or being maintained", _WAIT, "unavailable"),
    "login_required": Meaning("the person is not logged in there", "Take prompt=none out of EXTRA_PARAMS"),
    "interaction_required": Meaning("the person has to answer there", "Take prompt=none out of EXTRA_PARAMS"),
    "consent_required": Meaning("the person has to consent there", "Take prompt=none out of EXTRA_PARAMS"),
    "account_selection_required": Meaning("the person has to choose there", "Take prompt=none out of EXTRA_PARAMS"),
}


def error_from(
    answer: Answer, callback: str = "", more: Mapping[str, Meaning] | None = None, own: str = ""
) -> ProviderError:
    """Return the error that an answer stands for: by its code, else by its status.

    :param callback: our callback address; empty for calls that do not carry it.
    :param more: a provider's own codes, which come before those of the standards.
    :param own: what may be a code, elsewhere than :func:`code_in` looks; it counts if it has a meaning.
    """
    code = own if _meaning(own, more) else code_in(answer)
    failed = f"{answer.where} answered {answer.status}" + (" with an error" if answer.ok else "")
    meaning = _meaning(code, more) or _by_status(answer)
    return meaning.error(failed, code or str(answer.status), callback)


def error_of_callback(code: str, callback: str, more: Mapping[str, Meaning]) -> ProviderError:
    """Return the error that a callback's ``error`` parameter stands for."""
    unknown = Meaning("the provider gave a code that is not in the standards", "Look it up in its documentation")
    code = _clean(code)
    error = (_meaning(code, more) or unknown).error("The provider sent an error back", code, callback)
    if isinstance(error, Refused):
        error.is_hearsay = True
    return error


def is_error(answer: Answer) -> bool:
    """Whether an answer of the token endpoint is an error, with whatever status: some send theirs with 200."""
    return not answer.ok or bool(_error_in(answer))


def code_in(answer: Answer) -> str:
    """Return the error code in a body, ``""`` if there is none: ``error``, or a member of it where it is an object."""
    found = _error_in(answer)
    if isinstance(found, dict):
        found = next((value for name in ("code", "type") if (value := found.get(name))), "")
    return _clean(found)


def _error_in(answer: Answer) -> object:
    try:
        return answer.fields().get("error")
    except BadAnswer:
        return None


def _clean(code: object) -> str:
    if isinstance(code, int) and not isinstance(code, bool):
        code = str(code)
    if not isinstance(code, str) or not _CODE.fullmatch(code) or codes.is_ours(code):
        return "unknown-code" if code else ""
    return code


def _meaning(code: str, more: Mapping[str, Meaning] | None) -> Meaning | None:
    return (more or {}).get(code) or MEANINGS.get(code)


def _by_status(answer: Answer) -> Meaning:
    if answer.status == _TOO_MANY:
        seconds = answer.headers.get("retry-after", "")
        wait = f"{seconds} seconds" if seconds.isdecimal() and len(seconds) < _LONG_WAIT else "a while"
        return Meaning("the app's rate limit is used up", f"Wait {wait}; a larger plan may raise the limit", "busy")
    if answer.status >= _SERVER_ERROR:
        return MEANINGS["server_error"]
    return Meaning("the provider refused the request", f"{_KEYS}, and see that {{callback}} is registered there")
