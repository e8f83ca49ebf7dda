"""Whoever does something too often waits; nobody else does. Counted by address and by account, in the cache."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter

from socialreg import conf, throttling
from socialreg.client_addresses import prefix, subscriber
from socialreg.exceptions import ConfigurationError, TooMany
from socialreg.rates import Action, LimitedBy, Rate
from tests.conftest import Browser
from tests.test_connections import account_of

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "9.9.9.9", "8.8.4.4"
START = "/accounts/twitter/start/"


@pytest.fixture(autouse=True)
def _one_window(monkeypatch):
    """Stop the clock that windows are made of, and no other, so that no test sees one end."""
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_800_000_010.0))


def limited(site, **actions: dict[str, str | None]) -> None:
    site(RATE_LIMITS=actions)


def press(client: Client, address: str, **headers: str) -> HttpResponse:
    return client.post(reverse("socialreg:start", args=["twitter"]), REMOTE_ADDR=address, headers=headers)


def assert_too_many(response: HttpResponse, seconds: int = 50) -> None:
    assert response.status_code == 429
    assert response["Retry-After"] == str(seconds)
    assert response["Cache-Control"] == "no-store, private"
    assert "That was a little often" in response.content.decode()


def test_one_more_than_the_limit_from_one_address_waits_for_the_window_to_end(browser: Browser, site, x):
    limited(site, start={"address": "3/m"})
    for _ in range(3):
        assert press(Client(), HERE).status_code == 302
    asked = len(x.requests)
    assert_too_many(press(Client(), HERE))
    assert len(x.requests) == asked, "a start that is refused asks no provider"
    assert press(Client(), ELSEWHERE).status_code == 302


def test_with_the_next_window_everybody_may_again(browser: Browser, site, monkeypatch):
    limited(site, start={"address": "1/m"})
    assert press(Client(), HERE).status_code == 302
    assert_too_many(press(Client(), HERE))
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_800_000_060.0))
    assert press(Client(), HERE).status_code == 302


def test_a_user_is_counted_wherever_they_come_from(browser: Browser, site):
    limited(site, start={"account": "2/m"})
    user = User.objects.create_user("mara", "mara@example.com", "secret")
    browser.client.force_login(user)
    for address in (HERE, ELSEWHERE):
        assert press(browser.client, address).status_code == 302
    assert_too_many(press(browser.client, "1.1.1.1"))
    assert press(Client(), "1.1.1.1").status_code == 302


def test_no_header_says_where_somebody_comes_from(browser: Browser, site):
    limited(site, start={"address": "1/m"})
    forwarded = ({"X-Forwarded-For": ELSEWHERE}, {"Forwarded": f"for={ELSEWHERE}"}, {"X-Real-IP": ELSEWHERE})
    assert press(Client(), HERE).status_code == 302
    for headers in forwarded:
        assert_too_many(press(Client(), HERE, **headers))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::7", "", "unix:"])
def test_those_behind_a_proxy_of_the_sites_own_are_not_taken_for_one(browser: Browser, site, address):
    limited(site, start={"address": "1/m"})
    for _ in range(3):
        assert press(Client(), address).status_code == 302


def test_a_site_says_itself_how_people_are_told_apart(browser: Browser, site):
    site(RATE_LIMITS={"start": {"address": "1/m"}}, CLIENT_ADDRESS="docs.examples.client_address.behind_one_proxy")
    first, forged, other = HERE, f"{ELSEWHERE}, {HERE}", f"{HERE}, {ELSEWHERE}"
    assert press(Client(), "10.0.0.1", **{"X-Forwarded-For": first}).status_code == 302
    assert_too_many(press(Client(), "10.0.0.1", **{"X-Forwarded-For": forged}))
    assert press(Client(), "10.0.0.1", **{"X-Forwarded-For": other}).status_code == 302


def requested(address: str) -> HttpRequest:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = address
    return request


def test_who_has_a_network_is_one_subscriber():
    one, other = requested("2606:4700:1:2::3"), requested("2606:4700:1:2:ffff::9")
    assert subscriber(one) == subscriber(other) == "2606:4700:1:2::/64"
    assert subscriber(requested("2606:4700:1:3::3")) != subscriber(one)
    assert subscriber(requested("::ffff:9.9.9.9")) == subscriber(requested(HERE)) == "9.9.9.9/32"


def test_what_is_written_down_is_no_whole_address():
    assert prefix(requested("9.9.9.9")) == "9.9.9.0/24"
    assert prefix(requested("2606:4700:1:2::3")) == "2606:4700:1::/48"
    assert prefix(requested("127.0.0.1")) == ""


def test_callbacks_are_counted_before_the_attempt_is_claimed(browser: Browser, site, x):
    """Who is told to wait can come back by the same address, once it is time."""
    limited(site, callback={"address": "1/m"})
    callback = browser.approve("maralind")
    garbage = reverse("socialreg:callback", args=["twitter"])
    assert Client().get(garbage, REMOTE_ADDR=HERE).status_code == 400
    asked = len(x.requests)
    assert_too_many(browser.client.get(callback, REMOTE_ADDR=HERE))
    assert len(x.requests) == asked
    assert browser.client.get(callback, REMOTE_ADDR=ELSEWHERE)["Location"] == reverse("socialreg:register")


@pytest.mark.parametrize("address", ["twitter/callback/?a=1&a=2", "nobody/callback/?a=1"])
def test_so_is_what_is_refused_for_its_looks_alone(browser: Browser, site, address):
    """Each of them makes a page and a line in the log all the same."""
    limited(site, callback={"address": "1/m"})
    assert Client().get(f"/accounts/{address}", REMOTE_ADDR=HERE).status_code in {400, 404}
    assert_too_many(Client().get(f"/accounts/{address}", REMOTE_ADDR=HERE))


def no_header(request: HttpRequest) -> str:
    """A site's own function, where a proxy was passed by."""
    return str(request.META["HTTP_X_REAL_IP"])


