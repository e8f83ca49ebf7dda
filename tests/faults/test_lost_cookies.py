"""F09: sessions that are lost, cookies that are blocked, damaged or stay at home, and tabs without end.

Over every provider: what follows is success, or a page of ours from which one click begins again, and never an error of
the server. Where somebody wanted to go is kept as long as anything of theirs is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.keep import make_account
from tests.parsed import Page
from tests.security.visiting import CONNECTIONS, REGISTER, arrive, fill_in, register, user_of
from tests.security.walking import EVERY, PROTOCOLS, SERVER, come_back, start

pytestmark = pytest.mark.django_db

NEXT = "/home/?a=b"


def begins_again(response: HttpResponse, slug: str, following: str | None = NEXT) -> dict[str, object]:
    """Assert that a page has a button that begins again; return what it would send.

    :param following: where it leads then, ``None`` where nobody knows any more.
    """
    assert response.status_code in {400, 403}, response.content.decode()
    page = Page(response)
    assert page.of("h1")
    assert reverse("socialreg:start", args=[slug]) in [attrs.get("action") for _, attrs in page.of("form")]
    form = page.form()
    assert form.get("next") == ([following] if following else None)
    return {**SERVER, **{name: value[0] for name, value in form.items()}}


def retry(standin: StandIn, client: Client, slug: str, form: dict[str, object]) -> HttpResponse:
    """Press that button, consent, come back."""
    return come_back(client, standin.approve(client.post(reverse("socialreg:start", args=[slug]), form)["Location"]))


def without_session(client: Client, lose: str) -> None:
    """Let the session go: its cookie, or what the server knows of it."""
    if lose == "cookie":
        client.cookies.pop(django_settings.SESSION_COOKIE_NAME, None)
    else:
        Session.objects.all().delete()


LOSSES = ["cookie", "store"]


# -- sessions


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("slug", EVERY)
def test_f09_a_login_needs_no_session_of_before(standin: StandIn, slug, lose):
    make_account(standin, slug, user="mara")
    client = Client()
    client.get("/")
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    without_session(client, lose)
    assert come_back(client, back)["Location"] == NEXT
    assert user_of(client).username == "mara"


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("intent", ["connect", "prefill"])
@pytest.mark.parametrize("slug", EVERY)
def test_f09_what_was_begun_by_a_user_begins_again_once_they_are_back(standin: StandIn, slug, intent, lose):
    client, user = Client(), User.objects.create_user("mara", password="secret")
    client.force_login(user)
    back = standin.approve(start(client, slug, intent=intent, next=NEXT), "maralind")
    without_session(client, lose)
    form = begins_again(come_back(client, back), slug)
    assert form["intent"] == intent
    assert not SocialAccount.objects.exists()
    client.force_login(user)
    assert retry(standin, client, slug, form)["Location"] == NEXT
    assert SocialAccount.objects.filter(user=user).exists() is (intent == "connect")


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("slug", EVERY)
def test_f09_a_registration_whose_session_is_lost_is_begun_again(standin: StandIn, slug, lose):
    client = Client()
    assert arrive(standin, client, slug)["Location"] == REGISTER
    form = Page(client.get(REGISTER)).form()
    without_session(client, lose)
    for response in (client.get(REGISTER), client.post(REGISTER, form)):
        assert response.status_code == 400
        places = [attrs.get("action") for _, attrs in Page(response).of("form")]
        assert reverse("socialreg:start", args=[slug]) in places
    assert not User.objects.exists()
    assert arrive(standin, client, slug)["Location"] == REGISTER
    assert fill_in(client, username="mara", email="mara@example.org").status_code == 302
    assert user_of(client).username == "mara"


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_f09_every_kind_of_session_does(standin: StandIn, settings, tmp_path, slug, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client, other = Client(), Client()
    register(standin, client, slug, username="mara", email="mara@example.org")
    assert arrive(standin, client, slug, "kestrel", intent="connect", next=NEXT)["Location"] == NEXT
    assert arrive(standin, other, slug, next=NEXT)["Location"] == NEXT
    assert user_of(client) == user_of(other) == User.objects.get()
    cache.clear()  # which keeps some of them, and what was claimed
    assert client.get(CONNECTIONS).status_code in {200, 302}
    assert arrive(standin, Client(), slug, next=NEXT)["Location"] == NEXT


# -- cookies


@pytest.mark.parametrize("slug", EVERY)
def test_f09_without_any_cookie_there_is_a_button_and_no_call(standin: StandIn, slug):
    client = Client()
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    before = len(standin.api_requests)
    client.cookies.clear()
    form = begins_again(come_back(client, back), slug, following=None)
    assert len(standin.api_requests) == before
    assert retry(standin, client, slug, form)["Location"] == REGISTER


@pytest.mark.parametrize("slug", EVERY)
def test_f09_where_cookies_are_blocked_a_press_of_the_button_says_so(standin: StandIn, slug):
    """And keeps where they were going, for when they have allowed them."""
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse("socialreg:start", args=[slug]), {**SERVER, "next": NEXT})
    form = begins_again(response, slug)
    assert "cookie" in response.content.decode().lower()
    assert client.post(reverse("socialreg:start", args=[slug]), form).status_code == 302


DAMAGE: list[Callable[[str], str]] = [
    lambda _: "",
    lambda _: "damaged",
    lambda value: value[:-3],
    lambda value: value[::-1],
    lambda value: f"A{value}",
    lambda _: "\u00e9\xa0\x85",
    lambda _: "x" * 4000,
    lambda _: "%00%0d%0a",
]


@pytest.mark.parametrize("at", range(len(DAMAGE)))
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_f09_cookies_that_are_damaged_are_as_good_as_none(standin: StandIn, slug, at):
    client = Client()
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    client.get("/")
    before = len(standin.api_requests)
    for name in client.cookies:
        client.cookies[name] = DAMAGE[at](client.cookies[name].value)
    client.cookies["sessionid"] = DAMAGE[at]("0123456789abcdefghijklmnopqrstuv")
    response = come_back(client, back)
    begins_again(response, slug, following=None)
    assert len(standin.api_requests) == before
    assert client.get(REGISTER).status_code == 400


# -- SameSite

CROSS, HERE = {"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_SEC_FETCH_SITE": "same-origin"}


def from_the_provider(client: Client, back: str) -> HttpResponse:
    """Come back as a browser does whose session cookie is strict: without it, and saying from where."""
    kept = client.cookies.pop(django_settings.SESSION_COOKIE_NAME, None)
    client.defaults.update(CROSS)
    response = come_back(client, back)
    del client.defaults["HTTP_SEC_FETCH_SITE"]
    if kept is not None:
        client.cookies[django_settings.SESSION_COOKIE_NAME] = kept.value
    return response


@pytest.mark.parametrize("value", ["Strict", "strict"])
@pytest.mark.parametrize("slug", EVERY)
def test_f09_a_session_that_stays_at_home_comes_along_the_second_time(standin: StandIn, settings, slug, value):
    """The page opens the same address again, from this site; nothing is claimed before, and no provider is called."""
    settings.SESSION_COOKIE_SAMESITE = value
    client, user = Client(), User.objects.create_user("mara", password="secret")
    client.force_login(user)
    back = standin.approve(start(client, slug, intent="connect", next=NEXT), "maralind")
    before = len(standin.api_requests)
    for _ in range(2):  # a reload of the page does no harm
        response = from_the_provider(client, back)
        assert response.status_code == 200
    assert len(standin.api_requests) == before
    delay, _, here = response["Refresh"].partition("; url=")
    assert delay == "0"
    assert here in [attrs.get("href") for _, attrs in Page(response).of("a")], (
        "for a browser that does not go by itself"
    )
    assert not response.cookies
    assert client.get(here, **HERE)["Location"] == NEXT
    assert SocialAccount.objects.get().user == user


@pytest.mark.parametrize("slug", EVERY)
def test_f09_with_an_older_browser_it_is_a_page_that_begins_again(standin: StandIn, settings, slug):
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    client = Client()
    client.force_login(User.objects.create_user("mara", password="secret"))
    back = standin.approve(start(client, slug, intent="connect", next=NEXT), "maralind")
    client.cookies.pop("sessionid")
    begins_again(come_back(client, back), slug)


@pytest.mark.parametrize("slug", EVERY)
def test_f09_a_new_visitor_of_such_a_site_registers(standin: StandIn, settings, slug):
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    client = Client()
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    here = from_the_provider(client, back)["Refresh"].partition("url=")[2]
    assert client.get(here, **HERE)["Location"] == REGISTER
    assert fill_in(client, username="mara", email="mara@example.org")["Location"] == NEXT


@pytest.mark.parametrize("value", ["Lax", "None", False])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_f09_with_any_other_session_nobody_is_sent_round(standin: StandIn, settings, slug, value):
    settings.SESSION_COOKIE_SAMESITE = value
    make_account(standin, slug, user="mara")
    client = Client()
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    client.defaults.update(CROSS)
    assert come_back(client, back)["Location"] == NEXT


@pytest.mark.parametrize(
    "query", ["", "?state=made-up&code=c", "?oauth_token=made-up&oauth_verifier=v", "?next=//evil.example"]
)
def test_f09_a_made_up_address_is_opened_once_more_and_no_oftener(standin: StandIn, settings, client, query):
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    callback = reverse("socialreg:callback", args=["github"]) + query
    response = client.get(callback, **CROSS)
    assert response["Refresh"] == f"0; url={callback}"
    for site in ("same-origin", "same-site", "none", ""):
        assert client.get(callback, HTTP_SEC_FETCH_SITE=site).status_code == 400


# -- tabs


@pytest.mark.parametrize("slug", EVERY)
def test_f09_five_tabs_are_finished_in_any_order_and_each_goes_where_it_was_going(standin: StandIn, slug):
    make_account(standin, slug, user="mara")
    for seed in range(3):
        client = Client()
        tabs = {f"/home/?tab={tab}": start(client, slug, next=f"/home/?tab={tab}") for tab in range(5)}
        order = list(tabs)
        random.Random(f"{slug} {seed}").shuffle(order)
        for following in order:
            assert come_back(client, standin.approve(tabs[following], "maralind"))["Location"] == following
        assert user_of(client).username == "mara"


def test_f09_so_are_tabs_of_five_providers(standin: StandIn):
    """Each by a protocol of its own: none takes another's, and the last one waits for its form."""
    slugs = ["twitter", "github", "google", "apple", "mastodon"]
    for seed in range(10):
        client = Client()
        tabs = {slug: start(client, slug, next=f"/home/?{slug}") for slug in slugs}
        order = random.Random(seed).sample(slugs, len(slugs))
        for slug in order:
            assert come_back(client, standin.approve(tabs[slug], "maralind"))["Location"] == REGISTER
        response = fill_in(client, username=f"user{seed}", email=f"user{seed}@example.org")
        assert response["Location"] == f"/home/?{order[-1]}"
        SocialAccount.objects.all().delete()


