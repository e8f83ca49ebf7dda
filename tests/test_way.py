"""The way from the button to a logged-in user, whole, over real HTTP to the stand-in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from socialreg.models import SocialAccount

pytestmark = pytest.mark.django_db

MARA = {"username": "maralind", "email": "mara.lindqvist@example.com", "first_name": "Mara", "last_name": "Lindqvist"}


def shown(html: str) -> dict[str, str]:
    """Return the inputs of a page by name, with their values."""
    inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input([^>]*)>", html)]
    return {each["name"]: each.get("value", "") for each in inputs if "name" in each}


def register(browser, screen_name="maralind", **data):
    response = browser.log_in(screen_name, **data)
    assert response["Location"] == reverse("socialreg:register"), response.content.decode()
    form = shown(browser.client.get(response["Location"]).content.decode())
    return browser.client.post(response["Location"], form)


def test_a_new_visitor_sees_a_prefilled_form_registers_and_is_logged_in(browser, x):
    response = browser.log_in("maralind", next="/home/?welcome")
    assert response["Location"] == reverse("socialreg:register")
    page = browser.client.get(response["Location"]).content.decode()
    assert {name: shown(page)[name] for name in MARA} == MARA
    assert "Verified by X" in page
    response = browser.client.post(reverse("socialreg:register"), MARA)
    assert response["Location"] == "/home/?welcome"
    user = User.objects.get()
    assert browser.user() == user
    assert not user.has_usable_password()
    account = user.social_accounts.get()
    assert (account.provider, account.issuer, account.subject) == ("twitter", "https://x.com", "1400000000000000001")
    assert (account.username, account.email, account.email_verified) == ("maralind", MARA["email"], True)
    assert "_400x400." in account.picture
    assert account.credentials.token
    assert account.credentials.secret
    assert account.profile["username"] == "maralind"


def test_a_returning_visitor_is_logged_in_without_a_form_and_with_two_provider_requests(browser, other_browser, x):
    register(browser)
    x.reset()
    response = other_browser.log_in("maralind", next="/home/")
    assert response["Location"] == "/home/"
    assert other_browser.user() == User.objects.get()
    assert [
        record.path
        for record in x.requests
        if record.path.startswith(("/oauth/request", "/oauth/access", "/2", "/1.1"))
    ] == [
        "/oauth/request_token",
        "/oauth/access_token",
    ]


def test_a_profile_older_than_a_day_is_read_again_and_the_handle_is_fresh(browser, other_browser, x):
    register(browser)
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25), full_name="Old Name")
    x.reset()
    other_browser.log_in("maralind")
    assert len(x.requests_to("/2/users/me")) == 1
    assert SocialAccount.objects.get().full_name == "Mara Lindqvist"


def test_cancel_at_the_provider_ends_the_attempt_before_any_call(browser, x):
    location = browser.start(next="/home/")["Location"]
    callback = x.deny(location)
    before = len(x.requests)
    response = browser.client.get(callback)
    assert response.status_code == 200
    assert b"You cancelled" in response.content
    assert shown(response.content.decode())["next"] == "/home/"
    assert len(x.requests) == before
    assert not User.objects.exists()


def test_a_suspended_person_reads_a_kind_sentence_and_nothing_is_written(browser):
    response = browser.log_in("vstahl")
    assert response.status_code == 403
    assert b"is suspended" in response.content
    assert not SocialAccount.objects.exists()
    assert browser.user() is None


def test_a_known_address_must_be_proven_and_is_linked_by_an_answer_alone(browser):
    owner = User.objects.create_user("mara", MARA["email"].upper(), "secret")
    response = browser.log_in("maralind", next="/home/?linked")
    assert response["Location"] == reverse("socialreg:prove")
    assert MARA["email"] in browser.client.get(response["Location"]).content.decode()
    response = browser.client.post(reverse("socialreg:prove"), {"prove": "1"})
    assert response["Location"].startswith("/login/?next=")
    login = shown(browser.client.get(response["Location"]).content.decode())
    response = browser.client.post(
        "/login/", {"username": "mara", "password": "secret", "next": login["next"].replace("&amp;", "&")}
    )
    question = response["Location"]
    assert b"Link @maralind to this account?" in browser.client.get(question).content
    assert not SocialAccount.objects.exists()
    response = browser.client.post(question, {"link": "1"})
    assert response["Location"] == "/home/?linked"
    assert SocialAccount.objects.get().user == owner


def test_an_ordinary_login_attaches_nothing_that_somebody_left_in_the_browser(browser):
    User.objects.create_user("mara", MARA["email"], "secret")
    browser.log_in("maralind")
    browser.client.post("/login/", {"username": "mara", "password": "secret"})
    assert browser.user().username == "mara"
    for url in (reverse("socialreg:link"), reverse("socialreg:link") + "?proof=guess"):
        assert browser.client.post(url, {"link": "1"}).status_code == 400
    assert browser.client.post(reverse("socialreg:register"), MARA).status_code == 403
    assert not SocialAccount.objects.exists()


def test_connect_adds_an_account_to_whoever_is_logged_in(browser, client):
    user = User.objects.create_user("somebody")
    client.force_login(user)
    response = browser.log_in("kestrel", intent="connect")
    assert response["Location"] == reverse("socialreg:connections")
    page = client.get(response["Location"]).content.decode()
    assert "@kestrel" in page
    assert SocialAccount.objects.get().user == user


def test_a_profile_that_cannot_be_read_again_leaves_what_was_stored_and_is_not_asked_for_at_every_login(browser, x):
    register(browser)
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25))
    before = SocialAccount.objects.get()
    x.fault("not-enrolled")
    x.fault("v1-not-in-tier")
    browser.log_in("maralind")
    after = SocialAccount.objects.get()
    names = ("full_name", "first_name", "last_name", "email", "email_verified", "picture", "profile_url", "profile")
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
    assert after.first_name == "Mara"
    x.reset()
    browser.log_in("maralind")
    assert x.requests_to("/2/users/me") == []


def test_a_stored_profile_tells_what_the_provider_told(browser, site):
    told = []
    site(BEFORE_LOGIN=[lambda _request, _user, profile: told.append(profile)])
    register(browser)
    browser.log_in("maralind")
    (profile,) = told
    assert (profile.first_name, profile.last_name, profile.username) == ("Mara", "Lindqvist", "maralind")
    assert (profile.issuer, profile.uid) == ("https://x.com", "1400000000000000001")
