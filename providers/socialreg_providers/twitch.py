"""Log in with Twitch.

https://dev.twitch.tv/docs/authentication/getting-tokens-oidc
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from socialreg.answer import Answer
from socialreg.oidc import OIDCProvider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.types import Intent

#: Without being asked for, nothing but sub is in the ID token.
_ASKED = dict.fromkeys(("email", "email_verified", "picture", "preferred_username"))
_CLAIMS = json.dumps({"id_token": _ASKED}, separators=(",", ":"))
#: Twitch's errors are sentences, {"status": 400, "message": "..."}: those that say whose fault it is.
_CODES = {
    "invalid client": "invalid_client",
    "invalid client secret": "invalid_client",
    "invalid authorization code": "invalid_grant",
    "invalid refresh token": "invalid_grant",
    "invalid token": "invalid_token",
    "parameter redirect_uri does not match registered uri": "redirect_uri_mismatch",
}


class Twitch(OIDCProvider):
    """Sign in with Twitch."""

    slug = "twitch"
    label = "Twitch"
    issuer = "https://id.twitch.tv/oauth2"
    # https://dev.twitch.tv/docs/authentication/revoke-tokens, which knows access tokens alone.
    revocation_url = "{issuer}/revoke"
    revocable = ("access_token",)
    color = "#9146ff"
    dark_color = "#9146ff"
    dark_text_color = "#ffffff"

    # https://dev.twitch.tv/docs/api/reference
    api_hosts = ("api.twitch.tv",)

    # No address comes without the second.
    scope = ("openid", "user:read:email")
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    # preferred_username is the name as it is shown: it changes, and may be another than the one to log in with.
    profile_map = {
        "uid": "sub",
        "username": "preferred_username",
        "email": "email",
        "email_verified": "email_verified",
        "picture": "picture",
    }

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        # Every call of Twitch's API wants it: https://dev.twitch.tv/docs/api/get-started
        self.api_headers = {"Client-Id": self.client_id, **self.api_headers}

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return {"claims": _CLAIMS}

    def error_code(self, answer: Answer) -> str:
        return _CODES.get(str(answer.json().get("message")).lower(), "")
