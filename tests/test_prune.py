"""``manage.py socialreg_prune``: what is old goes, in batches, and nothing else; again does no harm."""

from __future__ import annotations

import io
import signal
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils.timezone import now

from socialreg import pruning
from socialreg.sign_in_events import SignInEvent
from tests import stores
from tests.statements import recorded, scans

pytestmark = pytest.mark.django_db(transaction=True)


def prune(*options: str, **more: object) -> str:
    """Run the command; return what it said."""
    said = io.StringIO()
    call_command("socialreg_prune", *options, stdout=said, **more)
    return said.getvalue()


def happen(*ages: float) -> None:
    """Let something have happened so many days ago, each."""
    events = (SignInEvent(event="login", code="ok", user=str(age), at=now() - timedelta(days=age)) for age in ages)
    SignInEvent.objects.bulk_create(events)


def left() -> list[str]:
    return sorted(SignInEvent.objects.values_list("user", flat=True), key=float)


def test_what_is_older_than_ninety_days_goes_and_nothing_else():
    happen(0, 89.9, 90.1, 400)
    said = prune()
    assert said.startswith("Removed 2 sign-in events from before ")
    assert said.endswith(" UTC.\n")
    assert left() == ["0", "89.9"]


@pytest.mark.parametrize(("days", "stays"), [("1", ["0"]), ("36500", ["0", "2", "40"]), ("30", ["0", "2"])])
def test_how_old_they_may_become_can_be_said(days, stays):
    happen(40, 2, 0)
    prune("--days", days)
    assert left() == stays


def test_again_it_finds_nothing_to_do():
    happen(100)
    prune()
    assert prune().startswith("Removed 0 sign-in events")


def test_no_transaction_is_longer_than_a_batch(monkeypatch):
    """The oldest go first, so that whoever stops it has lost nothing that is younger than what stays."""
    monkeypatch.setattr(pruning, "BATCH", 2)
    happen(100, 104, 101, 103, 102)
    batches = pruning.prune(now())
    assert (next(batches), left()) == (2, ["100", "101", "102"])
    assert not connection.in_atomic_block
    assert (next(batches), left()) == (2, ["100"])
    batches.close()
    assert prune().startswith("Removed 1 sign-in events")
    assert left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_ends_it_after_the_batch_in_hand(monkeypatch, number):
    """Also a timer that has had enough: what was removed is removed, and the rest is for the next run."""
    monkeypatch.setattr(pruning, "BATCH", 1)
    happen(100, 101, 102)
    deletions: list[str] = []

    def end(execute, sql, params, many, context):
        if sql.startswith("DELETE") and not deletions:
            deletions.append(sql)
            signal.raise_signal(number)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end), pytest.raises(CommandError, match="Stopped, 1 sign-in events") as error:
        prune()
    assert error.value.returncode == 1
    assert left() == ["100", "101"]
    assert prune().startswith("Removed 2 ")


def test_a_batch_is_two_statements_however_many_rows_it_has():
    happen(*[100] * 300)
    with recorded(connection) as statements:
        prune()
    assert len(statements.queries) == 3  # the keys, the rows, and no more keys


def test_quietly_it_says_nothing():
    happen(100)
    assert prune(verbosity=0) == ""
    assert left() == []


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "many", "", "36501", "9" * 30, "٣"])
def test_what_is_no_number_of_days_removes_nothing(days):
    happen(100)
    with pytest.raises(CommandError, match="is no number of days"):
        prune(f"--days={days}")
    assert left() == ["100"]


def test_a_database_that_does_not_play_along_is_an_error_that_says_how_far_it_came(monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 1)
    happen(100, 101)
    deletions: list[str] = []

    def refuse(execute, sql, params, many, context):
        deletions.extend([sql] if sql.startswith("DELETE") else [])
        if len(deletions) == 2:
            raise OperationalError("the table\nis locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(CommandError) as error:
        prune()
    assert error.value.returncode == 1
    assert "Removed 1 sign-in events, and then the database said: the table is locked." in str(error.value)
    assert left() == ["100"]
    assert prune().startswith("Removed 1 ")


@stores.on("sqlite", "postgres", "mysql")
def test_on_every_database_whole_batches_go_and_the_old_are_found_by_an_index(database):
    events = (SignInEvent(code="ok", at=now() - timedelta(days=number % 2 * 100)) for number in range(12_000))
    SignInEvent.objects.bulk_create(events, batch_size=2_000)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE TABLE socialreg_signinevent" if database.vendor == "mysql" else "ANALYZE")
    with recorded(database) as statements:
        assert prune().startswith("Removed 6,000 ")
    assert SignInEvent.objects.count() == 6_000
    keys = [statement for statement in statements.queries if statement[0].startswith("SELECT")]
    assert len(keys) == 3
    assert scans(database, keys[-1]) == []
