"""Point a site at the stand-in for the time of a test: the one module in here that knows Django.

::

    with StandIn() as standin, stand_in_for(standin, "github"):
        response = client.post("/accounts/github/start/")
        response = client.get(standin.approve(response["Location"], "maralind"))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import override_settings

from socialreg.lookup import find_class
from socialreg.registry import providers

from .standin import StandIn

_AS_IT_IS: Mapping[str, object] = MappingProxyType({})
#: What of a site's entry is not taken along to a stand-in: it could be real.
_CREDENTIALS = frozenset({"CLIENT_ID", "CLIENT_SECRET", "PRIVATE_KEY", "KEY_ID", "TEAM_ID"})


@contextmanager
def stand_in_for(standin: StandIn, slug: str, entry: Mapping[str, object] = _AS_IT_IS) -> Iterator[None]:
    """Let the provider ``slug`` be the stand-in, and let it be spoken to over plain http.

    The rest of ``SOCIALREG`` stays as the site has it; several of these can be within one another. This is the only way
    to a stand-in outside ``DEBUG``: it is code of a test, and no setting, so that no site in production can be pointed
    at one by mistake.

    :param entry: options to be added to those that the site has for it; the whole entry, if it has none.
    :raises ConfigurationError: there is no such provider.
    """
    with plain_http(), override_settings(SOCIALREG=pointed_at(standin, slug, entry)):
        yield


@contextmanager
def stand_in_for_x(x: StandIn, slug: str = "twitter") -> Iterator[None]:
    """Let the stand-in be X over OAuth 1.0a; see :func:`stand_in_for`."""
    with stand_in_for(x, slug):
        yield


@contextmanager
def plain_http() -> Iterator[None]:
    """Let stand-ins on this machine be spoken to over plain http."""
    before = providers.plain_http_for_tests
    providers.plain_http_for_tests = True
    providers.clear()
    try:
        yield
    finally:
        providers.plain_http_for_tests = before
        providers.clear()


def pointed_at(standin: StandIn, slug: str = "twitter", entry: Mapping[str, object] = _AS_IT_IS) -> dict[str, Any]:
    """Return the site's ``SOCIALREG`` with the provider ``slug`` pointed at the stand-in, which plays it from now on.

    :param entry: as for :func:`stand_in_for`.
    :raises ConfigurationError: there is no such provider.
    """
    given: dict[str, Any] = settings.SOCIALREG
    enabled = given.get("PROVIDERS", {})
    whole = {**enabled.get(slug, {}), **entry}
    options = {name: value for name, value in whole.items() if name not in _CREDENTIALS | {"PROVIDER"}}
    named = {name: value for name, value in whole.items() if name == "PROVIDER"}
    pointed = {**named, **standin.play(slug, find_class(slug, whole), options)}
    hosts = dict.fromkeys([*given.get("PRIVATE_HOSTS", []), urlsplit(standin.url).netloc])
    return {**given, "PROVIDERS": {**enabled, slug: pointed}, "PRIVATE_HOSTS": list(hosts)}
