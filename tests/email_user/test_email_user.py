"""Registering where people are known by their address, over the whole way."""

from __future__ import annotations

import pytest
from django import forms
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from socialreg.finders import by_email
from socialreg.forms import RegistrationForm, initial_values
from socialreg.models import SocialAccount
from socialreg.types import Email, Profile
from tests import statements
from tests.conftest import Browser
from tests.parsed import Page

from .models import Member

pytestmark = pytest.mark.django_db

MARA = "mara.lindqvist@example.com"
REGISTER = "/accounts/register/"
PROFILE = Profile("1", "maralind", "Mara Lindqvist", "Mara", "Lindqvist", Email(MARA, verified=True))


def page_for(browser: Browser, who: str = "maralind", **data: str) -> Page:
    response = browser.log_in(who, **data)
    assert response.get("Location") == REGISTER, response.content.decode()
    return Page(browser.client.get(REGISTER))


def test_the_form_asks_for_address_and_required_fields_and_no_name_is_suggested():
    form = RegistrationForm()
    assert {name: field.required for name, field in form.fields.items()} == {"email": True, "full_name": True}
    with CaptureQueriesContext(connection) as queries:
        assert initial_values(form, PROFILE) == {"email": MARA, "full_name": "Mara Lindqvist"}
    assert len(queries) == 0


def test_a_new_visitor_registers_and_comes_back(browser, other_browser):
    page = page_for(browser, next="/home/?in")
    assert page.asked() == {"email", "full_name"}
    assert page.named("email")["autocomplete"] == "email"
    assert page.named("full_name")["autocomplete"] == "name"
    assert "Verified by X" in page.text
    with statements.recorded(connection) as sent:
        response = browser.client.post(REGISTER, page.form())
    assert response["Location"] == "/home/?in"
    assert len(sent.queries) <= 10, sent.queries
    member = Member.objects.get()
    assert (member.email, member.full_name, member.has_usable_password()) == (MARA, "Mara Lindqvist", False)
    assert browser.user() == member
    other_browser.log_in("maralind")
    assert other_browser.user() == member
    assert "@maralind" in Page(browser.client.get(reverse("socialreg:connections"))).text


def test_nothing_missing_means_no_form_and_a_missing_address_is_asked(site, browser, other_browser):
    site(ASK_FOR="missing")
    assert browser.log_in("maralind", next="/home/?in")["Location"] == "/home/?in"
    assert browser.user().email == MARA
    page = page_for(other_browser, "tomas_ok")
    assert page.asked() == {"email"}
    other_browser.client.post(REGISTER, page.form(email="tomas@example.net", is_staff="on", full_name="Forged"))
    assert (other_browser.user().full_name, other_browser.user().is_staff) == ("Tomás Okafor", False)


@pytest.mark.parametrize("typed", ["taken@example.com", "TAKEN@example.COM"])
def test_the_address_of_a_member_is_refused_with_one_error(browser, typed):
    Member.objects.create_user("taken@example.com")
    page = Page(browser.client.post(REGISTER, page_for(browser, "tomas_ok").form(email=typed)))
    assert "There is an account with this e-mail address already" in page.text
    assert [attrs.get("id") for tag, attrs in page.of("ul") if attrs.get("class") == "errorlist"] == ["id_email_error"]
    assert len(page.of("li")) == 1
    assert Member.objects.count() == 1


def test_a_member_with_the_address_is_found_and_asked_to_prove_it(browser):
    member = Member.objects.create_user(MARA.upper(), password="secret")
    assert by_email(PROFILE, None) == member
    response = browser.log_in("maralind", next="/home/?linked")
    assert response["Location"] == reverse("socialreg:prove")
    login = browser.client.post(response["Location"], {"prove": "1"})["Location"]
    form = Page(browser.client.get(login)).form(username=member.email, password="secret")
    question = browser.client.post("/login/", form)["Location"]
    assert member.email in Page(browser.client.get(question)).text
    assert browser.client.post(question, {"link": "1"})["Location"] == "/home/?linked"
    assert SocialAccount.objects.get().user == member


def test_an_address_lost_in_the_last_moment_is_asked_again(site, browser):
    site(BEFORE_REGISTER=[rival])
    page = Page(browser.client.post(REGISTER, page_for(browser).form()))
    assert "already" in page.text
    assert not SocialAccount.objects.exists()
    assert browser.client.post(REGISTER, page.form(email="other@example.com")).status_code == 302
    assert browser.user().email == "other@example.com"


def rival(request, profile) -> None:
    if request.method == "POST" and not Member.objects.exists():
        Member.objects.create_user(MARA)


def test_a_plain_form_makes_a_member(site, browser):
    site(REGISTRATION_FORM=Plain, ASK_FOR="missing")
    assert browser.log_in("maralind", next="/home/?in")["Location"] == "/home/?in"
    assert (browser.user().email, browser.user().full_name) == (MARA, "Mara Lindqvist")


class Plain(forms.Form):
    email = forms.EmailField()
    full_name = forms.CharField()


def test_the_checks_find_no_error():
    assert [message for message in run_checks(databases=["default"]) if message.is_serious()] == []
