"""What X's error answers mean: https://docs.x.com/x-api/fundamentals/response-codes-and-errors

The numeric table is not published any more; "the text may change, the codes stay". Four body shapes occur on the OAuth
endpoints, whatever content type they claim; a fifth, RFC 7807, on the v2 endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from socialreg import api_errors
from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ProviderError
from socialreg.meanings import Meaning

PORTAL = "the app's page in the X developer portal (https://console.x.com)"
CLOCK = 135

#: Answers that say in words what others say by a number. A help where there is no number, never against one.
_WORDS = {
    "Could not authenticate you": 32,
    "account is suspended and is not permitted": 64,
    "Rate limit exceeded": 88,
    "Invalid or expired token": 89,
    "Over capacity": 130,
    "Timestamp out of bounds": CLOCK,
    "Bad Authentication data": 215,
    "account is temporarily locked": 326,
    "Callback URL not approved": 415,
    "Invalid / suspended application": 416,
    "Desktop applications only support": 417,
    "different access level": 453,
}
_TOO_MANY, _SERVER_ERROR, _FORBIDDEN, _UNAUTHORIZED = 429, 500, 403, 401
_DEAD, _RATE = 89, 88
#: X's numbers have three digits. What is longer is none, and nothing for a log.
_LAST_CODE, _LONG_TIME = 9999, 12
#: The person's account is suspended or locked.
_PERSONAL = frozenset({63, 64, 326})
#: The type of the problem that a token with less than the app's permissions meets.
_OAUTH1 = "oauth1-permissions"


_KEYS = f"Copy API key and API key secret again from {PORTAL} into CLIENT_ID and CLIENT_SECRET"
_RETIRED = Meaning(
    "X has retired this endpoint",
    "Update socialreg, or set API_HOST to the host X documents now",
    "not-available",
)
_NOT_PERMITTED = Meaning(
    "the app's permissions do not cover this call",
    f"Raise the app's permissions on {PORTAL}; people must then authorise again",
    "not-available",
)

MEANINGS: Mapping[int, Meaning] = {
    32: Meaning("the signature, the API key secret or the token is wrong", _KEYS, "not-available"),
    63: Meaning("the person looked up is suspended at X", "Nothing: X must lift the suspension", "suspended"),
    64: Meaning("the person's account is suspended at X", "Nothing: the person must settle it with X", "suspended"),
    68: _RETIRED,
    87: Meaning(
        "X does not let this app perform this action",
        f"Check the app's status and permissions on {PORTAL}",
        "not-available",
    ),
    88: Meaning("the app's rate limit is used up", "Wait until {reset}; a larger plan raises the limit", "busy"),
    89: Meaning(
        "the token is invalid, expired or revoked, or it belongs to another app",
        f"If it happens right after login: {_KEYS}. Else ask the person to log in again",
        "expired",
    ),
    92: Meaning("the call was not made over TLS", "Use https in API_HOST", "not-available"),
    99: Meaning("X could not verify the app's credentials", _KEYS, "not-available"),
    130: Meaning("X is over capacity", "Wait and try again; see https://docs.x.com/status", "unavailable"),
    131: Meaning("X had an internal error", "Wait and try again; see https://docs.x.com/status", "unavailable"),
    CLOCK: Meaning(
        "this machine's clock is minutes off, and correcting by X's Date header did not help",
        "Set the clock by NTP (timedatectl set-ntp true)",
        "not-available",
    ),
    179: _NOT_PERMITTED,
    215: Meaning(
        "the Authorization header did not reach X as it was sent",
        "Look for a proxy between here and X that removes or rewrites headers, and check API_HOST",
        "not-available",
    ),
    220: _NOT_PERMITTED,
    226: Meaning("X takes the request for an automated one", "Wait; tell X if it stays", "refused"),
    251: _RETIRED,
    261: Meaning(
        "X has taken the app's right to write",
        f"See the app's status and X's messages on {PORTAL}",
        "not-available",
    ),
    326: Meaning(
        "the person's account is locked until they unlock it at X",
        "Nothing: the person must log in at x.com",
        "locked",
    ),
    415: Meaning(
        "the callback address is not among the app's callback URLs, to the letter",
        "Add exactly {callback} to the app's callback URLs on " + PORTAL,
        "not-available",
    ),
    416: Meaning(
        "the app is suspended or invalid",
        f"See the app's status and X's messages on {PORTAL}",
        "not-available",
    ),
    417: Meaning(
        "the app has no callback URL and so counts as a desktop app",
        "Add {callback} to the app's callback URLs on " + PORTAL,
        "not-available",
    ),
    453: Meaning(
        "the app's access level does not cover this endpoint",
        f"Nothing is lost for the login itself. For full profiles choose a plan with this endpoint on {PORTAL}",
        "not-available",
    ),
}

_NOT_ENROLLED = Meaning(
    "the app is not attached to a project", f"Attach the app to a project on {PORTAL}", "not-available"
)


def code_of(answer: Answer) -> int | None:
    """Return the number in an error body of any shape, ``None`` if there is none."""
    try:
        errors = answer.json().get("errors")
    except BadAnswer:
        errors = None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    is_code = isinstance(code, int) and not isinstance(code, bool) and 0 <= code <= _LAST_CODE
    return code if is_code else _code_in_text(answer.text)


def _code_in_text(body: str) -> int | None:
    # A pattern instead of an XML parser: two shapes of three elements, and nothing to expand or to fetch.
    if match := re.search(r"<error code=[\"'](\d{1,4})[\"']", body):
        return int(match[1])
    return next((code for words, code in _WORDS.items() if words in body), None)


def error_from(answer: Answer, callback: str) -> ProviderError:
    """Return the error that X's answer stands for, with cause and remedy. Nothing of its text is taken over."""
    code = code_of(answer)
    meaning = MEANINGS.get(code) if code is not None else None
    if meaning is None:
        meaning = _by_status(answer)
    name = str(code or answer.status)
    remedy = meaning.remedy.replace("{reset}", _reset(answer))
    told = replace(meaning, remedy=f"{name}: {remedy[0].lower()}{remedy[1:]}")
    return told.error(f"X refused {answer.where} with {answer.status}", name, callback)


