"""Hooks that may object. Each either returns, or raises Veto with the sentence that the visitor reads."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext as _

from socialreg.exceptions import Veto
from socialreg.types import Profile


def staff_use_their_key(request: HttpRequest, user: AbstractBaseUser, profile: Profile) -> None:
    """For BEFORE_LOGIN: whoever may open the admin logs in by password and security key, and in no other way."""
    if user.is_staff:
        raise Veto(_("Staff log in with their password and their key."))


def colleagues_only(request: HttpRequest, profile: Profile) -> None:
    """For BEFORE_REGISTER: this site is for people with a company address that the provider vouches for."""
    address = profile.email
    if address is None or not address.verified or not address.address.endswith("@example.com"):
        raise Veto(_("Only people with a verified address at example.com can join."))
