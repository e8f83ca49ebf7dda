"""What Acme tells of somebody, in the ID token and at UserInfo (OpenID Connect Core 1.0 section 5.1)."""

from __future__ import annotations

from collections.abc import Callable

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from .people import EMPLOYEES

_VERIFIED = frozenset(each.username for each in EMPLOYEES if each.email_verified)


class Validator(OAuth2Validator):
    """django-oauth-toolkit's decisions, with the claims of ours."""

    def get_additional_claims(self) -> dict[str, Callable[[Request], object]]:
        """Return a function of the request for each claim. That it takes no request puts their names into discovery."""
        return {
            "name": lambda request: request.user.get_full_name(),
            "given_name": lambda request: request.user.first_name,
            "family_name": lambda request: request.user.last_name,
            "preferred_username": lambda request: request.user.get_username(),
            "email": lambda request: request.user.email,
            "email_verified": lambda request: request.user.get_username() in _VERIFIED if request.user.email else "",
        }

    def get_oidc_claims(self, token: object, token_handler: object, request: Request) -> dict[str, object]:
        """Return the claims that the scopes allow; one without a value is left out (OIDC Core section 5.3.2)."""
        claims = super().get_oidc_claims(token, token_handler, request)
        return {name: value for name, value in claims.items() if value != ""}
