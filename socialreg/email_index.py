"""The index by which an e-mail address is found: whether it is there, and how each database makes it on a live table.

Django's own user model has none, so :func:`socialreg.finders.email_query` would read every user. ``manage.py
socialreg_index`` makes it and the check W003 misses it. Both look at the real table: a site may have made its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.checks import CheckMessage
from django.db import Error, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper, truncate_name

from .exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class EmailIndex:
    """The index that a database needs: on which column of which table, and its name where this package makes it."""

    database: str
    table: str
    column: str
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: ``statements`` to run in this order; none if ``existing``, an index that fits, is there."""

    existing: str = ""
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    valid: bool


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one database does it: ``claim`` lets one process at a time in, what ``settings`` set is ``undone`` again."""

    find: Callable[[CursorWrapper, EmailIndex], list[_Found]]
    create: str
    drop: str = ""
    claim: str = ""
    settings: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    in_transaction: bool = False


def wanted(database: str) -> EmailIndex | None:
    """Return the index that the user model needs in ``database``, ``None`` if the model has no e-mail address."""
    options = get_user_model()._meta  # noqa: SLF001 - public API
    name = get_user_model().get_email_field_name()
    field = next((field for field in options.concrete_fields if field.name == name), None)
    if field is None or field.column is None:
        return None
    table = field.model._meta.db_table  # noqa: SLF001 - of the parent, where the user model inherits the address
    length = connections[database].ops.max_name_length()
    own_name = truncate_name(re.sub(r"\W+", "_", f"{table}_{field.column}_socialreg"), length)
    return EmailIndex(database, table, field.column, own_name)


def plan(index: EmailIndex) -> Plan:
    """Return what would have to be done, doing nothing.

    :raises ConfigurationError: nobody has said yet how this database makes such an index.
    """
    connection = connections[index.database]
    dialect = _dialect(connection)
    with connection.cursor() as cursor:
        found = dialect.find(cursor, index)
    fitting = next((each.name for each in found if each.valid), "")
    if fitting:
        return Plan(existing=fitting)
    fill = {field: connection.ops.quote_name(getattr(index, field)) for field in ("name", "table", "column")}
    # What an interrupted run left behind costs at every write, serves nobody, and would pass for the index by its name.
    drop = [dialect.drop] if any(each.name == index.name for each in found) else []
    return Plan(statements=tuple(line.format(**fill) for line in (*dialect.settings, *drop, dialect.create)))


def create(index: EmailIndex) -> Plan:
    """Make the index if there is none that fits, without stopping a live site, and return what was done.

    :raises ConfigurationError: as :func:`plan` does; or in a transaction, where it cannot be done without locks; or
        another process is at it; or an index of another kind has its name.
    :raises django.db.Error: the database refused, or others held the table for too long. What may be left of the index
        then is replaced by the next run.
    """
    connection = connections[index.database]
    dialect = _dialect(connection)
    if not dialect.in_transaction and (connection.in_atomic_block or not connection.get_autocommit()):
        raise _impossible("it cannot be made inside a transaction", "Run manage.py socialreg_index by itself")
    with connection.cursor() as cursor:
        if dialect.claim:
            cursor.execute(dialect.claim, [crc32(index.name.encode())])
            if cursor.fetchone() != (True,):
                raise _impossible("another process is making it", "Wait until that one is done")
        try:
            todo = plan(index)
            for statement in todo.statements:
                cursor.execute(statement)
        finally:
            for statement in dialect.undone:
                with suppress(Error):  # the connection may be gone, and all this with it
                    cursor.execute(statement)
    if not plan(index).existing:
        raise _impossible(f"{index.name} exists and is another index", "Rename or drop it, then run this again")
    return todo


def check_email_index(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **_: Any
) -> list[CheckMessage]:
    """W003: finding an address reads the whole table of users. Says nothing of a table that is not there yet."""
    model = get_user_model()
    chosen = [alias for alias in databases or () if router.allow_migrate_model(alias, model)]
    return [message for alias in chosen for message in _check(alias)]


def _check(database: str) -> list[CheckMessage]:
    connection = connections[database]
    index = wanted(database)
    if index is None or connection.vendor not in _DIALECTS:
        return []
    try:
        with connection.cursor() as cursor:
            there = index.table in connection.introspection.table_names(cursor)
        if not there or plan(index).existing:
            return []
    except Error:  # out of reach, which is for others to report
        return []
    return [
        checks.Warning(
            f"{index.table} has no index for its e-mail addresses: finding one reads every user",
            hint=f"Run manage.py socialreg_index --database {database}",
            id="socialreg.W003",
        )
    ]


def _dialect(connection: BaseDatabaseWrapper) -> _Dialect:
    if connection.vendor not in _DIALECTS:
        raise _impossible(
            f"for {connection.display_name} it is not known how to do that on a live table",
            "Make an index on LOWER of the column, in your database's own words",
        )
    return _DIALECTS[connection.vendor]


def _impossible(cause: str, remedy: str) -> ConfigurationError:
    return ConfigurationError("The index for e-mail addresses was not made", cause=cause, remedy=remedy, code="index")


def _find_postgresql(cursor: CursorWrapper, index: EmailIndex) -> list[_Found]:
    # https://www.postgresql.org/docs/current/catalog-pg-index.html. Of another collation, it would not be used.
    cursor.execute(
        """
        SELECT c.relname, i.indisvalid AND i.indisready, pg_get_indexdef(i.indexrelid, 1, true)
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = %s
        WHERE i.indrelid = to_regclass(%s) AND i.indpred IS NULL
            AND m.amname IN ('btree', 'hash') AND i.indcollation[0] = a.attcollation
        ORDER BY c.relname
        """,
        [index.column, connections[index.database].ops.quote_name(index.table)],
    )
    lower = re.compile(rf"lower\(\(?{re.escape(index.column)}\)?(::[\w ]+)?\)")
    return [_Found(name, valid) for name, valid, key in cursor.fetchall() if lower.fullmatch(key.replace('"', ""))]


def _find_sqlite(cursor: CursorWrapper, index: EmailIndex) -> list[_Found]:
    # https://www.sqlite.org/schematab.html. There is no other trace of an expression than the statement itself.
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
    table, column = (re.escape(_plain(name)) for name in (index.table, index.column))
    lower = re.compile(rf"on{table}\(+lower\(+{column}\)+(asc|desc)?[,)]")
    written = {name: _plain(sql) for name, sql in cursor.fetchall()}
    return [_Found(name, valid=True) for name, sql in written.items() if lower.search(sql) and ")where" not in sql]


def _plain(sql: str) -> str:
    return re.sub(r"""[\s"'`\[\]]""", "", sql).lower()


