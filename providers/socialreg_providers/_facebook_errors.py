"""What the codes of Graph API errors mean: https://developers.facebook.com/docs/graph-api/guides/error-handling

Codes and subcodes are in one table, for their numbers do not meet.
"""

from __future__ import annotations

from collections.abc import Mapping

from socialreg import api_errors
from socialreg.answer import Answer
from socialreg.exceptions import ProviderError
from socialreg.meanings import Meaning

_DASHBOARD = "the app's dashboard (https://developers.facebook.com/apps)"
_STATUS = "Wait; see https://metastatus.com"
_BUSY = Meaning("Facebook limits how many calls the app may make", f"Wait; see the limits on {_DASHBOARD}", "busy")
_EXPIRED = Meaning("the access token is expired, revoked or invalid", "Ask the person to log in again", "expired")
_PERMISSION = Meaning(
    "a permission is not granted to the app, or the person has taken it back",
    f"Compare SCOPE with the permissions of the app on {_DASHBOARD}",
    "not-available",
)
_CHECKPOINT = Meaning(
    "Facebook holds the person's account until they answer it", "Nothing: the person must log in there", "locked"
)

MEANINGS: Mapping[str, Meaning] = {
    "1": Meaning(
        "Facebook had an unknown error; the token endpoint says so, too, when CLIENT_SECRET is wrong",
        f"{_STATUS}. If it stays, copy the app secret again from {_DASHBOARD} into CLIENT_SECRET",
        "unavailable",
    ),
    "2": Meaning("Facebook is in trouble", _STATUS, "unavailable"),
    "3": Meaning("the app lacks a capability or a permission", f"See {_DASHBOARD}", "not-available"),
    "4": _BUSY,
    "10": _PERMISSION,
    "17": _BUSY,
    # 100 and 101 are not in the table of the documentation; both are what the token endpoint is seen to answer.
    "100": Meaning(
        "a parameter is wrong: mostly the code is used or expired, or the callback is another than at the start",
        f"One such line is nothing. Many: see that {{callback}} is among the valid OAuth redirect URIs on {_DASHBOARD}",
        "expired",
    ),
    "101": Meaning(
        "Facebook does not know CLIENT_ID", f"Copy the app ID again from {_DASHBOARD} into CLIENT_ID", "not-available"
    ),
    "102": _EXPIRED,
    "190": _EXPIRED,
    "341": _BUSY,
    "368": Meaning("Facebook has blocked this for a violation of its policies", f"See {_DASHBOARD}", "not-available"),
    "458": Meaning("the person has removed the app", "Ask the person to log in again", "expired"),
    "459": _CHECKPOINT,
    "460": Meaning("the person has changed their password", "Ask the person to log in again", "expired"),
    "463": _EXPIRED,
    "464": _CHECKPOINT,
    "467": _EXPIRED,
    **{str(code): _PERMISSION for code in range(200, 300)},
}


def api_error(answer: Answer, code: str) -> ProviderError | None:
    """Return the error that a code stands for in an answer to a call with somebody's token, ``None`` for the others."""
    meaning = MEANINGS.get(code)
    if meaning is _EXPIRED or code in {"458", "460"}:
        return api_errors.revoked(answer, code)
    if meaning is _PERMISSION:
        return api_errors.forbidden(answer, code=code)
    if meaning is _BUSY:
        return api_errors.rate_limited(answer, code)
    if meaning is _CHECKPOINT:
        return meaning.error(f"{answer.where} answered {answer.status}", code)
    return api_errors.error_of(answer) if meaning is None else None
