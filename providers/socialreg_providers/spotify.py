"""Log in with Spotify.

https://developer.spotify.com/documentation/web-api/tutorials/code-flow
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from socialreg.oauth2 import OAuth2Provider
from socialreg.paths import read
from socialreg.types import Profile, web_address


class Spotify(OAuth2Provider):
    """Sign in with Spotify."""

    slug = "spotify"
    label = "Spotify"
    issuer = "https://accounts.spotify.com"
    color = "#1ed760"
    text_color = "#000000"
    dark_color = "#1ed760"
    dark_text_color = "#000000"

    authorize_url = "https://accounts.spotify.com/authorize"
    token_url = "https://accounts.spotify.com/api/token"  # noqa: S105 - an address
    profile_url = "https://api.spotify.com/v1/me"
    scope = ("user-read-email",)
    # "Do not use this field for account linking", Spotify says of id, which was a name once, and that account_id never
    # changes: https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids
    # The address is "unverified": https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile
    profile_map = {
        "uid": "account_id",
        "full_name": "display_name",
        "email": "email",
        "picture": "images[0].url",
        "profile_url": "external_urls.spotify",
    }

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        return replace(profile, picture=_largest(data.get("images")) or profile.picture)


def _largest(images: object) -> str:
    """Return the widest picture: no order is documented, and sizes may be null."""
    found = images if isinstance(images, list) else []
    sized = [(_width(each), address) for each in found if (address := web_address(read(each, "url")))]
    return max(sized, key=lambda each: each[0], default=(0, ""))[1]


def _width(image: object) -> float:
    width = read(image, "width")
    return width if isinstance(width, int | float) else 0
