"""The databases that the tests reach, each as one more alias beside ``default``, made anew and dropped afterwards.

SQLite in a file is always there. ``SOCIALREG_TEST_DATABASES`` names the others, as URLs with a comma between them; the
databases that they name are made and dropped, so the user in them must be allowed to. Without it the two below are
tried. One that does not answer, or that is not named at all, is a skip with its reason, and with ``CI=true`` a failure
(:mod:`tests.skips`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import environ
import pymysql
import pytest
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import override_settings

pymysql.install_as_MySQLdb()

SQLITE = "sqlite://"
#: What the build server has to have, by what a test is called by.
WANTED = {
    "sqlite": SQLITE,
    "postgres": "postgres://postgres@127.0.0.1:5432/socialreg_test",
    "mysql": "mysql://root@127.0.0.1:3306/socialreg_test",
}
_NAMED = os.environ.get("SOCIALREG_TEST_DATABASES", ",".join(WANTED.values()))
URLS = [SQLITE, *(url for url in _NAMED.split(",") if url not in {"", SQLITE})]
ALIAS = "other"
_NAMES = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")

#: How to get rid of a database, and to make one, by Django's name for its kind.
_DROP = {
    "postgresql": "DROP DATABASE IF EXISTS {name} WITH (FORCE)",
    "mysql": "DROP DATABASE IF EXISTS {name}",
}
_CREATE = {"postgresql": "CREATE DATABASE {name}", "mysql": "CREATE DATABASE {name} CHARACTER SET utf8mb4"}
_SERVER = {"postgresql": "postgres", "mysql": ""}


class Elsewhere:
    """A router that sends everything to the other database."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        return ALIAS

    db_for_write = db_for_read


def kind(url: str) -> str:
    """Return ``sqlite``, ``postgres`` or ``mysql``: what a test is called by."""
    scheme = url.partition(":")[0]
    return {"postgresql": "postgres", "psql": "postgres"}.get(scheme, scheme)


def on(*kinds: str, at_night: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Run a test with its fixture ``database`` on these kinds, and at night (:mod:`tests.effort`) on more."""
    found = [case for name in kinds for case in cases(of_kind(name), name, unnamed(name))]
    found += [case for name in at_night for case in cases(of_kind(name), name, unnamed(name), pytest.mark.nightly)]
    return pytest.mark.parametrize("database", found, indirect=True)


def on_with(argument: str, first: Any, *others: Any) -> Callable[[Any], Any]:
    """Run a test with ``first`` on every database, with others of its like on PostgreSQL; at night each on each."""
    found = [case for each in (first, *others) for name in WANTED for case in _with(each, name, each is first)]
    return pytest.mark.parametrize(("database", argument), found, indirect=["database"])


def _with(value: Any, name: str, is_first: bool) -> Iterator[Any]:
    called = value if isinstance(value, str) else value.__name__
    marks = [] if is_first or name == "postgres" else [pytest.mark.nightly]
    for case in cases(of_kind(name), name, unnamed(name), *marks):
        yield pytest.param(*case.values, value, id=f"{name}-{called}", marks=case.marks)


def of_kind(name: str) -> list[str]:
    """Return the databases of a kind."""
    return [url for url in URLS if kind(url) == name]


def unnamed(name: str) -> str:
    """Return why there is no database of a kind, and what to do."""
    return f"SOCIALREG_TEST_DATABASES names no {name}: add one to it, such as {WANTED[name]}, or leave it unset"


def cases(urls: Sequence[str], name: str, reason: str, *marks: pytest.MarkDecorator) -> list[Any]:
    """Return a test's cases, all of one name. None at all is one that is skipped: no test is gone without a word."""
    skipped = pytest.param("", id=name, marks=[pytest.mark.skip(reason=reason), *marks])
    return [pytest.param(url, id=name, marks=marks) for url in urls] or [skipped]


@contextmanager
def other_database(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Give the alias ``other`` a database with all tables, and send every query there."""
    with (
        TemporaryDirectory() as folder,
        _database(url, Path(folder)) as settings,
        alias(ALIAS, settings) as connection,
        override_settings(DATABASE_ROUTERS=[Elsewhere()]),
    ):
        # Twice: an app of the tests without migrations refers to tables that have to be there.
        for run_syncdb in (False, True):
            call_command("migrate", database=ALIAS, verbosity=0, run_syncdb=run_syncdb)
        yield connection


@contextmanager
def _database(url: str, folder: Path) -> Iterator[dict[str, Any]]:
    if url == SQLITE:
        yield {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "other.sqlite3")}
        return
    settings = dict(environ.Env.db_url_config(url))
    settings["NAME"] += f"_{os.getpid()}"
    try:
        _on_server(settings, (_DROP, _CREATE))
    except OperationalError as error:
        pytest.skip(f"{kind(url)} of SOCIALREG_TEST_DATABASES does not answer: {error}")
    try:
        yield settings
    finally:
        _on_server(settings, (_DROP,))


def _on_server(settings: dict[str, Any], statements: Sequence[dict[str, str]]) -> None:
    """Run statements where the database itself need not exist yet."""
    vendor = settings["ENGINE"].rpartition(".")[2]
    with alias("server", {**settings, "NAME": _SERVER[vendor]}) as server, server.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement[vendor].format(name=server.ops.quote_name(settings["NAME"])))


def missing(url: str) -> str:
    """Return why a database does not answer; nothing if it does."""
    if url == SQLITE:
        return ""
    try:
        _on_server(dict(environ.Env.db_url_config(url)), ())
    except OperationalError as error:
        return str(error)
    return ""


@contextmanager
def alias(name: str, settings: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Let there be one more entry in ``DATABASES``."""
    connections.settings[name] = connections.configure_settings({"default": {}, name: settings})[name]
    try:
        yield connections[name]
    finally:
        connections[name].close()
        del connections[name]
        del connections.settings[name]


def database_of(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the entry for ``DATABASES`` by which other processes reach the database of a connection."""
    return {name: connection.settings_dict[name] for name in _NAMES}
