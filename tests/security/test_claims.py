"""A03 where it has to hold: a claim is made once among processes, in every cache that they can share.

Then the real thing: one callback comes to two workers of a gunicorn at once, and one token call goes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from socialreg import claims
from tests import caches, stores
from tests.claimers import PROCESSES, claim_together
from tests.effort import either
from tests.fleets import PATIENCE, Fleet, fleet, site_on
from tests.gates import TOKEN, Gate
from tests.roaming import Browser
from tests.stores import database_of

pytestmark = pytest.mark.slow

KEYS = [f"key{number}" for number in range(either(100, at_night=400))]


@dataclass(frozen=True)
class Shared:
    """A cache that processes share, by its entry in ``CACHES``, and the database that they share besides."""

    cache: dict[str, Any]
    database: BaseDatabaseWrapper | None

    @property
    def settings(self) -> dict[str, Any]:
        databases = {"default": database_of(self.database)} if self.database else {}
        return {"CACHES": {"default": self.cache}, "DATABASES": databases}


@pytest.fixture
def shared(request, django_db_blocker) -> Iterator[Shared]:
    with django_db_blocker.unblock(), caches.cache_at(request.param) as entry:
        yield Shared(entry, connections[stores.ALIAS] if stores.ALIAS in connections.settings else None)


def times_won(won: list[list[str]]) -> Counter[str]:
    return Counter(chain.from_iterable(won))


@caches.everywhere
def test_a03_of_four_processes_that_claim_one_key_exactly_one_gets_it(shared):
    assert times_won(claim_together(shared.settings, KEYS)) == Counter(KEYS)


@caches.everywhere
def test_a03_whoever_claims_what_nobody_else_wants_gets_it_at_the_same_time_as_others(shared):
    """A refusal for nothing would tell somebody that their login is a replay."""
    won = claim_together(shared.settings, KEYS[:50], "each-its-own")
    assert [len(each) for each in won] == [50] * PROCESSES


@pytest.mark.parametrize("how", ["by-claim", "by-add"])
def test_a03_a_cache_in_files_needs_the_lock_that_stands_around_its_look_and_its_write(tmp_path, how):
    """Its own ``add`` looks first and writes then: on a slow disk four look before the first one writes."""
    slow = {**caches.in_files(tmp_path), "BACKEND": "tests.claimers.SlowFiles"}
    won = times_won(claim_together({"CACHES": {"default": slow}}, KEYS[:20], how))
    assert set(won) == set(KEYS[:20])
    assert (set(won.values()) == {1}) is (how == "by-claim")


@pytest.mark.parametrize("name", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_a03_a_cache_of_one_process_or_of_none_cannot_tell_which_is_why_w001_warns(name):
    entry = {"BACKEND": f"django.core.cache.backends.{name}"}
    won = claim_together({"CACHES": {"default": entry}}, KEYS[:20])
    assert times_won(won) == Counter(dict.fromkeys(KEYS[:20], PROCESSES))


@caches.everywhere
def test_a03_a_claim_is_not_forgotten_among_four_hundred_others(shared, settings):
    settings.CACHES = {"default": shared.cache}
    assert claims.claim("mine", 600)
    for number in range(400):
        assert claims.claim(f"other{number}", 600)
    assert not claims.claim("mine", 600)


@caches.everywhere
def test_a03_what_was_claimed_too_long_ago_can_be_claimed_again_once(shared, settings):
    settings.CACHES = {"default": shared.cache}
    assert claims.claim("old", -1)
    assert claims.claim("old", 600)
    assert not claims.claim("old", 600)


@stores.on("sqlite", "postgres", "mysql")
def test_a03_where_the_table_of_the_cache_is_missing_nothing_is_claimed(database, settings):
    """Closed: without it nobody could tell a replay."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "missing"}}
    with pytest.raises(DatabaseError):
        claims.claim("mine", 600)


@caches.everywhere
def test_a03_of_two_callbacks_to_two_processes_at_once_exactly_one_brings_the_code(shared, gate):
    """The provider keeps its answer back, so the second one is refused while the first one is under way."""
    with _site(shared, gate) as site:
        for slug, path in TOKEN.items():
            browser = Browser()
            callback = gate.approve(browser.start(site, slug), "maralind")
            gate.hold(path, 2)
            with ThreadPoolExecutor(2) as pool:
                came = as_completed([pool.submit(browser.get, site, callback) for _ in range(2)], PATIENCE)
                assert next(came).result().status == 400, site.log()
                gate.let_go()
                answer = next(came).result()
            assert (answer.status, answer.location) == (302, "/accounts/register/"), site.log()
            assert len(gate.requests_to(path)) == 1
        assert site.complaints() == []


@contextmanager
def _site(shared: Shared, gate: Gate) -> Iterator[Fleet]:
    """Serve with two workers, on the database that has the cache, or on one in a file."""
    with ExitStack() as open_till_then:
        database = shared.database or open_till_then.enter_context(stores.other_database("sqlite://"))
        yield open_till_then.enter_context(fleet(site_on(database, shared.cache, gate.play_all()), 2))
