"""A round of a million accounts: in the memory that a few take, and by the primary key alone."""

from __future__ import annotations

import math
import tracemalloc

import pytest
from django.utils.timezone import now

from socialreg.rests import Rests
from socialreg.rounds import CHUNK, GROUP, Order, Round
from tests import stores
from tests.rows import fill
from tests.statements import recorded, scans

pytestmark = pytest.mark.slow

THOUSAND, MILLION = 1_000, 1_000_000
EVERYBODY = Order(refresh=False, sync=True, verify=True, slugs=("twitter",), before=now())

everywhere = stores.on("sqlite", at_night=["postgres"])


@pytest.fixture(scope="module")
def database(request, django_db_blocker):
    with django_db_blocker.unblock(), stores.other_database(request.param) as found:
        fill(found, MILLION)
        with found.cursor() as cursor:
            cursor.execute("ANALYZE")
        yield found


@everywhere
def test_a_million_accounts_take_no_more_memory_than_a_thousand(database, django_db_blocker, caplog):
    """The first and last thousand are read and tried (nobody can open what they have), those between are passed by."""
    with django_db_blocker.unblock():
        round_ = Round(EVERYBODY)
        steps = round_.run()
        tracemalloc.start(1)
        try:
            go(steps, THOUSAND)
            _, few = tracemalloc.get_traced_memory()
            round_.rests.add(("twitter", ""), math.inf)
            go(steps, MILLION - 2 * THOUSAND)
            round_.rests = Rests()
            go(steps, THOUSAND)
            _, many = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert next(steps, None) is None
    assert (round_.tally.seen, round_.tally.left["twitter"]) == (MILLION, MILLION - 2 * THOUSAND)
    assert len(caplog.records) == 1, "one reason, told once"
    assert many < few + 2**20, f"{few} bytes for a thousand, {many} for a million"


def go(steps, number):
    for _ in range(number):
        next(steps)


@everywhere
def test_every_step_of_the_walk_is_an_index_probe(database, django_db_blocker):
    with django_db_blocker.unblock():
        with recorded(database) as statements:
            go(Round(EVERYBODY).run(), CHUNK + 1)
        assert len(statements.queries) == 2 + CHUNK // GROUP + 1
        for statement in statements.queries[1:]:
            assert not scans(database, statement), statement
