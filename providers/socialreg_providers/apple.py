"""Log in with Apple.

https://developer.apple.com/documentation/signinwithapplerestapi
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from socialreg import strict_json
from socialreg.exceptions import ConfigurationError
from socialreg.meanings import Meaning
from socialreg.oidc import OIDCProvider
from socialreg.paths import read
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.tokens import Tokens
from socialreg.types import Credentials, Profile

#: Seconds. Apple takes six months; a secret that gets out is worth the less the sooner it ends.
_LIFETIME, _MARGIN = 3600, 300
#: Characters of the ``user`` that a browser posts: two names and an address.
_USER_LENGTH = 4000
_PORTAL = "https://developer.apple.com/account/resources"


class Apple(OIDCProvider):
    """Sign in with Apple. The client secret is made here, from the key that Apple lets one download once."""

    slug = "apple"
    label = "Apple"
    issuer = "https://appleid.apple.com"
    # https://developer.apple.com/design/human-interface-guidelines/sign-in-with-apple
    color = "#000000"
    dark_color = "#ffffff"
    dark_text_color = "#000000"

    # As documented, and not from the metadata: for a day in June 2025 that named another issuer than the ID tokens.
    # There is no UserInfo.
    authorize_url = "{issuer}/auth/authorize"
    token_url = "{issuer}/auth/token"  # noqa: S105 - an address
    jwks_url = "{issuer}/auth/keys"
    # https://developer.apple.com/documentation/signinwithapplerestapi/revoke-tokens
    revocation_url = "{issuer}/auth/revoke"
    scope = ("openid", "name", "email")
    # Required as soon as a name or an address is asked for.
    response_mode = "form_post"
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    required_options = ("CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY")
    # Names are in no ID token: see _name_in. There is no picture, no user name and no page.
    profile_map = {
        "uid": "sub",
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
        "email_verified": "email_verified",
    }
    # "The value can be a String ("true" or "false") or a Boolean".
    true_strings = ("true",)
    denied_errors = frozenset({"access_denied", "user_cancelled_authorize"})
    # https://developer.apple.com/documentation/signinwithapplerestapi/tokenresponse
    spends_refresh_tokens = False
    meanings = {
        "invalid_client": Meaning(
            "TEAM_ID, KEY_ID, PRIVATE_KEY and CLIENT_ID do not belong together, or this machine's clock is off",
            f"Compare them with {_PORTAL}: CLIENT_ID is the Services ID, KEY_ID stands beside the key. Set the clock "
            "by NTP",
            "not-available",
        ),
    }

    #: Ten characters: the account's (top right in the portal), and the key's.
    team_id: str = ""
    key_id: str = ""
    #: The text of the ``.p8`` file; ``\n`` may stand for the ends of its lines, as in environment variables.
    private_key: str = ""

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self._secret, self._renew_at = "", 0.0
        if self.private_key:
            _read_key(self.private_key)

    def current_secret(self) -> str:
        if time.time() >= self._renew_at:
            # In this order: another thread that sees the new time finds the new secret.
            self._secret, self._renew_at = self._sign(int(time.time())), time.time() + _LIFETIME - _MARGIN
        return self._secret

    def _sign(self, now: int) -> str:
        """https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret."""
        claims = {
            "iss": self.team_id,
            "iat": now,
            "exp": now + _LIFETIME,
            "aud": self.issuer,
            "sub": self.client_id,
        }
        return jwt.encode(claims, _read_key(self.private_key), "ES256", {"kid": self.key_id})

    def credentials_from(self, tokens: Tokens, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        found = super().credentials_from(tokens, pending, params)
        claims = cast("Mapping[str, object]", found.extra["claims"])
        # Whatever Apple signed comes before what a browser posts.
        return replace(found, extra={"claims": {**_name_in(params.get("user", "")), **claims}})

    def check_alive(self, credentials: Credentials) -> None:
        # There is no UserInfo. Apple says to verify the refresh token instead, once a day at most:
        # https://developer.apple.com/documentation/signinwithapple/verifying-a-user
        self.refresh(credentials)

    def fetch_again(self, credentials: Credentials, stored: Profile) -> Profile:
        # The name comes the first time alone: what is known of it stays.
        fresh = self.fetch_profile(credentials)
        named = fresh if fresh.full_name else stored
        return replace(
            fresh,
            full_name=named.full_name,
            first_name=named.first_name,
            last_name=named.last_name,
            email=fresh.email or stored.email,
        )


def _name_in(user: str) -> Mapping[str, object]:
    """Return the names in ``user`` as claims: JSON that the visitor's own browser posts, so nobody vouches for it."""
    if not 0 < len(user) <= _USER_LENGTH:
        return {}
    try:
        data = strict_json.loads(user.encode(errors="replace"))
    except ValueError:
        return {}
    return {"given_name": read(data, "name.firstName"), "family_name": read(data, "name.lastName")}


def _read_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the key in the text of a ``.p8`` file.

    :raises ConfigurationError: there is none in it, or of another kind.
    """
    try:
        key = load_pem_private_key(text.replace("\\n", "\n").strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigurationError(
            "PRIVATE_KEY of Apple is no key that Apple gives",
            cause="it is not the whole text of an AuthKey_....p8 file, from its first line with dashes to its last",
            remedy=f"Copy the file again. If it is lost, make a new key at {_PORTAL}/authkeys/list, and set KEY_ID too",
            code="option-value",
        )
    return key
