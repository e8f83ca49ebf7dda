"""What ``manage.py check`` says about a site's settings. The ids are stable and explained in the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from . import conf
from .address_checks import check_addresses
from .cache_checks import check_cache
from .email_checks import check_emails
from .email_index import check_email_index
from .exceptions import ConfigurationError
from .registry import providers

Configs = Sequence[AppConfig] | None


def register_all() -> None:
    """Register the checks. Called once, when Django is ready."""
    for check in (check_settings, check_providers, check_sync, check_surroundings):
        checks.register(check, "socialreg")
    checks.register(check_emails, "socialreg")
    checks.register(check_cache, "socialreg")
    checks.register(check_session_store, checks.Tags.security, deploy=True)
    checks.register(check_addresses, checks.Tags.security)
    checks.register(check_email_index, checks.Tags.database)


def check_settings(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E001 to E003: ``SOCIALREG`` itself."""
    given = getattr(settings, "SOCIALREG", None)
    if not isinstance(given, Mapping):
        return [
            _error(
                "E001",
                "SOCIALREG is missing from the settings, or is no dict",
                'Add SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": {...}}',
            )
        ]
    found: list[CheckMessage] = [
        _error("E002", f"SOCIALREG has no setting {name!r}", f"Use one of {', '.join(conf.DEFAULTS)}")
        for name in given
        if name not in conf.DEFAULTS
    ]
    for read in _READERS:
        try:
            read()
        except ConfigurationError as error:
            found.append(_told("E003", error))
    return found


_READERS: tuple[Callable[[], object], ...] = (
    conf.base_url,
    conf.provider_settings,
    conf.finders,
    conf.registration_form,
    conf.ask_for,
    conf.before_login,
    conf.before_register,
    conf.profile_max_age,
    conf.private_hosts,
    conf.accounts_per_provider,
    conf.recent_login,
    conf.sync,
    conf.may_connect,
    conf.ownerless,
    conf.email_confirmation,
    conf.is_email_confirmed,
    conf.encryption_keys,
    conf.client_address,
    conf.workers,
    conf.events,
    conf.check_rate_limits,
)


def check_providers(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E004 to E006: the enabled providers."""
    found: list[CheckMessage] = []
    for slug in providers:
        try:
            providers.usable(slug)
        except ConfigurationError as error:
            if error.code != "setting":  # not of this provider: E003 says it, once
                found.append(_told(_OF_PROVIDERS.get(error.code, "E004"), error, slug))
    return found


_OF_PROVIDERS = {"credentials": "E005", "two-providers": "E006"}


def check_sync(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E010: what ``SYNC`` names."""
    find = cast("Callable[[], Iterable[ConfigurationError]]", conf.deferred("socialreg.sync_rules.problems"))
    try:
        return [_told("E010", error) for error in find()]
    except ConfigurationError:  # E003 says so
        return []


def check_surroundings(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E007, E008, W004: URLs, middleware and session."""
    return [*_check_urls(), *_check_middleware(), *_check_session()]


def _check_urls() -> Iterator[CheckMessage]:
    try:
        reverse("socialreg:callback", args=["twitter"])
    except NoReverseMatch:
        yield _error(
            "E007",
            "socialreg.urls is not included in the URLs of the site",
            'Add path("accounts/", include("socialreg.urls")) to urlpatterns',
        )


def _check_middleware() -> Iterator[CheckMessage]:
    for name in _MIDDLEWARE:
        if not any(_names_subclass(path, name) for path in settings.MIDDLEWARE):
            yield _error("E008", f"{name} is not in MIDDLEWARE", "Add it, or a subclass: sessions first, then users")


_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


def _check_session() -> Iterator[CheckMessage]:
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        yield _warning(
            "W004",
            "SESSION_COOKIE_SAMESITE is Strict: who comes back from a provider takes one hop more, and looks "
            "logged out over plain http and in browsers that do not say which site began a request",
            'Set it to "Lax", Django\'s default, unless you mean it',
        )


def check_session_store(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """W009: whether a user's other sessions can be found, to end them."""
    try:
        store = getattr(import_module(settings.SESSION_ENGINE), "SessionStore", None)
    except ImportError:  # Django says so itself
        return []
    if store is None or hasattr(store, "get_model_class"):
        return []
    return [
        _warning(
            "W009",
            "Sessions cannot be looked through: those of users with a password go on when an account is linked",
            'Set SESSION_ENGINE to "django.contrib.sessions.backends.cached_db" or "...backends.db"',
        )
    ]


def _names_subclass(path: str, wanted: str) -> bool:
    """Whether ``path`` names the class ``wanted`` or a subclass of it, as some sites have."""
    try:
        found = import_string(path)
    except ImportError:  # Django says so itself
        return False
    return inspect.isclass(found) and issubclass(found, import_string(wanted))


def _told(number: str, error: ConfigurationError, slug: object = "") -> Error:
    # A class does not know under which slug it was enabled, and several entries may have the same one.
    entry = f"Entry {slug!r}: " if slug and repr(slug) not in error.failed else ""
    return _error(number, f"{entry}{error.failed}: {error.cause}", error.remedy)


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"socialreg.{number}")


def _warning(number: str, message: str, hint: str) -> CheckWarning:
    return CheckWarning(message, hint=hint, id=f"socialreg.{number}")
