"""``manage.py socialreg_index`` and the check that asks for it, on every database that is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import isolate_apps

from socialreg import email_index, finders
from socialreg.email_index import check_email_index
from tests import stores
from tests.statements import recorded, scans

NAME = "auth_user_email_socialreg"
FITTING = {
    "sqlite": [
        "CREATE INDEX theirs ON auth_user (lower(email))",
        'create unique index "theirs" on [auth_user] ( LOWER ( `email` ) DESC, id )',
    ],
    "postgresql": [
        "CREATE INDEX theirs ON auth_user (lower(email))",
        "CREATE UNIQUE INDEX theirs ON auth_user (lower(email) DESC, id)",
        "CREATE INDEX theirs ON auth_user USING hash (lower(email))",
    ],
    "mysql": [
        "CREATE INDEX theirs ON auth_user (email)",
        "CREATE UNIQUE INDEX theirs ON auth_user (email, id)",
        "CREATE INDEX theirs ON auth_user (email(20))",
    ],
}
UNFIT = {
    "sqlite": [
        "CREATE INDEX theirs ON auth_user (email)",
        "CREATE INDEX theirs ON auth_user (id, lower(email))",
        "CREATE INDEX theirs ON auth_user (upper(email))",
        "CREATE INDEX theirs ON auth_user (lower(email)) WHERE is_active",
        "CREATE INDEX theirs ON auth_user (lower(email) COLLATE NOCASE)",
        "CREATE INDEX theirs ON auth_user (lower(first_name), email)",
    ],
    "postgresql": [
        "CREATE INDEX theirs ON auth_user (email)",
        "CREATE INDEX theirs ON auth_user (id, lower(email))",
        "CREATE INDEX theirs ON auth_user (upper(email))",
        "CREATE INDEX theirs ON auth_user (lower(email)) WHERE is_active",
        'CREATE INDEX theirs ON auth_user (lower(email) COLLATE "POSIX")',
        "CREATE INDEX theirs ON auth_user USING brin (lower(email))",
    ],
    "mysql": [
        "CREATE INDEX theirs ON auth_user (first_name, email)",
        "CREATE FULLTEXT INDEX theirs ON auth_user (email)",
    ],
}
_DROP = {"mysql": "DROP INDEX {} ON auth_user"}


@pytest.fixture(scope="module")
def database(request, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock(), stores.other_database(request.param) as connection:
        yield connection


@pytest.fixture
def users(database, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """A table of users as Django made it."""
    with django_db_blocker.unblock():
        yield database
        User.objects.all().delete()
        for name in (NAME, "theirs"):
            if name in indexes(database):
                run(database, _DROP.get(database.vendor, "DROP INDEX {}").format(name))


everywhere = stores.on("sqlite", "postgres", "mysql")


def run(connection: BaseDatabaseWrapper, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def indexes(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        return {name for name, _ in connection.introspection.get_constraints(cursor, "auth_user").items()}


def command(**options) -> str:
    out = StringIO()
    call_command("socialreg_index", database=stores.ALIAS, stdout=out, **options)
    return out.getvalue()


def query_scans(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what the database reads from end to end to find an address in a table that is worth an index."""
    User.objects.bulk_create(User(username=f"u{n}", email=f"Person{n}@example.com") for n in range(2000))
    if connection.vendor == "postgresql":
        run(connection, "ANALYZE auth_user")
    with recorded(connection) as statements:
        assert finders.user_with_email("person7@EXAMPLE.com").username == "u7"
    query, _known_of_whom_it_found = statements.queries
    return scans(connection, query)


@everywhere
def test_without_the_index_finding_an_address_reads_every_user(users):
    assert query_scans(users)


@everywhere
def test_the_command_makes_the_index_that_the_query_uses_and_says_so_in_one_line(users):
    assert command() == f"Made the index {NAME} on auth_user.\n"
    assert query_scans(users) == []


