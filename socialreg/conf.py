"""Every setting, typed, read when it is needed and never written: ``SOCIALREG`` in the site's settings.

A missing or wrong setting is a :class:`ConfigurationError` here and a system check in :mod:`checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from inspect import isclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from django.conf import settings
from django.forms import BaseForm, BaseModelForm
from django.utils.module_loading import import_string

from .exceptions import ConfigurationError
from .setting_values import duration, entries, function, functions, is_origin, resolve, why_no_origin, wrong
from .types import Profile

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model
    from django.forms import Form
    from django.http import HttpRequest

    Finder = Callable[[Profile, HttpRequest], AbstractBaseUser | None]
    BeforeLogin = Callable[[HttpRequest, AbstractBaseUser, Profile], None]
    BeforeRegister = Callable[[HttpRequest, Profile], None]
    MayConnect = Callable[[AbstractBaseUser, Model, str], bool]
    IsEmailConfirmed = Callable[[AbstractBaseUser], bool | None]

#: What a later login does to a field of the user's: take the profile's value over; only where there is none; or ask.
SyncPolicy = Literal["always", "if_empty", "ask"]

#: Every name that ``SOCIALREG`` may hold, and its default.
DEFAULTS: Mapping[str, object] = {
    "BASE_URL": "",
    "PROVIDERS": {},
    "FINDERS": ["socialreg.finders.by_email"],
    "REGISTRATION_FORM": "socialreg.forms.RegistrationForm",
    "ASK_FOR": "everything",
    "BEFORE_LOGIN": [],
    "BEFORE_REGISTER": [],
    "PROFILE_MAX_AGE": timedelta(hours=24),
    "PRIVATE_HOSTS": [],
    "ACCOUNTS_PER_PROVIDER": "several",
    "RECENT_LOGIN": timedelta(hours=2),
    "SYNC": {},
    "MAY_CONNECT": "socialreg.owners.may_change",
    "OWNERLESS": "remove",
    "EMAIL_CONFIRMATION": "off",
    "IS_EMAIL_CONFIRMED": None,
}


def _get(name: str) -> object:
    given = getattr(settings, "SOCIALREG", {})
    return given.get(name, DEFAULTS[name]) if isinstance(given, Mapping) else DEFAULTS[name]


def base_url() -> str:
    """Return scheme and host of this site as visitors and providers know it, without a path or a trailing slash.

    :raises ConfigurationError: it is missing, or is more than ``https://host[:port]``.
    """
    value = _get("BASE_URL")
    if not isinstance(value, str) or not is_origin(value):
        raise ConfigurationError(
            'SOCIALREG["BASE_URL"] is missing or wrong',
            cause=why_no_origin(value),
            remedy='Set it to the address of this site, for example "https://example.com"',
            code="base-url",
        )
    return value.rstrip("/").lower()


def is_secure() -> bool:
    """Whether visitors reach this site over https. Not asked of the request: a proxy may have unwrapped it."""
    return base_url().startswith("https://")


def provider_settings() -> Mapping[str, Mapping[str, object]]:
    """Return the enabled providers' settings by slug, in the order of the site's settings.

    :raises ConfigurationError: they are no dict. What its values are is for :mod:`registry` to see.
    """
    value = _get("PROVIDERS")
    if not isinstance(value, Mapping):
        raise wrong("PROVIDERS", f"it is {type(value).__name__}", 'Make it a dict, such as {"twitter": {...}}')
    return cast("Mapping[str, Mapping[str, object]]", value)


def finders() -> list[Finder]:
    """Return the functions that recognise somebody who is already registered, in order."""
    return cast("list[Finder]", functions("FINDERS", _get("FINDERS")))


def before_login() -> list[BeforeLogin]:
    """Return the site's hooks that may veto a login."""
    return cast("list[BeforeLogin]", functions("BEFORE_LOGIN", _get("BEFORE_LOGIN")))


def before_register() -> list[BeforeRegister]:
    """Return the site's hooks that may veto a registration."""
    return cast("list[BeforeRegister]", functions("BEFORE_REGISTER", _get("BEFORE_REGISTER")))


