"""Log in with GitHub, or with a GitHub Enterprise Server.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from socialreg.meanings import Meaning
from socialreg.oauth2 import OAuth2Provider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.types import Intent

_PORTAL = "the app's page (GitHub, Settings, Developer settings, OAuth Apps)"


class GitHub(OAuth2Provider):
    """Sign in with GitHub."""

    slug = "github"
    label = "GitHub"
    issuer = "https://github.com"
    request_options = ("login", "prompt")
    color = "#1f2328"
    dark_color = "#f0f6fc"
    dark_text_color = "#1f2328"

    #: An Enterprise Server's address. ``ISSUER``, ``API_HOST`` and ``AUTHORIZATION_SERVER`` follow it.
    host: str = "https://github.com"
    api_host: str = "https://api.github.com"
    authorize_url = "{host}/login/oauth/authorize"
    token_url = "{host}/login/oauth/access_token"  # noqa: S105 - an address
    profile_url = "{api_host}/user"
    # The profile's own address is the public one, which most people leave empty:
    # https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user
    emails_url = "{api_host}/user/emails"
    # What iss is in callbacks. GitHub sent it for some days of April 2026 and again since August; never required.
    authorization_server = "https://github.com/login/oauth"
    scope = ("read:user", "user:email")
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    api_headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    # login can be changed and taken over by somebody else; id stays.
    profile_map = {
        "uid": "id",
        "username": "login",
        "full_name": "name",
        "picture": "avatar_url",
        "profile_url": "html_url",
    }
    #: Whether GitHub offers to make an account to somebody who has none.
    allow_signup: bool = True

    # https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    meanings = {
        "bad_verification_code": Meaning(
            "the code is expired (after ten minutes), used, or another app's",
            "One such line is nothing; the visitor can begin again",
            "expired",
        ),
        "incorrect_client_credentials": Meaning(
            "CLIENT_ID or CLIENT_SECRET is wrong", f"Copy both again from {_PORTAL}", "not-available"
        ),
        "redirect_uri_mismatch": Meaning(
            "our callback address is not the one registered for the app",
            f"Set the authorization callback URL to {{callback}} on {_PORTAL}",
            "not-available",
        ),
        "application_suspended": Meaning(
            "GitHub has suspended the app", f"See the notice on {_PORTAL}", "not-available"
        ),
        "unverified_user_email": Meaning(
            "the person has no verified primary address at GitHub", "Nothing: the person must verify it there"
        ),
        "bad_refresh_token": Meaning(
            "the refresh token is expired or used", "Ask the person to log in again", "expired"
        ),
    }

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        # A server of one's own numbers its people anew: under GitHub's issuer they would be taken for others.
        host = settings.get("HOST")
        if isinstance(host, str) and host != self.host:
            follow = {"ISSUER": host, "API_HOST": f"{host}/api/v3", "AUTHORIZATION_SERVER": f"{host}/login/oauth"}
            settings = {**follow, **settings}
        super().__init__(settings, transport, store)

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        params = {} if self.allow_signup else {"allow_signup": "false"}
        # Connecting asks always: somebody with two accounts must see which one it is going to be.
        if intent == "connect" or options.get("prompt") == "select_account":
            params["prompt"] = "select_account"
        if re.fullmatch(r"[\w-]{1,100}", options.get("login", ""), re.ASCII):
            params["login"] = options["login"]
        return params