@pytest.mark.parametrize("page", ["login", "register"])
def test_where_counting_fails_for_a_fault_of_the_sites_no_report_shows_a_password(browser, site, caplog, page):
    """Django mails what was posted to ADMINS, but for what it was told to hide; and counting comes before the form."""
    arrived(browser, known=False)
    site(CLIENT_ADDRESS=no_header)
    browser.client.raise_request_exception = False
    form = {"username": "mara", "password": "s3cret-Pass-word"}
    assert browser.client.post(reverse(f"socialreg:{page}"), form).status_code == 500
    (record,) = [each for each in caplog.records if each.name == "django.request"]
    report = ExceptionReporter(record.request, *record.exc_info)
    for shown in (report.get_traceback_text(), report.get_traceback_html()):
        assert "HTTP_X_REAL_IP" in shown
        assert "s3cret" not in shown


def test_logins_of_one_account_are_counted_in_all_browsers(browser: Browser, site):
    limited(site, callback={"account": "2/m"})
    for _ in range(2):
        assert Browser(Client(), browser.x).log_in("maralind").status_code == 302
    assert_too_many(Browser(Client(), browser.x).log_in("maralind"))
    assert Browser(Client(), browser.x).log_in("kestrel").status_code == 302


def test_a_form_is_counted_when_it_is_sent_and_not_when_it_is_shown(browser: Browser, site):
    limited(site, register={"account": "2/m"})
    browser.log_in("maralind")
    page = reverse("socialreg:register")
    assert {browser.client.get(page).status_code for _ in range(4)} == {200}
    assert {browser.client.post(page, {"username": ""}).status_code for _ in range(2)} == {200}
    assert_too_many(browser.client.post(page, {"username": "mara", "email": "m@example.com"}))
    assert not User.objects.exists()


def test_proofs_are_counted(browser: Browser, site):
    User.objects.create_user("mara", "mara.lindqvist@example.com", "secret")
    limited(site, prove={"account": "2/m"})
    assert browser.log_in("maralind")["Location"] == reverse("socialreg:prove")
    page = reverse("socialreg:prove")
    assert {browser.client.post(page).status_code for _ in range(2)} == {302}
    assert_too_many(browser.client.post(page))


def test_passwords_that_are_tried_to_go_on_are_counted(browser: Browser, site):
    site(RATE_LIMITS={"prove": {"account": "2/m"}}, RECENT_LOGIN=-1)
    user = User.objects.create_user("mara", "mara@example.com", "secret")
    browser.client.force_login(user)
    account_of(user, "7")
    page = reverse("socialreg:again")
    assert {browser.client.post(page, {"password": "no"}).status_code for _ in range(2)} == {200}
    assert_too_many(browser.client.post(page, {"password": "secret"}))


def test_a_script_is_told_in_json(browser: Browser, site):
    limited(site, start={"address": "1/m"})
    start = reverse("socialreg:api-start", args=["twitter"])
    assert browser.client.post(start, REMOTE_ADDR=HERE).status_code == 200
    response = browser.client.post(start, REMOTE_ADDR=HERE)
    assert response.status_code == 429
    assert response["Retry-After"] == "50"
    assert json.loads(response.content)["error"]["code"] == "too-many"


