"""``manage.py socialreg_reencrypt``: everything that is sealed, with the newest key, once; what is left is named."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models import Field

from socialreg import resealing
from socialreg.encryption import seal, unseal
from socialreg.management.stopping import stoppable
from socialreg.models import Kept, SocialAccount
from socialreg.resealing import BATCH, COLUMNS, MOST_NAMED
from tests.sealed_rows import NEW, OLD, fill, keyed, opened, token_of
from tests.statements import recorded
from tests.test_way import register

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 2 * BATCH + 3


def reencrypt(*options: str) -> tuple[str, str]:
    """Run the command; return what it said, and what it showed."""
    said, shown = io.StringIO(), io.StringIO()
    call_command("socialreg_reencrypt", *options, stdout=said, stderr=shown)
    return said.getvalue(), shown.getvalue()


def refused() -> str:
    """Run the command; return what it complained of."""
    with pytest.raises(CommandError) as caught:
        reencrypt()
    assert caught.value.returncode == 1
    return str(caught.value)


@pytest.fixture
def rows(settings) -> None:
    """A thousand accounts and two applications, sealed with the old key; the site has a new one since."""
    settings.SOCIALREG = keyed(OLD)
    fill(ROWS)
    for digest in "ab":
        Kept.objects.create(digest=digest * 64, sealed=seal("kept", {"client_secret": digest}))
    settings.SOCIALREG = keyed(NEW, OLD)


def all_tokens(number: int = ROWS) -> dict[str, str]:
    return {str(each): token_of(each) for each in range(number)}


def test_everything_is_sealed_with_the_newest_key_afterwards_and_says_what_it_said(rows, settings):
    said, _ = reencrypt()
    assert said == f"Sealed anew: {ROWS + 2:,}. With the newest key already: 0.\n"
    settings.SOCIALREG = keyed(NEW)
    assert opened() == all_tokens()
    kept = [unseal("kept", each.sealed) for each in Kept.objects.order_by("digest")]
    assert kept == [{"client_secret": "a"}, {"client_secret": "b"}]


def test_it_changes_nothing_but_the_text(rows):
    before = list(
        SocialAccount.objects.defer("sealed_credentials").order_by("pk").values_list("pk", "used_at", "scope")
    )
    reencrypt()
    after = list(SocialAccount.objects.defer("sealed_credentials").order_by("pk").values_list("pk", "used_at", "scope"))
    assert after == before


def test_a_second_time_nothing_is_written(rows):
    reencrypt()
    with recorded(connection) as statements:
        said, _ = reencrypt()
    assert said == f"Sealed anew: 0. With the newest key already: {ROWS + 2:,}.\n"
    assert not [sql for sql, _ in statements.queries if not sql.startswith("SELECT")]


def test_a_batch_is_one_read_one_lock_and_one_statement_for_all_of_its_rows(rows):
    many: list[int] = []

    def watch(execute: Any, sql: str, params: Any, is_many: bool, context: dict[str, Any]) -> Any:
        many.append(len(params) if is_many else 0)
        return execute(sql, params, is_many, context)

    with connection.execute_wrapper(watch):
        for _ in resealing.run():
            pass
    assert [each for each in many if each] == [BATCH, BATCH, 3, 2]
    batches = 4
    # It is read; then, in a transaction, locked (two statements on SQLite), read as it is now, and written.
    assert len(many) <= 6 * batches


def test_no_more_than_a_batch_is_read_at_once(rows):
    with recorded(connection) as statements:
        for _ in resealing.run():
            pass
    read = []
    with connection.cursor() as cursor:
        for sql, params in statements.queries:
            if sql.startswith("SELECT"):
                cursor.execute(sql, params)
                read.append(len(cursor.fetchall()))
    assert max(read) == BATCH


# -- what is left


def test_what_no_key_opens_is_named_and_never_shown_and_the_rest_is_done(rows, settings):
    closed = list(SocialAccount.objects.order_by("pk")[10:12])
    SocialAccount.objects.filter(pk=closed[0].pk).update(sealed_credentials="gAAAA-of-another-key")
    SocialAccount.objects.filter(pk=closed[1].pk).update(sealed_credentials="é")
    Kept.objects.filter(digest="a" * 64).update(sealed="junk-of-another-key")
    said = refused()
    names = [f"socialreg_socialaccount {each.pk}" for each in closed]
    assert "No key opens 3." in said
    assert f"Rows: {names[0]}, {names[1]}, socialreg_kept {Kept.objects.get(digest='a' * 64).pk}." in said
    assert not [each for each in ("gAAAA", "junk", "é", NEW, OLD) if each in said]
    settings.SOCIALREG = keyed(NEW)
    assert {subject for subject, token in opened().items() if token is None} == {each.subject for each in closed}


def test_where_a_key_is_lost_a_few_rows_are_named_and_all_are_counted(rows, settings):
    settings.SOCIALREG = keyed(NEW)
    said = refused()
    assert f"No key opens {ROWS + 2:,}." in said
    assert said.count("socialreg_socialaccount") == MOST_NAMED
    assert f", and {ROWS + 2 - MOST_NAMED:,} more." in said
    settings.SOCIALREG = keyed(OLD)
    assert opened() == all_tokens()


def test_an_account_without_credentials_is_no_failure(rows, settings):
    SocialAccount.objects.filter(subject="7").update(sealed_credentials="")
    assert f"Sealed anew: {ROWS + 1:,}." in reencrypt()[0]
    assert SocialAccount.objects.get(subject="7").sealed_credentials == ""


@pytest.fixture
def stubborn(rows) -> SocialAccount:
    """An account that the database lets nobody write."""
    chosen = SocialAccount.objects.get(subject="7")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER stubborn BEFORE UPDATE ON socialreg_socialaccount "
            f"WHEN NEW.id = {chosen.pk} AND NEW.sealed_credentials <> OLD.sealed_credentials "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    yield chosen
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER stubborn")


def test_one_row_that_cannot_be_written_stops_no_other_not_even_of_its_batch(stubborn, settings, monkeypatch):
    monkeypatch.setattr(resealing, "PATIENCE", 1)
    said = refused()
    assert f"Rows: socialreg_socialaccount {stubborn.pk}." in said
    assert "1 could not be written" in said
    settings.SOCIALREG = keyed(NEW)
    assert opened() == {**all_tokens(), "7": None}


def test_of_rows_that_have_to_wait_no_more_are_remembered_than_fit(stubborn, monkeypatch):
    monkeypatch.setattr(resealing, "PATIENCE", 1)
    monkeypatch.setattr(resealing, "MOST_AGAIN", 10)
    assert f"{BATCH - 10 + 1} could not be written" in refused()


def test_a_database_that_fails_is_told_in_one_line_without_what_was_to_be_written(rows):
    def fail(execute: Any, sql: str, params: Any, is_many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith("SELECT") and "COUNT" not in sql:
            raise OperationalError(f"server closed the connection: {SocialAccount.__name__} gAAAA")
        return execute(sql, params, is_many, context)

    with connection.execute_wrapper(fail):
        said = refused()
    assert said == "The database failed: OperationalError. Bring it back and run this again: it goes on"


# -- how it goes


def test_it_says_how_far_it_is_and_quiet_says_nothing(rows):
    _, shown = reencrypt()
    assert f"1,000 of {ROWS + 2:,}: Sealed anew: 1,000." in shown
    assert reencrypt("--quiet") == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_when_asked_to_it_ends_after_the_batch_in_hand_and_goes_on_the_next_time(rows, settings, number):
    def ask(execute: Any, sql: str, params: Any, is_many: bool, context: dict[str, Any]) -> Any:
        if is_many:
            os.kill(os.getpid(), number)
        return execute(sql, params, is_many, context)

    with connection.execute_wrapper(ask):
        said = refused()
    assert said == "Stopped. Run this again: it goes on where it stopped."
    assert reencrypt()[0] == f"Sealed anew: {ROWS + 2 - BATCH:,}. With the newest key already: {BATCH:,}.\n"


@pytest.fixture
def heard() -> Iterator[None]:
    """Python's own way with Ctrl-C, also where whoever started the tests had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_asked_a_second_time_it_ends_at_once(heard):
    with stoppable() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


# -- all there is


def test_there_is_no_other_column_with_something_sealed():
    fields = [each for model in apps.get_app_config("socialreg").get_models() for each in model._meta.get_fields()]
    named = {(each.model, each.name) for each in fields if isinstance(each, Field) and "sealed" in each.name}
    assert named == {(each.model, each.name) for each in COLUMNS}


def test_nor_does_a_registration_leave_anything_sealed_in_another_table(browser, settings):
    """What is sealed begins with the same letters. Sessions hold it, too, for thirty minutes: they are not kept."""
    register(browser)
    browser.log_in("tomas_ok")
    found = {table for table, row in every_row() if "gAAAA" in repr(row)}
    assert found == {"socialreg_socialaccount"}


def every_row():
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            yield from ((table, row) for row in cursor.fetchall())
