"""The guards of a refresh that is under way, at their very edge: whose mark counts, for how long, and what is left."""

from __future__ import annotations

import itertools
import traceback
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection, connections
from django.utils.timezone import now

from socialreg import circuits, flights
from socialreg.breakers import Breakers
from socialreg.deadlines import READ_SECONDS, deadline
from socialreg.exceptions import BadAnswer, NotAsked, OutOfOrder, Refused, Revoked, SocialRegError, Unavailable
from socialreg.flights import Flight
from socialreg.models import SocialAccount
from socialreg.registry import providers
from tests.keep import expire, log_in_again, make_account, opened, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(standin) -> SocialAccount:
    made = make_account(standin, user="mara")
    expire(made)
    return stored(made)


def marked(account: SocialAccount, begun: datetime) -> SocialAccount:
    """Leave the mark that somebody left at that time."""
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=begun)
    return stored(account)


@pytest.mark.parametrize(
    ("seconds", "is_theirs"),
    [(-28.4, True), (-1, True), (28, True), (3599, True), (-28.6, False), (-29, False), (3601, False)],
)
def test_f08_a_mark_is_somebodys_for_28_seconds_and_an_hour_ahead_at_most(account, monkeypatch, seconds, is_theirs):
    """Three times as long as a provider has, nine and a half seconds; and no wrong clock keeps anybody waiting."""
    moment = now()
    monkeypatch.setattr(flights, "now", lambda: moment)
    flight = flights._begin(marked(account, moment + timedelta(seconds=seconds)))
    assert (flight is None) is is_theirs
    assert flight is None or flight.interrupted


@pytest.mark.parametrize(("ahead", "is_theirs"), [(0, False), (1, True)])
def test_f08_at_its_very_end_a_mark_is_nobodys(account, monkeypatch, ahead, is_theirs):
    moment = now()
    monkeypatch.setattr(flights, "now", lambda: moment)
    for begun in (moment - flights.LONGEST, moment + flights.SKEW):
        inwards = timedelta(microseconds=ahead if begun < moment else -ahead)
        assert (flights._begin(marked(account, begun + inwards)) is None) is is_theirs


def test_f08_of_two_who_saw_the_same_row_one_puts_a_mark_on_it(account):
    first, second = flights._begin(stored(account)), flights._begin(account)
    assert first is not None
    assert not first.interrupted
    assert second is None
    assert stored(account).refresh_begun_at == first.mark


@pytest.mark.parametrize("change", ["sealed_credentials", "lost_at"])
def test_f08_nobody_puts_a_mark_on_a_row_that_is_another_by_now(account, change):
    changed = {"sealed_credentials": "others", "lost_at": now()}[change]
    SocialAccount.objects.filter(pk=account.pk).update(**{change: changed})
    assert flights._begin(account) is None
    assert stored(account).refresh_begun_at is None


@pytest.mark.parametrize(
    ("error", "is_unclear"),
    [
        (Unavailable("No answer", code="timeout"), True),
        (Unavailable("Broken off", code="connection"), True),
        (BadAnswer("Nonsense"), True),
        (Unavailable("Busy"), False),
        (Refused("Not this client"), False),
        (NotAsked("X", cause="", remedy="", seconds=1), False),
    ],
)
@pytest.mark.parametrize("interrupted", [True, False])
def test_f08_a_token_that_may_be_spent_leaves_an_old_mark_and_one_that_is_not_leaves_none(
    account, error: SocialRegError, is_unclear, interrupted
):
    flight = flights._begin(account)
    assert flight is not None
    flights._give_up(Flight(flight.account, flight.mark, interrupted), error)
    left = flight.mark - timedelta(seconds=28.5) if is_unclear or interrupted else None
    assert stored(account).refresh_begun_at == left


def test_f08_nobody_takes_away_a_mark_that_is_another_ones(account):
    flight = flights._begin(account)
    assert flight is not None
    theirs = marked(account, now() + timedelta(seconds=1)).refresh_begun_at
    flights._give_up(flight, Refused("Not this client"))
    assert stored(account).refresh_begun_at == theirs


def test_f08_a_refresh_after_one_that_ended_well_says_nothing(account, caplog):
    flights.renew(account)
    assert stored(account).refresh_begun_at is None
    assert "was cut off" not in caplog.text
    flights.renew(marked(stored(account), now() - timedelta(seconds=30)))
    assert "was cut off" in caplog.text