def _find_mysql(cursor: CursorWrapper, index: EmailIndex) -> list[_Found]:
    # https://dev.mysql.com/doc/refman/8.4/en/information-schema-statistics-table.html
    cursor.execute(
        """
        SELECT index_name FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s
            AND seq_in_index = 1 AND index_type IN ('BTREE', 'HASH')
        ORDER BY index_name
        """,
        [index.table, index.column],
    )
    return [_Found(name, valid=True) for (name,) in cursor.fetchall()]


_DIALECTS: Mapping[str, _Dialect] = {
    # https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY: nobody waits for it; it
    # waits for transactions that are older, and for VACUUM and DDL, no longer than a minute each.
    "postgresql": _Dialect(
        find=_find_postgresql,
        create="CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} (LOWER({column}))",
        drop="DROP INDEX CONCURRENTLY IF EXISTS {name}",
        claim="SELECT pg_try_advisory_lock(%s)",
        settings=("SET lock_timeout = '60s'", "SET statement_timeout = 0"),
        undone=("RESET lock_timeout", "RESET statement_timeout", "SELECT pg_advisory_unlock_all()"),
    ),
    # Readers go on (with WAL), writers wait for the second or two that it takes.
    "sqlite": _Dialect(
        find=_find_sqlite,
        create="CREATE INDEX IF NOT EXISTS {name} ON {table} (LOWER({column}))",
        in_transaction=True,
    ),
    # https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html, https://mariadb.com/kb/en/innodb-online-ddl/.
    # Everybody else queues behind a statement that waits for the table, so it must not wait for long.
    "mysql": _Dialect(
        find=_find_mysql,
        create="CREATE INDEX {name} ON {table} ({column}) ALGORITHM=INPLACE LOCK=NONE",
        settings=("SET SESSION lock_wait_timeout = 3",),
        undone=("SET SESSION lock_wait_timeout = DEFAULT",),
    ),
}
