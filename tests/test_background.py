"""What nobody waits for is done in two lanes: what waits for a provider keeps nothing of the site's own waiting."""

from __future__ import annotations

import threading

import pytest

from socialreg.background import MOST_WAITING, Background

pytestmark = pytest.mark.django_db(transaction=True)


def test_providers_that_are_silent_keep_nobodys_sessions_from_being_ended():
    """Whoever connects and disconnects accounts at servers of their own fills that lane alone."""
    work, gate, done = Background(), threading.Event(), threading.Event()
    for _ in range(MOST_WAITING + 1):
        work.after_commit("Revoking", gate.wait, "default", "providers")
    work.after_commit("Ending a user's other sessions", done.set, "default")
    assert done.wait(20)
    gate.set()
    work.drain()


def test_what_is_too_much_is_counted_by_lane(caplog):
    work, gate, done = Background(), threading.Event(), threading.Event()
    for _ in range(MOST_WAITING):
        work.after_commit("Revoking", gate.wait, "default", "providers")
    work.after_commit("Revoking one more", done.set, "default", "providers")
    assert "Revoking one more was left undone: 200 others wait already" in caplog.text
    gate.set()
    work.drain()
    assert not done.is_set()


def test_whoever_drains_waits_for_both():
    work, done = Background(), []
    for lane in ("site", "providers"):
        work.after_commit("Something", lambda lane=lane: done.append(lane), "default", lane)
    work.drain()
    assert sorted(done) == ["providers", "site"]
