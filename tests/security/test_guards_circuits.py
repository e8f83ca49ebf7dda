"""The guards on the way to a provider, at their very edge: who is let out, for how long, and what comes of the end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache
from prometheus_client import REGISTRY

from socialreg import bulkheads, circuits, deadlines, passages
from socialreg.answer import Answer
from socialreg.breakers import Breakers, Circuit, State
from socialreg.deadlines import deadline
from socialreg.exceptions import Denied, NotAsked, Unavailable
from socialreg.http import Client
from socialreg.lookup import find_class
from socialreg.provider import Provider
from tests.faults.asking import Clock, Counting

TOKEN, PROFILE = "POST acme.example/token", "GET acme.example/profile"
ACME = Circuit("acme")
WELL = Answer(200, TOKEN, {}, b"")
SILENT = Unavailable("Acme did not answer", cause="it was silent", remedy="Wait", code="timeout")
NOBODY_ASKED = Denied("The visitor went away", cause="they pressed cancel", remedy="None")


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.SOCIALREG = {"BASE_URL": "https://testserver", "PROVIDERS": {}, "WORKERS": 4}
    settings.CACHES = {"default": {"BACKEND": "tests.faults.asking.Counting", "LOCATION": "circuits"}}
    cache.clear()


@pytest.fixture
def acme() -> Breakers:
    return Breakers(ACME, "Acme")


@pytest.fixture
def opened(acme) -> Breakers:
    for _ in range(5):
        acme.note_failure(TOKEN, acme.state(TOKEN))
    assert acme.state(TOKEN) is State.OPEN
    return acme


def here() -> passages.Passage:
    passage = passages.current()
    assert passage
    return passage


def ended(outcome: Answer | Unavailable | Denied) -> None:
    """Ask once, and hear what became of it."""
    with circuits.through(ACME, "Acme"):
        here().begin(TOKEN)
        here().end(TOKEN, outcome)


def test_f04_beyond_its_places_a_step_is_not_refused_but_has_two_seconds():
    assert bulkheads.take("acme")
    with circuits.through(ACME, "Acme"):
        assert 1.5 < here().begin(TOKEN) <= 2


def test_f04_whoever_comes_back_is_heard_though_nobody_is_sent_there(acme):
    acme.shut()
    heard = []
    with circuits.login_through(ACME, "Acme"):
        heard.append("came back")
    with pytest.raises(NotAsked), circuits.login_through(ACME, "Acme", at_once=True):
        heard.append("was sent there")
    assert heard == ["came back"]


def test_f04_calls_of_the_sites_own_count_by_their_host_but_by_the_server_where_there_are_many():
    def circuit(slug: str) -> Circuit:
        made: Provider = find_class(slug, {})({}, Client())
        return circuits.for_calls(made, slug, "one.example", "https://files.example/a")

    assert circuit("github") == Circuit("github", "files.example")
    assert circuit("mastodon") == Circuit("mastodon", "one.example", is_strangers=True)


def test_f04_whoever_finds_out_whether_it_works_may_ask_again(opened, monkeypatch):
    Clock(monkeypatch).forward(11)
    assert opened.state(TOKEN) is State.HALF_OPEN
    with circuits.through(ACME, "Acme"):
        here().begin(TOKEN)
        here().end(TOKEN, NOBODY_ASKED)
        assert here().begin(TOKEN) > 0
        with pytest.raises(NotAsked), circuits.through(ACME, "Acme"):
            here().begin(TOKEN)


def test_f04_what_is_known_of_one_endpoint_is_not_taken_for_the_next(opened, monkeypatch):
    """Nor where the cache fails in between, and nobody can say how that one is."""
    with circuits.through(ACME, "Acme"):
        with pytest.raises(NotAsked):
            here().begin(TOKEN)
        monkeypatch.setattr(Counting, "is_down", True)
        assert here().begin(PROFILE) > 0


def test_f04_a_cache_that_fails_at_the_end_hides_no_error(opened, monkeypatch):
    def log_in() -> None:
        with circuits.login_through(ACME, "Acme"):
            try:
                here().begin(TOKEN)
            finally:
                monkeypatch.setattr(Counting, "is_down", True)

    with pytest.raises(NotAsked):
        log_in()


def counted() -> dict[str, float]:
    labels = [{"provider": "unknown", "outcome": outcome} for outcome in ("answered", "failed")]
    found = [REGISTRY.get_sample_value("socialreg_outbound_requests_total", each) or 0 for each in labels]
    return dict(zip(("answered", "failed"), found, strict=True))


@pytest.mark.parametrize(
    ("outcome", "more"), [(WELL, (1, 0)), (SILENT, (0, 1)), (NOBODY_ASKED, (0, 0))], ids=["well", "silent", "nobody"]
)
def test_f04_a_request_is_counted_by_what_became_of_it(outcome, more):
    before = counted()
    ended(outcome)
    after = counted()
    assert (after["answered"] - before["answered"], after["failed"] - before["failed"]) == more


@pytest.mark.parametrize(("seconds", "slow"), [(2.25, ""), (2.5, TOKEN)])
def test_f04_two_seconds_and_a_half_are_a_wait_in_vain(acme, monkeypatch, seconds, slow):
    now = [100.0]
    monkeypatch.setattr(circuits, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with circuits.through(ACME, "Acme"):
        here().begin(TOKEN)
        now[0] += seconds
        here().end(TOKEN, SILENT)
    assert acme.health().slow == slow


@pytest.mark.parametrize("is_taken", [False, True])
def test_f04_only_who_is_cut_short_by_this_has_waited_in_vain(acme, is_taken):
    """Whoever gives up by a deadline of their own keeps nobody else out."""
    if is_taken:
        assert bulkheads.take("acme")
    ended(SILENT)
    assert acme.health().slow == (TOKEN if is_taken else "")


def test_f02_with_five_seconds_left_it_is_still_begun_and_with_less_it_is_not(monkeypatch):
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: 100.0))
    with deadline(5.0), circuits.through(ACME, "Acme", is_final=True):
        assert here().begin(TOKEN) > 0
    with deadline(4.75), circuits.through(ACME, "Acme", is_final=True), pytest.raises(NotAsked, match="too-late"):
        here().begin(TOKEN)
