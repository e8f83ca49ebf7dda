"""What tests of faults share: a site with a provider of each protocol, and a cache that is looked at."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from socialreg.testing.site import pointed_at
from tests.faults.asking import Clock, Counting
from tests.faults.wire import Site


@pytest.fixture
def protocols(world, x, settings) -> Site:
    """A site with a provider of each protocol."""
    settings.SOCIALREG = pointed_at(x)
    return Site(x, world, settings)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the cache."""
    return Clock(monkeypatch)


@pytest.fixture
def operations(settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the cache."""
    settings.CACHES = {"default": {"BACKEND": "tests.faults.asking.Counting", "LOCATION": "counting"}}
    cache.clear()
    Counting.asked = []
    monkeypatch.setattr(Counting, "is_down", False)
    return Counting.asked
