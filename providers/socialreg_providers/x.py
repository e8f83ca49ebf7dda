"""Log in with X (formerly Twitter) over OAuth 2.0.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from socialreg.answer import Answer
from socialreg.exceptions import ProviderError
from socialreg.meanings import Meaning
from socialreg.oauth2 import OAuth2Provider
from socialreg.oauth2_errors import code_in
from socialreg.types import Profile

from ._x_api import UPLOADS, needed_scope, route
from ._x_errors import PORTAL, api_error, error_from
from ._x_profile import largest, page


class X(OAuth2Provider):
    """Sign in with X. Who somebody is is the same as over OAuth 1.0a: one account, whichever button was pressed."""

    slug = "x"
    label = "X"
    issuer = "https://x.com"
    color = "#000000"
    dark_color = "#ffffff"
    dark_text_color = "#000000"

    api_hosts = UPLOADS
    #: Server calls, and the page the visitor sees: twitter.com does not know who is logged in at x.com.
    api_host: str = "https://api.x.com"
    login_host: str = "https://x.com"
    authorize_url = "{login_host}/i/oauth2/authorize"
    token_url = "{api_host}/2/oauth2/token"  # noqa: S105 - an address
    profile_url = "{api_host}/2/users/me"
    # https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
    revocation_url = "{api_host}/2/oauth2/revoke"
    # /2/users/me needs both users.read and tweet.read; without offline.access a token is dead after two hours.
    scope = ("users.read", "tweet.read", "users.email", "offline.access")
    profile_params = {"user.fields": "confirmed_email,profile_image_url,verified"}
    profile_map = {
        "uid": "data.id",
        "username": "data.username",
        "full_name": "data.name",
        "email": "data.confirmed_email",
        "picture": "data.profile_image_url",
    }
    # confirmed_email is confirmed, or not there: https://docs.x.com/x-api/users/user-lookup-me
    emails_verified = True
    # Seen, not documented: a refresh token that is spent gets invalid_request, as a spent code does.
    dead_token_errors = OAuth2Provider.dead_token_errors | {"invalid_request"}
    meanings = {
        # Seen, not documented: what a code gets that is spent, or older than its 30 seconds.
        "invalid_request": Meaning(
            "the code is expired (after 30 seconds), used, or another attempt's; or the callback is another",
            f"One such line is nothing. Many: see that {{callback}} is registered, to the letter, on {PORTAL}",
            "expired",
        ),
        # Seen, not documented: a public client does not authenticate, so X does not look for a secret.
        "unauthorized_client": Meaning(
            "X takes the app for a public client, or CLIENT_SECRET is wrong",
            f"Make the type of app 'Web App, Automated App or Bot' on {PORTAL}; copy the OAuth 2.0 Client Secret again",
            "not-available",
        ),
    }

    def profile_data(self, answer: Answer) -> Mapping[str, object]:
        # A 200 may carry errors[] beside the data, for fields that are not authorised, or in the place of it.
        data = answer.json()
        if data.get("error") or ("errors" in data and not data.get("data")):
            raise self.error_from(answer)
        return data

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        return replace(profile, picture=largest(profile.picture), profile_url=page(profile.username))

    def route(self, url: str) -> str:
        return route(url, self.api_host)

    def error_of(self, answer: Answer) -> ProviderError | None:
        return api_error(answer, needed_scope(answer.where))

    def error_from(self, answer: Answer, callback: str = "") -> ProviderError:
        # The token endpoint speaks OAuth 2.0, the others X's own dialects.
        return super().error_from(answer, callback) if code_in(answer) else error_from(answer, callback)
