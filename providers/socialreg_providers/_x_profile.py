"""What X's profiles have in common, over whichever protocol they were asked for."""

from __future__ import annotations

import re

from socialreg.types import URL_LENGTH


def page(username: str) -> str:
    """Return the address of somebody's page at X, ``""`` if the handle is none."""
    return f"https://x.com/{username}" if re.fullmatch(r"\w{1,50}", username, re.ASCII) else ""


def largest(picture: str) -> str:
    """Return the 400 pixel variant. The API gives 48 pixels; the original "can be very large" and the default has none.

    https://docs.x.com/x-api/v1/accounts-and-users/user-profile-images-and-banners
    """
    if "/default_profile_images/" in picture:
        return picture
    larger = re.sub(r"_normal(\.\w+)$", r"_400x400\1", picture)
    return larger if len(larger) <= URL_LENGTH else picture
