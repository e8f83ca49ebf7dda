"""A limit holds for its whole window in every kind of cache, and passwords are counted with what proves an account."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from socialreg import throttling
from socialreg.exceptions import TooMany
from socialreg.sign_in_events import SignInEvent
from tests import caches as shared_caches
from tests.test_way import register

pytestmark = pytest.mark.django_db

HERE = "9.9.9.9"
DAY = 24 * 3600


@pytest.fixture
def clock(monkeypatch):
    """Stop the clock that windows are made of, an hour after one began."""
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_800_000_000.0 // DAY * DAY + 3600))


@pytest.fixture(params=["files", "table"])
def entry(request, settings, tmp_path: Path) -> None:
    """A cache that has no step for counting: Django reads, and writes what it read and one more, for ``TIMEOUT``."""
    table = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "counts"}
    kind = shared_caches.in_files(tmp_path) if request.param == "files" else table
    settings.CACHES = {"default": {**kind, "TIMEOUT": 1}}
    if request.param == "table":
        call_command("createcachetable", verbosity=0)


def test_a_count_lasts_as_long_as_its_window_whatever_the_caches_own_time_is(entry, site, clock, monkeypatch):
    site(RATE_LIMITS={"prove": {"account": "3/d"}})
    for _ in range(3):
        throttling.limit_account("prove", "7")
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)  # by which files expire, and by the other rows of a table
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: datetime.fromtimestamp(later, UTC))
    with pytest.raises(TooMany):
        throttling.limit_account("prove", "7")


def test_passwords_on_the_login_page_are_counted_by_address(client: Client, site, clock):
    site(RATE_LIMITS={"prove": {"address": "3/m"}})
    User.objects.create_user("mara", password="s3cret-enough")
    address, right = reverse("socialreg:login"), {"username": "mara", "password": "s3cret-enough"}
    for _ in range(3):
        assert client.post(address, right | {"password": "wrong"}, REMOTE_ADDR=HERE).status_code == 200
    assert client.post(address, right, REMOTE_ADDR=HERE).status_code == 429
    assert "_auth_user_id" not in client.session
    assert client.get(address, REMOTE_ADDR=HERE).status_code == 200, "the page itself may be looked at"
    assert client.post(address, right, REMOTE_ADDR="8.8.4.4").status_code == 302


def test_the_trail_says_whose_account_came_too_often(browser, site, clock):
    register(browser)
    site(EVENTS="at-once", RATE_LIMITS={"callback": {"account": "2/m"}})
    for expected in (302, 429):
        browser.client.logout()
        assert browser.client.get(browser.approve("maralind")).status_code == expected
    last = SignInEvent.objects.latest("pk")
    assert (last.code, last.user) == ("too-many", str(User.objects.get().pk))
    assert last.account is not None
