"""Owners other than a user: an organisation, a bot, whatever has a :class:`~socialreg.fields.SocialAccountField`."""

from __future__ import annotations

from django.contrib.auth import get_permission_codename
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from .attempt import Attempt
from .redirects import after_login
from .types import Arrival


def may_change(user: AbstractBaseUser, instance: Model, field: str) -> bool:
    """Return whether ``user`` may change ``instance``: the default of ``SOCIALREG["MAY_CONNECT"]``.

    By Django's own permissions: for this very object, where a backend knows of such, or for the whole model.
    """
    options = instance._meta  # noqa: SLF001 - public API
    permission = f"{options.app_label}.{get_permission_codename('change', options)}"
    if not isinstance(user, PermissionsMixin):
        return False
    return user.has_perm(permission, instance) or user.has_perm(permission)


def attach(request: HttpRequest, arrival: Arrival, attempt: Attempt) -> HttpResponse:
    """Give the account to what the button was for, and send the user on."""
    return HttpResponseRedirect(after_login(request, attempt.next))
