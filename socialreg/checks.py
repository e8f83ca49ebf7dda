"""What ``manage.py check`` says about a site's settings. The ids are stable and explained in the documentation."""

from __future__ import annotations

import inspect
import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.validators import slug_re
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from . import conf
from .email_index import check_email_index
from .exceptions import ConfigurationError
from .registry import find_class, providers

Configs = Sequence[AppConfig] | None


def register_all() -> None:
    """Register the checks. Called once, when Django is ready."""
    for check in (check_settings, check_providers, check_surroundings):
        checks.register(check, "socialreg")
    checks.register(check_stand_in, checks.Tags.security)
    checks.register(check_email_index, checks.Tags.database)


def check_settings(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E001 to E003: ``SOCIALREG`` itself."""
    given = getattr(settings, "SOCIALREG", None)
    if not isinstance(given, Mapping):
        return [
            _error("E001", "SOCIALREG is missing from the settings, or is no dict", 'Add SOCIALREG = {"BASE_URL": ...}')
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
            found.append(_error("E003", f"{error.failed}: {error.cause}", error.remedy))
        except (TypeError, ValueError) as error:
            found.append(_error("E003", f"{read.__name__.upper()} is of the wrong type: {error}", "See the settings"))
    if given.get("ASK_FOR", "missing") not in {"everything", "missing"}:
        found.append(_error("E003", "ASK_FOR is neither 'everything' nor 'missing'", "Use one of them"))
    return found


_READERS = (
    conf.base_url,
    conf.finders,
    conf.registration_form,
    conf.before_login,
    conf.before_register,
    conf.profile_max_age,
    conf.private_hosts,
)


def check_providers(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E004 to E006: the enabled providers."""
    given = conf.provider_settings()
    found = [message for slug in given for message in _check_provider(slug)]
    folded = Counter(str(slug).casefold() for slug in given)
    for slug in given:
        if folded[str(slug).casefold()] > 1:
            found.append(
                _error("E006", f"Two providers go by the slug {slug!r}, but for its case", "Rename one of them")
            )
    found.extend(_check_claims(given))
    return found


def _check_provider(slug: str) -> Iterator[CheckMessage]:
    if not isinstance(slug, str) or not slug_re.fullmatch(slug):
        yield _error("E004", f"{slug!r} cannot stand in an address", "Use letters, digits, hyphens and underscores")
        return
    try:
        providers.usable(slug)
    except ConfigurationError as error:
        number = "E005" if error.code == "credentials" else "E004"
        yield _error(number, f"{error.failed}: {error.cause}", error.remedy)
    except (TypeError, AttributeError) as error:
        yield _error("E004", f"The entry of the provider {slug!r} is unusable: {error}", "Make it a dict of options")


def _check_claims(given: Mapping[str, Mapping[str, object]]) -> Iterator[CheckMessage]:
    """A class of the site's own that goes by the slug of another enabled provider would share its URLs and accounts."""
    for slug, options in given.items():
        try:
            claimed = getattr(find_class(slug, options), "slug", slug)
        except (ConfigurationError, AttributeError):
            continue
        named = options.get("PROVIDER")
        if claimed != slug and claimed in given and not (isinstance(named, str) and "." not in named):
            yield _error(
                "E006",
                f"Two providers go by the slug {claimed!r}: also the class of {slug!r}",
                "Give its class another slug",
            )


def check_surroundings(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E007, E008, W001, W004: URLs, middleware, cache and session."""
    found: list[CheckMessage] = []
    try:
        reverse("socialreg:callback", args=["twitter"])
    except NoReverseMatch:
        found.append(
            _error("E007", "socialreg.urls is not included", 'Add path("accounts/", include("socialreg.urls"))')
        )
    found.extend(
        _error("E008", f"{name} is not in MIDDLEWARE", "Add it")
        for name in _MIDDLEWARE
        if not any(_is_middleware(path, name) for path in settings.MIDDLEWARE)
    )
    if settings.SESSION_COOKIE_SAMESITE == "Strict":
        found.append(
            CheckWarning(
                "SESSION_COOKIE_SAMESITE is Strict: who comes back from a provider looks logged out",
                hint='Set it to "Lax", Django\'s default: connecting accounts cannot work otherwise',
                id="socialreg.W004",
            )
        )
    if not settings.DEBUG and settings.CACHES["default"]["BACKEND"].endswith(("LocMemCache", "DummyCache")):
        found.append(
            CheckWarning(
                'CACHES["default"] is not shared between processes: a callback could be used once in each of them',
                hint="Use Redis, Memcached or the database cache",
                id="socialreg.W001",
            )
        )
    return found


_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


def _is_middleware(path: str, wanted: str) -> bool:
    """Whether ``path`` names ``wanted`` or a subclass of it, as some sites have."""
    try:
        found = import_string(path)
    except ImportError:
        return False
    return inspect.isclass(found) and issubclass(found, import_string(wanted))


def check_stand_in(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """E009 and W002: a stand-in, or an address without https, outside ``DEBUG``."""
    if settings.DEBUG or providers.plain_http_for_tests:
        return []
    found: list[CheckMessage] = [
        _error(
            "E009",
            f"The provider {slug!r} is pointed at {address}, which is no provider of the real world",
            "Remove the option that names it: a stand-in vouches for anybody. It works with DEBUG alone",
        )
        for slug in providers
        for address in _endpoints(slug)
        if _is_stand_in(address)
    ]
    try:
        if not conf.is_secure():
            found.append(
                CheckWarning(
                    "BASE_URL is not https", hint="Cookies and callbacks are open to the network", id="socialreg.W002"
                )
            )
    except ConfigurationError:
        pass  # E003 says so
    return found


def _endpoints(slug: str) -> list[str]:
    try:
        return providers[slug].endpoints()
    except ConfigurationError:
        return []


def _is_stand_in(address: str) -> bool:
    parts = urlsplit(address)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    return loopback or parts.scheme != "https"


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"socialreg.{number}")
