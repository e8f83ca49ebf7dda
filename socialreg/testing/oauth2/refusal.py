"""How a played provider says no: to an application in JSON (RFC 6749 section 5.2, RFC 6750 section 3)."""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.testing.messages import Response

NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Refusal(Exception):
    """Ends a call with an error.

    :param code: an error code of the standard that the call follows.
    :param why: what was wrong: it is for the reader of a test's output.
    :param status: HTTP's.
    """

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
        self.status = status

    def response(self) -> Response:
        """Return the answer to an application."""
        return error(self.code, self.why, self.status)


def error(code: str, why: str, status: int = 400) -> Response:
    """Return an error to an application, with the challenge that goes with a 401."""
    headers = dict(NO_STORE)
    if status == 401:  # noqa: PLR2004
        scheme = "Basic" if code == "invalid_client" else "Bearer"
        headers["WWW-Authenticate"] = f'{scheme} realm="stand-in", error="{code}"'
    return Response.json({"error": code, "error_description": why}, status).with_headers(headers)
