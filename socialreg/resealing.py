"""Every secret in the database, sealed anew with the newest key: what ``socialreg_reencrypt`` runs.

Rows are read in batches by their key, so that a million of them take no more memory than a thousand. A batch is written
in one short transaction, and each of its rows on the condition that the text is the one that was read: what a login has
written meanwhile stays. Rows that somebody else is at have their turn at the end, so that nobody waits for a batch, nor
a batch for anybody. What is sealed with the newest key is not written again: a run may be ended at any moment, and the
next one goes on.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import Error, connections, router, transaction
from django.db.models import Model, QuerySet

from .encryption import Purpose, reseal
from .locking import lock
from .models import Kept, SocialAccount

#: Rows that are read at once, and written in one transaction.
BATCH = 500
#: Seconds that are spent at the end on rows that somebody is at all the time, and between two tries.
PATIENCE, _PAUSE = 10.0, 0.1
#: Rows that have another turn at the end; those that are named, of all that are left: with a key lost, all may be.
MOST_AGAIN, MOST_NAMED = 10_000, 100
_UPDATE = "UPDATE {table} SET {text} = %s WHERE {key} = %s AND {text} = %s"


@dataclass(frozen=True, slots=True)
class Column:
    """Where sealed texts are kept, and what for."""

    model: type[Model]
    name: str
    purpose: Purpose

    @property
    def database(self) -> str:
        """The database that its rows are written to, and so read from."""
        return router.db_for_write(self.model)

    @property
    def rows(self) -> QuerySet[Model]:
        """All rows that there is something sealed in."""
        every = self.model._base_manager.using(self.database)  # noqa: SLF001 - public API; hides nobody
        return every.exclude(**{self.name: ""})

    @property
    def statement(self) -> str:
        """What writes one row: its new text, its key, and the text that it must have had."""
        quoted = connections[self.database].ops.quote_name
        return _UPDATE.format(table=quoted(self.table), text=quoted(self.name), key=quoted("id"))

    @property
    def table(self) -> str:
        """The name of its table."""
        return self.model._meta.db_table  # noqa: SLF001 - public API


#: All there are.
COLUMNS = (
    Column(SocialAccount, "sealed_credentials", "credentials"),
    Column(Kept, "sealed", "kept"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A row's text as it was read, and as it is to be."""

    key: int
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What became of the rows so far. ``named`` are the first of those that are left as they were."""

    resealed: int = 0
    #: Sealed with the newest key before.
    fresh: int = 0
    #: No key opens them.
    closed: int = 0
    #: Somebody was at them all the time, or the database would not have them.
    stuck: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """All of them."""
        return self.resealed + self.fresh + self.closed + self.stuck

    def close(self, column: Column, keys: Collection[int]) -> None:
        """Count rows that no key opens."""
        self.closed += len(keys)
        self._name(column, keys)

    def give_up(self, column: Column, keys: Collection[int]) -> None:
        """Count rows that could not be written."""
        self.stuck += len(keys)
        self._name(column, keys)

    def _name(self, column: Column, keys: Collection[int]) -> None:
        self.named += [f"{column.table} {key}" for key in islice(keys, MOST_NAMED - len(self.named))]


def total() -> int:
    """Return how many rows there are. One query for each column."""
    return sum(column.rows.count() for column in COLUMNS)


def run() -> Iterator[Tally]:
    """Go on with the next batch each time; yield what was done so far.

    :raises django.db.Error: no rows can be read.
    """
    tally = Tally()
    for column in COLUMNS:
        again: list[int] = []
        for batch in _batches(column):
            missed = _take(column, batch, tally)
            room = MOST_AGAIN - len(again)
            again += missed[:room]
            tally.give_up(column, missed[room:])
            yield tally
        _take_again(column, again, tally)
        yield tally


def _batches(column: Column) -> Iterator[list[tuple[int, str]]]:
    rows = column.rows.order_by("pk").values_list("pk", column.name)
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH]) if len(batch) == BATCH else []


def _take(column: Column, batch: Sequence[tuple[int, str]], tally: Tally) -> list[int]:
    """Do what there is to do for some rows; return the keys of those that somebody else was at."""
    changes, closed = [], []
    for key, before in batch:
        after = reseal(column.purpose, before)
        if after is None:
            closed.append(key)
        elif after != before:
            changes.append(Change(key, before, after))
    missed = _write(column, changes) if changes else []
    tally.resealed += len(changes) - len(missed)
    tally.fresh += len(batch) - len(changes) - len(closed)
    tally.close(column, closed)
    return missed


def _write(column: Column, changes: Sequence[Change]) -> list[int]:
    """Write what nobody else is at; return the keys of the rest."""
    connection = connections[column.database]
    try:
        with transaction.atomic(using=column.database), connection.cursor() as cursor:
            now = _locked(column, [each.key for each in changes])
            ours = [each for each in changes if now.get(each.key) == each.before]
            # Not by the ORM, row for row: a million would take several times as long.
            cursor.executemany(column.statement, [(each.after, each.key, each.before) for each in ours])
    except Error:  # all of it is undone
        connection.close_if_unusable_or_obsolete()
        ours = []
    written = {each.key for each in ours}
    return [each.key for each in changes if each.key not in written]


def _locked(column: Column, keys: Sequence[int]) -> dict[int, str]:
    """Return the texts of rows as they stay to the end of the transaction; without those that somebody else is at.

    Who waited for them with rows of ours locked, could be waited for in turn. Where the database cannot pass over them
    (SQLite, MySQL before 8.0), it lets one of the two wait for seconds at most.
    """
    features = connections[column.database].features
    if not features.has_select_for_update:
        lock(column.model, keys[0])
    rows = column.rows.filter(pk__in=keys)
    locked = rows.select_for_update(skip_locked=features.has_select_for_update_skip_locked)
    return dict(locked.values_list("pk", column.name))


def _take_again(column: Column, keys: list[int], tally: Tally) -> None:
    """Take rows that somebody else was at, until nobody is, or patience ends."""
    keys, ends = _one_by_one(column, keys, tally), time.monotonic() + PATIENCE
    while keys and time.monotonic() < ends:
        time.sleep(_PAUSE)
        keys = _one_by_one(column, keys, tally)
    tally.give_up(column, keys)


def _one_by_one(column: Column, keys: Sequence[int], tally: Tally) -> list[int]:
    rows = column.rows.values_list("pk", column.name)
    return [key for key in keys if _take(column, list(rows.filter(pk=key)), tally)]
