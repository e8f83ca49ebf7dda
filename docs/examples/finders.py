"""A finder of a site's own: people who were imported from an older site before they ever logged in here."""

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from socialreg.types import Profile


def by_imported_id(profile: Profile, request: HttpRequest) -> AbstractBaseUser | None:
    """Return the imported user whose name was made from the id at X. One probe of the unique index."""
    return get_user_model().objects.filter(username=f"x{profile.uid}").first()