def arrived(browser: Browser, known: bool) -> None:
    """Let somebody come who has to register, or to prove an account first."""
    if known:
        User.objects.create_user("mara", "mara.lindqvist@example.com", "secret")
    browser.log_in("maralind")


def act_of(action: Action, browser: Browser, by: LimitedBy) -> Callable[[], HttpResponse]:
    """Return what does an action once more, from one address and about one account."""
    client = browser.client
    if action == "start":
        client.force_login(User.objects.create_user("ann"))
        return lambda: press(client, HERE)
    if action == "callback":
        garbage = reverse("socialreg:callback", args=["twitter"])
        return {
            "address": lambda: Client().get(garbage, REMOTE_ADDR=HERE),
            "account": lambda: Browser(Client(), browser.x).log_in("maralind"),
        }[by]
    arrived(browser, known=action == "prove")
    return lambda: client.post(reverse(f"socialreg:{action}"), {"username": ""}, REMOTE_ADDR=HERE)


@pytest.mark.parametrize("by", get_args(LimitedBy))
@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_is_limited_by_address_and_by_account(browser: Browser, site, action: Action, by: LimitedBy):
    site(RATE_LIMITS={each: {"address": None, "account": None} for each in get_args(Action)} | {action: {by: "2/m"}})
    act = act_of(action, browser, by)
    assert 429 not in {act().status_code for _ in range(2)}
    assert_too_many(act())


def test_the_eight_limits_of_a_site_that_names_none():
    assert {each: [conf.rate_limit(each, by) for by in ("address", "account")] for each in get_args(Action)} == {
        "start": [Rate(300, 60), Rate(30, 60)],
        "callback": [Rate(300, 60), Rate(30, 60)],
        "register": [Rate(120, 60), Rate(30, 60)],
        "prove": [Rate(60, 60), Rate(10, 60)],
    }


def test_none_is_no_limit(browser: Browser, site):
    limited(site, start={"address": None})
    assert conf.rate_limit("start", "address") is None
    assert conf.rate_limit("start", "account") == Rate(30, 60)


def test_the_log_says_what_was_counted_and_what_to_do(browser: Browser, site, caplog):
    limited(site, start={"address": "1/m"})
    press(Client(), HERE)
    press(Client(), HERE)
    [line] = [record.getMessage() for record in caplog.records if "too-many" in record.getMessage()]
    assert "'start' by one address" in line
    assert "CLIENT_ADDRESS" in line
    assert HERE not in line


class Broken(LocMemCache):
    """A cache that is out of reach."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        raise ConnectionError


def test_a_cache_that_is_down_keeps_nobody_out_and_the_log_says_so(settings, caplog):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Broken"}}
    with caplog.at_level(logging.WARNING):
        for _ in range(40):
            throttling.limit_account("start", "7")
    assert "ConnectionError" in caplog.text


def test_an_entry_that_goes_between_two_steps_counts_as_the_first(monkeypatch, settings):
    class Forgetful(LocMemCache):
        def add(self, *args: Any, **kwargs: Any) -> bool:
            super().add(*args, **kwargs)
            self.clear()
            return False

    monkeypatch.setattr(f"{__name__}.Broken", Forgetful)
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Broken"}}
    for _ in range(40):
        throttling.limit_account("start", "7")


def test_a_window_is_forgotten_with_its_end(settings):
    """So no flood of addresses leaves anything behind."""
    cache.clear()
    throttling.limit_account("start", "7")
    [expires] = caches["default"]._expire_info.values()
    assert expires - time.time() <= 60


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        {"start": "3/m"},
        {"begin": {"address": "3/m"}},
        {"start": {"person": "3/m"}},
        {"start": {"address": "3"}},
        {"start": {"address": "0/m"}},
        {"start": {"address": "3/y"}},
        {"callback": {"account": 3}},
    ],
)
def test_a_limit_that_is_none_is_a_configuration_error_of_every_action(settings, wrong):
    settings.SOCIALREG = {**settings.SOCIALREG, "RATE_LIMITS": wrong}
    with pytest.raises(ConfigurationError, match="RATE_LIMITS"):
        conf.check_rate_limits()


def test_the_error_is_of_the_tree_and_says_when():
    error = TooMany("start", "address", 7)
    assert (error.status, error.retry_after, error.code) == (429, 7, "too-many")
