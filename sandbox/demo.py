"""The one user whom the sandbox has from the start."""

from __future__ import annotations

from django.contrib.auth import get_user_model

USERNAME = "demo"
PASSWORD = "demo"
#: The address of Inês Moreau at the stand-in: whoever comes back as her is asked to prove that this user is hers.
EMAIL = "ines.moreau@example.net"


def ensure_user() -> None:
    """Make the user, unless they are there already."""
    users = get_user_model().objects
    if not users.filter(username=USERNAME).exists():
        users.create_user(USERNAME, EMAIL, PASSWORD, first_name="Inês", last_name="Moreau")
