"""What a client has from the token endpoint (RFC 6749 section 3.2): tokens, and new ones for old; and their end, where
the provider revokes them (RFC 7009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlencode

from oauthlib.oauth2 import WebApplicationClient

from .answer import Answer
from .exceptions import BadAnswer, ConfigurationError, ProviderError, Refused, Revoked, Unavailable
from .meanings import Meaning
from .oauth2_errors import error_from, is_error
from .provider import Provider, Transport
from .store import Store
from .tokens import AuthMethod, Tokens, auth_method, client_fields, client_headers, read_tokens
from .types import Credentials


class TokenEndpoint(Provider):
    """A provider that hands out tokens. How the first ones are come by, :mod:`authorization_code` says."""

    token_url: str = ""
    #: ``client_secret_basic``, ``client_secret_post`` or, for a public client, ``none`` (RFC 8414 section 2).
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - the name of a method
    #: Where tokens are revoked (RFC 7009); ``""`` where there is no such place.
    revocation_url: str = ""
    #: Headers that the token endpoint needs besides those of the protocol.
    token_headers: Mapping[str, str] = {}

    #: What ``error`` is when a token is good for nothing any more (RFC 6749 section 5.2, RFC 6750 section 3.1).
    dead_token_errors: ClassVar[frozenset[str]] = frozenset({"invalid_grant", "invalid_token"})
    #: What is revoked: the first of these that there is. With a refresh token goes what came of it (RFC 7009, 2.1).
    revocable: ClassVar[tuple[str, ...]] = ("refresh_token", "access_token")
    #: Whether a refresh brings a new refresh token, and spends the old one, as RFC 9700 section 4.14.2 has it.
    spends_refresh_tokens: ClassVar[bool] = True
    #: The provider's own error codes; they come before those of RFC 6749.
    meanings: ClassVar[Mapping[str, Meaning]] = {}

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        if self.token_endpoint_auth_method and auth_method(self.token_endpoint_auth_method) == "none":
            self.required_options = tuple(name for name in self.required_options if name != "CLIENT_SECRET")

    def token_endpoint(self) -> str:
        """Return the address where codes are exchanged."""
        return self.token_url

    def auth_method(self) -> AuthMethod:
        """Return how this client proves who it is at the token endpoint."""
        return auth_method(self.token_endpoint_auth_method)

    def current_secret(self) -> str:
        """Return the client secret; where one is made for the moment (Apple), this makes it."""
        return self.client_secret

    def refresh(self, credentials: Credentials) -> Credentials:
        """Return new credentials for old ones (RFC 6749 section 6). One that is not handed out anew stays.

        :raises Revoked: the provider takes the refresh token no more.
        :raises Refused: there is none, or the provider refused for another reason: then it has not been spent.
        :raises BadAnswer: what came cannot be used; the refresh token may be spent all the same.
        """
        if not credentials.refresh_token:
            return super().refresh(credentials)  # which says that there is none
        body = self._client().prepare_refresh_body(refresh_token=credentials.refresh_token)
        try:
            answer = self._ask_tokens(body, "")
        except Refused as error:
            raise self.as_dead(error) from None
        tokens = self._same_persons(credentials, read_tokens(answer, credentials.scope))
        return replace(
            credentials,
            token=tokens.access_token,
            refresh_token=tokens.refresh_token or credentials.refresh_token,
            expires_at=tokens.expires_at,
            scope=tokens.scope,
        )

    def _same_persons(self, credentials: Credentials, tokens: Tokens) -> Tokens:
        try:
            self.check_refreshed(credentials, tokens)
        except (Refused, Unavailable, ConfigurationError) as error:
            # Whoever refused, it was not the token that was refused: that is spent by now.
            raise BadAnswer(error.failed, cause=error.cause, remedy=error.remedy, code=error.code) from None
        return tokens

    def as_dead(self, error: Refused) -> Refused:
        """Return an error as :class:`Revoked`, if its code says that the token that was sent is good for nothing."""
        if error.code not in self.dead_token_errors:
            return error
        return Revoked(
            error.failed,
            cause=f"{self.label} takes the token no more: it is expired, revoked, or was used before",
            remedy="Ask the person to log in again; nothing else brings new tokens",
            code=error.code,
        )

    def revoke(self, credentials: Credentials) -> bool:
        address = self.revocation_endpoint()
        tokens = {"refresh_token": credentials.refresh_token, "access_token": credentials.token}
        return bool(address) and any(self._revoke(address, kind, tokens[kind]) for kind in self.revocable)

    def revocation_endpoint(self) -> str:
        """Return the address where tokens are revoked, ``""`` if there is none.

        :raises ProviderError: the provider does not say.
        """
        return self.revocation_url

    def _revoke(self, address: str, kind: str, token: str) -> bool:
        """Return whether a token is revoked (RFC 7009 section 2.2); false if there is none, or none of this kind is.

        :raises ProviderError: the answer is another error.
        """
        if not token:
            return False
        answer = self._post(address, urlencode({"token": token, "token_type_hint": kind}))
        if not is_error(answer):
            return True
        error = self.error_from(answer)
        if error.code not in {"invalid_token", "unsupported_token_type"}:
            raise error
        # The standard wants 200 for a token that is good for nothing already; some say so.
        return error.code == "invalid_token"

    def check_refreshed(self, credentials: Credentials, tokens: Tokens) -> None:
        """See that refreshed tokens are still the same person's, where they say so.

        :raises BadAnswer: they are not.
        """

    def error_from(self, answer: Answer, callback: str = "") -> ProviderError:
        """Return the error that an answer stands for.

        :param callback: our callback address, for remedies that name it; empty for calls that do not carry it.
        """
        try:
            own = self.error_code(answer)
        except BadAnswer:
            own = ""
        return error_from(answer, callback, self.meanings, own)

    def error_code(self, answer: Answer) -> str:
        """Return the provider's own code for an error that came, where it stands elsewhere than in ``error``.

        It counts if :attr:`meanings`, or RFC 6749, has it. So it may be made of whatever the answer holds.

        :raises BadAnswer: the answer cannot be read, and so has none.
        """
        return ""

    def _client(self) -> WebApplicationClient:
        return WebApplicationClient(self.client_id)

    def _ask_tokens(self, body: str, callback: str) -> Answer:
        """Send a token request. Never repeated: a code is good for one use.

        :raises ProviderError: the answer is an error, with whatever status.
        """
        answer = self._post(self.token_endpoint(), body)
        if is_error(answer):
            raise self.error_from(answer, callback)
        return answer

    def _post(self, address: str, body: str) -> Answer:
        """Send a form as the client that this is (RFC 6749 section 2.3.1)."""
        method, secret = self.auth_method(), self.current_secret()
        fields = urlencode(client_fields(method, self.client_id, secret))
        headers = {**self.token_headers, **client_headers(method, self.client_id, secret)}
        form = f"{body}&{fields}" if fields else body
        return self.transport.send("POST", address, headers=headers, body=form.encode("ascii"))