@everywhere
def test_name_and_address_are_looked_up_in_one_query_by_both_indexes(users):
    """The form asks for both at once; on some databases an OR is the end of all indexes."""
    command()
    query_scans(users)
    for name, address, found in (
        ("u7", "nobody@example.com", (True, False)),
        ("nobody", "PERSON8@example.com", (False, True)),
        ("u7", "person8@example.com", (True, True)),
        ("nobody", "nobody@example.com", (False, False)),
        ("u7", "", (True, False)),
    ):
        with recorded(users) as statements:
            assert finders.taken(name, address) == found
        query, *known_of_whom_it_found = statements.queries
        assert len(known_of_whom_it_found) == (1 if found[1] else 0)
        assert scans(users, query) == []


@everywhere
def test_the_command_does_nothing_the_second_time(users):
    command()
    with recorded(users) as statements:
        assert command() == f"The index {NAME} on auth_user serves e-mail addresses already. Nothing to do.\n"
    assert not [sql for sql, _ in statements.queries if sql.startswith(("CREATE", "DROP"))]


@everywhere
def test_a_dry_run_prints_the_sql_and_makes_nothing(users):
    before = indexes(users)
    printed = command(dry_run=True)
    assert indexes(users) == before
    for statement in printed.split(";"):
        if statement.strip():
            run(users, statement)
    assert command(dry_run=True).startswith(f"The index {NAME} on auth_user serves")


@everywhere
def test_an_index_that_the_site_made_itself_is_good_enough(users):
    for sql in FITTING[users.vendor]:
        run(users, sql)
        assert command() == "The index theirs on auth_user serves e-mail addresses already. Nothing to do.\n", sql
        assert check_email_index(None, [stores.ALIAS]) == []
        run(users, _DROP.get(users.vendor, "DROP INDEX {}").format("theirs"))


@everywhere
def test_an_index_that_cannot_serve_the_query_is_not_taken_for_one_that_can(users):
    for sql in UNFIT[users.vendor]:
        run(users, sql)
        assert [each.id for each in check_email_index(None, [stores.ALIAS])] == ["socialreg.W003"], sql
        assert NAME in command(dry_run=True), sql
        run(users, _DROP.get(users.vendor, "DROP INDEX {}").format("theirs"))


@stores.on("sqlite", "postgres")
def test_an_index_of_another_kind_under_the_same_name_is_reported(users):
    run(users, f"CREATE INDEX {NAME} ON auth_user (first_name)")
    with pytest.raises(CommandError, match=f"{NAME} exists and is another index"):
        command()


@everywhere
def test_the_check_misses_the_index_until_it_is_there(users):
    [warning] = check_email_index(None, [stores.ALIAS])
    assert warning.id == "socialreg.W003"
    assert "reads every user" in warning.msg
    assert "manage.py socialreg_index --database other" in warning.hint
    command()
    assert check_email_index(None, [stores.ALIAS]) == []


@everywhere
def test_migrate_and_check_with_a_database_run_the_check(users):
    runs = {"migrate": {"database": stores.ALIAS, "skip_checks": False}, "check": {"databases": [stores.ALIAS]}}
    for name, options in runs.items():
        err = StringIO()
        call_command(name, stdout=err, stderr=err, **options)
        assert "socialreg.W003" in err.getvalue(), name


@everywhere
def test_the_check_costs_three_queries_at_most(users):
    with recorded(users) as statements:
        check_email_index(None, [stores.ALIAS])
    assert len(statements.queries) <= 3