@pytest.mark.parametrize("slug", EVERY)
def test_f09_a_tab_that_was_left_for_an_hour_or_is_reloaded_begins_again(standin: StandIn, monkeypatch, slug):
    """And leads where it was going."""
    make_account(standin, slug, user="mara")
    client, late = Client(), Client()
    back = standin.approve(start(client, slug, next=NEXT), "maralind")
    kept = dict(client.cookies)
    assert come_back(client, back)["Location"] == NEXT
    client.cookies.update(kept)
    begins_again(come_back(client, back), slug)
    back = standin.approve(start(late, slug, next=NEXT), "maralind")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3000)
    form = begins_again(come_back(late, back), slug)
    monkeypatch.undo()
    assert retry(standin, late, slug, form)["Location"] == NEXT


@pytest.mark.parametrize("slug", EVERY)
def test_f09_of_six_tabs_the_oldest_begins_again(standin: StandIn, slug):
    make_account(standin, slug, user="mara")
    client = Client()
    tabs = [start(client, slug, next=f"/home/?tab={tab}") for tab in range(6)]
    begins_again(come_back(client, standin.approve(tabs[0], "maralind")), slug, following=None)
    for tab in (5, 1, 4, 2, 3):
        assert come_back(client, standin.approve(tabs[tab], "maralind"))["Location"] == f"/home/?tab={tab}"
