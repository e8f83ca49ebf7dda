"""A01 and A03 where a site keeps sessions and cache elsewhere: whose callback it is does not depend on that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from socialreg.testing import StandIn
from tests.security.walking import EVERY, PROTOCOLS, attempts, come_back, is_error_page, start, untouched, visitor

pytestmark = pytest.mark.django_db

TABLE = "tests_cache"
SESSIONS = ["db", "cached_db", "cache", "file", "signed_cookies"]
CACHES = {
    "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "apart"},
    "file": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"},
    "database": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": TABLE},
    "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}


@pytest.fixture(scope="module")
def _table(django_db_setup, django_db_blocker) -> None:
    with django_db_blocker.unblock():  # outside of a test's transaction, which MariaDB ends when it makes a table
        call_command("createcachetable", TABLE, verbosity=0)


@pytest.fixture
def keeping(_table, standin: StandIn, settings, tmp_path, request) -> Iterator[tuple[str, str]]:
    """A site that keeps its sessions and its cache in these places."""
    sessions, caches = request.param
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{sessions}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.CACHES = {"default": {"LOCATION": str(tmp_path / "cache"), **CACHES[caches]}}
    cache.clear()
    yield request.param
    cache.clear()


#: Sessions in no cache are no sessions.
PLACES = [(one, other) for one in SESSIONS for other in CACHES if (one, other) != ("cache", "none")]


@pytest.mark.parametrize("slug", PROTOCOLS)
@pytest.mark.parametrize("keeping", PLACES, indirect=True, ids="-".join)
def test_a01_the_state_of_one_browser_is_nothing_in_another(standin: StandIn, keeping, slug):
    one, other = visitor(), visitor()
    back = standin.approve(start(one, slug), "maralind")
    start(other, slug)
    with untouched(standin, one, other):
        assert is_error_page(come_back(other, back))
    assert come_back(one, back)["Location"] == "/accounts/register/"


@pytest.mark.parametrize("slug", PROTOCOLS)
@pytest.mark.parametrize("keeping", [each for each in PLACES if each[1] != "none"], indirect=True, ids="-".join)
def test_a02_a_callback_is_good_once_wherever_that_is_remembered(standin: StandIn, keeping, slug):
    """In no cache nothing is remembered: ``manage.py check`` says so."""
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    cookies = attempts(client)
    assert come_back(client, back).status_code == 302
    client.cookies.update(cookies)
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))


@pytest.mark.parametrize("slug", EVERY)
def test_a03_of_callbacks_at_the_same_moment_exactly_one_asks_the_provider(standin: StandIn, slug):
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    before = len(standin.api_requests)
    standin.fault("unavailable")
    standin.fault("slow", seconds=0.1)  # so that they are at it at the same time
    together = Barrier(4)

    def callback(_: int) -> int:
        browser = Client()
        browser.cookies.update(attempts(client))
        together.wait(10)
        return come_back(browser, back).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(callback, range(4))) == [400, 400, 400, 503]
    assert len(standin.api_requests) == before + 1