def api_error(answer: Answer, needed: str) -> ProviderError | None:
    """Return the error that an answer to a call in somebody's name stands for, ``None`` if the caller is to see it.

    A 401 with another code than 89 is the app's own fault (its keys, its clock), and so is a 403 because of its plan or
    permissions: 220, 261, 453, ``client-not-enrolled``. No account is lost by those. The v2 endpoints say 401 without a
    reason: what they mean, whoever asks v1.1 is told.

    :param needed: the scope that the call needs.
    """
    code = code_of(answer)
    name = str(code or answer.status)
    if answer.status == _TOO_MANY or code == _RATE:
        return api_errors.rate_limited(answer, name)
    if code in _PERSONAL:
        return error_from(answer, "")
    if code == _DEAD or (code is None and answer.status == _UNAUTHORIZED):
        return api_errors.revoked(answer, name)
    if code is None and answer.status == _FORBIDDEN and _is_of_tokens(answer):
        return api_errors.forbidden(answer, needed, "oauth1-permissions" if _OAUTH1 in answer.text else name)
    return None


def _is_of_tokens(answer: Answer) -> bool:
    """Whether a 403 is for tokens that do not reach so far. Seen, not documented, both."""
    if _OAUTH1 in answer.text:
        return True
    try:
        told = answer.json()
    except BadAnswer:
        return False
    # The detail of every other one says what is wrong: "You are not allowed to create a Tweet with duplicate content."
    return (told.get("type"), told.get("detail")) == ("about:blank", "Forbidden")


def _by_status(answer: Answer) -> Meaning:
    if answer.status == _TOO_MANY:
        return MEANINGS[88]
    if answer.status >= _SERVER_ERROR:
        return MEANINGS[131]
    if answer.status == _FORBIDDEN and "client-not-enrolled" in answer.text:
        return _NOT_ENROLLED
    if answer.status == _UNAUTHORIZED and ("oauth_verifier" in answer.text or "Reverse auth" in answer.text):
        return Meaning(
            "the request token or its verifier is spent, wrong or expired",
            "Begin again from the login button",
            "expired",
        )
    return Meaning(
        f"X gave no code that is known, only the status {answer.status}",
        f"Check the keys, the callback URLs and the app's status on {PORTAL}",
    )


def _reset(answer: Answer) -> str:
    reset = answer.headers.get("x-rate-limit-reset", "")
    is_time = reset.isdecimal() and len(reset) < _LONG_TIME
    if not is_time:
        return "the window ends (15 minutes)"
    return f"{datetime.fromtimestamp(int(reset), UTC):%Y-%m-%d %H:%M:%S} UTC (x-rate-limit-reset)"
