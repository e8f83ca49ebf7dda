"""F08: whoever wants an account refreshed at the same time, in whatever process, gets it from one call.

The stand-in hands out a new refresh token each time and takes the old one no more, so a second call would lose the
account. The processes are real, and so are the databases. By OAuth 2.0, and the first by OpenID Connect as well, where
an ID token comes along; OAuth 1.0a has nothing to refresh. What is not F08's own figure runs on PostgreSQL, and at
night on the others (:mod:`tests.effort`).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from socialreg import flights
from socialreg.models import SocialAccount
from tests import stores
from tests.caller import Lasting
from tests.callers import PROCESSES, THREADS, Callers
from tests.keep import expire, log_in_again, make_account, opened, stored

pytestmark = pytest.mark.slow

TOKEN = "/x/token"
ALL = PROCESSES * THREADS

mostly_at_night = stores.on("postgres", at_night=("sqlite", "mysql"))


@pytest.fixture
def slug() -> str:
    return "x"


@pytest.fixture
def account(database, standin, slug) -> SocialAccount:
    made = make_account(standin, slug)
    expire(made)
    standin.requests.clear()
    return made


def callers(database, settings, slug: str = "x", **entry: object) -> Callers:
    only = {slug: {**settings.SOCIALREG["PROVIDERS"][slug], **entry}}
    return Callers(database, {**settings.SOCIALREG, "PROVIDERS": only})


@stores.on_with("slug", "x", "gitlab")
def test_f08_twenty_callers_in_two_processes_cause_one_call_and_all_are_served(database, account, standin, settings):
    before, path = opened(account), f"/{account.provider}/token"
    # So that everybody is there before the first one is back.
    standin.fault("slow", path=path, seconds=1)
    with callers(database, settings, account.provider) as processes:
        said = processes.refresh(account.pk)
        again = processes.refresh(account.pk)
    found = opened(stored(account))
    assert found.token != before.token
    assert [each.error for each in said] == [""] * ALL
    assert {each.token for each in (*said, *again)} == {found.token}
    assert len(standin.requests_to(path)) == 1
    assert stored(account).refresh_begun_at is None


@mostly_at_night
def test_f08_a_dead_token_is_sent_once_and_told_once(database, account, standin, settings):
    standin.fault("code-refused", path=TOKEN)
    standin.fault("slow", path=TOKEN, seconds=1)
    with callers(database, settings) as processes:
        said = processes.refresh(account.pk)
    assert {each.error for each in said} == {"invalid_grant"}
    assert len(standin.requests_to(TOKEN)) == 1
    assert told(said) == ["invalid_grant"]


@mostly_at_night
def test_f08_a_provider_that_is_down_is_asked_once_by_all(database, account, standin, settings):
    standin.fault("server-error", path=TOKEN)
    standin.fault("slow", path=TOKEN, seconds=1)
    before = opened(account)
    with callers(database, settings) as processes:
        said = processes.refresh(account.pk)
    assert sorted(each.error for each in said)[-1] == "refresh-failed"
    assert not [each for each in said if not each.error]
    assert len(standin.requests_to(TOKEN)) == 1
    assert opened(stored(account)) == before
    assert stored(account).lost_at is None


@mostly_at_night
def test_f07_a_process_that_is_killed_between_answer_and_commit_is_noticed(database, account, standin, settings):
    """X has spent the token: the account is lost, and its site is told so, once."""
    with callers(database, settings, PROVIDER="tests.caller.Dying") as processes:
        processes.die_over(account.pk)
    assert len(standin.requests_to(TOKEN)) == 1
    left = stored(account)
    assert left.refresh_begun_at is not None
    assert left.lost_at is None
    # As if the time had passed that the one who died could have needed.
    SocialAccount.objects.filter(pk=account.pk).update(
        refresh_begun_at=left.refresh_begun_at - flights.LONGEST - timedelta(seconds=1)
    )
    standin.fault("slow", path=TOKEN, seconds=1)
    with callers(database, settings) as processes:
        said = processes.refresh(account.pk)
    assert {each.error for each in said} == {"interrupted"}
    assert len(standin.requests_to(TOKEN)) == 2
    assert stored(account).lost_code == "interrupted"
    assert told(said) == ["interrupted"]
    log_in_again(standin, account)
    assert stored(account).lost_at is None
    assert opened(stored(account)).token not in {"", opened(left).token}


@mostly_at_night
def test_f07_where_refresh_tokens_last_a_process_that_is_killed_with_the_answer_costs_nothing(
    database, standin, settings
):
    entry = {**standin.play("lasting", Lasting), "PROVIDER": "tests.caller.Lasting"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"lasting": entry}}
    account = make_account(standin, "lasting")
    before = expire(account)
    with callers(database, settings, "lasting", PROVIDER="tests.caller.DyingLasting") as processes:
        processes.die_over(account.pk)
    left = stored(account)
    assert (opened(left), left.lost_at) == (before, None)
    assert left.refresh_begun_at is not None
    # As if the time had passed that the one who died could have needed.
    long_ago = left.refresh_begun_at - flights.LONGEST - timedelta(seconds=1)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=long_ago)
    with callers(database, settings, "lasting") as processes:
        said = processes.refresh(account.pk)
    assert [each.error for each in said] == [""] * ALL
    assert {each.token for each in said} == {opened(stored(account)).token} != {before.token}
    assert stored(account).refresh_begun_at is None


@mostly_at_night
def test_f07_a_process_that_is_killed_before_it_has_asked_costs_nothing(database, account, standin, settings):
    """Whoever comes soon waits for it, and sends nothing; whoever comes after that is served."""
    before = opened(account)
    with callers(database, settings, PROVIDER="tests.caller.DyingEarly") as processes:
        processes.die_over(account.pk)
    assert len(standin.requests_to(TOKEN)) == 0
    left = stored(account)
    assert opened(left) == before
    # As if most of the time had passed that the one who died could have needed.
    almost = left.refresh_begun_at - flights.LONGEST + timedelta(seconds=2)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=almost)
    with callers(database, settings) as processes:
        soon = processes.refresh(account.pk)
        later = processes.refresh(account.pk)
    assert {each.error for each in soon} <= {"", "refresh-failed"}
    assert [each.error for each in later] == [""] * ALL
    assert len(standin.requests_to(TOKEN)) == 1
    assert {each.token for each in later} == {opened(stored(account)).token}
    assert stored(account).refresh_begun_at is None


def told(said) -> list[str]:
    """Return what was signalled, in all processes together."""
    return [code for first in range(0, ALL, THREADS) for code in said[first].signals]