def given_up(account: SocialAccount) -> Unavailable:
    """Wait in vain; return what is said then."""
    with pytest.raises(Unavailable) as caught:
        flights._wait(account)
    return caught.value


def no_pause(seconds: float) -> None:
    raise AssertionError(f"they waited for {seconds} s")


def sealed_anew(account: SocialAccount) -> None:
    """Seal the same credentials once more, as with another key."""
    again = stored(account)
    again.credentials = again.credentials
    SocialAccount.objects.filter(pk=account.pk).update(sealed_credentials=again.sealed_credentials)
    assert again.sealed_credentials != account.sealed_credentials


def test_f08_whose_row_was_sealed_anew_while_nobody_was_at_it_refreshes_it(account):
    sealed_anew(account)
    assert opened(flights._wait(account)) != opened(account)


def test_f08_whose_row_was_sealed_anew_while_somebody_is_at_it_leaves_it_to_them(account):
    sealed_anew(account)
    begun = marked(account, now() - timedelta(seconds=29)).refresh_begun_at
    assert given_up(account).code == "refresh-failed"
    assert stored(account).refresh_begun_at == begun


def test_f08_whoever_waits_gets_what_the_other_brought(account, standin, monkeypatch):
    """They look less and less often, but every 0.4 seconds at the least."""
    clock, looks = itertools.count(step=0.1), []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 20:
            log_in_again(standin, account)

    monkeypatch.setattr(flights, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=pause))
    marked(account, now())
    assert opened(flights._wait(account)) != opened(account)
    assert looks[:4] == [0.05, 0.1, 0.2, 0.4]
    assert set(looks[4:]) == {0.4}


def test_f08_whoever_finds_the_mark_gone_and_nothing_new_is_told_so_without_a_pause(account, monkeypatch):
    monkeypatch.setattr(flights.time, "sleep", no_pause)
    assert given_up(account).code == "refresh-failed"


def test_f08_who_is_refused_after_somebody_else_found_the_tokens_dead_says_what_they_said(account):
    flight = flights._begin(account)
    assert flight is not None
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=None, lost_at=now(), lost_code="theirs")
    with pytest.raises(Revoked, match="theirs"):
        flights._lose(flight, Revoked("The token is dead", code="ours"))


@pytest.mark.django_db(transaction=True)
def test_f08_a_database_that_fails_twice_is_told_without_its_statement(account, monkeypatch):
    """Its text may hold the statement, and our secrets."""

    def fail(execute, sql, params, many, context):
        raise OperationalError(f"{sql} failed")

    flight = flights._begin(account)
    assert flight is not None
    closed: list[bool] = []
    monkeypatch.setattr(connections["default"], "close", lambda: closed.append(True))
    with connection.execute_wrapper(fail):
        with pytest.raises(OutOfOrder) as caught:
            flights._save(flight)
        flights._give_up(flight, Refused("Not this client"))  # the mark grows old by itself
    assert caught.value.code == "database"
    assert closed == [True]  # it may be the connection that is broken
    assert "UPDATE" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("which", ["the mark", "the wait"])
def test_f08_nobody_waits_beyond_the_very_end(account, monkeypatch, which):
    moment, clock = now(), iter([100.0, 100.0 if which == "the mark" else 109.5])
    monkeypatch.setattr(flights, "now", lambda: moment)
    monkeypatch.setattr(flights, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=no_pause))
    marked(account, moment - flights.LONGEST if which == "the mark" else moment)
    assert given_up(account).code == "refresh-failed"


def test_f08_a_refresh_goes_out_by_the_way_of_its_logins_and_not_while_that_is_shut(account, standin):
    standin.requests.clear()
    provider = providers.usable(account.provider)
    circuit = circuits.for_logins(provider, account.provider, account.issuer)
    Breakers(circuit, provider.label).shut()
    with pytest.raises(NotAsked, match="circuit-open"):
        flights.renew(account)
    cache.clear()
    assert not standin.requests
    assert stored(account).refresh_begun_at is None


def test_f08_what_spends_a_token_is_not_begun_with_too_little_time_left(account, standin):
    """It would be cut short: nobody would know whether the token is spent."""
    standin.requests.clear()
    with deadline(READ_SECONDS - 0.5), pytest.raises(NotAsked, match="too-late"):
        flights.renew(account)
    assert not standin.requests
    assert stored(account).refresh_begun_at is None
