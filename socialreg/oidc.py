"""OpenID Connect (Core 1.0), once for every provider that speaks it.

Who somebody is comes from the ID token: whose signature is always verified, whatever way it came. There is no switch to
leave a check out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from .discovery import DiscoveredProvider
from .exceptions import BadAnswer, ConfigurationError, ProviderError
from .id_token import Expected, check, check_algorithms
from .origins import same_origin
from .profile_map import Reading, origin
from .provider import Transport
from .store import Store
from .tokens import Tokens
from .types import Credentials, Profile, subject

logger = logging.getLogger("socialreg.oidc")

#: Scopes of the protocol's own: an ID token, a refresh token.
_OPENS_NOTHING = ("openid", "offline_access")
#: The claims that a scope asks for (Core section 5.4): with one of them at hand the UserInfo call is spared.
_CLAIMS_OF = {
    "profile": ("name", "given_name", "family_name", "preferred_username", "nickname"),
    "email": ("email",),
    "phone": ("phone_number",),
    "address": ("address",),
}


class OIDCProvider(DiscoveredProvider):
    """A provider that speaks OpenID Connect. A subclass states its issuer, exactly as the provider writes it.

    Addresses that are set (``AUTHORIZE_URL``, ``TOKEN_URL``, ``USERINFO_URL``, ``JWKS_URL``) come before those of the
    metadata; where all but ``USERINFO_URL`` are set, metadata are not even read, for some publish none. ``nonce`` waits
    in the browser beside what OAuth 2.0 lets wait there.
    """

    scope: tuple[str, ...] = ("openid", "profile", "email")
    profile_map = {
        "uid": "sub",
        "username": "preferred_username",
        "full_name": "name",
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
        "email_verified": "email_verified",
        "picture": "picture",
        "profile_url": "profile",
        "locale": "locale",
    }
    #: What ID tokens may be signed with: asymmetric algorithms alone (RFC 8725 section 3.1).
    id_token_algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")

    #: Off only where a provider leaves the nonce out; the class says so. One that comes is compared in any case.
    nonce_in_id_token: ClassVar[bool] = True

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        # A wrong list is told by `manage.py check`, not at the first login.
        check_algorithms(self.id_token_algorithms)
        if "openid" not in self.scope:
            raise ConfigurationError(
                f"SCOPE of {self.label or 'an OpenID Connect provider'} lacks openid",
                cause="without it there is no ID token (OpenID Connect Core section 3.1.2.1)",
                remedy='Add "openid" to SCOPE; if the provider does not speak OpenID Connect, use "oauth2" instead',
                code="option-value",
            )

    @property
    def reading(self) -> Reading:
        return Reading(self.profile_map, self.emails_verified, self.true_strings, origin(self.issuer))

    # -- the way

    def asked_scope(self, options: Mapping[str, str]) -> tuple[str, ...]:
        # Without openid there is no ID token; and some never list what opens no data among what they granted.
        kept = [name for name in _OPENS_NOTHING if name in self.scope]
        asked = super().asked_scope(options)
        return asked if asked == self.scope else tuple(dict.fromkeys([*kept, *asked]))

    def begin(self, redirect_uri: str) -> dict[str, str]:
        return super().begin(redirect_uri) | {"nonce": secrets.token_urlsafe(32)}

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        return super().protocol_params(waiting) | {"nonce": waiting["nonce"]}

    def credentials_from(self, tokens: Tokens, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        claims = self.claims_from(tokens, pending["nonce"])
        claims = {name: value for name, value in claims.items() if name != "nonce"}  # it says nothing of the person
        return replace(self.credentials_of(tokens, claims, "claims"), issuer=self.issuer_of(claims))

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        uid = self.reading.value(data, "uid")
        return subject(uid) if isinstance(uid, str) else None  # Core section 2: never a number

    def claims_from(self, tokens: Tokens, nonce: str | None) -> Mapping[str, object]:
        """Return the claims of the ID token that came with ``tokens``, once everything about it is right.

        :param nonce: what it must carry; ``None`` after a refresh, which has none.
        :raises BadAnswer: there is none, or something about it is wrong: see :func:`socialreg.id_token.check`.
        :raises Refused, Unavailable: the keys cannot be had.
        """
        expected = Expected(
            client_id=self.client_id,
            algorithms=self.id_token_algorithms,
            issuer_for=self.issuer_for,
            nonce=nonce,
            nonce_required=self.nonce_in_id_token,
            access_token=tokens.access_token,
        )
        return check(tokens.answer.get("id_token"), self.metadata.keys(self.jwks_uri()), expected)

    def check_refreshed(self, credentials: Credentials, tokens: Tokens) -> None:
        if tokens.answer.get("id_token") is None:  # Core section 12.2: it may be left out
            return
        claims = self.claims_from(tokens, None)
        if self.uid_from(claims) != credentials.uid or self.issuer_of(claims) != (credentials.issuer or self.issuer):
            raise BadAnswer(
                f"{self.label} refreshed somebody else's tokens",
                cause="sub or iss of the new ID token are not those of the account (Core section 12.2)",
                remedy="Nothing is stored. Tell the provider; ask the person to log in again",
                code="other-person",
            )

    def issuer_for(self, claims: Mapping[str, object]) -> str:
        """Return what ``iss`` of an ID token must be (Core section 3.1.3.7)."""
        return self.issuer

    def issuer_of(self, claims: Mapping[str, object]) -> str:
        """Return who vouches for the person: :attr:`issuer`, unless there is one for each tenant."""
        return self.issuer

    def serves(self, url: str) -> bool:
        # Where UserInfo is, the issuer may say alone (Discovery section 3).
        return super().serves(url) or (self.is_discovered and same_origin(url, self.userinfo_endpoint()))

    def alive_endpoint(self) -> str:
        # Not by fetch_profile, which does without a UserInfo that fails.
        return self.userinfo_endpoint()

    # -- the profile

    def fetch_profile(self, credentials: Credentials) -> Profile:
        claims = _claims_in(credentials)
        if self.may_ask_userinfo and self._lacks(claims):
            claims = self._joined(claims, self._userinfo(credentials))
        return self.profile_of(claims) if claims else self.profile_from(credentials)

    def fetch_again(self, credentials: Credentials, stored: Profile) -> Profile:
        return self.fetch_profile(credentials)

    def profile_from(self, credentials: Credentials) -> Profile:
        claims = _claims_in(credentials)
        return self.profile_of(claims) if claims else super().profile_from(credentials)

    @property
    def may_ask_userinfo(self) -> bool:
        """Whether a login may make a second request: for claims that are wanted, of a UserInfo that there may be."""
        return bool(self._wanted()) and (self.is_discovered or bool(self.userinfo_url))

    def _wanted(self) -> list[tuple[str, ...]]:
        """Return the claims that :attr:`scope` asks for, in groups of which one claim is enough."""
        return [names for scope, names in _CLAIMS_OF.items() if scope in self.scope]

    def _lacks(self, claims: Mapping[str, object]) -> bool:
        """Whether claims that are wanted are missing."""
        return any(not any(claims.get(name) for name in names) for names in self._wanted())

    def _joined(self, claims: Mapping[str, object], told: Mapping[str, object]) -> Mapping[str, object]:
        """Return the claims of the ID token, and what UserInfo told besides.

        Whether an address is verified is taken from where the address is: one's word says nothing of the other's.
        """
        said = {name: value for name, value in claims.items() if value is not None}
        joined = {**told, **said}
        ours, theirs = (self.reading.value(each, "email") for each in (said, told))
        if ours != theirs:
            flag = self.profile_map.get("email_verified", "")
            joined[flag] = (said if ours else told).get(flag)
        return joined

    def _userinfo(self, credentials: Credentials) -> Mapping[str, object]:
        """Return what UserInfo tells (Core section 5.3), nothing if there is none to be had: no login depends on it.

        :raises BadAnswer: it tells of somebody else.
        """
        try:
            address = self.userinfo_endpoint()
            if not address:
                return {}
            answer = self.get(address, credentials.token, self.profile_params)
            data = self.profile_data(answer)
        except (ProviderError, ConfigurationError) as error:
            logger.warning("%s: the login goes on with the ID token alone. %s", self.label, error)
            return {}
        if data.get("sub") != _claims_in(credentials).get("sub", data.get("sub")):
            raise BadAnswer(
                f"{answer.where} told of another person than the ID token",
                cause="its sub is missing, or is another one (Core section 5.3.2)",
                remedy="Check USERINFO_URL; if it is the provider's own, tell the provider",
                code="other-person",
            )
        return data


def _claims_in(credentials: Credentials) -> Mapping[str, object]:
    claims = credentials.extra.get("claims")
    return claims if isinstance(claims, Mapping) else {}
