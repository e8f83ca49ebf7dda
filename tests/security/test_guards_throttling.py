"""The guards of how often somebody may do something, at their very edge: the count, the window, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.core.cache import caches

from socialreg import doing_without, throttling
from socialreg.exceptions import TooMany

#: Fifty seconds before a minute's end.
NOW = 1_800_000_010.0
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture(params=["memory", "files"])
def store(request, settings, site, tmp_path, monkeypatch):
    """A site that may start three times in a minute, in a cache that counts by itself, and in one that does not."""
    backends = {"memory": LOCMEM, "files": "django.core.cache.backends.filebased.FileBasedCache"}
    settings.CACHES = {"default": {"BACKEND": backends[request.param], "LOCATION": str(tmp_path)}}
    site(RATE_LIMITS={"start": {"account": "3/m"}})
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: NOW))
    return request.param


def count(account: str = "mara") -> int:
    """Count once more, and return the seconds to wait."""
    try:
        throttling.limit_account("start", account)
    except TooMany as error:
        return error.retry_after
    return 0


def test_as_often_as_is_allowed_and_then_to_the_end_of_the_window(store, monkeypatch):
    assert [count() for _ in range(5)] == [0, 0, 0, 50, 50]
    assert count("other") == 0
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: NOW + 49))
    assert count() == 1
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: NOW + 50))
    assert count() == 0


def test_what_has_no_name_is_not_counted(store):
    assert [count("") for _ in range(5)] == [0] * 5


def test_a_count_is_kept_for_one_window(store, monkeypatch):
    kept: list[tuple[str, object]] = []

    def noting(plain: Callable[..., object]) -> Callable[..., object]:
        def noted(key: str, value: object, timeout: object = None, version: object = None) -> object:
            kept.append((key, timeout))
            return plain(key, value, timeout, version)

        return noted

    for name in ("add", "set"):
        monkeypatch.setattr(caches["default"], name, noting(getattr(caches["default"], name)))
    assert [count() for _ in range(4)] == [0, 0, 0, 50]
    assert {seconds for key, seconds in kept if "socialreg:rate:" in key} == {60}


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_where_the_cache_counts_by_itself_nothing_is_read_and_written_back(store, monkeypatch):
    written: list[object] = []
    monkeypatch.setattr(caches["default"], "set", lambda *told: written.append(told))
    assert [count() for _ in range(4)] == [0, 0, 0, 50]
    assert written == []


def test_a_count_that_goes_while_it_is_raised_begins_anew_and_is_no_failure(store, site, monkeypatch):
    site(RATE_LIMITS={"start": {"account": "1/m"}})
    monkeypatch.setattr(caches["default"], "add", lambda *told: False)
    assert count() == 0
    assert not doing_without.is_at_rest()


def test_none_is_no_limit_and_nothing_is_counted(store, site, monkeypatch):
    site(RATE_LIMITS={"start": {"account": None}})
    asked: list[object] = []
    monkeypatch.setattr(caches["default"], "add", lambda *told: asked.append(told))
    assert [count() for _ in range(5)] == [0] * 5
    assert asked == []


def test_a_cache_that_failed_a_moment_ago_is_not_asked_and_keeps_nobody_out(store, site, monkeypatch):
    site(RATE_LIMITS={"start": {"account": "1/m"}})
    asked: list[object] = []

    def fail(*told: object) -> bool:
        asked.append(told)
        raise OSError("out of reach")

    monkeypatch.setattr(caches["default"], "add", fail)
    try:
        assert [count() for _ in range(3)] == [0] * 3
        assert len(asked) == 1
    finally:
        doing_without._Rest.ends = doing_without._Rest.told_until = 0.0
