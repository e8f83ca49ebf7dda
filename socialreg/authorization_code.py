"""The authorization code grant (RFC 6749 section 4.1): to the provider, back, and code for tokens.

Always with ``state``, and with PKCE (RFC 7636, S256) unless a provider's own class says why not. Whether a check is
made is decided by what waits in the browser, never by what the callback carries.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote, urlencode, urlsplit

from oauthlib.oauth2 import WebApplicationClient

from .answer import Answer
from .callback import Awaited, read_code
from .exceptions import BadAnswer, ConfigurationError, ProviderError, Refused, Revoked, Unavailable
from .meanings import Meaning
from .oauth2_errors import error_from, is_error
from .provider import Provider, Transport
from .store import Store
from .tokens import AuthMethod, Tokens, auth_method, client_fields, client_headers, read_tokens
from .types import Credentials, Intent, Redirect

#: RFC 7636 section 4.1 allows 43 to 128 characters; 64 of its alphabet are 384 bits.
_VERIFIER_LENGTH = 64
#: A scope waits in a cookie, of which browsers keep 4096 bytes, for providers that do not say what they granted.
_SCOPE_LENGTH = 1000


class AuthorizationCode(Provider):
    """A provider that hands out codes. Who a code belongs to, a subclass finds out: :meth:`credentials_from`.

    What waits between click and callback: ``state``, ``redirect_uri``, with PKCE ``verifier``, and ``scope`` where
    another one was asked for than :attr:`scope`.
    """

    authorize_url: str = ""
    token_url: str = ""
    scope: tuple[str, ...] = ()
    scope_separator: str = " "
    #: ``client_secret_basic``, ``client_secret_post`` or, for a public client, ``none`` (RFC 8414 section 2).
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - the name of a method
    #: ``""`` for the query, or ``form_post`` (OAuth 2.0 Form Post Response Mode).
    response_mode: str = ""
    #: RFC 9207: what ``iss`` is in its callbacks, where that is documented, and whether a callback without is refused.
    authorization_server: str = ""
    authorization_response_iss_parameter_supported: bool = False
    #: Added to the address that the browser is sent to; never in place of a parameter of the protocol.
    extra_params: Mapping[str, str] = {}
    #: Where tokens are revoked (RFC 7009); ``""`` where there is no such place.
    revocation_url: str = ""
    #: Headers that the token endpoint needs besides those of the protocol.
    token_headers: Mapping[str, str] = {}

    #: Off only where a provider refuses it; the class says so.
    pkce: ClassVar[bool] = True
    #: What ``error`` is when the visitor pressed "cancel".
    denied_errors: ClassVar[frozenset[str]] = frozenset({"access_denied"})
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
        if self.response_mode not in {"", "form_post"}:
            raise ConfigurationError(
                f"RESPONSE_MODE of {type(self).__name__} cannot be {self.response_mode!r}",
                cause="only the query and form_post reach a server",
                remedy='Leave it out, or set it to "form_post"',
                code="option-value",
            )
        if self.token_endpoint_auth_method and auth_method(self.token_endpoint_auth_method) == "none":
            self.required_options = tuple(name for name in self.required_options if name != "CLIENT_SECRET")

    @property
    def answers_by_post(self) -> bool:
        return self.response_mode == "form_post"

    def correlate(self, params: Mapping[str, str]) -> str:
        return params.get("state", "")

    def authorize(self, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
        waiting, asked = self.begin(redirect_uri), self.asked_scope(options)
        if asked != self.scope:
            waiting["scope"] = " ".join(asked)
        params = {**self.extra_params, **self.authorize_params(intent, options), **self.protocol_params(waiting)}
        address = self.authorization_endpoint()
        # RFC 6749 section 3.1: an address may have a query of its own. Blanks are %20: Apple and X take no "+".
        joint = "&" if urlsplit(address).query else "?"
        url = f"{address}{joint}{urlencode(params, quote_via=quote)}"
        if len(waiting.get("scope", "")) > _SCOPE_LENGTH:
            del waiting["scope"]
        return Redirect(url, key=waiting["state"], pending=waiting)

    def asked_scope(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Return what to ask for: :attr:`scope`, or for an account that is known what it was granted, and the addition.

        So the person is asked for the addition alone, and nothing that was granted is given up.

        :param options: ``granted`` and ``scope``, see :meth:`authorize`.
        """
        granted, addition = (options.get(name, "").split() for name in ("granted", "scope"))
        return tuple(dict.fromkeys([*(granted or self.scope), *addition]))

    def begin(self, redirect_uri: str) -> dict[str, str]:
        """Return what waits in the browser: made anew for every attempt (RFC 9700 section 2.1.1)."""
        waiting = {"state": secrets.token_urlsafe(32), "redirect_uri": redirect_uri}
        return waiting | ({"verifier": self._client().create_code_verifier(_VERIFIER_LENGTH)} if self.pkce else {})

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters that nothing may replace."""
        asked = waiting["scope"].split() if "scope" in waiting else self.scope
        params = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": waiting["redirect_uri"],
            "scope": self.scope_separator.join(asked),
            "state": waiting["state"],
            "response_mode": self.response_mode,
        }
        if "verifier" in waiting:
            challenge = self._client().create_code_challenge(waiting["verifier"], "S256")
            params |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return {name: value for name, value in params.items() if value}

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        """Return what is added to the address for this attempt: chosen from ``options``, never all of them."""
        return {}

    def authorization_endpoint(self) -> str:
        """Return the address that the browser is sent to."""
        return self.authorize_url

    def token_endpoint(self) -> str:
        """Return the address where codes are exchanged."""
        return self.token_url

    def auth_method(self) -> AuthMethod:
        """Return how this client proves who it is at the token endpoint."""
        return auth_method(self.token_endpoint_auth_method)

    def current_secret(self) -> str:
        """Return the client secret; where one is made for the moment (Apple), this makes it."""
        return self.client_secret

    def callback_issuer(self) -> tuple[str, bool]:
        """Return what ``iss`` must be in a callback, ``""`` if that is not known, and whether it must be there."""
        return self.authorization_server, self.authorization_response_iss_parameter_supported

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        state, redirect_uri = pending["state"], pending["redirect_uri"]
        awaited = Awaited(state, redirect_uri, self.callback_issuer, self.denied_errors, self.meanings)
        body = self._client().prepare_request_body(
            code=read_code(params, awaited),
            redirect_uri=redirect_uri,
            code_verifier=pending.get("verifier"),
            include_client_id=False,
        )
        tokens = read_tokens(self._ask_tokens(body, redirect_uri), pending.get("scope", " ".join(self.scope)))
        return self.credentials_from(tokens, pending, params)

    @abstractmethod
    def credentials_from(self, tokens: Tokens, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        """Return the credentials that ``tokens`` are, once it is known whose they are.

        :param pending: what waited in the browser.
        :param params: the callback's parameters: untrusted.
        :raises BadAnswer: nothing identifies anybody.
        """

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
        tokens = read_tokens(answer, credentials.scope)
        try:
            self.check_refreshed(credentials, tokens)
        except (Refused, Unavailable, ConfigurationError) as error:
            # Whoever refused, it was not the token that was refused: that is spent by now.
            raise BadAnswer(error.failed, cause=error.cause, remedy=error.remedy, code=error.code) from None
        return replace(
            credentials,
            token=tokens.access_token,
            refresh_token=tokens.refresh_token or credentials.refresh_token,
            expires_at=tokens.expires_at,
            scope=tokens.scope,
        )

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
