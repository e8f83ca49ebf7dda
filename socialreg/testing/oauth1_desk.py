"""What an application asks for over OAuth 1.0a (RFC 5849 section 2): at X, and at any other provider that is played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import PlainRefusal, Refusal
from .messages import Request, Response
from .oauth1_server import AccessToken, Consumer, RequestToken, Signed, Tokens, check, parse, spend


@dataclass(frozen=True, slots=True)
class Desk:
    """Where tokens are handed out, for one application.

    ``callbacks`` are the addresses on its allow-list, compared exactly; ``None`` for any http or https address.
    """

    consumer: Consumer
    tokens: Tokens
    callbacks: tuple[str, ...] | None = None

    def issue(self, request: Request) -> RequestToken:
        """Return a request token.

        :raises Refusal: the call is not as it must be, or 415: the callback is none to trust.
        """
        signed = parse(request)
        check(signed, self.consumer, self.tokens, _no_token)
        callback = signed.fields.get("oauth_callback", "")
        if not self._is_approved(callback):
            raise Refusal(415)
        return self.tokens.issue_request(callback, signed.fields.get("x_auth_access_type", "write"))

    def exchange(self, request: Request) -> RequestToken:
        """Return the request token that is brought back with its verifier; it is good for nothing any more.

        :raises Refusal, PlainRefusal: the call is not as it must be, or the token or its verifier is no good.
        """
        signed = parse(request)
        check(signed, self.consumer, self.tokens, self._request_secret)
        return spend(self.tokens, signed)

    def owner(self, request: Request) -> tuple[Signed, AccessToken]:
        """Return a call in somebody's name, and the access token that says whose.

        :raises Refusal: the call is not as it must be, or 89: the token is unknown.
        """
        signed = parse(request)
        token = self.tokens.access(signed.fields.get("oauth_token", ""))
        if token is None:
            raise Refusal(89)
        check(signed, self.consumer, self.tokens, lambda _: token.secret)
        return signed, token

    def _is_approved(self, callback: str) -> bool:
        if self.callbacks is not None:
            return callback in self.callbacks
        parts = urlsplit(callback)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)

    def _request_secret(self, key: str) -> str:
        token = self.tokens.request(key)
        if token is None:
            raise PlainRefusal("Reverse auth credentials are invalid")
        return token.secret


def confirmed(token: RequestToken) -> Response:
    """Return the answer that hands out a request token (RFC 5849 section 2.1)."""
    return Response.form(
        {"oauth_token": token.key, "oauth_token_secret": token.secret, "oauth_callback_confirmed": "true"}
    )


def handed_out(token: AccessToken, facts: Mapping[str, object]) -> Response:
    """Return the answer that hands out an access token (RFC 5849 section 2.3).

    :param facts: what it says of its owner. A form has texts alone: numbers become one, ``...`` is left out, and of
        whatever else JSON could say nothing remains but the name.
    """
    said = {name: _written(value) for name, value in facts.items() if value is not ...}
    return Response.form({"oauth_token": token.key, "oauth_token_secret": token.secret, **said})


def _written(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, str) else ""


def _no_token(_: str) -> str:
    return ""
