"""What waits between click and callback: one cookie per attempt, claimed once, in this browser alone."""

from __future__ import annotations

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from socialreg import attempt
from socialreg.models import SocialAccount
from socialreg.registry import providers
from tests.test_way import register

pytestmark = pytest.mark.django_db

CALLBACK = "/accounts/twitter/callback/"


def attempts(browser) -> dict[str, str]:
    return {name: cookie.value for name, cookie in browser.client.cookies.items() if "attempt" in name and cookie.value}


def calls(x) -> int:
    return len(x.requests_to("/oauth/access_token"))


def test_five_tabs_finish_in_any_order(browser, x):
    """Each with its own ``next``; the first logs in, the others find their own person logged in and go on as well."""
    register(browser)
    orders = list(itertools.permutations(range(5)))
    for order in (orders[0], orders[-1], orders[50]):
        browser.client = Client()
        tabs = [browser.approve("maralind", next=f"/home/?tab={tab}") for tab in range(5)]
        for tab in order:
            assert browser.client.get(tabs[tab])["Location"] == f"/home/?tab={tab}"
    assert SocialAccount.objects.count() == 1


def test_a_sixth_attempt_drops_the_oldest_and_no_other(browser, x):
    tabs = [browser.approve("maralind", next=f"/home/?tab={tab}") for tab in range(6)]
    assert len(attempts(browser)) == attempt.MOST_ATTEMPTS
    assert browser.client.get(tabs[0]).status_code == 400
    assert calls(x) == 0
    assert browser.client.get(tabs[5])["Location"] == reverse("socialreg:register")


def test_attempts_stay_within_what_servers_take_as_a_cookie_header(browser):
    for _ in range(7):
        browser.start(next="/home/?" + "x" * 690)
    header = "; ".join(f"{name}={cookie.value}" for name, cookie in browser.client.cookies.items() if cookie.value)
    assert len(header) < 8190


def test_a_replay_makes_no_call_and_changes_no_session(browser, x):
    callback = browser.approve("maralind", next="/home/")
    kept = dict(attempts(browser))
    browser.client.get(callback)
    before, session = calls(x), dict(browser.client.session)
    for name, value in kept.items():  # a browser that restored its cookies, or a thief
        browser.client.cookies[name] = value
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"This step is done already" in response.content
    assert b'name="next" value="/home/"' in response.content
    assert (calls(x), dict(browser.client.session)) == (before, session)


def test_of_two_callbacks_at_once_exactly_one_asks_the_provider(browser, x):
    callback = browser.approve("maralind")
    cookies = attempts(browser)
    request = attempt_request(cookies)
    key = parse_qs(urlsplit(callback).query)["oauth_token"][0]

    def claim(_: int) -> bool:
        try:
            attempt.claim(request, "twitter", "https://x.com", key)
        except attempt.Replayed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [False] * 7 + [True]


def attempt_request(cookies: dict[str, str]):
    class Request:
        COOKIES = cookies
        META = {"HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    return Request()


def test_another_browser_gets_nowhere_and_neither_does_the_owner_of_a_forged_link(browser, other_browser, x):
    callback = browser.approve("maralind")
    response = other_browser.client.get(callback)
    assert response.status_code == 400
    assert b"Let us begin again" in response.content
    assert calls(x) == 0
    assert other_browser.user() is None


@pytest.mark.parametrize(
    "query",
    ["", "?oauth_token=", "?oauth_token=guess&oauth_verifier=v", "?denied=guess", "?oauth_verifier=v", "?%00=1"],
)
def test_a_callback_that_names_no_attempt_of_this_browser_makes_no_call(browser, x, query):
    browser.approve("maralind")
    before = len(x.requests)
    assert browser.client.get(CALLBACK + query).status_code == 400
    assert len(x.requests) == before


def test_an_attempt_waits_ten_minutes_and_not_a_second_more(browser, x, monkeypatch):
    callback = browser.approve("maralind", next="/home/")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 602)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"took a little long" in response.content
    assert b'name="next" value="/home/"' in response.content
    assert calls(x) == 0


def test_an_attempt_is_still_good_after_nine_minutes(browser, x, monkeypatch):
    callback = browser.approve("maralind")
    now = time.time()
    monkeypatch.setattr("socialreg.attempt.time.time", lambda: now + 540)
    # The request token's own clock is the provider's; what is looked at is whether the exchange is tried.
    browser.client.get(callback)
    assert calls(x) >= 1


def test_an_attempt_of_one_provider_is_refused_at_anothers_callback(browser, x, site, settings):
    given = settings.SOCIALREG["PROVIDERS"]["twitter"]
    site(PROVIDERS={"twitter": given, "second": {**given, "PROVIDER": "twitter"}})
    for intent in ("login", "connect"):
        browser.client.force_login(User.objects.create(username=intent))
        callback = browser.approve("maralind", intent=intent)
        before = len(x.requests)
        response = browser.client.get(callback.replace("/twitter/", "/second/"))
        assert response.status_code == 400
        assert len(x.requests) == before
    assert not SocialAccount.objects.exists()


def test_a_cookie_that_was_changed_or_sealed_by_somebody_else_is_no_attempt(browser, x):
    callback = browser.approve("maralind")
    ((name, value),) = attempts(browser).items()
    for forged in (value[:-2] + "AA", Fernet(Fernet.generate_key()).encrypt(b"{}").decode(), "x", "é"):
        browser.client.cookies[name] = forged
        assert browser.client.get(callback).status_code == 400
    assert calls(x) == 0


def test_a_start_writes_to_no_store(browser, x, django_assert_num_queries, monkeypatch):
    """No statement, no session, no cache: an abandoned start leaves nothing behind."""

    def no_cache(*_args, **_kwargs):
        raise AssertionError("the cache was asked")

    for name in ("add", "set", "get", "incr", "delete"):
        monkeypatch.setattr(cache, name, no_cache)
    with django_assert_num_queries(0):
        response = browser.start(next="/home/")
    assert response.status_code == 302
    assert not [name for name in response.cookies if "attempt" not in name and name != "csrftoken"]


def test_the_cookie_says_nothing_and_goes_nowhere_else(browser, site):
    site(BASE_URL="https://testserver")
    ((name, cookie),) = [item for item in browser.start().cookies.items() if "attempt" in item[0]]
    assert name.startswith("__Host-socialreg-attempt-")
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert not cookie["domain"]
    assert not re.search("oauth|secret|twitter|http", cookie.value)


def test_a_finished_attempt_leaves_no_cookie_behind(browser):
    browser.log_in("maralind")
    assert attempts(browser) == {}


def test_a_cancelled_attempt_leaves_no_cookie_behind(browser, x):
    browser.client.get(x.deny(browser.start()["Location"]))
    assert attempts(browser) == {}


def test_another_worker_can_finish_what_one_began(browser, x):
    """Nothing of an attempt is in the memory of the process that began it."""
    callback = browser.approve("maralind")
    providers.clear()
    assert browser.client.get(callback)["Location"] == reverse("socialreg:register")


def test_parameters_that_come_twice_belong_to_nobody(browser, x):
    callback = browser.approve("maralind")
    assert browser.client.get(callback + "&oauth_verifier=again").status_code == 400
    assert calls(x) == 0


@pytest.mark.parametrize(("host", "warned"), [("localhost", True), ("testserver", False)])
def test_a_login_begun_at_another_host_than_it_comes_back_to_is_told_in_development(
    browser, settings, caplog, host, warned
):
    settings.DEBUG = True
    browser.client.post("/accounts/twitter/start/", headers={"host": host})
    assert ("where the browser has no cookie of it" in caplog.text) is warned
