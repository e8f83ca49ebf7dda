"""What ``manage.py check`` says about where providers, and this site, are: stand-ins, and addresses without https."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from . import conf
from .exceptions import ConfigurationError
from .registry import providers


def check_addresses(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """E009, W002, W005 and W006."""
    if providers.plain_http_for_tests:  # a test says by code that it speaks to a stand-in, and is no deployment
        return []
    try:
        secure, private = conf.is_secure(), conf.private_hosts()
    except ConfigurationError:  # E003 says so
        secure, private = True, frozenset()
    found = [*_check_plain_http(private)] if settings.DEBUG else [*_check_stand_ins(), *_check_base_url(secure=secure)]
    return [*found, *_check_posted_answers(secure=secure)]


def _check_stand_ins() -> Iterator[CheckMessage]:
    for slug, host in _hosts(_is_stand_in):
        yield Error(
            f"The provider {slug!r} is pointed at {host}, which is no provider of the real world",
            hint=f"Remove {_options_with(slug, host)}: a stand-in vouches for anybody. It works with DEBUG alone. "
            "The address of a real provider begins with https://",
            id="socialreg.E009",
        )


def _check_base_url(*, secure: bool) -> Iterator[CheckMessage]:
    if not secure:
        yield CheckWarning(
            "BASE_URL is not https: cookies and callbacks are open to the network",
            hint="Serve the site over https, and say so in BASE_URL",
            id="socialreg.W002",
        )


def _check_plain_http(private: frozenset[str]) -> Iterator[CheckMessage]:
    """Find what E009 would only say on the day of the deployment, and a login before that."""
    for slug, host in _hosts(lambda address: _is_plain_http_beyond(address, private)):
        yield CheckWarning(
            f"The provider {slug!r} is pointed at {host}, which is not https: nothing is asked there",
            hint=f"Begin {_options_with(slug, host)} with https://. If it is a stand-in on this machine, "
            "name its host in PRIVATE_HOSTS",
            id="socialreg.W005",
        )


def _check_posted_answers(*, secure: bool) -> Iterator[CheckMessage]:
    """Find logins that must end at "Let us begin again": without https no cookie comes along with a foreign form."""
    for slug in () if secure else providers:
        addresses = _endpoints(slug)
        if addresses and providers[slug].answers_by_post and not any(map(_is_stand_in, addresses)):
            yield CheckWarning(
                f"The provider {slug!r} posts its answer, and BASE_URL is not https: no login with it can be finished",
                hint="Serve the site over https, on your own machine by a tunnel, and say so in BASE_URL",
                id="socialreg.W006",
            )


def _hosts(wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Return slug and origin of the addresses that are wanted, each once."""
    return [(slug, host) for slug in providers for host in sorted({*map(_origin, filter(wanted, _endpoints(slug)))})]


def _endpoints(slug: str) -> list[str]:
    try:
        return list(filter(None, providers[slug].endpoints()))
    except ConfigurationError:  # E004 says so
        return []


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _options_with(slug: str, host: str) -> str:
    """Return the names of the options that the site has set to an address there."""
    options = conf.provider_settings()[slug].items()
    named = [name for name, value in options if isinstance(value, str) and value.startswith(host)]
    return " and ".join(named) or "the option that names it"


def _is_stand_in(address: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:  # a name
        return False
    return number.is_loopback or number.is_unspecified


def _is_plain_http_beyond(address: str, private: frozenset[str]) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and not {parts.netloc.lower(), parts.hostname} & {each.lower() for each in private}
