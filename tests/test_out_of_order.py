"""A database that is down, locked or gone is a page of ours, and a line in the log that says whose it is to mend."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.urls import reverse

from socialreg.models import SocialAccount
from tests.conftest import Browser
from tests.test_way import MARA, register

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = "/home/"
#: What a database says may hold the statement, with what it would have stored.
SAID = "server closed the connection: INSERT INTO t VALUES ('planted-4711')"


class Down:
    """Lets every statement about our tables and the users' fail, from the ``first`` on."""

    def __init__(self, error: type[Exception], first: int = 1) -> None:
        self.error = error
        self.first = first
        self.seen = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "socialreg_" in sql or "auth_user" in sql:
            self.seen += 1
            if self.seen >= self.first:
                raise self.error(SAID)
        return execute(sql, params, many, context)


def is_told(response: HttpResponse, caplog) -> bool:
    """Whether a visitor reads a page of ours that blames nobody else, and the log has what to do."""
    page = response.content.decode()
    (reference,) = re.findall(r"reference <code>([0-9a-f]{8})</code>", page)
    (line,) = [each for each in caplog.records if f"[reference {reference}]" in each.getMessage()]
    assert response.status_code == 503
    assert "Something here is out of order" in page
    assert line.levelno == logging.ERROR
    assert "The database failed [database]. Cause: " in line.getMessage()
    assert "check --database default" in line.getMessage()
    return "planted-4711" not in f"{page} {caplog.text}"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_whoever_comes_back_while_the_database_is_down_reads_so_and_may_begin_again(browser: Browser, error, caplog):
    callback = browser.approve("maralind", next=NEXT)
    with connection.execute_wrapper(Down(error)):
        response = browser.client.get(callback)
    assert is_told(response, caplog)
    assert f'name="next" value="{NEXT}"' in response.content.decode()
    assert not User.objects.exists()
    register(browser)
    assert SocialAccount.objects.count() == 1


def log_in(browser: Browser) -> HttpResponse:
    return browser.client.get(browser.approve("maralind"))


def send_the_form(browser: Browser) -> HttpResponse:
    return browser.client.post(reverse("socialreg:register"), MARA)


def disconnect(browser: Browser) -> HttpResponse:
    return browser.client.post(reverse("socialreg:disconnect", args=[1]))


@pytest.mark.parametrize("step", [log_in, send_the_form, disconnect])
def test_at_whichever_statement_it_goes_away_nobody_meets_a_bare_500(browser: Browser, caplog, step):
    ways: dict[Callable[..., Any], Callable[[], object]] = {
        log_in: lambda: (register(browser), browser.client.logout()),
        send_the_form: lambda: browser.client.get(browser.approve("maralind")),
        disconnect: lambda: register(browser),
    }
    ways[step]()
    first, met = 0, True
    while met:
        first += 1
        caplog.clear()
        with connection.execute_wrapper(down := Down(OperationalError, first)):
            response = step(browser)
        met = down.seen >= first
        if response.status_code == 503:
            assert is_told(response, caplog), f"statement {first}"
        else:
            assert response.status_code < 500, f"statement {first}"
    assert first > 2
