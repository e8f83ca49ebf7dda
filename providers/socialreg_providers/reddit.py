"""Log in with Reddit.

https://github.com/reddit-archive/reddit/wiki/OAuth2
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace

from socialreg.exceptions import ConfigurationError
from socialreg.oauth2 import OAuth2Provider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.types import Intent, Profile, web_address

_DURATIONS = ("temporary", "permanent")


class Reddit(OAuth2Provider):
    """Sign in with Reddit."""

    slug = "reddit"
    label = "Reddit"
    issuer = "https://www.reddit.com"
    required_options = ("CLIENT_ID", "CLIENT_SECRET", "USER_AGENT")
    color = "#d93900"
    dark_color = "#ff4500"
    dark_text_color = "#000000"

    authorize_url = "https://www.reddit.com/api/v1/authorize"
    token_url = "https://www.reddit.com/api/v1/access_token"  # noqa: S105 - an address
    profile_url = "https://oauth.reddit.com/api/v1/me"
    # https://github.com/reddit-archive/reddit/wiki/OAuth2#manually-revoking-a-token
    revocation_url = "https://www.reddit.com/api/v1/revoke_token"
    scope = ("identity",)
    # id is what stays (elsewhere Reddit writes "t2_" before it); name is a handle.
    profile_map = {"uid": "id", "username": "name", "picture": "icon_img"}

    #: ``"web:com.example.login:v1 (by /u/yourname)"``. Reddit throttles and blocks whoever does not say who they are:
    #: https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki
    user_agent: str = ""
    #: ``"permanent"`` for a refresh token as well; a ``"temporary"`` access token lasts an hour.
    duration: str = "temporary"

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        if self.duration not in _DURATIONS:
            raise ConfigurationError(
                f"DURATION of Reddit cannot be {self.duration!r}",
                cause=f"Reddit knows {' and '.join(_DURATIONS)}",
                remedy="Set it to one of them, or leave it out",
                code="option-value",
            )
        self.token_headers = {**self.token_headers, "User-Agent": self.user_agent}
        self.api_headers = {**self.api_headers, "User-Agent": self.user_agent}

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return {"duration": self.duration}

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        # Reddit writes addresses in JSON as if they stood in HTML: "?width=256&amp;height=256".
        icon = self.reading.value(data, "picture")
        picture = web_address(html.unescape(icon), self.reading.host) if isinstance(icon, str) else ""
        return replace(profile, picture=picture, profile_url=_page(profile.username))


def _page(username: str) -> str:
    return f"https://www.reddit.com/user/{username}" if re.fullmatch(r"[\w-]{1,50}", username, re.ASCII) else ""
