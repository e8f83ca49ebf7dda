"""What follows a login: connect, prove, fill a form in, let an organisation and a bot post, confirm an address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from .camera import look, photograph
from .conftest import Sandbox
from .visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _policy_is_kept(visitor: Visitor) -> Iterator[None]:
    """No step of any walk breaks the Content Security Policy, the admin's steps included."""
    yield
    assert visitor.complaints() == []


def log_in(visitor: Visitor, name: str = "demo", to: str = "/welcome/") -> None:
    """Log in with the password, which is the user name."""
    visitor.open(f"/login/?next={to}")
    visitor.write("username", name)
    visitor.write("password", name)
    visitor.press("Log in")
    visitor.is_at(to)


def grant(visitor: Visitor, screen_name: str) -> None:
    """Be somebody at a provider that is not X, and say yes; one that asks nobody who they are is not asked again."""
    visitor.until(lambda _: visitor.one(f"[value={screen_name}]"))
    visitor.one(f"[value={screen_name}]").click()
    visitor.press("Authorize app")


def panel(visitor: Visitor) -> str:
    return visitor.one(".panel").text


def test_connect_and_disconnect(visitor: Visitor):
    """An account of another provider is connected beside the first, and disconnected again."""
    visitor.register("maralind")
    visitor.press("Connected accounts")
    visitor.sees("Your connected accounts")
    visitor.press("Connect GitHub")
    grant(visitor, "maralind")
    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 2)
    look(visitor, "afterwards-connections")
    visitor.all(".socialreg-accounts > li")[1].find_element(By.TAG_NAME, "button").click()
    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 1)
    assert "X" in visitor.one(".socialreg-accounts").text


def test_prove_by_password_and_resume(visitor: Visitor):
    """Where the visitor wanted to go before all this is where they end."""
    visitor.open("/login/?next=/organisations/")
    visitor.press("Log in with X")
    visitor.consent("ines_moreau")
    visitor.sees("You already have an account")
    look(visitor, "afterwards-prove")
    visitor.press("Log in another way")
    look(visitor, "afterwards-prove-unfolded")
    visitor.press("Log in to my account")
    visitor.sees("Log in")
    visitor.write("username", "demo")
    visitor.write("password", "demo")
    visitor.press("Log in")
    visitor.sees("Link @ines_moreau to this account?")
    visitor.press("Link it")
    visitor.sees("Your organisations")


def test_prove_by_another_provider_and_resume(visitor: Visitor):
    """The account that was connected before is the proof; without the last answer nothing is linked."""
    log_in(visitor, to="/accounts/connections/")
    visitor.press("Connect GitHub")
    grant(visitor, "kestrel")
    visitor.until(lambda _: len(visitor.all(".socialreg-accounts > li")) == 1)
    visitor.forget()

    visitor.open("/login/?next=/organisations/")
    visitor.press("Log in with X")
    visitor.consent("ines_moreau")
    visitor.sees("You already have an account")
    visitor.press("Log in another way")
    visitor.press("Log in with GitHub")
    grant(visitor, "kestrel")
    visitor.sees("Link @ines_moreau to this account?")
    look(visitor, "afterwards-link")
    visitor.open("/accounts/connections/")
    assert "ines_moreau" not in visitor.one(".socialreg-accounts").text
    visitor.browser.back()
    visitor.sees("Link @ines_moreau to this account?")
    visitor.press("Link it")
    visitor.sees("Your organisations")
    visitor.open("/accounts/connections/")
    assert "ines_moreau" in visitor.one(".socialreg-accounts").text


def test_a_profile_form_is_filled_in_and_nothing_is_saved_before_saving(visitor: Visitor):
    log_in(visitor, to="/profile/")
    look(visitor, "afterwards-profile")
    visitor.press("Fill in from X")
    visitor.consent("maralind")
    visitor.sees("Your profile")
    values = {name: visitor.value(name) for name in ("first_name", "last_name", "email")}
    assert values == {"first_name": "Mara", "last_name": "Lindqvist", "email": "mara.lindqvist@example.com"}
    assert visitor.value("picture")
    assert visitor.value("about")
    look(visitor, "afterwards-profile-filled")

    visitor.open("/profile/")
    assert visitor.value("first_name") == "Inês"
    visitor.open("/accounts/connections/")
    assert not visitor.all(".socialreg-accounts > li")

    visitor.open("/profile/")
    visitor.press("Fill in from X")
    visitor.sees("Your profile")
    visitor.press("Save")
    visitor.until(lambda _: visitor.one(".messages"))
    look(visitor, "afterwards-profile-saved")
    visitor.open("/welcome/")
    visitor.sees("Welcome, Mara")
    assert "ines.moreau@example.net" in visitor.one(".facts").text  # the new one is not confirmed yet


