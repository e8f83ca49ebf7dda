"""Log in with LinkedIn (Sign In with LinkedIn using OpenID Connect).

https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from socialreg.meanings import Meaning
from socialreg.oidc import OIDCProvider
from socialreg.types import Profile, text

_PORTAL = "the app's page (https://www.linkedin.com/developers/apps)"


class LinkedIn(OIDCProvider):
    """Sign in with LinkedIn."""

    slug = "linkedin"
    label = "LinkedIn"
    issuer = "https://www.linkedin.com/oauth"
    color = "#0a66c2"
    dark_color = "#0a66c2"
    dark_text_color = "#ffffff"

    # The metadata does not name a method (https://github.com/linkedin-developers/linkedin-api-python-client/issues/63),
    # the documentation this one: https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    # PKCE is for native apps that LinkedIn has enabled it for; any other gets invalid_client for a code_verifier:
    # https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow-native,
    # https://github.com/nextauthjs/next-auth/issues/8831
    pkce = False
    # The nonce is taken, and left out of the ID token:
    # https://github.com/linkedin-developers/linkedin-api-js-client/issues/34
    nonce_in_id_token = False
    # ID tokens have been seen with "true" where UserInfo has true: https://github.com/logto-io/logto/issues/6843
    true_strings = ("true",)
    # There is no name that people go by, and no address of their page.
    profile_map = {
        "uid": "sub",
        "full_name": "name",
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
        "email_verified": "email_verified",
        "picture": "picture",
        "locale": "locale",
        "language": "locale.language",
        "country": "locale.country",
    }
    denied_errors = frozenset({"access_denied", "user_cancelled_login", "user_cancelled_authorize"})
    meanings = {
        "invalid_request": Meaning(
            "the code is used or expired (after 30 minutes), or the callback is another than at the start",
            f"One such line is nothing. Many: see that {{callback}} is among the redirect URLs on {_PORTAL}, tab Auth",
            "expired",
        ),
        "unauthorized_scope_error": Meaning(
            "the app may not ask for a scope",
            f"Add the product 'Sign In with LinkedIn using OpenID Connect' on {_PORTAL}, tab Products",
            "not-available",
        ),
    }

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        # The locale is an object, {"country": "US", "language": "en"}, in some answers, and a text in others.
        profile = super().profile_of(data)
        language, country = (self.reading.text(data, name) for name in ("language", "country"))
        composed = text(f"{language}-{country}") if language and country else language
        return replace(profile, locale=profile.locale or composed)
