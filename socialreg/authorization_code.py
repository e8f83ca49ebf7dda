"""The authorization code grant (RFC 6749 section 4.1): to the provider, back, and code for tokens.

Always with ``state``, and with PKCE (RFC 7636, S256) unless a provider's own class says why not. Whether a check is
made is decided by what waits in the browser, never by what the callback carries.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote, urlencode, urlsplit

from .callback import Awaited, read_code
from .exceptions import ConfigurationError
from .provider import Transport
from .store import Store
from .token_endpoint import TokenEndpoint
from .tokens import Tokens, read_tokens
from .types import Credentials, Intent, Redirect

#: RFC 7636 section 4.1 allows 43 to 128 characters; 64 of its alphabet are 384 bits.
_VERIFIER_LENGTH = 64
#: A scope waits in a cookie, of which browsers keep 4096 bytes, for providers that do not say what they granted.
_SCOPE_LENGTH = 1000


class AuthorizationCode(TokenEndpoint):
    """A provider that hands out codes. Who a code belongs to, a subclass finds out: :meth:`credentials_from`.

    What waits between click and callback: ``state``, ``redirect_uri``, with PKCE ``verifier``, and ``scope`` where
    another one was asked for than :attr:`scope`.
    """

    authorize_url: str = ""
    scope: tuple[str, ...] = ()
    scope_separator: str = " "
    #: ``""`` for the query, or ``form_post`` (OAuth 2.0 Form Post Response Mode).
    response_mode: str = ""
    #: RFC 9207: what ``iss`` is in its callbacks, where that is documented, and whether a callback without is refused.
    authorization_server: str = ""
    authorization_response_iss_parameter_supported: bool = False
    #: Added to the address that the browser is sent to; never in place of a parameter of the protocol.
    extra_params: Mapping[str, str] = {}

    #: Off only where a provider refuses it; the class says so.
    pkce: ClassVar[bool] = True
    #: What ``error`` is when the visitor pressed "cancel".
    denied_errors: ClassVar[frozenset[str]] = frozenset({"access_denied"})

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        if self.response_mode not in {"", "form_post"}:
            raise ConfigurationError(
                f"RESPONSE_MODE of {type(self).__name__} cannot be {self.response_mode!r}",
                cause="only the query and form_post reach a server",
                remedy='Leave it out, or set it to "form_post"',
                code="option-value",
            )

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
