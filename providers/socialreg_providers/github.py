"""Log in with GitHub, or with a GitHub Enterprise Server.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from socialreg import api_errors
from socialreg.answer import Answer
from socialreg.exceptions import ProviderError
from socialreg.meanings import Meaning
from socialreg.oauth2 import OAuth2Provider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.tokens import client_headers
from socialreg.types import Credentials, Intent

_FORBIDDEN = 403
#: What a token is answered with that is good for nothing already.
_GONE = frozenset({404, 422})
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
    # https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-authorization: all tokens that
    # the person gave, not this one alone, for every login brought one that lives on.
    revocation_url = "{api_host}/applications"
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

    # https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
    dead_token_errors = OAuth2Provider.dead_token_errors | {"bad_refresh_token"}
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

    def revoke(self, credentials: Credentials) -> bool:
        if not credentials.token:
            return False
        client = client_headers("client_secret_basic", self.client_id, self.client_secret)
        headers = {**self.api_headers, **client, "Content-Type": "application/json"}
        body = json.dumps({"access_token": credentials.token}).encode("ascii")
        address = f"{self.revocation_url}/{quote(self.client_id, safe='')}/grant"
        answer = self.transport.send("DELETE", address, headers=headers, body=body)
        if not answer.ok and answer.status not in _GONE:
            raise self.error_from(answer)
        return True

    def error_of(self, answer: Answer) -> ProviderError | None:
        # https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps: one of these is enough.
        accepted, granted = (_scopes(answer, name) for name in ("x-accepted-oauth-scopes", "x-oauth-scopes"))
        if answer.status == _FORBIDDEN and accepted and not set(accepted) & set(granted):
            return api_errors.forbidden(answer, accepted[0])
        # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
        is_used_up = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
        if answer.status == _FORBIDDEN and is_used_up:
            return api_errors.rate_limited(answer)
        return super().error_of(answer)


def _scopes(answer: Answer, header: str) -> list[str]:
    return [name for each in answer.headers.get(header, "").split(",") if (name := each.strip())]