def registration_form() -> type[Form]:
    """Return the class of the registration form: a ``Form`` or a ``ModelForm``, which offer the same here."""
    found = resolve("REGISTRATION_FORM", _get("REGISTRATION_FORM"))
    if not (isclass(found) and issubclass(found, BaseForm)):
        raise wrong("REGISTRATION_FORM", f"{found!r} is no form class", "Name a subclass of Form or ModelForm")
    if issubclass(found, BaseModelForm) and getattr(getattr(found, "_meta", None), "model", None) is None:
        raise wrong("REGISTRATION_FORM", f"{found!r} is a form of no model", "Give it a class Meta with a model")
    return cast("type[Form]", found)


def ask_for() -> Literal["everything", "missing"]:
    """Return whether the registration form is shown whole or reduced to what the profile does not answer."""
    match _get("ASK_FOR"):
        case ("everything" | "missing") as value:
            return value
        case value:
            raise wrong("ASK_FOR", f"it is {value!r}", 'Set it to "everything" or "missing"')


def profile_max_age() -> timedelta:
    """Return how old a stored profile may be before a login reads it again from the provider."""
    return duration("PROFILE_MAX_AGE", _get("PROFILE_MAX_AGE"), "Give a timedelta, or a number of seconds")


def recent_login() -> timedelta | None:
    """Return how long ago somebody may have logged in to connect or disconnect; ``None`` for any time."""
    value = _get("RECENT_LOGIN")
    return (
        None if value is None else duration("RECENT_LOGIN", value, "Give a timedelta, or a number of seconds, or None")
    )


def accounts_per_provider() -> Literal["one", "several"]:
    """Return how many accounts of one provider a user may have."""
    match _get("ACCOUNTS_PER_PROVIDER"):
        case ("one" | "several") as value:
            return value
        case value:
            raise wrong("ACCOUNTS_PER_PROVIDER", f"it is {value!r}", 'Set it to "one" or "several"')


def sync() -> Mapping[str, SyncPolicy]:
    """Return what later logins do to a user's fields, by the fields' names."""
    value = _get("SYNC")
    if not isinstance(value, Mapping):
        raise wrong("SYNC", f"it is {type(value).__name__}", 'Make it a dict, such as {"first_name": "if_empty"}')
    for name, policy in value.items():
        if policy not in get_args(SyncPolicy):
            raise wrong("SYNC", f"{name!r} is {policy!r}", f"Use one of {', '.join(get_args(SyncPolicy))}")
    return cast("Mapping[str, SyncPolicy]", value)


def may_connect() -> MayConnect:
    """Return the site's hook that says whose owners a user may connect accounts to."""
    return cast("MayConnect", function("MAY_CONNECT", _get("MAY_CONNECT")))


def ownerless() -> Literal["remove", "keep"]:
    """Return what becomes of an account whose last owner is gone."""
    match _get("OWNERLESS"):
        case ("remove" | "keep") as value:
            return value
        case value:
            raise wrong("OWNERLESS", f"it is {value!r}", 'Set it to "remove" or "keep"')


def email_confirmation() -> Literal["off", "send", "required"]:
    """Return whether addresses that nobody vouches for are confirmed by mail, and whether logins wait for that."""
    match _get("EMAIL_CONFIRMATION"):
        case ("off" | "send" | "required") as value:
            return value
        case value:
            raise wrong("EMAIL_CONFIRMATION", f"it is {value!r}", 'Set it to "off", "send" or "required"')


def is_email_confirmed() -> IsEmailConfirmed | None:
    """Return the site's hook that says from its own records whether a user's address is confirmed."""
    value = _get("IS_EMAIL_CONFIRMED")
    return None if value is None else cast("IsEmailConfirmed", function("IS_EMAIL_CONFIRMED", value))


def private_hosts() -> frozenset[str]:
    """Return the hosts, as ``host`` or ``host:port``, that may be reached although their addresses are not public."""
    hosts = entries("PRIVATE_HOSTS", _get("PRIVATE_HOSTS"))
    for host in hosts:
        if not isinstance(host, str) or not host or re.search(r"[\s/@]", host):
            raise wrong("PRIVATE_HOSTS", f"{host!r} is no host", 'Give each as "host" or "host:port"')
    return frozenset(cast("list[str]", hosts))


def deferred(name: str) -> object:
    """Return something of ours that is imported when it is first asked for.

    ``django.setup()`` runs in every worker, shell and management command. What only a login needs, and what is dear to
    import (requests, cryptography), is named where it is used and imported here.

    :param name: the dotted name of a class or function in this package.
    """
    return import_string(name)
