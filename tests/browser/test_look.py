"""Every page, in light and dark, on a telephone and on a desk: photographed for people, measured by machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from django import forms
from django.template.loader import render_to_string

from socialreg.attempt import LIFETIME
from socialreg.encryption import seal, unseal
from socialreg.types import Arrival, Credentials, Email, Profile

from .camera import look, photograph
from .conftest import Sandbox
from .visitor import CONSENT, Visitor

pytestmark = pytest.mark.browser

LONG = "Wolfeschlegelsteinhausenbergerdorff 👩🏽‍🚀 نازنین فاطمه"


def test_the_site_before_anybody_is_logged_in(visitor: Visitor):
    visitor.open("/")
    look(visitor, "home")
    visitor.open("/login/")
    look(visitor, "login")
    visitor.write("username", "demo")
    visitor.write("password", "wrong")
    visitor.one("main [type=submit]:not(.socialreg-button)").click()
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "login-wrong")


def test_registering(visitor: Visitor):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.sees(CONSENT)
    photograph(visitor, "consent")
    visitor.consent("maralind")
    visitor.sees("Create your account")
    look(visitor, "register")
    visitor.write("username", "demo")
    visitor.write("email", "nobody")
    visitor.press("Create account")
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "register-errors")
    visitor.write("username", "Mara.of-the_Islands@example+com" * 4)
    visitor.write("first_name", LONG)
    visitor.write("email", "mara.lindqvist@example.com")
    visitor.press("Create account")
    visitor.until(lambda _: visitor.named("Log out"))
    look(visitor, "welcome")


def test_registering_without_an_address(visitor: Visitor):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("tomas_ok")
    visitor.sees("Create your account")
    look(visitor, "register-no-email")


def test_connections(visitor: Visitor, sandbox: Sandbox):
    visitor.register("maralind")
    visitor.open("/accounts/connections/")
    look(visitor, "connections-one")
    visitor.press("Connect X")
    visitor.consent("junofox")
    visitor.sees("Your connected accounts")
    sandbox.change("UPDATE socialreg_socialaccount SET full_name = ? WHERE username = 'maralind'", LONG)
    visitor.open("/accounts/connections/")
    look(visitor, "connections-two")
    visitor.browser.execute_script("document.documentElement.dir = 'rtl'")
    look(visitor, "connections-rtl")
    sandbox.change("DELETE FROM socialreg_socialaccount")
    visitor.open("/accounts/connections/")
    look(visitor, "connections-none")


def test_proving_and_linking(visitor: Visitor):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("ines_moreau")
    visitor.sees("You already have an account")
    look(visitor, "prove")
    visitor.press("Log in to my account")
    visitor.sees("Log in")
    visitor.write("username", "demo")
    visitor.write("password", "demo")
    visitor.press("Log in")
    visitor.sees("Link @ines_moreau to this account?")
    look(visitor, "link")


def test_what_went_wrong(visitor: Visitor, sandbox: Sandbox):
    visitor.open("/accounts/nobody/start/")
    visitor.sees("Not available")
    look(visitor, "failed-not-available")

    visitor.open("/")
    visitor.press("Log in with X")
    visitor.sees(CONSENT)
    visitor.press("Cancel")
    visitor.sees("You cancelled")
    look(visitor, "failed-denied")

    sandbox.fault("unavailable", "/oauth/request_token")
    visitor.press("Try again")
    visitor.sees("X is not available just now")
    look(visitor, "failed-unavailable")


def test_what_took_too_long(visitor: Visitor):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.sees(CONSENT)
    begun_earlier(visitor, LIFETIME + 1)
    visitor.consent("maralind")
    visitor.sees("That took a little long")
    look(visitor, "failed-expired")


def begun_earlier(visitor: Visitor, seconds: int) -> None:
    """Let the attempt in the browser have been begun so many seconds earlier."""
    cookies = visitor.browser.get_cookies()
    cookie = next(cookie for cookie in cookies if cookie["name"].startswith("socialreg-attempt-"))
    attempt = unseal("attempt", cookie["value"])
    visitor.browser.add_cookie(
        {**cookie, "value": seal("attempt", {**attempt, "started": attempt["started"] - seconds})}
    )


def test_our_own_login_page(visitor: Visitor):
    visitor.open("/accounts/")
    visitor.sees("Log in")
    look(visitor, "fallback-login")
    visitor.write("username", "demo")
    visitor.write("password", "wrong")
    visitor.one("form.socialreg-fields [type=submit]").click()
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "fallback-login-wrong")


class EveryKind(forms.Form):
    """A site's own form, with every kind of field that it may ask."""

    nickname = forms.CharField(help_text="As others see it.")
    about = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    country = forms.ChoiceField(choices=[("pt", "Portugal"), ("se", "Sweden")])
    plan = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect, help_text="For now.")
    topics = forms.MultipleChoiceField(choices=[("a", "Herbs"), ("b", "Fruit")], widget=forms.CheckboxSelectMultiple)
    born = forms.DateField(widget=forms.SelectDateWidget(years=range(1990, 2000)))
    picture = forms.FileField(required=False)
    terms = forms.BooleanField(
        label="I have read the terms, and I agree to them, all of them, and to the privacy notice"
    )
    news = forms.BooleanField(required=False, label="Send me news")


@pytest.mark.parametrize("form", [EveryKind(), EveryKind({})], ids=["fresh", "wrong"])
def test_every_kind_of_field(visitor: Visitor, sandbox: Sandbox, tmp_path: Path, form: forms.Form, request):
    profile = Profile("1", "maralind", LONG, email=Email("mara@example.com", verified=True))
    arrival = Arrival("twitter", "https://x.com", Credentials("1"), profile, fetched=True)
    context = {"form": form, "fields": list(form), "provider": {"label": "X"}, "pending": {"arrival": arrival}}
    page = render_to_string("socialreg/register.html", context)
    (tmp_path / "page.html").write_text(page.replace('href="/accounts/', f'href="{sandbox.url}/accounts/'), "utf-8")
    visitor.browser.get((tmp_path / "page.html").as_uri())
    look(visitor, f"fields-{request.node.callspec.id}")
