"""Every setting, typed, read when it is needed and never written: ``SOCIALREG`` in the site's settings.

A missing or wrong setting is a :class:`ConfigurationError` here and a system check in :mod:`checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from .exceptions import ConfigurationError
from .types import Profile

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.forms import Form
    from django.http import HttpRequest

    Finder = Callable[[Profile, HttpRequest], AbstractBaseUser | None]
    BeforeLogin = Callable[[HttpRequest, AbstractBaseUser, Profile], None]
    BeforeRegister = Callable[[HttpRequest, Profile], None]

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
            cause=f"it is {value!r}",
            remedy='Set it to the address of this site, for example "https://example.com"',
            code="base-url",
        )
    return value.rstrip("/")


def is_origin(value: str) -> bool:
    """Whether ``value`` is a scheme and a host, with a port perhaps, and nothing else."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    clean = parts.path in {"", "/"} and not parts.query and not parts.fragment and not parts.username and port != 0
    return clean and parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_secure() -> bool:
    """Whether visitors reach this site over https. Not asked of the request: a proxy may have unwrapped it."""
    return base_url().startswith("https://")


def provider_settings() -> Mapping[str, Mapping[str, object]]:
    """Return the enabled providers' settings by slug, in the order of the site's settings."""
    value = _get("PROVIDERS")
    return cast("Mapping[str, Mapping[str, object]]", value if isinstance(value, Mapping) else {})


def finders() -> list[Finder]:
    """Return the functions that recognise somebody who is already registered, in order."""
    return cast("list[Finder]", _resolve_all("FINDERS"))


def before_login() -> list[BeforeLogin]:
    """Return the site's hooks that may veto a login."""
    return cast("list[BeforeLogin]", _resolve_all("BEFORE_LOGIN"))


def before_register() -> list[BeforeRegister]:
    """Return the site's hooks that may veto a registration."""
    return cast("list[BeforeRegister]", _resolve_all("BEFORE_REGISTER"))


def registration_form() -> type[Form]:
    """Return the class of the registration form: a ``Form`` or a ``ModelForm``, which offer the same here."""
    return cast("type[Form]", _resolve("REGISTRATION_FORM", _get("REGISTRATION_FORM")))


def ask_for() -> Literal["everything", "missing"]:
    """Return whether the registration form is shown whole or reduced to what the profile does not answer."""
    return "missing" if _get("ASK_FOR") == "missing" else "everything"


def profile_max_age() -> timedelta:
    """Return how old a stored profile may be before a login reads it again from the provider."""
    value = _get("PROFILE_MAX_AGE")
    return value if isinstance(value, timedelta) else timedelta(seconds=float(cast("float", value)))


def private_hosts() -> frozenset[str]:
    """Return the hosts, as ``host`` or ``host:port``, that may be reached although their addresses are not public."""
    return frozenset(cast("Sequence[str]", _get("PRIVATE_HOSTS")))


def _resolve_all(name: str) -> list[object]:
    return [_resolve(name, entry) for entry in cast("Sequence[object]", _get(name))]


def _resolve(name: str, entry: object) -> object:
    if not isinstance(entry, str):
        return entry
    try:
        return import_string(entry)
    except ImportError as error:
        raise ConfigurationError(
            f'SOCIALREG["{name}"] names {entry!r}, which cannot be imported',
            cause=str(error),
            remedy="Correct the dotted name, or give the object itself",
            code="import",
        ) from error
