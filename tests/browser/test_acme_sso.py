"""With a real provider: Acme's own pages in between, on an origin, in a process and under a policy of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .camera import look
from .conftest import Sandbox
from .visitor import Visitor

pytestmark = pytest.mark.browser

BUTTON = "Log in with Acme SSO"
LOGIN = "Log in at Acme"
CONSENT = "Allow Windowsill?"


@pytest.fixture(autouse=True)
def _policy_is_kept(visitor: Visitor) -> Iterator[None]:
    """No step breaks the Content Security Policy, the site's or Acme's."""
    yield
    assert visitor.complaints() == []


def log_in_at_acme(visitor: Visitor, username: str) -> None:
    visitor.sees(LOGIN)
    visitor.write("username", username)
    visitor.write("password", username)
    visitor.press(LOGIN)
    visitor.sees(CONSENT)


def test_the_walk(visitor: Visitor):
    """Button, Acme's login, consent, a form that is filled in, logged in; out; in again without form or password."""
    visitor.open("/")
    visitor.press(BUTTON)
    log_in_at_acme(visitor, "mara")
    visitor.press("Allow")

    visitor.sees("Create your account")
    values = {name: visitor.value(name) for name in ("username", "first_name", "last_name", "email")}
    assert values == {
        "username": "mara",
        "first_name": "Mara",
        "last_name": "Lindqvist",
        "email": "mara.lindqvist@example.com",
    }
    assert "Verified by Acme SSO" in visitor.one(".socialreg-verified").text
    visitor.press("Create account")
    visitor.sees("Welcome, Mara")

    visitor.press("Log out")
    visitor.until(lambda _: visitor.named(BUTTON))
    visitor.press(BUTTON)
    visitor.sees(CONSENT)
    visitor.press("Allow")
    visitor.sees("Welcome, Mara")
    assert visitor.is_at("/welcome/")


def test_cancel_and_come_as_somebody_else(visitor: Visitor):
    """Cancel at Acme leads to our page; the second time, somebody else is at the same browser."""
    visitor.open("/login/?next=/accounts/connections/")
    visitor.press(BUTTON)
    log_in_at_acme(visitor, "mara")
    visitor.press("Cancel")
    visitor.sees("You cancelled")

    visitor.press("Try again")
    visitor.sees(CONSENT)
    visitor.press("You are somebody else?")
    log_in_at_acme(visitor, "juno")
    visitor.press("Allow")
    visitor.sees("Create your account")
    assert visitor.value("email") == "juno.park@example.com"
    assert visitor.all(".socialreg-verified") == []
    visitor.press("Create account")
    visitor.sees("Your connected accounts")


def test_a_second_account_beside_the_one_at_x(visitor: Visitor):
    """Somebody who came by X connects Acme on the account page, and then comes in by either."""
    visitor.register("maralind")
    visitor.open("/accounts/connections/")
    visitor.press("Connect Acme SSO")
    log_in_at_acme(visitor, "tomas")
    visitor.press("Allow")
    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 2)
    visitor.open("/")
    visitor.press("Log out")
    visitor.until(lambda _: visitor.named(BUTTON))
    visitor.press(BUTTON)
    visitor.sees(CONSENT)
    visitor.press("Allow")
    visitor.sees("Welcome, Mara")


def test_the_look_of_acmes_pages(visitor: Visitor, sandbox: Sandbox):
    visitor.browser.get(f"{sandbox.acme}/")
    visitor.sees("One login for all of Acme")
    look(visitor, "acme-home")
    visitor.open("/")
    visitor.press(BUTTON)
    visitor.sees(LOGIN)
    look(visitor, "acme-login")
    visitor.write("username", "mara")
    visitor.write("password", "wrong")
    visitor.press(LOGIN)
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "acme-login-wrong")
    log_in_at_acme(visitor, "mara")
    look(visitor, "acme-consent")
    visitor.browser.get(f"{sandbox.acme}/o/authorize/?client_id=nobody")
    visitor.sees("This cannot go on")
    look(visitor, "acme-refused")
