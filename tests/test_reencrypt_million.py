"""A change of keys with a million accounts: in the memory that a few take, and by the primary key alone."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from socialreg import resealing
from socialreg.encryption import seal
from socialreg.models import SocialAccount
from socialreg.resealing import BATCH, MOST_NAMED, Tally
from tests import stores
from tests.sealed_rows import NEW, OLD, keyed
from tests.statements import recorded, scans

pytestmark = pytest.mark.slow

FEW, MILLION = 10 * BATCH, 1_000_000

#: Accounts of nobody, that are sealed with nothing that there ever was. Made by the database itself, in seconds.
_ACCOUNTS = """
INSERT INTO socialreg_socialaccount (id, user_id, provider, issuer, subject, identity, username, full_name, first_name,
    last_name, email, email_verified, picture, profile_url, locale, profile, sealed_credentials, scope, refreshable,
    lost_code, created_at, used_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {million})
SELECT i, NULL, 'twitter', 'https://x.com', CAST(i AS VARCHAR(64)), CAST(i AS VARCHAR(64)), '', '', '',
    '', '', FALSE, '', '', '', '{{}}', 'é', '', FALSE, '', '2020-01-01', '2020-01-01'
FROM n
"""

everywhere = stores.on("postgres", at_night=["sqlite"])


@pytest.fixture(scope="module")
def database(request, django_db_blocker):
    """A million accounts; no key opens what they have."""
    with django_db_blocker.unblock(), stores.other_database(request.param) as found:
        with found.cursor() as cursor:
            cursor.execute(_ACCOUNTS.format(million=MILLION))
            cursor.execute("ANALYZE")
        yield found


@pytest.fixture
def sealed(database, settings, django_db_blocker):
    """The first and the last few are sealed with the old key; the site has a new one since."""
    with django_db_blocker.unblock():
        settings.SOCIALREG = keyed(OLD)
        text = seal("credentials", {"token": "t" * 50})
        for ends in ({"pk__lte": FEW}, {"pk__gt": MILLION - FEW}):
            SocialAccount.objects.filter(**ends).update(sealed_credentials=text)
        settings.SOCIALREG = keyed(NEW, OLD)
        yield database


def go(steps: Iterator[Tally], rows: int) -> Tally:
    """Go on until so many rows were seen."""
    return next(tally for tally in steps if tally.seen >= rows)


@everywhere
def test_a_million_accounts_take_no_more_memory_than_a_few_batches(sealed):
    steps = resealing.run()
    tracemalloc.start(1)
    try:
        go(steps, FEW)
        _, few = tracemalloc.get_traced_memory()
        tally = go(steps, MILLION)
        _, many = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tally.resealed, tally.closed, tally.stuck) == (2 * FEW, MILLION - 2 * FEW, 0)
    assert len(tally.named) == MOST_NAMED
    assert few < 8 * 2**20, f"{few} bytes for a batch at a time"
    assert many < few + 2**20, f"{few} bytes for a few, {many} for a million"


@everywhere
def test_every_statement_of_it_is_an_index_probe(sealed):
    with recorded(sealed) as statements:
        go(resealing.run(), 3 * BATCH)
    first, *rest = statements.queries  # the first batch has no key to begin from
    kinds = {sql.partition(" ")[0] for sql, _ in rest}
    assert kinds == {"SELECT", "UPDATE"}
    assert len([sql for sql, _ in rest if " > " in sql]) == 2, "each batch begins where the one before ended"
    assert first[0].endswith(f"LIMIT {BATCH}")
    for statement in {sql: (sql, params) for sql, params in rest}.values():
        assert not scans(sealed, statement), statement
