"""How somebody who was recognised gets their session."""

from __future__ import annotations

from inspect import signature
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_backends, login, logout
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.module_loading import import_string

from . import conf
from .models import SocialAccount
from .signals import logged_in
from .transactions import announce
from .types import Profile

_PATH = "socialreg.backends.SocialBackend"


class SocialBackend(ModelBackend):
    """For ``AUTHENTICATION_BACKENDS``, if a site wants to tell social sessions from others. Not needed otherwise.

    Never finds anybody by name and password; permissions are those of ``ModelBackend``.
    """

    def authenticate(self, request: HttpRequest | None) -> None:  # type: ignore[override] # narrower on purpose
        """Return nobody. As it takes no credentials, Django passes it over when somebody types theirs."""


def ask_hooks(request: HttpRequest, user: AbstractBaseUser, profile: Profile) -> None:
    """Let the site's ``BEFORE_LOGIN`` hooks object.

    :raises Veto: one of them did. Nothing has been written then.
    """
    for hook in conf.before_login():
        hook(request, user, profile)


def start_session(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Log ``user`` in, with a new session key, by a backend that the site has configured.

    Raises whatever a receiver of Django's ``user_logged_in`` raises, and nobody is logged in then: Django has filled
    the session before it asks them, and would keep it with any answer below 500.
    """
    try:
        login(request, cast("Any", user), backend=backend_path())
    except Exception:
        logout(request)
        raise


def announce_login(request: HttpRequest, user: AbstractBaseUser, account: SocialAccount, profile: Profile) -> None:
    """Send ``logged_in`` once it is a fact."""
    announce(logged_in, {"request": request, "user": user, "account": account, "profile": profile})


def has_password(user: AbstractBaseUser) -> bool:
    """Whether ``user`` can log in with a password: there is one, and a backend of the site's that takes passwords.

    A backend says by the parameters of its ``authenticate`` what it takes (django.contrib.auth.authenticate).
    """
    return user.has_usable_password() and any(map(_takes_passwords, get_backends()))


def _takes_passwords(backend: Any) -> bool:
    try:
        signature(backend.authenticate).bind(None, username="", password="")
    except TypeError:
        return False
    return True


def backend_path() -> str:
    """Return the dotted name for the session: a configured one, or Django would not know the user again."""
    configured = list(settings.AUTHENTICATION_BACKENDS)
    if _PATH in configured:
        return _PATH
    return next((path for path in configured if issubclass(import_string(path), ModelBackend)), configured[0])
