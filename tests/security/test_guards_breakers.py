"""The guards of a provider that fails, at their very edge: how many failures, for how long, and whose.

The times are written out here, not taken from the room: they are what the documentation promises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection

from socialreg import breakers, doing_without, metrics
from socialreg.breakers import Breakers, Circuit, Health, State, down_among
from socialreg.deadlines import TOTAL_SECONDS
from tests.faults.asking import Clock

CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN
TOKEN, PROFILE = "POST acme.example/token", "GET acme.example/profile"
ACME = Circuit("acme")
NAMED, OTHER = (Circuit("acme", host, is_strangers=True) for host in ("one.example", "two.example"))


@pytest.fixture
def clock(monkeypatch, settings) -> Clock:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    return Clock(monkeypatch)


@pytest.fixture
def acme(clock) -> Breakers:
    return Breakers(ACME, "Acme")


def fail(some: Breakers, times: int, endpoint: str = TOKEN) -> list[State]:
    return [some.note_failure(endpoint, some.state(endpoint)) for _ in range(times)]


def lasts(clock: Clock, seconds: float, is_there: Callable[[], object]) -> bool:
    """Whether something is there for so many seconds, and not for one more."""
    clock.forward(seconds - 1)
    was_there = bool(is_there())
    clock.forward(2)
    return was_there and not is_there()


def test_f04_the_fifth_failure_opens_and_no_earlier_one(acme):
    assert fail(acme, 5) == [CLOSED] * 4 + [OPEN]
    assert acme.state(TOKEN) is OPEN
    assert acme.state(PROFILE) is CLOSED
    assert acme.health() == Health(is_ailing=True)
    assert acme.health().is_known is True


def test_f04_a_failure_counts_for_thirty_seconds(acme, clock):
    fail(acme, 4)
    clock.forward(29)
    assert fail(acme, 1) == [OPEN]
    fail(acme, 4, PROFILE)
    clock.forward(31)
    assert fail(acme, 1, PROFILE) == [CLOSED]


def test_f04_it_is_open_for_ten_seconds_and_half_open_until_a_minute_is_over(acme, clock):
    fail(acme, 5)
    assert lasts(clock, 10, lambda: acme.state(TOKEN) is OPEN)
    assert acme.state(TOKEN) is HALF_OPEN
    clock.forward(48)
    assert acme.state(TOKEN) is HALF_OPEN
    clock.forward(2)
    assert acme.state(TOKEN) is CLOSED
    assert not acme.health().is_ailing


def test_f04_a_failure_while_half_open_opens_at_once_and_is_remembered_for_a_minute_from_then_on(acme, clock):
    fail(acme, 5)
    clock.forward(45)
    assert acme.state(TOKEN) is HALF_OPEN
    assert fail(acme, 1) == [OPEN]
    clock.forward(58)
    assert acme.state(TOKEN) is HALF_OPEN
    assert acme.health().is_ailing
    clock.forward(3)
    assert acme.state(TOKEN) is CLOSED


def test_f04_opening_is_counted_and_told_once(acme, clock, monkeypatch, caplog):
    opened: list[str] = []
    monkeypatch.setattr(metrics, "opened", opened.append)
    fail(acme, 7)
    clock.forward(11)
    fail(acme, 1)
    assert opened == ["acme"]
    assert ["is left alone at POST acme.example/token" in line for line in caplog.messages] == [True]


def test_f04_a_success_forgets_failures_of_its_own_endpoint(acme):
    fail(acme, 4)
    fail(acme, 4, PROFILE)
    acme.note_success(TOKEN, CLOSED, acme.health())
    assert fail(acme, 1) == [CLOSED]
    assert fail(acme, 1, PROFILE) == [OPEN]


def test_f04_a_success_while_half_open_closes_and_lets_people_in_and_says_so_once(acme, clock, caplog):
    caplog.set_level(logging.WARNING)
    fail(acme, 5)
    acme.shut()
    assert down_among(["acme", "corp"]) == {"acme"}
    acme.note_success(TOKEN, CLOSED, acme.health())
    assert acme.state(TOKEN) is OPEN
    assert acme.health().is_shut
    for _ in range(2):
        acme.note_success(TOKEN, HALF_OPEN, acme.health())
    assert acme.state(TOKEN) is CLOSED
    assert not acme.health().is_shut
    assert down_among(["acme", "corp"]) == frozenset()
    assert ["answers again" in line for line in caplog.messages] == [False, True]


def test_f04_one_finds_out_at_a_time_and_for_a_call_and_two_seconds(acme, clock):
    assert acme.claim_probe(TOKEN)
    assert not acme.claim_probe(TOKEN)
    assert acme.claim_probe(PROFILE)
    acme.release_probe(TOKEN)
    assert acme.claim_probe(TOKEN)
    assert lasts(clock, int(TOTAL_SECONDS) + 2, lambda: not acme.claim_probe(TOKEN))


def test_f04_it_is_shut_for_ten_seconds_and_down_for_a_minute_however_often_it_is_said(acme, clock):
    acme.shut()
    clock.forward(5)
    acme.shut()
    assert lasts(clock, 5, lambda: acme.health().is_shut)
    assert down_among(["acme"]) == {"acme"}
    assert lasts(clock, 54, lambda: down_among(["acme"]))


def test_f04_who_is_slow_is_known_for_thirty_seconds_or_until_that_very_endpoint_answers(acme, clock):
    acme.note_slow(TOKEN)
    assert acme.health() == Health(is_ailing=True, slow=TOKEN)
    acme.note_success(PROFILE, CLOSED, acme.health())
    assert acme.health().slow == TOKEN
    acme.note_success(TOKEN, CLOSED, acme.health())
    assert acme.health() == Health(is_ailing=True)
    acme.note_slow(TOKEN)
    assert lasts(clock, 30, lambda: acme.health().slow)
    assert lasts(clock, 29, lambda: acme.health().is_ailing)


def test_f04_who_is_left_alone_is_not_slow_any_more(acme):
    acme.note_slow(TOKEN)
    fail(acme, 4)
    assert acme.health().slow == TOKEN
    fail(acme, 1)
    assert not acme.health().slow


def test_f04_servers_that_visitors_name_are_slow_together_and_ail_alone(clock):
    one, other, provider = Breakers(NAMED, "One"), Breakers(OTHER, "Other"), Breakers(ACME, "Acme")
    one.note_slow("one.example")
    assert [each.health().slow for each in (one, other, provider)] == ["one.example"] * 3
    assert [each.health().is_ailing for each in (one, other, provider)] == [True, False, False]
    one.note_success("one.example", HALF_OPEN, one.health())
    fail(one, 5, "one.example")
    assert other.health().slow == "one.example"
    one.shut()
    assert [each.health().is_shut for each in (one, other, provider)] == [True, False, False]


def test_f04_a_host_of_a_provider_is_slow_alone(clock):
    host, provider = Breakers(Circuit("acme", "api.acme.example"), "Acme"), Breakers(ACME, "Acme")
    host.note_slow("api.acme.example")
    assert [each.health().slow for each in (host, provider)] == ["api.acme.example", ""]


def test_f04_a_host_is_whatever_a_visitor_typed(clock):
    odd = Breakers(Circuit("acme", "\udcff.example", is_strangers=True), "Odd")
    assert odd.health() == Health()
    assert odd.state("\udcff") is CLOSED
    assert not Circuit("acme").is_strangers


class Broken:
    """Stands for an entry of a cache that is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(caches["default"], "get_many", self.get_many)

    def get_many(self, keys: object, version: object = None) -> dict[str, object]:
        self.asked += 1
        raise ConnectionError


