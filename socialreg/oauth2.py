"""OAuth 2.0 (RFC 6749), once for every provider that speaks it: tokens by code, and who it is from a profile.

A provider is data: addresses, a scope, and a map that says where the fields of a profile are. A method is needed only
where data cannot say it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from .answer import Answer
from .api_errors import cannot_ask
from .authorization_code import AuthorizationCode
from .exceptions import BadAnswer, ConfigurationError, ProviderError, Refused
from .paths import read
from .profile_map import Reading, origin
from .provider import Transport
from .store import Store
from .tokens import Tokens
from .types import Call, Credentials, Email, Profile, email, subject

logger = logging.getLogger("socialreg.oauth2")


class OAuth2Provider(AuthorizationCode):
    """A provider that speaks OAuth 2.0. A subclass states its addresses, its scope and its :attr:`profile_map`.

    Token answers do not say whose they are, so :meth:`verify` reads the profile as well, and hands it on: a login makes
    two requests.
    """

    profile_url: str = ""
    #: A second call, for addresses, where the profile has none to rely on. People who are known are spared it.
    emails_url: str = ""
    #: Where the addresses are in its answer: ``items`` (``""`` if it is the list itself), and in each of them
    #: ``address``, ``primary`` and ``verified``.
    emails_map: Mapping[str, str] = {"items": "", "address": "email", "primary": "primary", "verified": "verified"}
    #: Dotted paths (:mod:`paths`) of a profile's fields, of ``email_verified``, and of what a class reads for itself.
    #: What the settings give is added, or replaces what stands here, ``""`` takes it away; ``uid`` stays as it is.
    profile_map: Mapping[str, str] = {"uid": "id"}
    #: The query of the profile call, and headers that calls with a token need besides ``Authorization``.
    profile_params: Mapping[str, str] = {}
    api_headers: Mapping[str, str] = {}

    #: The provider documents that every address it gives is verified.
    emails_verified: ClassVar[bool] = False
    #: What it documents to send for true, where that is a string.
    true_strings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        own = type(self).profile_map
        self.profile_map = {**own, **self.profile_map}
        if own.get("uid") and self.uid_claim != own["uid"]:
            raise ConfigurationError(
                f"PROFILE_MAP of {self.label or type(self).__name__} takes {self.uid_claim!r} for uid",
                cause=f"{own['uid']!r} alone says who somebody is there: other fields change hands",
                remedy="Leave uid out of PROFILE_MAP",
                code="option-value",
            )

    @property
    def uid_claim(self) -> str:
        return self.profile_map.get("uid", "")

    @property
    def reading(self) -> Reading:
        """How a profile is read."""
        host = origin(self.profile_url) if self.profile_url else origin(self.issuer)
        return Reading(self.profile_map, self.emails_verified, self.true_strings, host)

    def credentials_from(self, tokens: Tokens, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        return self.credentials_of(tokens, self.read_profile(tokens.access_token), "profile")

    def credentials_of(self, tokens: Tokens, data: Mapping[str, object], name: str) -> Credentials:
        """Return the credentials of whoever ``data`` tells of, which is handed on as ``extra[name]``.

        :raises BadAnswer: it identifies nobody.
        :raises NotAllowed: see :meth:`admit`.
        """
        self.admit(data)
        uid = self.uid_from(data)
        if uid is None:
            raise BadAnswer(
                f"{self.label} did not say who this is",
                cause=f"{self.uid_claim!r} is missing in its answer, or is nothing that identifies anybody",
                remedy="Check the addresses, SCOPE and PROFILE_MAP of this provider against its documentation",
                code="uid",
            )
        return Credentials(
            uid,
            username=self.reading.text(data, "username"),
            token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=tokens.expires_at,
            scope=tokens.scope,
            extra={name: data},
        )

    def admit(self, data: Mapping[str, object]) -> None:
        """Turn away whoever an option keeps out: people of another company than the one that may log in.

        :param data: the profile, or the claims of an ID token: what the provider vouches for.
        :raises NotAllowed: they are kept out.
        """

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        """Return the stable identifier in a profile, ``None`` if there is none."""
        return subject(self.reading.value(data, "uid"))

    def read_profile(self, token: str) -> Mapping[str, object]:
        """Ask for the profile of whoever ``token`` was issued for.

        :raises ProviderError: the answer is an error, or no profile.
        """
        return self.profile_data(self.get(self.profile_url, token, self.profile_query(token)))

    def profile_query(self, token: str) -> Mapping[str, str]:
        """Return the query of the profile call."""
        return self.profile_params

    def profile_data(self, answer: Answer) -> Mapping[str, object]:
        """Return the profile in an answer: what :attr:`profile_map` is read against.

        :raises ProviderError: an error that came with status 200.
        """
        data = answer.json()
        if data.get("error"):
            raise self.error_from(answer)
        return data

    def get(self, url: str, token: str, params: Mapping[str, str] | None = None) -> Answer:
        """Read something as the owner of an access token, which travels in the header alone (RFC 6750 section 2.1).

        :raises ProviderError: any answer but 2xx.
        """
        answer = self._ask(url, token, params)
        if not answer.ok:
            raise self.error_from(answer)
        return answer

    def _ask(self, url: str, token: str, params: Mapping[str, str] | None) -> Answer:
        address = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}" if params else url
        headers = {**self.api_headers, "Authorization": f"Bearer {token}"}
        return self.transport.send("GET", address, headers=headers)

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        """Give a call its token, in the header alone (RFC 6750 section 2.1), and what :attr:`api_headers` says.

        Of those, what the call brings itself stays as it is; ``Authorization`` never does.
        """
        brought = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
        names = {name.lower() for name in brought}
        ours = {name: value for name, value in self.api_headers.items() if name.lower() not in names}
        return replace(call, headers={**ours, **brought, "Authorization": f"Bearer {credentials.token}"})

    def check_alive(self, credentials: Credentials) -> None:
        address = self.alive_endpoint()
        if not address:
            raise cannot_ask(self.label, "it names no address of a profile", "Set PROFILE_URL or USERINFO_URL")
        answer = self._ask(address, credentials.token, self.profile_query(credentials.token))
        error = self.error_of(answer) or (None if answer.ok else self.error_from(answer))
        if error is not None:
            raise error
        try:
            self.profile_data(answer)  # of errors, some come with status 200
        except Refused as refused:
            raise self.as_dead(refused) from None

    def alive_endpoint(self) -> str:
        """Return the address that a living token opens: the profile's; ``""`` if there is none.

        :raises ProviderError: it cannot be had.
        """
        return self.profile_url

    def fetch_profile(self, credentials: Credentials) -> Profile:
        if not credentials.extra:
            credentials = replace(credentials, extra={"profile": self.read_profile(credentials.token)})
        profile = self.profile_from(credentials)
        return replace(profile, email=self._fetch_email(credentials.token) or profile.email)

    def fetch_again(self, credentials: Credentials, stored: Profile) -> Profile:
        profile = self.profile_from(credentials) if credentials.extra else self.fetch_profile(credentials)
        return replace(profile, email=profile.email or stored.email) if self.emails_url else profile

    def profile_from(self, credentials: Credentials) -> Profile:
        data = credentials.extra.get("profile")
        return self.profile_of(data) if isinstance(data, Mapping) else super().profile_from(credentials)

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        """Return the profile in the provider's answer, by :attr:`profile_map`."""
        return self.reading.profile(self.uid_from(data) or "", data)

    def _fetch_email(self, token: str) -> Email | None:
        """Return the address to rely on; ``None`` where that call fails, for no login depends on it."""
        if not self.emails_url:
            return None
        try:
            answer = self.get(self.emails_url, token)
            items = read(answer.json_value(), self.emails_map["items"])
        except ProviderError as error:
            logger.warning("%s: the login goes on without an address. %s", self.label, error)
            return None
        return self.choose_email(items if isinstance(items, list) else [])

    def choose_email(self, items: list[object]) -> Email | None:
        """Return the primary address if it is verified, else any that is verified, else the primary one, else none."""
        found = [(self._email_in(item), self._says(item, "primary")) for item in items]
        ranked = sorted(((a.verified, primary, -n, a) for n, (a, primary) in enumerate(found) if a), reverse=True)
        return next((address for verified, primary, _, address in ranked if verified or primary), None)

    def _email_in(self, item: object) -> Email | None:
        return email(read(item, self.emails_map["address"]), verified=self._says(item, "verified"))

    def _says(self, item: object, name: str) -> bool:
        return read(item, self.emails_map[name]) is True
