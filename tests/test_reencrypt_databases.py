"""``manage.py socialreg_reencrypt`` on real databases: killed at any point, beside logins, in nobody's way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.utils.timezone import now

from socialreg import flights, resealing
from socialreg.exceptions import Unavailable
from socialreg.models import Kept, SocialAccount
from socialreg.resealing import BATCH
from socialreg.shared import SharedStore
from socialreg.types import Credentials
from tests import stores
from tests.keep import expire, make_account, opened, stored
from tests.resealer import BEFORE, KILLED, reencrypt
from tests.sealed_rows import NEW, OLD, fill, keyed, token_of
from tests.sealed_rows import opened as all_opened

pytestmark = pytest.mark.slow

ROWS = 3 * BATCH + 7

everywhere = stores.on("sqlite", "postgres", "mysql")
where_rows_are_locked = stores.on("postgres", "mysql")


@pytest.fixture(scope="module")
def database(request, django_db_blocker):
    with django_db_blocker.unblock(), stores.other_database(request.param) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _empty(database, django_db_blocker):
    """One database for all tests: to make one takes longer than any of them."""
    with django_db_blocker.unblock():
        yield
        for model in (SocialAccount, Kept):
            model.objects.all().delete()


@pytest.fixture
def rows(database, settings):
    """More than a thousand accounts, sealed with the old key; the site has a new one since."""
    settings.SOCIALREG = keyed(OLD)
    fill(ROWS)
    settings.SOCIALREG = keyed(NEW, OLD)
    return database


def all_tokens() -> dict[str, str]:
    return {str(number): token_of(number) for number in range(ROWS)}


def last(steps):
    """Go to the end; return what was done."""
    *_, tally = steps
    return tally


# -- killed


@everywhere
@pytest.mark.parametrize("dies_at", ["reading", "writing", "commit"])
def test_a_process_that_is_killed_loses_nothing_and_the_next_one_goes_on(rows, settings, dies_at):
    assert reencrypt(rows, settings.SOCIALREG, dies_at) == KILLED
    assert all_opened() == all_tokens()
    settings.SOCIALREG = keyed(NEW)
    done = [subject for subject, token in all_opened().items() if token]
    assert len(done) == BEFORE * BATCH, "what was committed, and nothing of the rest"
    settings.SOCIALREG = keyed(NEW, OLD)
    call_command("socialreg_reencrypt", quiet=True, skip_checks=True)
    settings.SOCIALREG = keyed(NEW)
    assert all_opened() == all_tokens()


# -- beside others


class At:
    """Does something once, from another thread and so on a connection of its own, before a batch is written."""

    def __init__(self, act: Callable[[], object], batch: int = 2) -> None:
        self.act = act
        self.left = batch

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        # The first statement that takes the rows is what locks them.
        if "FOR UPDATE" in sql or sql.startswith("UPDATE"):
            self.left -= 1
            if self.left == 0:
                elsewhere(self.act)
        return execute(sql, params, many, context)


def elsewhere(act: Callable[[], object]) -> None:
    def done() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(done).result(30)


def log_in(subject: int, token: str) -> None:
    account = SocialAccount.objects.get(subject=str(subject))
    account.credentials = Credentials(account.subject, token=token)
    account.save()


@everywhere
@pytest.mark.parametrize("keys", [(NEW, OLD), (OLD,)], ids=["with the new key", "by a worker that has the old one yet"])
def test_what_a_login_writes_between_reading_and_writing_stays(rows, settings, keys):
    """SQLite: the first batch takes the file with the first of two statements, so what comes second is the second's."""
    chosen = BATCH + 3 if rows.vendor != "sqlite" else 3

    def meanwhile() -> None:
        settings.SOCIALREG = keyed(*keys)
        log_in(chosen, "newer")
        settings.SOCIALREG = keyed(NEW, OLD)

    with rows.execute_wrapper(At(meanwhile, 2 if rows.vendor != "sqlite" else 1)):
        tally = last(resealing.run())
    settings.SOCIALREG = keyed(NEW)
    assert all_opened() == {**all_tokens(), str(chosen): "newer"}
    assert tally.seen == ROWS
    assert (tally.resealed, tally.fresh) == ((ROWS, 0) if keys == (OLD,) else (ROWS - 1, 1))


@everywhere
def test_a_row_that_goes_meanwhile_does_not_come_back(rows, settings):
    chosen = SocialAccount.objects.get(subject="3")
    with rows.execute_wrapper(At(chosen.delete, 1)):
        tally = last(resealing.run())
    assert not SocialAccount.objects.filter(subject="3").exists()
    assert (tally.resealed, tally.closed, tally.stuck) == (ROWS - 1, 0, 0)


