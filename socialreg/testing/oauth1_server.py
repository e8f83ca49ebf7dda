"""The provider's side of OAuth 1.0a (RFC 5849): tokens, and the checks that a request must pass.

Nothing of the package's client side is used here: the signature is computed from the request as it came in, so that the
stand-in and the client can only agree by both being right.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from oauthlib.oauth1.rfc5849 import signature

from .errors import PlainRefusal, Refusal
from .messages import Request

#: How far a timestamp may be from the server's clock, in seconds.
LEEWAY = 300
_REQUIRED = ("oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method", "oauth_timestamp")


@dataclass(slots=True)
class RequestToken:
    """A request token on its way: issued, then approved by a person, then spent."""

    key: str
    secret: str = field(repr=False)
    callback: str
    access: str
    person_id: str = ""
    verifier: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an application may act for a person with. It does not expire; it can be invalidated.

    ``access`` is ``read`` where the application asked for no more than that, the last time that it was approved.
    """

    key: str
    secret: str = field(repr=False)
    person_id: str
    access: str = "write"


@dataclass(frozen=True, slots=True)
class Consumer:
    """The one application that the stand-in knows."""

    key: str
    secret: str = field(repr=False)


class Tokens:
    """Every token in circulation. As at X, a person has one access token per application."""

    def __init__(self) -> None:
        self._requests: dict[str, RequestToken] = {}
        self._access: dict[str, AccessToken] = {}
        self._nonces: dict[int, set[tuple[str, str]]] = {}
        self._lock = threading.Lock()

    def issue_request(self, callback: str, access: str) -> RequestToken:
        """Return a fresh request token that leads back to ``callback``."""
        token = RequestToken(secrets.token_urlsafe(20), secrets.token_urlsafe(24), callback, access)
        self._requests[token.key] = token
        return token

    def request(self, key: str) -> RequestToken | None:
        """Return a request token that is neither unknown nor spent."""
        return self._requests.get(key)

    def approve(self, key: str, person_id: str) -> RequestToken | None:
        """Let a person approve a request token; return it, or ``None`` if it is not open any more."""
        with self._lock:
            token = self._requests.get(key)
            if token is None or token.verifier:
                return None
            token.person_id = person_id
            token.verifier = secrets.token_urlsafe(24)
            return token

    def drop(self, key: str) -> RequestToken | None:
        """Take a request token out of circulation: denied, or spent. Of two who try, one gets it."""
        return self._requests.pop(key, None)

    def issue_access(self, person_id: str, access: str = "write") -> AccessToken:
        """Return the person's access token; ``<user id>-<random>``, as X's look."""
        with self._lock:
            token = next((t for t in self._access.values() if t.person_id == person_id), None)
            if token is None:
                token = AccessToken(f"{person_id}-{secrets.token_urlsafe(24)}", secrets.token_urlsafe(30), person_id)
            token = self._access[token.key] = replace(token, access=access)
            return token

    def access(self, key: str) -> AccessToken | None:
        """Return an access token that has not been invalidated."""
        return self._access.get(key)

    def invalidate(self, key: str) -> None:
        """End an access token."""
        self._access.pop(key, None)

    def is_new(self, nonce: str, timestamp: int, token: str) -> bool:
        """Remember a nonce; return whether it is the first of its timestamp and token (RFC 5849 section 3.3)."""
        with self._lock:
            if timestamp not in self._nonces:
                for old in [t for t in self._nonces if abs(t - timestamp) > 2 * LEEWAY]:
                    del self._nonces[old]
            seen = self._nonces.setdefault(timestamp, set())
            if (nonce, token) in seen:
                return False
            seen.add((nonce, token))
            return True


@dataclass(frozen=True, slots=True)
class Signed:
    """A request's parameters after the syntax has been checked, before anything else has."""

    request: Request
    fields: dict[str, str]
    pairs: list[tuple[str, str]]

    def matches(self, consumer_secret: str, token_secret: str) -> bool:
        """Return whether the signature is right (RFC 5849 section 3.4.2, HMAC-SHA1)."""
        uri = signature.base_string_uri(self.request.origin + self.request.path)
        pairs = sorted((_encode(name), _encode(value)) for name, value in self.pairs if name != "oauth_signature")
        parameters = "&".join(f"{name}={value}" for name, value in pairs)
        base = f"{self.request.method}&{_encode(uri)}&{_encode(parameters)}"
        key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
        expected = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1"))
        return hmac.compare_digest(expected, self.fields["oauth_signature"].encode())


def _encode(text: str) -> str:
    """Percent-encode as RFC 5849 section 3.6 wants it."""
    return quote(text, safe="~")


def parse(request: Request) -> Signed:
    """Return the parameters of a signed request (RFC 5849 section 3.4.1.3).

    :raises Refusal: 215: the header is missing or malformed, or a parameter comes twice, which X does not take.
    """
    try:
        pairs = signature.collect_parameters(
            request.query, request.form_body, _authorization(request), exclude_oauth_signature=False
        )
    except ValueError:
        raise Refusal(215) from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any(not fields.get(name) for name in _REQUIRED):
        raise Refusal(215)
    if not fields["oauth_timestamp"].isdecimal():
        raise Refusal(215)
    return Signed(request, fields, pairs)


def _authorization(request: Request) -> dict[str, str]:
    value = request.headers.get("authorization")
    return {"authorization": value} if value else {}


def check(signed: Signed, consumer: Consumer, tokens: Tokens, secret_of: Callable[[str], str]) -> None:
    """Check who asks, when, and that it is signed.

    :param secret_of: gives the secret of the token named, or raises what an unknown one is answered with.
    :raises Refusal: 32, 135, or what ``secret_of`` raises.
    """
    fields = signed.fields
    if not hmac.compare_digest(fields["oauth_consumer_key"].encode(), consumer.key.encode()):
        raise Refusal(32)
    if fields["oauth_signature_method"] != "HMAC-SHA1" or fields.get("oauth_version", "1.0") != "1.0":
        raise Refusal(32)
    timestamp = int(fields["oauth_timestamp"])
    if abs(timestamp - signed.request.when) > LEEWAY:
        raise Refusal(135)
    token = fields.get("oauth_token", "")
    if not signed.matches(consumer.secret, secret_of(token)):
        raise Refusal(32)
    if not tokens.is_new(fields["oauth_nonce"], timestamp, token):
        raise Refusal(32)


def spend(tokens: Tokens, signed: Signed) -> RequestToken:
    """Take the request token of an access-token call out of circulation.

    :raises PlainRefusal: the verifier is wrong or missing; the token stays, as nobody has used it.
    """
    token = tokens.request(signed.fields.get("oauth_token", ""))
    verifier = signed.fields.get("oauth_verifier", "")
    if token is None or not token.verifier or not hmac.compare_digest(token.verifier.encode(), verifier.encode()):
        raise PlainRefusal("Error processing your OAuth request: Invalid oauth_verifier parameter")
    if tokens.drop(token.key) is None:
        raise PlainRefusal("Reverse auth credentials are invalid")
    return token
