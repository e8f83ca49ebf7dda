"""What the attacks share: providers of which every part can be wrong, and a clock that can be set forward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache, caches

from socialreg.background import background
from socialreg.testing import StandIn
from socialreg.testing.site import plain_http
from tests.caches import in_redis
from tests.security.photos import Photos
from tests.security.planted import KEYS, SECRET_KEY, Watched


@pytest.fixture
def photos(standin: StandIn, settings) -> StandIn:
    """Every provider that ships, and one of the site's own over OAuth 1.0a."""
    entry = {"PROVIDER": "tests.security.photos.Photos", **standin.play("photos", Photos)}
    settings.SOCIALREG = {
        **settings.SOCIALREG,
        "PROVIDERS": {**settings.SOCIALREG["PROVIDERS"], "photos": entry},
    }
    return standin


@pytest.fixture(scope="module")
def _watched() -> Iterator[tuple[Watched, Mapping[str, Any]]]:
    with Watched() as watched:
        yield watched, watched.entries()


@pytest.fixture
def watched(_watched: tuple[Watched, Mapping[str, Any]], settings) -> Iterator[Watched]:
    """Every provider that ships, overheard, and a site that has them all, with secrets that are known."""
    watched, entries = _watched
    watched.reset()
    watched.wire.clear()
    cache.clear()
    settings.SECRET_KEY = SECRET_KEY
    settings.SOCIALREG = {
        **settings.SOCIALREG,
        "PROVIDERS": entries,
        "PRIVATE_HOSTS": [urlsplit(watched.url).netloc],
        "ENCRYPTION_KEYS": list(KEYS),
        "EVENTS": "at-once",
    }
    with plain_http():
        yield watched
        background.drain()


@pytest.fixture(params=["memory", "redis"])
def memory(request, settings) -> Iterator[str]:
    """The cache, in each of two kinds, with nothing in it; returns which one it is."""
    with ExitStack() as stack:
        if request.param == "redis":
            settings.CACHES = {"default": stack.enter_context(in_redis())}
        forget()
        yield request.param
        forget()


def forget() -> None:
    """Take everything of ours out of the cache; a server of Redis' may be others' as well."""
    prefix = caches["default"].key_prefix
    if not prefix:
        cache.clear()
        return
    client = caches["default"]._cache.get_client(write=True)
    for key in client.keys(f"{prefix}:*"):
        client.delete(key)
