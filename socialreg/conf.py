"""Every setting, typed, read when it is needed and never written: ``SOCIALREG`` in the site's settings.

A missing or wrong setting is a :class:`ConfigurationError` here and a system check in :mod:`checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from inspect import isclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from django.conf import settings
from django.forms import BaseForm, BaseModelForm
from django.utils.module_loading import import_string

from . import rates
from .exceptions import ConfigurationError
from .rates import Action, LimitedBy, Rate
from .setting_values import (
    KEY_LENGTH,
    are_secrets,
    choice,
    duration,
    entries,
    function,
    functions,
    is_origin,
    resolve,
    why_no_origin,
    wrong,
)
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
    ClientAddress = Callable[[HttpRequest], str]

#: What a later login does to a field of the user's: take the profile's value over; only where there is none; or ask.
SyncPolicy = Literal["always", "if_empty", "ask"]
AskFor = Literal["everything", "missing"]
AccountsPerProvider = Literal["one", "several"]
Ownerless = Literal["remove", "keep"]
EmailConfirmation = Literal["off", "send", "required"]
#: When what happened is written down: after the answer has been sent, before it, or never.
Events = Literal["afterwards", "at-once", "off"]

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
    "ENCRYPTION_KEYS": None,
    "RATE_LIMITS": {},
    "CLIENT_ADDRESS": "socialreg.client_addresses.of_connection",
    "WORKERS": 4,
    "EVENTS": "afterwards",
}


def _get(name: str) -> object:
    given = getattr(settings, "SOCIALREG", {})
    return given.get(name, DEFAULTS[name]) if isinstance(given, Mapping) else DEFAULTS[name]


def _choice(name: str, choices: object) -> str:
    return choice(name, _get(name), get_args(choices))


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


def ask_for() -> AskFor:
    """Return whether the registration form is shown whole or reduced to what the profile does not answer."""
    return cast("AskFor", _choice("ASK_FOR", AskFor))


def profile_max_age() -> timedelta:
    """Return how old a stored profile may be before a login reads it again from the provider."""
    return duration("PROFILE_MAX_AGE", _get("PROFILE_MAX_AGE"), "Give a timedelta, or a number of seconds")


def recent_login() -> timedelta | None:
    """Return how long ago somebody may have logged in to connect or disconnect; ``None`` for any time."""
    value = _get("RECENT_LOGIN")
    return (
        None if value is None else duration("RECENT_LOGIN", value, "Give a timedelta, or a number of seconds, or None")
    )


def accounts_per_provider() -> AccountsPerProvider:
    """Return how many accounts of one provider a user may have."""
    return cast("AccountsPerProvider", _choice("ACCOUNTS_PER_PROVIDER", AccountsPerProvider))


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


def ownerless() -> Ownerless:
    """Return what becomes of an account whose last owner is gone."""
    return cast("Ownerless", _choice("OWNERLESS", Ownerless))


def email_confirmation() -> EmailConfirmation:
    """Return whether addresses that nobody vouches for are confirmed by mail, and whether logins wait for that."""
    return cast("EmailConfirmation", _choice("EMAIL_CONFIRMATION", EmailConfirmation))


def is_email_confirmed() -> IsEmailConfirmed | None:
    """Return the site's hook that says from its own records whether a user's address is confirmed."""
    value = _get("IS_EMAIL_CONFIRMED")
    return None if value is None else cast("IsEmailConfirmed", function("IS_EMAIL_CONFIRMED", value))


def encryption_keys() -> tuple[str | bytes, ...]:
    """Return the secrets that keys are derived from, newest first: the site's own, or Django's.

    :raises ConfigurationError: they are no list, or one of them is too short to be a secret.
    """
    if _get("ENCRYPTION_KEYS") is None:
        return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not are_secrets(_get("ENCRYPTION_KEYS")):  # which have no name here: a debug page shows all that has one
        raise wrong(
            "ENCRYPTION_KEYS",
            f"it is no list, or empty, or holds something that is no text of {KEY_LENGTH} characters or more",
            "Make each by: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return tuple(cast("Sequence[str | bytes]", _get("ENCRYPTION_KEYS")))


def rate_limit(action: Action, by: LimitedBy) -> Rate | None:
    """Return how often something may be done from one address, or about one account; ``None`` for any number.

    :raises ConfigurationError: the setting names another action, or holds something that is no rate.
    """
    return rates.limit(_get("RATE_LIMITS"), action, by)


def check_rate_limits() -> None:
    """Read every one of them.

    :raises ConfigurationError: one of them cannot be what it is.
    """
    for action in get_args(Action):
        for by in get_args(LimitedBy):
            rate_limit(action, by)


def client_address() -> ClientAddress:
    """Return the function that says which address a request comes from."""
    return cast("ClientAddress", function("CLIENT_ADDRESS", _get("CLIENT_ADDRESS")))


def workers() -> int:
    """Return how many requests this site answers at once, on all machines together."""
    value = _get("WORKERS")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise wrong("WORKERS", f"it is {value!r}", "Give the number of requests that this site answers at once")
    return value


def events() -> Events:
    """Return when what happened is written down."""
    return cast("Events", _choice("EVENTS", Events))


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
