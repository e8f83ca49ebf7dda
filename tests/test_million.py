"""With a million users and accounts, every statement of every step still goes to its rows by an index.

The statements are those that a real way from the button to the logged-in user sends, over real HTTP to the stand-in;
the plans are the database's own. A plan that reads a table, or an index, from end to end fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from tests import stores
from tests.conftest import Browser
from tests.rows import fill
from tests.statements import Statement, recorded, scans

pytestmark = pytest.mark.slow

MILLION = 1_000_000
KESTREL = {"username": "kestrel2", "email": "kestrel@example.org", "first_name": "Kestrel", "last_name": ""}

everywhere = stores.on("sqlite", "postgres")


@pytest.fixture(scope="module")
def database(request, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """A database with a million users, each with an account, and the index that our command makes."""
    with django_db_blocker.unblock(), stores.other_database(request.param) as connection:
        fill(connection, MILLION)
        call_command("socialreg_index", database=stores.ALIAS, verbosity=0)
        run(connection, "ANALYZE")
        yield connection


@pytest.fixture
def million(database, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock():
        yield database
        SocialAccount.objects.filter(pk__gt=MILLION).delete()
        User.objects.filter(pk__gt=MILLION).delete()


def run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def whole_way(browser: Browser, connection: BaseDatabaseWrapper) -> dict[str, list[Statement]]:
    """Go from the button to a new user, then come back as one; return each step's statements."""
    User.objects.create_user("kestrel")  # so that a free name must be found
    steps = {}

    def step(name, act):
        with recorded(connection) as statements:
            answer = act()
        assert answer.status_code < 400, answer.content.decode()
        steps[name] = statements.queries
        return answer

    location = step("start", browser.start)["Location"]
    callback = browser.x.approve(location, "kestrel")
    form = step("callback of a new visitor", lambda: browser.client.get(callback))["Location"]
    assert form == reverse("socialreg:register")
    page = step("form", lambda: browser.client.get(form))
    assert page.context["form"].initial["username"] == "kestrel2"
    step("submit", lambda: browser.client.post(form, KESTREL))
    assert browser.user().username == "kestrel2"
    browser.client = Client()
    location = step("start again", browser.start)["Location"]
    callback = browser.x.approve(location, "kestrel")
    step("callback of a returning visitor", lambda: browser.client.get(callback))
    assert browser.user().username == "kestrel2"
    return steps


def assert_probes(connection: BaseDatabaseWrapper, steps: Mapping[str, list[Statement]]) -> None:
    found = {
        f"{name}: {sql}": reads
        for name, statements in steps.items()
        for sql, params in statements
        if (reads := scans(connection, (sql, params)))
    }
    assert not found, "\n".join(f"{reads} in {statement}" for statement, reads in found.items())


@everywhere
def test_every_statement_is_an_index_probe(million, browser):
    steps = whole_way(browser, million)
    assert {name: len(statements) for name, statements in steps.items() if "start" not in name}.keys() == {
        "callback of a new visitor",
        "form",
        "submit",
        "callback of a returning visitor",
    }
    assert steps["start"] == steps["start again"] == []
    assert_probes(million, steps)


@everywhere
def test_without_the_index_for_addresses_the_same_assertion_fails(million, browser):
    run(million, "DROP INDEX auth_user_email_socialreg")
    try:
        steps = whole_way(browser, million)
        for step in ("callback of a new visitor", "submit"):
            with pytest.raises(AssertionError, match=r"(SCAN|Seq Scan)[^\n]*auth_user[^\n]*LOWER"):
                assert_probes(million, {step: steps[step]})
    finally:
        call_command("socialreg_index", database=stores.ALIAS, verbosity=0)
