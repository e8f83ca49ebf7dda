"""Two fleets that share one PostgreSQL and one Redis and nothing else: what one begins, the other finishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User

from socialreg.models import SocialAccount
from socialreg.testing.people import Person
from tests import caches, stores
from tests.fleets import Fleet, fleet, site_on
from tests.gates import TOKEN, Gate
from tests.roaming import Browser

pytestmark = [pytest.mark.slow, pytest.mark.lasting]

LOGINS, PEOPLE, AT_ONCE = 1000, 300, 6


@pytest.fixture
def redis() -> Iterator[dict[str, object]]:
    with caches.in_redis() as entry:
        yield entry


@stores.on("postgres")
def test_a_thousand_logins_each_begun_in_one_fleet_and_finished_in_the_other_make_no_error(database, redis, gate):
    people = gate.crowd(PEOPLE)
    socialreg = {**gate.play_all(), "ASK_FOR": "missing"}
    # In both: written to the table, and read from Redis.
    settings = site_on(database, redis, socialreg, SESSION_ENGINE="django.contrib.sessions.backends.cached_db")
    with fleet(settings, 2) as one, fleet(settings, 2) as two, ThreadPoolExecutor(AT_ONCE) as pool:
        came = Counter(pool.map(lambda turn: log_in(gate, people[turn % PEOPLE], turn, (one, two)), range(LOGINS)))
        assert came == {("/home/", True): LOGINS}, (one.log(), two.log())
        assert one.complaints() == two.complaints() == []
        assert len(one.workers()) == len(two.workers()) == 2
    assert User.objects.count() == SocialAccount.objects.count() == PEOPLE


def log_in(gate: Gate, person: Person, turn: int, fleets: tuple[Fleet, Fleet]) -> tuple[str, bool]:
    """Begin in one fleet, finish in the other; return where that leads, and whether the first knows who it was."""
    slug = list(TOKEN)[int(person.id) % len(TOKEN)]
    begins, ends = fleets if (turn + turn // PEOPLE) % 2 else fleets[::-1]
    browser = Browser()
    _, answer = browser.log_in(gate, slug, person.screen_name, begins, ends)
    return answer.location, str(person.email) in browser.get(begins, "/home/").page