@pytest.fixture
def broken(acme, monkeypatch):
    yield Broken(monkeypatch)
    doing_without._Rest.ends = doing_without._Rest.told_until = 0.0


@pytest.mark.parametrize("first", ["health", "down"])
def test_f04_a_cache_that_fails_says_nothing_and_is_left_to_rest(acme, broken, first):
    ways = {"health": lambda: acme.health() == Health(is_known=False), "down": lambda: down_among(["acme"]) == set()}
    for way in (first, "health", "down"):
        assert ways[way]()
    assert broken.asked == 1
    assert not Health(is_known=False).is_shut


@pytest.fixture
def _in_a_table(settings, clock) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kept"}}


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_a_table")
def test_f04_inside_a_transaction_a_cache_in_the_database_is_not_asked():
    """It is not even there: whoever asked would see."""
    acme = Breakers(ACME, "Acme")
    assert breakers._is_shared() is False
    assert acme.health() == Health(is_known=False)
    assert not doing_without.is_at_rest()


@pytest.mark.django_db
def test_f04_inside_a_transaction_any_other_cache_is_asked(acme):
    acme.shut()
    assert acme.health() == Health(is_shut=True)


@pytest.fixture
def _table(_in_a_table, transactional_db) -> Iterator[None]:
    call_command("createcachetable", "kept")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE kept")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_table")
def test_f04_outside_of_one_it_is():
    acme = Breakers(ACME, "Acme")
    assert acme.health() == Health()
    acme.shut()
    assert acme.health() == Health(is_shut=True)