def test_an_organisation_connects_x_and_a_changelog_is_posted_on_its_behalf(visitor: Visitor, sandbox: Sandbox):
    """The demo user is a member. The post stands at the stand-in, under the organisation's name."""
    log_in(visitor, to="/organisations/")
    look(visitor, "afterwards-organisation-none")
    visitor.press("Connect X")
    visitor.consent("kestrel")
    visitor.sees("Your organisations")
    assert "@kestrel" in panel(visitor)
    look(visitor, "afterwards-organisation")
    visitor.write("text", "Version 7: beans, at last 🫘")
    visitor.press("Post it")
    visitor.until(lambda _: "has told its news" in visitor.one(".messages").text)
    look(visitor, "afterwards-organisation-posted")
    visitor.open("/accounts/connections/")
    assert not visitor.all(".socialreg-accounts > li")  # it is the organisation's, not the member's

    visitor.browser.get(f"{sandbox.stand_in}/posts")
    visitor.until(lambda _: "Version 7: beans, at last 🫘" in visitor.one("main").text)
    assert "kestrel" in visitor.one("main").text
    photograph(visitor, "afterwards-posts")

    sandbox.fault("rate-limited", "/2/tweets")
    visitor.open("/organisations/")
    visitor.write("text", "One more")
    visitor.press("Post it")
    visitor.until(lambda _: "That was a lot of news" in visitor.one(".messages").text)
    look(visitor, "afterwards-organisation-error")
    visitor.press("Disconnect kestrel")
    visitor.until(lambda _: visitor.named("Connect X"))


def test_a_bot_posts_through_tweepy(visitor: Visitor, sandbox: Sandbox):
    log_in(visitor, to="/bots/")
    visitor.press("Connect X")
    visitor.consent("junofox")
    visitor.sees("Your bots")
    look(visitor, "afterwards-bot")
    visitor.press("Let the bot say hello")
    visitor.until(lambda _: "has said hello" in visitor.one(".messages").text)
    visitor.browser.get(f"{sandbox.stand_in}/posts")
    visitor.until(lambda _: "All beans are watered" in visitor.one("main").text)
    assert "junofox" in visitor.one("main").text


def test_an_address_is_confirmed_by_the_link_in_the_mail(visitor: Visitor):
    """Typed by the visitor: unconfirmed until they open the link and press the button there."""
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("tomas_ok")
    visitor.sees("Create your account")
    visitor.write("email", "tomas.afterwards@example.com")
    visitor.press("Create account")
    visitor.sees("Welcome, Tomás")
    visitor.press("Your e-mail address")
    visitor.sees("Your e-mail address")
    assert "is not confirmed yet" in visitor.one("main").text
    look(visitor, "afterwards-email")

    def mail_is_there(_: object) -> bool:
        visitor.open("/mail/")
        return "tomas.afterwards@example.com" in visitor.one(".panel").text

    visitor.until(mail_is_there)
    look(visitor, "afterwards-mail")
    visitor.one(".panel a[href*='/email/confirm/']").click()
    visitor.sees("Is this address yours?")
    look(visitor, "afterwards-confirm")
    visitor.open("/accounts/email/")
    assert "is not confirmed yet" in visitor.one("main").text  # a link that is opened confirms nothing
    visitor.browser.back()
    visitor.press("Confirm")
    visitor.sees("Your address is confirmed")
    look(visitor, "afterwards-confirmed")
    visitor.open("/accounts/email/")
    assert "is confirmed" in visitor.one("main").text


def test_staff_look_after_an_account_in_the_admin(visitor: Visitor):
    visitor.register("maralind")
    visitor.forget()
    log_in(visitor, "staff", to="/admin/socialreg/socialaccount/")
    visitor.until(lambda _: "maralind" in visitor.one("#result_list").text)
    photograph(visitor, "afterwards-admin")
    visitor.one("[name=_selected_action]").click()
    visitor.one("option[value=verify]").click()
    visitor.press("Go")
    visitor.until(lambda _: "The provider takes its tokens" in visitor.one(".messagelist").text)
    visitor.one("[name=_selected_action]").click()
    visitor.one("option[value=delete_selected]").click()
    visitor.press("Go")
    visitor.sees("Disconnect accounts")
    photograph(visitor, "afterwards-admin-disconnect")
    visitor.one("main [type=submit][value=Disconnect]").click()
    visitor.until(lambda _: "Disconnected" in visitor.one(".messagelist").text)
    assert not visitor.all("#result_list")
