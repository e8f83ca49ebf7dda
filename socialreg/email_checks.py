"""What ``manage.py check`` says about confirming e-mail addresses: that there are any, and that mails go out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from . import conf
from .exceptions import ConfigurationError

#: Django's own backends that send nothing.
_SEND_NOTHING = tuple(f"django.core.mail.backends.{name}." for name in ("console", "dummy", "filebased", "locmem"))


def check_emails(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """E011 and W008: only where addresses are confirmed."""
    try:
        mode = conf.email_confirmation()
    except ConfigurationError:  # E003 says so
        mode = "off"
    return [] if mode == "off" else [*_check_field(mode), *_check_backend(mode)]


def _check_field(mode: str) -> Iterator[CheckMessage]:
    model = get_user_model()
    name = model.get_email_field_name()
    if name not in {field.name for field in model._meta.concrete_fields}:  # noqa: SLF001 - public API
        yield Error(
            f"EMAIL_CONFIRMATION is {mode!r}, and {model.__name__} has no field {name!r} for an address",
            hint=f'Name the field in EMAIL_FIELD of {model.__name__}, or set EMAIL_CONFIRMATION to "off"',
            id="socialreg.E011",
        )


def _check_backend(mode: str) -> Iterator[CheckMessage]:
    backend = _backend()
    if not settings.DEBUG and backend.startswith(_SEND_NOTHING):
        yield CheckWarning(
            f"EMAIL_CONFIRMATION is {mode!r}, and {backend} sends no mail to anybody",
            hint="Set EMAIL_BACKEND, or MAILERS where Django has that, to a backend that sends",
            id="socialreg.W008",
        )


def _backend() -> str:
    """Return the dotted name of what sends the mails: MAILERS came with Django 6.1, in place of EMAIL_BACKEND."""
    if django.VERSION >= (6, 1) and hasattr(settings, "MAILERS"):  # with it, EMAIL_BACKEND cannot even be read
        return str(settings.MAILERS.get("default", {}).get("BACKEND", ""))
    return settings.EMAIL_BACKEND
