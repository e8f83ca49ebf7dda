"""The guards of who may wait for a provider, at their very edge: a place at the end of its time."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from socialreg import bulkheads
from socialreg.breakers import LEASE_SECONDS, Circuit

pytestmark = pytest.mark.usefixtures("one_place")


@pytest.fixture
def one_place(settings) -> None:
    cache.clear()
    settings.SOCIALREG = {"BASE_URL": "https://testserver", "PROVIDERS": {}, "WORKERS": 4}


@pytest.mark.parametrize(("late", "is_free"), [(-0.5, True), (0.0, False), (0.5, False)])
def test_f04_a_place_is_given_back_before_its_time_ends_and_not_from_then_on(monkeypatch, late, is_free):
    place = bulkheads.take("acme")
    assert place is not None
    with monkeypatch.context() as patch:
        patch.setattr(bulkheads, "time", SimpleNamespace(monotonic=lambda: place.ends + late))
        place.leave()
    assert (bulkheads.take("acme") is not None) is is_free


def test_f04_a_place_lasts_as_long_as_any_call_and_no_longer_than_its_entry():
    before = time.monotonic()
    place = bulkheads.take("acme")
    assert place is not None
    assert before + LEASE_SECONDS <= place.ends <= time.monotonic() + LEASE_SECONDS


def test_f04_the_places_of_one_provider_are_none_of_another():
    assert bulkheads.take("acme")
    assert bulkheads.take("corp")
    assert bulkheads.take("acme") is None
    cache.delete(Circuit("corp").key("place:0"))
    assert bulkheads.take("acme") is None
    assert bulkheads.take("corp")


def test_f04_who_is_to_wait_for_nothing_does_not_pause(monkeypatch):
    def sleep(seconds: float) -> None:
        raise AssertionError(f"it paused for {seconds} s")

    assert bulkheads.take("acme")
    now = time.monotonic()
    monkeypatch.setattr(bulkheads, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    assert bulkheads.take("acme") is None
