"""The statements that the site really sends to its database, and whether one of them reads a table from end to end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

Statement = tuple[str, Sequence[Any]]

#: Transaction control: no query, answered without looking at any table. COMMIT goes past Django's cursors, and so does
#: BEGIN on all but SQLite.
_CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "COMMIT", "SET TRANSACTION")
_numbers = itertools.count()


@dataclass
class Statements:
    """What was sent: ``queries``, and ``control`` of transactions."""

    queries: list[Statement] = field(default_factory=list)
    control: list[Statement] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        kept = self.control if sql.lstrip().upper().startswith(_CONTROL) else self.queries
        # executemany is one statement to the code and as many to the database.
        kept.extend((sql, tuple(row or ())) for row in (params if many else [params]))
        return execute(sql, params, many, context)


def locked(sql: str) -> str:
    """Return the table of which a statement locks a row, ``""`` if it locks none: SQLite locks by writing."""
    words = sql.replace('"', "").replace("`", "").split()
    if words[-2:] == ["FOR", "UPDATE"]:
        return words[words.index("FROM") + 1]
    return words[1] if words[0] == "UPDATE" else ""


@contextmanager
def recorded(connection: BaseDatabaseWrapper) -> Iterator[Statements]:
    """Record every statement that passes through a connection of this thread."""
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


def scans(connection: BaseDatabaseWrapper, statement: Statement) -> list[str]:
    """Return the steps of the database's plan that read a whole table or a whole index; empty for index probes."""
    return _SCANS[connection.vendor](connection, *statement)


def _explained(connection: BaseDatabaseWrapper, how: str, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # Python keeps SQLite's statements by their text, and a kept EXPLAIN does not notice that an index is gone.
        cursor.execute(f"{how} /* {next(_numbers)} */ {sql}", params)
        return cursor.fetchall()


def _sqlite(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[str]:
    # https://www.sqlite.org/eqp.html: SCAN visits every row, by an index or not; SEARCH goes to some.
    steps = [row[3] for row in _explained(connection, "EXPLAIN QUERY PLAN", sql, params)]
    return [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]


def _postgresql(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[str]:
    [(answer,)] = _explained(connection, "EXPLAIN (FORMAT JSON)", sql, params)
    plan = answer if isinstance(answer, list) else json.loads(answer)
    return [node["Node Type"] for node in _nodes(plan[0]["Plan"]) if _is_scan(node)]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _is_scan(node: dict[str, Any]) -> bool:
    if node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}:
        return "Index Cond" not in node  # walks along the whole index
    return node["Node Type"] in {"Seq Scan", "Sample Scan"}


def _mysql(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[str]:
    # https://dev.mysql.com/doc/refman/8.4/en/explain-output.html: ALL reads the table, index the whole index. Of an
    # INSERT, the table that is inserted into is named ALL.
    rows = _explained(connection, "EXPLAIN", sql, params)
    # In MySQL, not in MariaDB, the partitions stand before the kind of access.
    kinds = [(row, {"ALL", "index"} & set(row[3:5])) for row in rows if row[1] != "INSERT"]
    return [f"{row[2]}: {kind.pop()}" for row, kind in kinds if kind]


_SCANS = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
