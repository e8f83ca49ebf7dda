"""What the number of users changes: the time in the database for each step, with a thousand rows and with a million."""

from __future__ import annotations

import logging
import math
import time
import tracemalloc
from dataclasses import dataclass
from statistics import median

import pytest
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings
from django.utils.timezone import now

from socialreg.rounds import Order, Round
from socialreg.testing.site import plain_http
from tests import stores
from tests.rows import fill

from .meters import Database, Figures
from .standin import StandIn, stand_in
from .way import STEPS, Visits

FEW, MANY = 1_000, 1_000_000
VISITS = 30
#: Seconds after which no other database is begun.
LATEST = 125
#: Without the index every new visitor reads the whole table: a few of them show it.
VISITS_WITHOUT = 3


def report(began: float) -> None:
    """Measure and print, for SQLite and, where it answers and there is time left, PostgreSQL.

    :param began: when the benchmarks did, in seconds of ``time.monotonic``.
    """
    with stand_in() as x, plain_http(), override_settings(SOCIALREG=x.site_settings()):
        for url in stores.URLS:
            if stores.kind(url) == "mysql":
                continue
            if time.monotonic() - began > LATEST:
                print(f"{stores.kind(url)} is left out: this machine is busy, and it would take too long.\n")
                continue
            try:
                few, many = _measure(x, url, FEW), _measure(x, url, MANY)
                _print(stores.kind(url), few, many)
            except pytest.skip.Exception as reason:
                print(f"{reason}\n")


@dataclass(frozen=True)
class Found:
    """What was measured with so many rows; ``took`` is in seconds, ``memory`` in bytes."""

    steps: Figures
    without: Figures
    took: float
    memory: int


def _measure(x: StandIn, url: str, rows: int) -> Found:
    with stores.other_database(url) as connection:
        fill(connection, rows)
        _analyze(connection)
        without = _visits(x, connection, VISITS_WITHOUT)
        began = time.perf_counter()
        call_command("socialreg_index", database=stores.ALIAS, verbosity=0)
        took = time.perf_counter() - began
        _analyze(connection)
        return Found(_visits(x, connection, VISITS), without, took, _memory_of_a_round(rows))


def _memory_of_a_round(rows: int) -> int:
    """Return how much memory a round of all accounts takes at most, that of a thousand first ones worked on included.

    The others are passed by, as those of a provider are that takes no more calls.
    """
    round_ = Round(Order(refresh=False, sync=True, verify=True, slugs=("twitter",), before=now()))
    logging.disable()  # nobody can open what these accounts have
    tracemalloc.start(1)
    try:
        for tally in round_.run():
            if tally.seen == FEW:
                round_.rests.add(("twitter", ""), math.inf)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)


def _analyze(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _visits(x: StandIn, connection: BaseDatabaseWrapper, times: int) -> Figures:
    visits = Visits(x)
    database = Database(connection)
    for _ in range(times + 1):
        visits.new(database)
        visits.returning(database)
    return {step: spent[1:] for step, spent in database.spent.items()}  # the first one opened the connections


def _print(kind: str, few: Found, many: Found) -> None:
    print(f"{kind}: milliseconds in the database, median of {VISITS}")
    print(f"  {'step':<22}{f'{FEW:,} rows':>14}{f'{MANY:,} rows':>16}{'ratio':>8}{'without the index':>20}")
    for step in STEPS:
        a, b, c = (median(figures[step]) for figures in (few.steps, many.steps, many.without))
        ratio = f"{b / a:.1f}" if a else "-"
        print(f"  {step:<22}{a:>14.2f}{b:>16.2f}{ratio:>8}{c:>20.2f}")
    print(f"  manage.py socialreg_index took {many.took:.1f} s")
    a, b = few.memory / 2**10, many.memory / 2**10
    print(f"  {'memory of a round, KiB':<22}{a:>14.0f}{b:>16.0f}{b / a:>8.1f}\n")
