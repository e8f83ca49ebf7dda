"""X's errors: the codes with their statuses and texts, and the five shapes in which they come.

After the code table that docs.x.com published in June 2025, with the statuses that X is seen to answer. The texts may
change at X; the codes stay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, get_args
from xml.sax.saxutils import escape  # it writes, and reads none # nosec B406

from .messages import JSON, TEXT, XML, Response

Shape = Literal["json", "xml", "hash", "text", "problem"]
SHAPES: tuple[Shape, ...] = get_args(Shape)


@dataclass(frozen=True, slots=True)
class XError:
    """One row of X's error table."""

    code: int
    status: int
    text: str
    shape: Shape = "json"


_UNAVAILABLE_TIER = (
    "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints "
    "(e.g. media post, oauth) only. If you need access to this endpoint, you may need a different access level."
)
_LOCKED = (
    "To protect our users from spam and other malicious activity, this account is temporarily locked. "
    "Please log in to https://twitter.com to unlock your account."
)
_CALLBACK = (
    "Callback URL not approved for this client application. "
    "Approved callback URLs can be adjusted in your application settings"
)
_ROWS = (
    XError(32, 401, "Could not authenticate you."),
    XError(63, 403, "User has been suspended."),
    XError(64, 403, "Your account is suspended and is not permitted to access this feature."),
    XError(68, 410, "The X REST API v1 is no longer active."),
    XError(87, 403, "Client is not permitted to perform this action."),
    XError(88, 429, "Rate limit exceeded."),
    XError(89, 401, "Invalid or expired token."),
    XError(92, 403, "SSL is required."),
    XError(99, 403, "Unable to verify your credentials."),
    XError(130, 503, "Over capacity"),
    XError(131, 500, "Internal error"),
    XError(135, 401, "Timestamp out of bounds."),
    XError(179, 403, "Sorry, you are not authorized to see this status."),
    XError(187, 403, "Status is a duplicate."),
    XError(215, 400, "Bad Authentication data."),
    XError(220, 403, "Your credentials do not allow access to this resource."),
    XError(226, 403, "This request looks like it might be automated."),
    XError(251, 410, "This endpoint has been retired and should not be used."),
    XError(261, 403, "Application cannot perform write actions."),
    XError(326, 403, _LOCKED),
    XError(415, 403, _CALLBACK, "xml"),
    XError(416, 401, "Invalid / suspended application."),
    XError(417, 401, "Desktop applications only support the oauth_callback value 'oob'", "hash"),
    XError(453, 403, _UNAVAILABLE_TIER),
)
#: Every code that the stand-in can answer with.
CODES = {row.code: row for row in _ROWS}
#: What stands beside code and text in some errors.
_EXTRA: dict[int, dict[str, object]] = {
    326: {"sub_error_code": 0, "bounce_location": "https://twitter.com/account/access"}
}


class Refusal(Exception):
    """Ends a route with an error of X.

    :param code: a key of :data:`CODES`.
    :param shape: the body's shape, ``None`` for the one in which X is known to send this code.
    """

    def __init__(self, code: int, shape: Shape | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.shape = shape


class PlainRefusal(Exception):
    """Ends a route with one of the plain texts that X's OAuth endpoints answer, status 401."""


def error(code: int, path: str, shape: Shape | None = None) -> Response:
    """Return the answer to a request to ``path`` that fails with ``code``, in ``shape`` or in the code's usual one."""
    row = CODES[code]
    match shape or row.shape:
        case "json":
            entry = {"code": code, "message": row.text, **_EXTRA.get(code, {})}
            return Response.json({"errors": [entry]}, row.status)
        case "xml":
            body = f'<errors><error code="{code}">{escape(row.text)}</error></errors>'
            return Response(row.status, f"<?xml version='1.0' encoding='UTF-8'?>{body}".encode(), XML)
        case "hash":
            body = f"<error>{escape(row.text)}</error><request>{escape(path)}</request>"
            return Response(row.status, f"<hash>{body}</hash>".encode(), XML)
        case "text":
            return plain(row.text, row.status)
        case "problem":
            return problem(row.status, row.text)


def plain(text: str, status: int = 401) -> Response:
    """Return an error as plain text, as the OAuth endpoints do when the verifier or the token is wrong."""
    return Response(status, text.encode(), TEXT)


def problem(status: int, detail: str, extra: dict[str, object] | None = None) -> Response:
    """Return an error as the v2 endpoints send it (after RFC 7807)."""
    title = HTTPStatus(status).phrase
    body = {"title": title, "type": "about:blank", "status": status, "detail": detail, **(extra or {})}
    return Response(status, json.dumps(body).encode(), JSON)
