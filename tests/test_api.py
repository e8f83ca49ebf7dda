"""The start for front ends of a site's own: JSON in, JSON out, and no less guarded than a form."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.api_views import MOST_BYTES
from socialreg.models import SocialAccount
from socialreg.notices import NOTICES
from socialreg.owners import errand
from tests.conftest import Browser
from tests.owners_app.models import Organisation
from tests.owning import HOOK, account, member_of, request_of
from tests.test_way import register
from tests.world import SERVER

pytestmark = pytest.mark.django_db

START = reverse("socialreg:api-start", args=["twitter"])


def ask(client: Client, given: object, url: str = START, **more: Any) -> HttpResponse:
    data = given if isinstance(given, str | bytes) else json.dumps(given)
    return client.post(url, data, content_type=more.pop("content_type", "application/json"), **more)


def error(response: HttpResponse) -> dict[str, str]:
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store, private"
    return response.json()["error"]


def come_back(browser: Browser, response: HttpResponse, who: str = "ines_moreau") -> HttpResponse:
    assert response.status_code == 200, response.content.decode()
    assert list(response.json()) == ["authorization_url"]
    return browser.client.get(browser.x.approve(response.json()["authorization_url"], who))


# The intents


def test_a_login_begins_with_json_and_ends_as_any(browser, other_browser):
    register(browser, "ines_moreau")
    response = ask(other_browser.client, {"next": "/home/?spa"})
    assert [name for name in response.cookies if "attempt" in name]
    assert response["Cache-Control"] == "no-store, private"
    assert come_back(other_browser, response)["Location"] == "/home/?spa"
    assert other_browser.user() == browser.user()


@pytest.mark.parametrize("given", [{}, {"intent": "login"}])
def test_a_form_and_nothing_at_all_begin_a_login_too(browser, given):
    assert come_back(browser, browser.client.post(START, given))["Location"] == reverse("socialreg:register")
    assert browser.client.post(START, content_type="application/json").status_code == 200


@pytest.mark.parametrize("intent", ["conect", "Connect", "", "errand"])
def test_an_intent_that_there_is_not_is_refused_and_begins_no_login(browser, caplog, intent):
    """Whoever mistypes it would else wonder why their visitors are logged in as somebody else."""
    for response in (ask(browser.client, {"intent": intent}), browser.client.post(START, {"intent": intent})):
        assert (response.status_code, error(response)["code"]) == (400, "bad-request")
        assert "there is no such intent; there are login, connect, prefill" in caplog.text
        assert not response.cookies
    assert not browser.x.api_requests


def test_an_account_is_connected_to_the_user(browser):
    user = User.objects.create_user("juno")
    browser.client.force_login(user)
    assert come_back(browser, ask(browser.client, {"intent": "connect", "next": "/home/"}))["Location"] == "/home/"
    assert user.social_accounts.get().username == "ines_moreau"


def test_an_organisation_is_connected_by_an_errand(browser, site):
    site(MAY_CONNECT=HOOK)
    user, organisation = member_of()
    browser.client.force_login(user)
    signed = errand(request_of(user), organisation, "twitter")
    come_back(browser, ask(browser.client, {"intent": "connect", "errand": signed}))
    assert Organisation.objects.get().twitter.username == "ines_moreau"
    organisation.members.clear()
    refused = ask(browser.client, {"intent": "connect", "errand": signed})
    assert (refused.status_code, error(refused)["code"]) == (403, "not-theirs")


def test_a_prefill_keeps_the_account_if_it_says_so(browser):
    browser.client.force_login(User.objects.create_user("juno"))
    come_back(browser, ask(browser.client, {"intent": "prefill", "next": "/home/"}))
    assert not SocialAccount.objects.exists()
    come_back(browser, ask(browser.client, {"intent": "prefill", "next": "/home/", "keep": True}))
    assert SocialAccount.objects.exists()


def test_options_that_the_provider_lists_arrive_and_no_others(browser):
    given = {"force_login": "true", "oauth_callback": "https://elsewhere.example/", "state": "x", "scope": "all"}
    url = ask(browser.client, given).json()["authorization_url"]
    assert "force_login=true" in url
    assert not [word for word in ("elsewhere", "state", "scope") if word in url]


def test_a_server_is_asked_for_by_the_front_end(world, client):
    url = reverse("socialreg:api-start", args=["mastodon"])
    world.serve()
    for given in ({}, {"server": ""}, {"server": "  "}, {"server": "x" * 256}):
        response = ask(client, given, url)
        assert (response.status_code, error(response)["code"]) == (400, "server-needed")
    wrong = ask(client, {"server": "no such thing"}, url)
    assert (wrong.status_code, error(wrong)["code"]) == (400, "no-such-server")
    assert ask(client, {"server": SERVER}, url).json()["authorization_url"].startswith("http")


# Who may


def test_connecting_needs_a_login_and_says_where(browser, x):
    response = ask(browser.client, {"intent": "connect"}, headers={"referer": "http://testserver/home/?tab"})
    said = error(response)
    assert (response.status_code, said["code"], said["title"]) == (401, "login-required", "Please log in first")
    assert said["login_url"] == "/login/?next=http%3A//testserver/home/%3Ftab"
    assert x.requests == []


def test_connecting_needs_a_login_that_is_recent_and_says_where(browser, x):
    browser.client.force_login(User.objects.create_user("juno"))
    session = browser.client.session
    session["socialreg_since"] = 1
    session.save()
    response = ask(browser.client, {"intent": "connect", "next": "/home/"})
    said = error(response)
    assert (response.status_code, said["code"], said["title"]) == (403, "recent-login", "Please log in once more")
    assert said["login_url"] == f"{reverse('socialreg:again')}?next=%2Fhome%2F"
    assert x.requests == []
    assert ask(browser.client, {"intent": "login"}).status_code == 200


def test_a_csrf_token_is_needed_and_the_header_will_do(site, caplog):
    client = Client(enforce_csrf_checks=True)
    response = ask(client, {"next": "/home/"})
    assert (response.status_code, error(response)["code"]) == (403, "csrf")
    token = client.get("/login/").cookies["csrftoken"].value
    assert ask(client, {}, headers={"X-CSRFToken": token}).status_code == 200
    assert ask(client, {}, headers={"X-CSRFToken": f"{token[:-1]}_"}).status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):  # what a page elsewhere can send unasked
        assert error(ask(client, b'{"intent":"login"}', content_type=kind))["code"] == "csrf"


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_a_post_is_the_only_way(browser, x, method):
    response = getattr(browser.client, method)(START)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert x.requests == []
    if method == "get":
        assert error(response)["code"] == "method"


def test_nothing_is_opened_to_other_sites(browser):
    headers = {"origin": "http://testserver", "access-control-request-method": "POST"}
    for response in (ask(browser.client, {}, headers=headers), browser.client.options(START, headers=headers)):
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        assert response["X-Frame-Options"] == "DENY"


# What is of no use

BAD: dict[str, bytes] = {
    "cut": b'{"intent": "login"',
    "not json": b"intent=login",
    "a list": b"[]",
    "a text": b'"login"',
    "null": b"null",
    "number for text": b'{"next": 7}',
    "list for text": b'{"next": ["/home/"]}',
    "object for text": b'{"errand": {"user": "1"}}',
    "null for text": b'{"errand": null}',
    "text for truth": b'{"intent": "prefill", "keep": "1"}',
    "number for truth": b'{"intent": "prefill", "keep": 1}',
    "a key twice": b'{"next": "/a/", "next": "/b/"}',
    "not a number": b'{"x": NaN}',
    "too deep": b"[" * 4000,
    "not unicode": b'{"next": "\xff"}',
    "too long, and no less JSON": b"{}" + b" " * MOST_BYTES,
    "too long": b'{"next": "' + b"x" * MOST_BYTES + b'"}',
}


@pytest.mark.parametrize("name", BAD)
def test_what_says_nothing_of_use_is_a_400(browser, x, name):
    browser.client.force_login(User.objects.create_user("juno"))
    response = ask(browser.client, BAD[name])
    assert (response.status_code, error(response)["code"]) == (400, "bad-request")
    assert x.requests == []


def test_another_kind_of_content_is_not_taken_for_nothing(browser):
    assert error(ask(browser.client, {"intent": "connect"}, content_type="text/plain"))["code"] == "bad-request"


def test_no_more_is_read_than_can_be_of_use(browser):
    """Whatever its length is said to be."""
    response = ask(browser.client, b" " * 3_000_000)
    assert (response.status_code, error(response)["code"]) == (400, "bad-request")


@pytest.mark.parametrize(
    "value", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\/x", ""]
)
def test_next_stays_on_this_site(browser, value):
    browser.client.force_login(User.objects.create_user("juno"))
    response = come_back(browser, ask(browser.client, {"intent": "connect", "next": value}))
    assert response["Location"] == reverse("socialreg:connections")


# The same codes, notices and statuses as on pages


def test_the_providers_bad_hour_is_said_as_on_the_page(browser, x, caplog):
    x.fault("unavailable", path="/oauth/request_token")
    caplog.set_level(logging.INFO, "socialreg")
    page, response = browser.start(), ask(browser.client, {})
    said = error(response)
    assert response.status_code == page.status_code == 503
    title = str(NOTICES["unavailable"].title).replace("{label}", "X")
    assert said["title"] == title
    assert title in page.content.decode()
    assert said["code"]
    assert f"[reference {said['reference']}]" in caplog.text
    assert "/oauth/request_token" not in response.content.decode()


def test_an_unknown_provider_is_a_404(browser):
    response = ask(browser.client, {}, reverse("socialreg:api-start", args=["nothing"]))
    assert (response.status_code, error(response)["code"]) == (404, "unknown-provider")


def test_missing_middleware_is_said(site, settings):
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    response = ask(Client(), {})
    assert (response.status_code, error(response)["code"]) == (503, "middleware")


def test_it_is_open_where_a_site_asks_for_a_login_everywhere(browser, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert ask(browser.client, {}).status_code == 200


def test_an_errand_for_a_users_own_account_asks_for_more(browser):
    user = User.objects.create_user("juno")
    mine = account("1", user)
    browser.client.force_login(user)
    signed = errand(request_of(user), mine, scope="write")
    assert ask(browser.client, {"intent": "connect", "errand": signed}).status_code == 200