@where_rows_are_locked
def test_whoever_holds_a_row_is_not_waited_for_with_others_locked_and_has_its_turn_at_the_end(rows, settings):
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(using=stores.ALIAS):
            account = SocialAccount.objects.select_for_update().get(subject="3")
            held.set()
            assert free.wait(30)
            account.credentials = Credentials("3", token="newer")
            account.save()
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(30)
        steps = resealing.run()
        first = next(steps)
        assert first.resealed == BATCH - 1, "nobody was waited for"
        free.set()
        tally = last(steps)
        holding.result(30)
    settings.SOCIALREG = keyed(NEW)
    assert all_opened() == {**all_tokens(), "3": "newer"}
    assert (tally.seen, tally.stuck) == (ROWS, 0)


@where_rows_are_locked
def test_a_row_that_is_held_all_the_time_is_named_and_the_rest_is_done(rows, settings, monkeypatch):
    monkeypatch.setattr(resealing, "PATIENCE", 0.3)
    with ThreadPoolExecutor(1) as pool:
        held, free = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic(using=stores.ALIAS):
                SocialAccount.objects.select_for_update().get(subject="3")
                held.set()
                free.wait(30)
            connections.close_all()

        holding = pool.submit(hold)
        assert held.wait(30)
        tally = last(resealing.run())
        free.set()
        holding.result(30)
    chosen = SocialAccount.objects.get(subject="3")
    assert (tally.resealed, tally.stuck, tally.named) == (ROWS - 1, 1, [f"socialreg_socialaccount {chosen.pk}"])
    assert last(resealing.run()).resealed == 1


@everywhere
def test_logins_go_on_all_the_while_and_each_finds_its_tokens_afterwards(rows, settings):
    written = {}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(reencrypt, rows, settings.SOCIALREG)
        number = 0
        while not running.done():
            subject = number * 37 % ROWS
            log_in(subject, f"newer-{number}")
            written[str(subject)] = f"newer-{number}"
            number += 1
    assert running.result() == 0
    assert len(written) > 20
    settings.SOCIALREG = keyed(NEW)
    assert all_opened() == {**all_tokens(), **written}


@everywhere
def test_what_providers_keep_is_sealed_anew_too(database, settings):
    settings.SOCIALREG = keyed(OLD)
    SharedStore().keep("mastodon:https://one.example", {"client_id": "1", "client_secret": "a"})
    settings.SOCIALREG = keyed(NEW, OLD)
    assert last(resealing.run()).resealed == 1
    settings.SOCIALREG = keyed(NEW)
    assert Kept.objects.count() == 1
    assert SharedStore().kept("mastodon:https://one.example") == {"client_id": "1", "client_secret": "a"}


# -- a refresh that is under way


@pytest.fixture
def account(database, standin, settings) -> SocialAccount:
    """An account at X whose token has ended, sealed with the old key."""
    settings.SOCIALREG = keyed(OLD)
    made = make_account(standin)
    expire(made)
    standin.requests.clear()
    settings.SOCIALREG = keyed(NEW, OLD)
    return made


@everywhere
def test_a_row_that_is_sealed_anew_before_its_refresh_begins_is_refreshed_all_the_same(account, standin):
    """Another text is not another token: who took it for one would go on with the dead one."""
    before, read = opened(account), stored(account)
    assert last(resealing.run()).resealed == 1
    after = flights.renew(read)
    assert len(standin.requests_to("/x/token")) == 1
    assert opened(after).token != before.token
    assert opened(stored(account)) == opened(after)


@everywhere
def test_a_row_that_is_sealed_anew_while_somebody_refreshes_it_is_not_taken_for_refreshed(account, standin):
    before, read = opened(account), stored(account)
    # Somebody began, most of their time ago, and is not going to end.
    SocialAccount.objects.update(refresh_begun_at=now() - flights.LONGEST + timedelta(seconds=1))
    assert last(resealing.run()).resealed == 1
    with pytest.raises(Unavailable) as caught:
        flights.renew(read)
    assert caught.value.code == "refresh-failed"
    assert opened(stored(account)) == before
    assert standin.requests_to("/x/token") == []


@everywhere
def test_a_refresh_under_way_writes_its_tokens_over_a_text_that_was_sealed_anew(account, standin, database):
    """The statement that marks the row is the refresh's first; the batch comes between that and the answer."""
    with database.execute_wrapper(After("refresh_begun_at", lambda: last(resealing.run()))):
        after = flights.renew(stored(account))
    assert opened(stored(account)) == opened(after)
    assert stored(account).refresh_begun_at is None
    assert len(standin.requests_to("/x/token")) == 1


class After:
    """Does something once, after the statement that sets a column."""

    def __init__(self, column: str, act: Callable[[], object]) -> None:
        self.column, self.act, self.is_done = column, act, False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if not self.is_done and sql.startswith("UPDATE") and self.column in sql.partition("WHERE")[0]:
            self.is_done = True
            elsewhere(self.act)
        return result
