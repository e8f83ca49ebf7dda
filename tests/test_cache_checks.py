"""What is said about the cache: by which settings, and that it is true."""

from __future__ import annotations

import pytest
from django.core.cache.backends.filebased import FileBasedCache

from socialreg import claims
from socialreg.cache_checks import check_cache

PATH = "django.core.cache.backends."
FILES, TABLE = f"{PATH}filebased.FileBasedCache", f"{PATH}db.DatabaseCache"
MINE = f"{__name__}.Mine"


class Mine(FileBasedCache):
    """A cache of a site's own, built upon Django's."""


def said(settings, backend: str, **options: object) -> list[str]:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "/nowhere", "OPTIONS": options}}
    return [str(message.id) for message in check_cache(None)]


@pytest.mark.parametrize("backend", [FILES, TABLE, MINE])
def test_w010_a_cache_that_throws_away_what_is_needed_still(settings, backend):
    assert said(settings, backend) == ["socialreg.W010"]
    assert said(settings, backend, MAX_ENTRIES=9_999) == ["socialreg.W010"]
    assert said(settings, backend, MAX_ENTRIES="300") == ["socialreg.W010"], "as it comes out of an environment"
    assert said(settings, backend, MAX_ENTRIES="many") == ["socialreg.W010"], "then it is Django's own number"
    assert said(settings, backend, MAX_ENTRIES=10_000) == said(settings, backend, MAX_ENTRIES="10000") == []
    settings.DEBUG = True
    assert said(settings, backend) == []


@pytest.mark.parametrize("backend", ["redis.RedisCache", "memcached.PyMemcacheCache", "memcached.PyLibMCCache"])
def test_no_w010_where_entries_are_not_counted(settings, backend):
    assert said(settings, PATH + backend) == []


@pytest.mark.parametrize("backend", ["", "no.such.Cache", "socialreg.cache_checks.check_cache"])
def test_what_is_no_cache_is_left_to_django(settings, backend):
    assert said(settings, backend) == []


@pytest.mark.parametrize("room", [None, 10_000])
def test_with_djangos_own_number_a_claim_is_forgotten_which_is_why_w010_warns(settings, tmp_path, room):
    options = {} if room is None else {"MAX_ENTRIES": room}
    settings.CACHES = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path), "OPTIONS": options}}
    keys = [f"key{number}" for number in range(400)]
    assert all(claims.claim(key, 600) for key in keys)
    assert any(claims.claim(key, 600) for key in keys) is (room is None)
