"""Point a site at the stand-in for the time of a test: the one module in here that knows Django.

::

    with XStandIn() as x, stand_in_for_x(x):
        response = client.post("/accounts/twitter/start/")
        response = client.get(x.approve(response["Location"], "maralind"))
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import override_settings

from socialreg.registry import providers

from .standin import XStandIn


@contextmanager
def stand_in_for_x(x: XStandIn, slug: str = "twitter") -> Iterator[None]:
    """Let the provider ``slug`` be the stand-in, and let it be spoken to over plain http.

    The rest of ``SOCIALREG`` stays as the site has it. This is the only way to a stand-in outside ``DEBUG``: it is code
    of a test, and no setting, so that no site in production can be pointed at one by mistake.
    """
    with plain_http(), override_settings(SOCIALREG=pointed_at(x, slug)):
        yield


@contextmanager
def plain_http() -> Iterator[None]:
    """Let stand-ins on this machine be spoken to over plain http."""
    providers.plain_http_for_tests = True
    providers.clear()
    try:
        yield
    finally:
        providers.plain_http_for_tests = False
        providers.clear()


def pointed_at(x: XStandIn, slug: str = "twitter") -> dict[str, Any]:
    """Return the site's ``SOCIALREG`` with the provider ``slug`` pointed at the stand-in."""
    given: dict[str, Any] = settings.SOCIALREG
    enabled = given.get("PROVIDERS", {})
    entry = {**enabled.get(slug, {}), **x.provider_settings()}
    hosts = [*given.get("PRIVATE_HOSTS", []), urlsplit(x.url).netloc]
    return {**given, "PROVIDERS": {**enabled, slug: entry}, "PRIVATE_HOSTS": hosts}