@everywhere
def test_the_check_is_silent_before_the_table_is_there_and_the_command_names_migrate(users, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(User._meta, "db_table", "not_there_yet")
        assert check_email_index(None, [stores.ALIAS]) == []
        with pytest.raises(CommandError, match=r"was not made: .*run migrate first"):
            command()


@stores.on("sqlite")
def test_the_check_is_silent_where_the_users_are_not(users, settings):
    class Apart:
        def allow_migrate(self, db, app_label, **hints):
            return db != stores.ALIAS

    settings.DATABASE_ROUTERS = [Apart()]
    assert not router.allow_migrate_model(stores.ALIAS, User)
    assert check_email_index(None, [stores.ALIAS]) == []


def test_the_check_is_silent_about_a_database_that_is_out_of_reach(django_db_blocker):
    gone = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": "127.0.0.1", "PORT": "1"}
    with django_db_blocker.unblock(), stores.alias("gone", gone):
        assert check_email_index(None, ["gone"]) == []


def test_a_database_that_nobody_has_thought_of_gets_a_clear_answer():
    with stores.alias("strange", {"ENGINE": "django.db.backends.dummy"}):
        assert check_email_index(None, ["strange"]) == []
        with pytest.raises(CommandError, match=r"for unknown it is not known how .* Make an index on LOWER"):
            call_command("socialreg_index", database="strange")


@isolate_apps("tests")
def test_a_user_model_without_an_address_needs_no_index(monkeypatch, django_db_blocker):
    class Nameless(AbstractBaseUser):
        class Meta:
            app_label = "tests"

    monkeypatch.setattr(email_index, "get_user_model", lambda: Nameless)
    out = StringIO()
    call_command("socialreg_index", stdout=out)
    assert out.getvalue() == "The user model has no e-mail address. Nothing to do.\n"
    assert check_email_index(None, ["default"]) == []


@isolate_apps("tests")
def test_an_inherited_address_is_indexed_in_the_table_that_has_it(monkeypatch):
    class Staff(User):
        class Meta:
            app_label = "tests"

    monkeypatch.setattr(email_index, "get_user_model", lambda: Staff)
    assert email_index.wanted("default").table == "auth_user"


@stores.on("postgres")
def test_what_an_interrupted_run_left_behind_is_replaced(users):
    for name in "ab":
        User.objects.create(username=name, email="same@example.com")
    with pytest.raises(IntegrityError):  # breaks off half-way, as a killed process or a timeout does
        run(users, f"CREATE UNIQUE INDEX CONCURRENTLY {NAME} ON auth_user (lower(email))")
    assert NAME in indexes(users)
    assert query_scans(users)
    assert [each.id for each in check_email_index(None, [stores.ALIAS])] == ["socialreg.W003"]
    assert f'DROP INDEX CONCURRENTLY IF EXISTS "{NAME}";' in command(dry_run=True)
    assert command() == f"Made the index {NAME} on auth_user.\n"
    assert check_email_index(None, [stores.ALIAS]) == []


@stores.on("postgres", "mysql")
def test_inside_a_transaction_the_command_refuses(users):
    with transaction.atomic(using=stores.ALIAS), pytest.raises(CommandError, match="inside a transaction"):
        command()
    assert NAME not in indexes(users)


@stores.on("postgres")
def test_the_session_keeps_none_of_its_settings_and_locks(users):
    command()
    with users.cursor() as cursor:
        for setting in ("lock_timeout", "statement_timeout"):
            cursor.execute(f"SHOW {setting}")
            assert cursor.fetchone() == ("0",)
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


@stores.on("postgres")
def test_of_two_processes_one_makes_it_and_the_other_leaves_its_work_alone(users):
    """While the first waits for an old transaction, the second refuses, and others write to the table unhindered."""
    done: list[str] = []

    def first() -> None:
        try:
            done.append(command())
        finally:
            connections[stores.ALIAS].close()

    old, others = users.copy(), users.copy()
    run(old, "BEGIN")
    run(old, "UPDATE auth_user SET last_name = 'held'")
    thread = threading.Thread(target=first)
    thread.start()
    try:
        _until_it_waits(users)
        with pytest.raises(CommandError, match="another process is making it"):
            command()
        run(others, "SET lock_timeout = '2s'")
        run(
            others,
            "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,"
            " is_active, date_joined) VALUES ('late', '', false, '', '', 'Late@example.com', false, true, now())",
        )
    finally:
        run(old, "COMMIT")
        thread.join(30)
        old.close()
        others.close()
    assert done == [f"Made the index {NAME} on auth_user.\n"]
    assert finders.user_with_email("late@example.com").username == "late"


def _until_it_waits(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT phase FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for%'")
            if cursor.fetchone():
                return
    pytest.fail("the index was never waited for")


@stores.on("mysql")
def test_a_table_that_stays_locked_is_left_alone_before_the_site_stands_still(users):
    old = users.copy()
    try:
        run(old, "BEGIN")
        run(old, "UPDATE auth_user SET last_name = 'held'")
        began = time.monotonic()
        with pytest.raises(CommandError, match=r"was not made: .*timeout.*run this again when it is less busy"):
            command()
        assert time.monotonic() - began < 30, "all this while everybody else queued behind it"
    finally:
        old.close()
    assert NAME not in indexes(users)
