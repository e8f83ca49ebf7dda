"""From the button to the account and back, without JavaScript, under a strict Content Security Policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from .conftest import Sandbox
from .visitor import CONSENT, Visitor

pytestmark = pytest.mark.browser

HOME = "Swap seeds with the people next door"


@pytest.fixture(autouse=True)
def _policy_is_kept(visitor: Visitor) -> Iterator[None]:
    """No step of any walk breaks the Content Security Policy."""
    yield
    assert visitor.complaints() == []


def test_the_main_walk(visitor: Visitor):
    """Button, consent, a form that is filled in, logged in; log out; log in again without a form."""
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("maralind")

    visitor.sees("Create your account")
    values = {name: visitor.value(name) for name in ("username", "first_name", "last_name", "email")}
    assert values == {
        "username": "maralind",
        "first_name": "Mara",
        "last_name": "Lindqvist",
        "email": "mara.lindqvist@example.com",
    }
    assert "Verified by X" in visitor.one(".socialreg-verified").text
    visitor.press("Create account")
    visitor.sees("Welcome, Mara")
    assert visitor.is_at("/welcome/")

    visitor.press("Log out")
    visitor.sees(HOME)
    visitor.press("Log in with X")
    visitor.sees("Welcome, Mara")


def test_the_main_walk_by_keyboard(visitor: Visitor):
    """The same with Tab, arrows and Enter alone; the focus can be seen at every step."""
    visitor.open("/")
    visitor.tab_to("Log in with X")
    visitor.key(Keys.ENTER)
    visitor.sees(CONSENT)
    visitor.tab_to("screen_name")
    visitor.key(Keys.ARROW_DOWN)
    visitor.key(Keys.ARROW_UP)
    visitor.tab_to("Authorize app")
    visitor.key(Keys.ENTER)
    visitor.sees("Create your account")
    visitor.tab_to("username")
    visitor.key("island")
    visitor.key(Keys.TAB)
    visitor.key(Keys.ENTER)
    visitor.sees("Welcome, Mara")
    assert "island" in visitor.one(".facts").text
    visitor.tab_to("Log out")
    visitor.key(Keys.ENTER)
    visitor.sees(HOME)


def test_cancel_and_begin_again(visitor: Visitor):
    """Cancel at X leads to our page, which begins again with one click and still knows where to go."""
    visitor.open("/login/?next=/accounts/connections/")
    visitor.press("Log in with X")
    visitor.sees(CONSENT)
    visitor.press("Cancel")

    visitor.sees("You cancelled")
    visitor.press("Try again")
    visitor.consent("maralind")
    visitor.sees("Create your account")
    visitor.press("Create account")
    visitor.sees("Your connected accounts")


def test_connect_and_disconnect(visitor: Visitor):
    """A second account is connected on the account page, shown as X requires, and disconnected again."""
    visitor.register("maralind")
    visitor.press("Connected accounts")
    visitor.sees("Your connected accounts")
    visitor.press("Connect X")
    visitor.consent("junofox")

    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 2)
    added = visitor.all(".socialreg-accounts > li")[1]
    assert "Juno 🦊 Park" in added.text
    assert "@junofox · X" in added.text
    assert visitor.pictures_are_shown()

    visitor.press("Disconnect junofox")
    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 1)
    assert "maralind" in visitor.one(".socialreg-accounts").text


def test_the_last_way_in_is_kept(visitor: Visitor):
    """Somebody without a password cannot disconnect their only account."""
    visitor.register("maralind")
    visitor.open("/accounts/connections/")
    visitor.press("Disconnect maralind")
    visitor.sees("This is your last way in")


def test_an_address_that_x_does_not_tell_is_asked_for(visitor: Visitor):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("tomas_ok")
    visitor.sees("Create your account")
    assert visitor.value("email") == ""

    visitor.press("Create account")
    visitor.until(lambda _: visitor.one("[role=alert]"))
    assert visitor.one("#id_email").get_attribute("aria-describedby") == "id_email_error"
    assert visitor.one("#id_email_error").text == "This field is required."

    visitor.write("email", "tomas@example.com")
    visitor.press("Create account")
    visitor.sees("Welcome, Tomás")


def test_a_known_address_is_proven_and_linked(visitor: Visitor):
    """Known address, password login, "Link @handle?", on to where the visitor wanted to be; then one click will do."""
    visitor.open("/login/?next=/accounts/connections/")
    visitor.press("Log in with X")
    visitor.consent("ines_moreau")
    visitor.sees("You already have an account")
    visitor.press("Log in to my account")
    visitor.sees("Log in")
    visitor.write("username", "demo")
    visitor.write("password", "demo")
    visitor.press("Log in")
    visitor.sees("Link @ines_moreau to this account?")
    visitor.press("Link it")
    visitor.sees("Your connected accounts")
    assert "@ines_moreau · X" in visitor.one(".socialreg-accounts").text

    visitor.open("/")
    visitor.press("Log out")
    visitor.sees(HOME)
    visitor.press("Log in with X")
    visitor.sees("Welcome, Inês")


def test_a_lost_cookie_leads_to_our_page(visitor: Visitor):
    """The cookie of the attempt disappears while the visitor is at X: one click begins again, and X asks no more."""
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.sees(CONSENT)
    visitor.forget()
    visitor.consent("maralind")
    visitor.sees("Let us begin again")
    visitor.press("Try again")
    visitor.sees("Create your account")


def test_blocked_cookies_lead_to_our_page(visitor_without_cookies: Visitor, sandbox: Sandbox):
    """A browser that keeps no cookie gets a page that says so, with the button on it, and where it wanted to go."""
    visitor = visitor_without_cookies
    visitor.open("/login/?next=/accounts/connections/")
    visitor.press("Log in with X")
    visitor.sees("Your browser kept no cookie for us")
    assert visitor.named("Try again")
    assert visitor.value("next") == "/accounts/connections/"
    assert visitor.complaints() == []


def test_x_out_of_order_leads_to_our_page(visitor: Visitor, sandbox: Sandbox):
    """X does not answer: our page, and once X is back, one click goes on to where the visitor wanted to go."""
    sandbox.fault("unavailable", "/oauth/request_token")
    visitor.open("/login/?next=/accounts/connections/")
    visitor.press("Log in with X")
    visitor.sees("X is not available just now")
    sandbox.as_new()
    visitor.press("Try again")
    visitor.consent("maralind")
    visitor.sees("Create your account")
    visitor.press("Create account")
    visitor.sees("Your connected accounts")
