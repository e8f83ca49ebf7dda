"""Log in with Discord.

https://discord.com/developers/docs/topics/oauth2
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from socialreg.oauth2 import OAuth2Provider
from socialreg.types import Profile, text, web_address


class Discord(OAuth2Provider):
    """Sign in with Discord."""

    slug = "discord"
    label = "Discord"
    issuer = "https://discord.com"
    color = "#5865f2"
    dark_color = "#5865f2"
    dark_text_color = "#ffffff"

    host: str = "https://discord.com"
    #: Where pictures are.
    cdn_host: str = "https://cdn.discordapp.com"
    authorize_url = "{host}/oauth2/authorize"
    token_url = "{host}/api/oauth2/token"  # noqa: S105 - an address
    profile_url = "{host}/api/v10/users/@me"
    revocation_url = "{host}/api/oauth2/token/revoke"
    scope = ("identify", "email")
    # https://discord.com/developers/docs/resources/user#user-object; verified is said of the address.
    profile_map = {
        "uid": "id",
        "username": "username",
        "full_name": "global_name",
        "email": "email",
        "email_verified": "verified",
        "locale": "locale",
        "avatar": "avatar",
        "discriminator": "discriminator",
    }

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        name, number, avatar = (self.reading.text(data, each) for each in ("username", "discriminator", "avatar"))
        return replace(profile, username=_full_name(name, number), picture=self._picture(profile.uid, avatar))

    def _picture(self, uid: str, avatar: str) -> str:
        """Return the address of a picture, ``""`` for one of Discord's own, which say nothing of the person.

        https://discord.com/developers/docs/reference#image-formatting
        """
        if not re.fullmatch(r"(a_)?[0-9a-f]{32}", avatar):
            return ""
        kind = "gif" if avatar.startswith("a_") else "png"  # a_: there is an animated one
        return web_address(f"{self.cdn_host}/avatars/{uid}/{avatar}.{kind}", self.cdn_host)


def _full_name(name: str, number: str) -> str:
    """Return a name as it is unique: ``name#1234`` for the few who have not moved to the new names (number ``"0"``)."""
    return text(f"{name}#{number}") if name and re.fullmatch(r"(?!0000)[0-9]{4}", number) else name
