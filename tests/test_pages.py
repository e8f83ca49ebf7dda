"""Whatever goes wrong is a page of ours: right status, a way on, a reference that stands in the log, and no secret."""

from __future__ import annotations

import logging
import re
import time
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import django
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache.backends.base import BaseCache
from django.db import connection
from django.test import Client
from django.urls import reverse

from socialreg.encryption import seal, unseal
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.signals import failed
from socialreg.testing import CODES, CONSUMER_SECRET, SHAPES, XStandIn
from socialreg_providers.twitter import Twitter
from tests.conftest import Browser
from tests.test_way import MARA, register, shown

pytestmark = pytest.mark.django_db

START = "/accounts/twitter/start/"
CALLBACK = "/accounts/twitter/callback/"
NEXT = "/home/?a=b"
REQUEST_TOKEN, ACCESS_TOKEN, PROFILE = "/oauth/request_token", "/oauth/access_token", "/2/users/me"


class BrokenCache(BaseCache):
    """A cache whose server is gone."""

    def __init__(self, location, params):
        super().__init__(params)

    def add(self, key, value, timeout=None, version=None):
        raise ConnectionError(f"redis://:hunter2@cache is gone: {key}")


class Watched(Twitter):
    """Tells what it is handed, and whether a transaction is open while the provider is being asked."""

    slug = "watched"
    seen: list[bool] = []
    options: list[dict[str, str]] = []

    def authorize(self, redirect_uri, intent, options):
        self.seen.append(connection.in_atomic_block)
        self.options.append(dict(options))
        return super().authorize(redirect_uri, intent, options)

    def verify(self, pending, params):
        self.seen.append(connection.in_atomic_block)
        return super().verify(pending, params)

    def fetch_profile(self, credentials):
        self.seen.append(connection.in_atomic_block)
        return super().fetch_profile(credentials)


def strict_policy(get_response):
    """Set a policy of the site's own on every page, as some middleware does."""

    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware


def reference_on(response) -> str:
    """Return the reference on a page of ours, after looking at what every such page must be."""
    page = response.content.decode()
    (reference,) = re.findall(r"reference <code>([0-9a-f]{8})</code>", page)
    assert page.startswith("<!DOCTYPE html>")
    assert "no-store" in response["Cache-Control"]
    return reference


@contextmanager
def failures():
    """Return what the signal ``failed`` is sent with in the block."""
    calls: list[dict] = []

    def receive(signal, **values):
        calls.append(values)

    failed.connect(receive)
    try:
        yield calls
    finally:
        failed.disconnect(receive)


def line_of(caplog, reference: str) -> logging.LogRecord:
    (record,) = [each for each in caplog.records if f"[reference {reference}]" in each.getMessage()]
    return record


def nothing_is_written() -> bool:
    return not (User.objects.exists() or SocialAccount.objects.exists() or Session.objects.exists())


# Wrong settings, found when somebody presses the button or comes back

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
AT_THE_BUTTON = [
    ({"BASE_URL": ""}, "base-url", "https://example.com"),
    ({"BASE_URL": None}, "base-url", "https://example.com"),
    ({"BASE_URL": "http://testserver/shop"}, "base-url", "https://example.com"),
    ({"BASE_URL": "http://user:hunter2@testserver"}, "base-url", "https://example.com"),
    ({"PRIVATE_HOSTS": "127.0.0.1"}, "setting", "into a list"),
    ({"PRIVATE_HOSTS": [7]}, "setting", "host:port"),
    ({"PRIVATE_HOSTS": []}, "not-https", "PRIVATE_HOSTS"),
    ({"PROVIDERS": ["twitter"]}, "setting", "Make it a dict"),
    ({"PROVIDERS": {"twitter": "secret"}}, "entry", "to a dict"),
    ({"PROVIDERS": {"twitter": {}}}, "credentials", "CLIENT_ID"),
    ({"PROVIDERS": {"twitter": {**KEYS, "KEY": "x"}}}, "unknown-option", "Use one of"),
    ({"PROVIDERS": {"twitter": {**KEYS, "FORCE_LOGIN": "x"}}}, "option-type", "FORCE_LOGIN"),
    ({"PROVIDERS": {"twitter": {**KEYS, "REQUEST_TOKEN_URL": "{x}"}}}, "provider", "Mend Twitter"),
    ({"PROVIDERS": {"twitter": {**KEYS, "REQUEST_TOKEN_URL": "http://["}}}, "address", "https://host/path"),
    ({"PROVIDERS": {"twitter": {**KEYS, "REQUEST_TOKEN_URL": ""}}}, "address", "https://host/path"),
    ({"PROVIDERS": {"twitter": {**KEYS, "PROVIDER": "nowhere.X"}}}, "unknown-provider", "name your own class"),
    ({"PROVIDERS": {"twitter": {**KEYS, "PROVIDER": "..X"}}}, "unknown-provider", "name your own class"),
    ({"PROVIDERS": {"twitter": KEYS, "Twitter": {"PROVIDER": "twitter"}}}, "two-providers", "Rename one"),
]


@pytest.mark.parametrize("case", AT_THE_BUTTON, ids=str)
def test_a_wrong_setting_at_the_button_is_a_page_that_says_not_available(browser, site, caplog, case):
    site(**case[0])
    with failures() as told:
        response = browser.start(next=NEXT)
    check_not_available(response, told, caplog, case)


def test_a_wrong_method_is_told_at_the_button(browser, site, x, caplog):
    site(PROVIDERS={"twitter": {**x.provider_settings(), "METHOD": "x"}})
    with failures() as told:
        response = browser.start(next=NEXT)
    check_not_available(response, told, caplog, ({}, "option-value", "Set it to one of them"))


ON_THE_WAY_BACK = [
    ({"BASE_URL": "nonsense"}, "base-url", "https://example.com"),
    ({"ASK_FOR": "much"}, "setting", '"missing"'),
    ({"FINDERS": "socialreg.finders.by_email"}, "setting", "into a list"),
    ({"FINDERS": ["socialreg.finders.gone"]}, "import", "Correct the dotted name"),
    ({"FINDERS": [7]}, "setting", "Name a function"),
    ({"REGISTRATION_FORM": "gone.Form"}, "import", "Correct the dotted name"),
    ({"REGISTRATION_FORM": "socialreg.finders.by_email"}, "setting", "subclass of Form"),
    ({"BEFORE_REGISTER": ["gone.hook"]}, "import", "Correct the dotted name"),
    ({"BEFORE_REGISTER": None}, "setting", "into a list"),
]


@pytest.mark.parametrize("case", ON_THE_WAY_BACK, ids=str)
def test_a_wrong_setting_on_the_way_back_writes_nothing(browser, site, caplog, case):
    callback = browser.approve("maralind", next=NEXT)
    site(**case[0])
    with failures() as told:
        response = browser.client.get(callback)
    check_not_available(response, told, caplog, case)
    assert nothing_is_written()


@pytest.mark.parametrize(
    "case",
    [
        ({"PROFILE_MAX_AGE": "a day"}, "setting", "number of seconds"),
        ({"BEFORE_LOGIN": "gone.hook"}, "setting", "into a list"),
        ({"BEFORE_LOGIN": ["gone.hook"]}, "import", "Correct the dotted name"),
    ],
    ids=str,
)
def test_a_wrong_setting_logs_nobody_in(browser, other_browser, site, caplog, case):
    register(browser)
    callback = other_browser.approve("maralind")
    site(**case[0])
    before = SocialAccount.objects.values().get()
    with failures() as told:
        response = other_browser.client.get(callback)
    check_not_available(response, told, caplog, case)
    assert other_browser.user() is None
    assert SocialAccount.objects.values().get() == before


def check_not_available(response, told, caplog, case):
    _, code, remedy = case
    assert response.status_code == 503
    assert b"<h1>Not available</h1>" in response.content
    reference = reference_on(response)
    record = line_of(caplog, reference)
    assert record.levelno == logging.ERROR
    assert f"[{code}]" in record.getMessage()
    assert "Cause: " in record.getMessage()
    assert remedy in record.getMessage().partition("Remedy: ")[2]
    assert "hunter2" not in caplog.text
    assert [each["reference"] for each in told] == [reference]
    assert "Try again" not in response.content.decode()  # it would not help


def test_without_any_settings_there_is_a_page(client, settings):
    del settings.SOCIALREG
    for response in (client.post(START), client.get(CALLBACK), client.get(f"{CALLBACK}?oauth_token=a")):
        assert response.status_code == 404
        assert b"Not available" in response.content
    for name in ("login", "connections", "register", "prove", "link"):
        assert client.get(reverse(f"socialreg:{name}")).status_code < 500


def test_a_wrong_address_keeps_nobody_from_logging_in_with_a_password(client, settings):
    settings.SOCIALREG = {"BASE_URL": "nonsense"}
    User.objects.create_user("mara", password="secret")
    response = client.post(reverse("socialreg:login"), {"username": "mara", "password": "secret", "next": "/home/?x"})
    assert response["Location"] == "/home/?x"


def test_missing_middleware_is_a_page(site, settings, caplog):
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    for response in (Client().post(START), Client().get(CALLBACK), Client().get("/accounts/register/")):
        assert response.status_code == 503
        assert b"Not available" in response.content
        assert "MIDDLEWARE" in line_of(caplog, reference_on(response)).getMessage()


@pytest.mark.parametrize("slug", ["github", "TWITTER", "socialreg", "0", "-"])
def test_an_unknown_provider_is_a_404_of_ours_and_no_alarm(browser, caplog, slug):
    for name in ("start", "callback"):
        url = reverse(f"socialreg:{name}", args=[slug])
        for response in (browser.client.get(url), browser.client.post(url)):
            assert response.status_code == 404
            assert line_of(caplog, reference_on(response)).levelno == logging.WARNING


# What a hostile or unlucky request gets


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_only_a_post_begins_a_login(browser, x, method):
    response = getattr(browser.client, method)(f"{START}?next=/home/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "Location" not in response
    assert x.requests == []
    if method == "get":
        assert f'action="{START}"' in response.content.decode()
        assert b"One more click" in response.content


def press(client: Client, response):
    """Press the one button on a page of ours."""
    page = response.content.decode()
    (form,) = re.findall(r'<form [^>]*method="post" action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    return client.post(form[0], {name: value.replace("&amp;", "&") for name, value in shown(form[1]).items()})


@pytest.mark.parametrize("intent", ["login", "connect"])
def test_a_post_without_a_token_is_a_page_of_ours_with_one_click_to_begin_again(site, x, caplog, intent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("somebody"))
    response = client.post(START, {"next": NEXT, "intent": intent})
    assert response.status_code == 403
    assert b"Your browser kept no cookie for us" in response.content
    assert "SECURE_PROXY_SSL_HEADER" in line_of(caplog, reference_on(response)).getMessage()
    assert x.requests == []
    assert press(client, response)["Location"].startswith(f"{x.url}/oauth/")
    (cookie,) = [each.value for name, each in client.cookies.items() if "attempt" in name]
    waiting = unseal("attempt", cookie)
    assert (waiting["next"], waiting["intent"]) == (NEXT, intent)


def test_with_cookies_blocked_it_is_the_same_page_each_time_and_next_is_kept(site, x):
    client = Client(enforce_csrf_checks=True)
    response = client.post(START, {"next": NEXT})
    for _ in range(3):
        client.cookies.clear()
        response = press(client, response)
        assert response.status_code == 403
        assert shown(response.content.decode())["next"] == NEXT.replace("&", "&amp;")
    assert x.requests == []


def test_a_post_from_another_site_is_refused_although_it_has_the_token(site, x):
    client = Client(enforce_csrf_checks=True)
    token = shown(client.get("/home/").content.decode())["csrfmiddlewaretoken"]
    response = client.post(START, {"csrfmiddlewaretoken": token}, HTTP_ORIGIN="https://evil.example")
    assert response.status_code == 403
    assert reference_on(response)
    assert x.requests == []


@pytest.mark.parametrize("name", ["register", "prove", "link", "login", "disconnect"])
def test_every_form_of_ours_wants_its_token(site, name):
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse(f"socialreg:{name}", args=[1] if name == "disconnect" else []), {"next": NEXT})
    assert response.status_code == 403
    assert reference_on(response)
    assert "/login/?next=/home/%3Fa%3Db" in response.content.decode()


def test_a_start_takes_nothing_from_the_request_but_what_the_provider_lists(browser, x):
    hostile = {
        "oauth_callback": "https://evil.example/",
        "oauth_token": "mine",
        "client_id": "mine",
        "redirect_uri": "https://evil.example/",
        "state": "mine",
        "scope": "everything",
        "x_auth_access_type": "write",
        "method": "authorize",
        "issuer": "https://evil.example",
        "slug": "other",
        "screen_name": "evil&oauth_token=mine",
        "force_login": "1",
    }
    response = browser.client.post(f"{START}?{urlencode(hostile)}", hostile)
    query = parse_qs(urlsplit(response["Location"]).query)
    assert set(query) == {"oauth_token"}
    assert query["oauth_token"] != ["mine"]
    assert response["Location"].startswith(f"{x.url}/oauth/authenticate?")
    assert x.approve(response["Location"]).startswith(f"http://testserver{CALLBACK}?oauth_token=")
    response = browser.start(force_login="true", screen_name="maralind")
    query = dict(parse_qsl(urlsplit(response["Location"]).query))
    assert (query.pop("force_login"), query.pop("screen_name")) == ("true", "maralind")
    assert set(query) == {"oauth_token"}


def test_a_provider_is_handed_the_options_that_it_lists_alone(browser, x, site):
    site(PROVIDERS={"twitter": {"PROVIDER": Watched, **x.provider_settings()}})
    Watched.options.clear()
    browser.start(force_login="true", client_id="mine", next=NEXT, state="mine")
    assert Watched.options == [{"force_login": "true"}]


def test_a_parameter_given_twice_is_refused_and_spends_nothing(browser, x):
    callback = browser.approve("maralind", next=NEXT)
    before = len(x.requests)
    for extra in ("&oauth_token=other", "&oauth_verifier=other", "&oauth_token=", "&a=1&a=1"):
        assert browser.client.get(callback + extra).status_code == 400
    assert len(x.requests) == before
    assert browser.client.get(callback)["Location"] == reverse("socialreg:register")


HOSTILE_TEXT = "<script>alert(1)</script>\"'&{{7}}"


@pytest.mark.parametrize("name", ["denied", "oauth_token", "oauth_verifier", "error", "error_description", "next"])
def test_nothing_that_a_callback_carries_is_shown(browser, x, name):
    for callback in (CALLBACK, browser.approve("maralind")):
        glue = "&" if "?" in callback else "?"
        before = len(x.requests)
        response = browser.client.get(f"{callback}{glue}{urlencode({name: HOSTILE_TEXT})}")
        if response.status_code != 302:  # parameters that nobody knows are left alone
            page = response.content.decode()
            assert response.status_code == 400
            assert "alert(1)" not in page
            assert "{{7}}" not in page
            assert len(x.requests) == before


def test_hostile_bytes_in_a_callback_are_a_page(browser):
    for query in (
        "oauth_token=%00",
        "oauth_token=%ff%fe",
        "oauth_token=%ed%a0%80",
        "%00=%00",
        "denied=%0d%0aA:b",
        "=&=&&",
    ):
        assert browser.client.get(f"{CALLBACK}?{query}").status_code == 400


# Attempts that are not what they were


def test_cancel_keeps_next(browser, x):
    response = browser.client.get(x.deny(browser.start(next=NEXT)["Location"]))
    assert response.status_code == 200
    assert shown(response.content.decode())["next"] == NEXT
    assert press(browser.client, response).status_code == 302


def test_a_lost_cookie_is_a_page_with_one_click_to_begin_again(browser, x, caplog):
    callback = browser.approve("maralind", next=NEXT)
    browser.client.cookies.clear()
    before = len(x.requests)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"Let us begin again" in response.content
    assert line_of(caplog, reference_on(response)).levelno == logging.WARNING
    assert len(x.requests) == before
    assert press(browser.client, response)["Location"].startswith(x.url)


def attempt_cookie(client: Client) -> str:
    (name,) = [name for name, each in client.cookies.items() if "attempt" in name and each.value]
    return name


def test_one_that_came_late_is_told_so_and_keeps_next(browser, x):
    callback = browser.approve("maralind", next=NEXT)
    name = attempt_cookie(browser.client)
    waiting = unseal("attempt", browser.client.cookies[name].value)
    browser.client.cookies[name] = seal("attempt", {**waiting, "started": int(time.time()) - 601})
    before = len(x.requests)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"That took a little long" in response.content
    assert shown(response.content.decode())["next"] == NEXT
    assert len(x.requests) == before
    assert browser.client.cookies[name].value == ""


def test_a_replay_goes_nowhere_and_keeps_next(browser, x, caplog):
    caplog.set_level(logging.INFO)
    callback = browser.approve("maralind", next=NEXT)
    name = attempt_cookie(browser.client)
    cookie = browser.client.cookies[name].value
    assert browser.client.get(callback).status_code == 302
    browser.client.cookies[name] = cookie
    before = len(x.requests)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"This step is done already" in response.content
    assert shown(response.content.decode())["next"] == NEXT
    assert len(x.requests) == before
    assert line_of(caplog, reference_on(response)).levelno == logging.INFO


def test_with_the_cache_down_nobody_gets_in_and_the_page_is_ours(browser, x, settings, caplog):
    callback = browser.approve("maralind", next=NEXT)
    settings.CACHES = {"default": {"BACKEND": "tests.test_pages.BrokenCache"}}
    before = len(x.requests)
    response = browser.client.get(callback)
    assert response.status_code == 503
    message = line_of(caplog, reference_on(response)).getMessage()
    assert "[cache]" in message
    assert "CACHES" in message
    assert "hunter2" not in caplog.text
    assert shown(response.content.decode())["next"] == NEXT
    assert len(x.requests) == before
    assert nothing_is_written()


# A provider that does not do its part, at each of its calls

FAULTS = {
    "server-error": (503, ""),
    "bad-gateway": (503, ""),
    "unavailable": (503, ""),
    "rate-limited": (503, "88"),
    "redirect": (502, "redirect"),
    "empty": (502, "bad-answer"),
    "truncated": (502, "bad-answer"),
    "html": (502, "bad-answer"),
    "not-form": (502, "bad-answer"),
    "not-utf8": (502, "bad-answer"),
    "xml-broken": (502, "bad-answer"),
    "duplicate": (502, "bad-answer"),
    "json-deep": (502, "bad-answer"),
    "huge": (502, "too-large"),
    "gzip-bomb": (502, "too-large"),
    "cut": (502, "truncated"),
    "reset": (503, "connection"),
    "token-missing": (502, "bad-answer"),
    "secret-missing": (502, "bad-answer"),
}
AT_START = {**FAULTS, "callback-unconfirmed": (502, "bad-answer"), "callback-confirmation-missing": (502, "bad-answer")}
AT_EXCHANGE = {**FAULTS, "user-id-missing": (502, "bad-answer"), "user-id-empty": (502, "bad-answer")}


@pytest.fixture
def secrets_of(other_browser, x, caplog):
    """Log at DEBUG, and return a function that says which secrets of a login got into the log."""
    other_browser.log_in("maralind")
    arrival = unseal("pending", other_browser.client.session["socialreg_pending"])["arrival"]
    access = {arrival["credentials"]["token"], arrival["credentials"]["secret"]}
    x.reset()
    Session.objects.all().delete()
    caplog.clear()
    caplog.set_level(logging.DEBUG)

    def leaked(*more: str) -> list[str]:
        planted = {CONSUMER_SECRET, *access, *more}
        assert all(len(each) > 15 for each in planted)
        written = [logging.Formatter().format(record) for record in caplog.records]
        # What is handed along for other formats; of the request Django hands along itself, the site decides.
        written += [repr({**vars(record), "request": None}) for record in caplog.records]
        return [each for each in planted if any(each in line for line in written)]

    return leaked


def check_failed(response, told, caplog, status, code):
    assert response.status_code == status
    reference = reference_on(response)
    message = line_of(caplog, reference).getMessage()
    assert f"[{code}]" in message if code else re.search(r"\[\w+\]", message)
    assert "Cause: " in message
    assert "Remedy: " in message
    assert [(each["reference"], each["slug"]) for each in told] == [(reference, "twitter")]
    page = response.content.decode()
    assert shown(page)["next"] == NEXT
    for row in CODES.values():
        assert row.text not in page
    assert not re.search(r"Bad Gateway|nginx|oauth_|Traceback|api\.x\.com|127\.0\.0\.1", page)


@pytest.mark.parametrize("fault", AT_START)
def test_a_start_that_the_provider_spoils(browser, x, caplog, secrets_of, fault):
    x.fault(fault, path=REQUEST_TOKEN)
    with failures() as told:
        response = browser.start(next=NEXT)
    check_failed(response, told, caplog, *AT_START[fault])
    assert nothing_is_written()
    assert not [name for name in browser.client.cookies if "attempt" in name]
    assert secrets_of() == []
    x.clear()
    assert browser.client.get(x.approve(press(browser.client, response)["Location"], "maralind")).status_code == 302


@pytest.mark.parametrize("fault", AT_EXCHANGE)
def test_a_callback_that_the_provider_spoils(browser, x, caplog, secrets_of, fault):
    callback = browser.approve("maralind", next=NEXT)
    waiting = unseal("attempt", browser.client.cookies[attempt_cookie(browser.client)].value)
    verifier = parse_qs(urlsplit(callback).query)["oauth_verifier"][0]
    x.fault(fault, path=ACCESS_TOKEN)
    with failures() as told:
        response = browser.client.get(callback)
    check_failed(response, told, caplog, *AT_EXCHANGE[fault])
    assert nothing_is_written()
    assert not [name for name, each in browser.client.cookies.items() if "attempt" in name and each.value]
    assert secrets_of(waiting["pending"]["secret"], verifier) == []
    x.clear()
    assert browser.client.get(x.approve(press(browser.client, response)["Location"], "maralind")).status_code == 302


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("code", [32, 64, 130, 326, 415])
def test_what_the_provider_says_is_for_the_log_and_never_for_the_page(browser, x, caplog, code, shape):
    caplog.set_level(logging.INFO)
    x.fault("error", path=REQUEST_TOKEN, code=code, shape=shape)
    response = browser.start(next=NEXT)
    assert response.status_code in {403, 502, 503}
    assert not [row.text for row in CODES.values() if row.text in unescape(response.content.decode())]
    assert "Remedy: " in line_of(caplog, reference_on(response)).getMessage()


PROFILE_FAULTS = ["server-error", "rate-limited", "empty", "html", "json-list", "json-nan", "huge", "reset", "cut"]


@pytest.mark.parametrize("fault", PROFILE_FAULTS)
def test_a_profile_that_the_provider_spoils_stops_nobody(browser, x, caplog, secrets_of, fault):
    callback = browser.approve("maralind", next=NEXT)
    x.fault(fault, path=PROFILE)
    x.fault(fault, path="/1.1/account/verify_credentials.json")
    assert browser.client.get(callback)["Location"] == reverse("socialreg:register")
    assert shown(browser.client.get("/accounts/register/").content.decode())["username"] == "maralind"
    assert "the login goes on with less of a profile" in caplog.text
    assert secrets_of(parse_qs(urlsplit(callback).query)["oauth_verifier"][0]) == []


@pytest.mark.parametrize("fault", ["other-person"])
def test_a_profile_of_somebody_else_stops_the_login(browser, x, caplog, secrets_of, fault):
    callback = browser.approve("maralind", next=NEXT)
    x.fault(fault)
    with failures() as told:
        response = browser.client.get(callback)
    check_failed(response, told, caplog, 502, "other-person")
    assert nothing_is_written()
    assert secrets_of() == []


def test_a_login_that_goes_well_writes_no_secret_to_any_log_either(browser, x, caplog, secrets_of):
    callback = browser.approve("maralind", next=NEXT)
    waiting = unseal("attempt", browser.client.cookies[attempt_cookie(browser.client)].value)
    browser.client.get(callback)
    browser.client.post("/accounts/register/", MARA)
    assert caplog.records
    assert secrets_of(waiting["pending"]["secret"], parse_qs(urlsplit(callback).query)["oauth_verifier"][0]) == []


def test_a_provider_that_is_down_at_the_button_and_on_the_way_back(site, settings, caplog):
    with XStandIn() as x:
        settings.SOCIALREG = {
            **settings.SOCIALREG,
            "PROVIDERS": {"twitter": x.provider_settings()},
            "PRIVATE_HOSTS": [urlsplit(x.url).netloc],
        }
        browser = Browser(Client(), x)
        callback = browser.approve("maralind", next=NEXT)
    for ask in (lambda: browser.client.get(callback), lambda: browser.start(next=NEXT)):
        with failures() as told:
            response = ask()
        check_failed(response, told, caplog, 503, "connection")
    assert nothing_is_written()


@pytest.mark.slow
def test_a_provider_that_says_nothing_costs_five_seconds(browser, x, caplog):
    callback = browser.approve("maralind", next=NEXT)
    x.fault("slow", path=ACCESS_TOKEN)
    began = time.monotonic()
    with failures() as told:
        response = browser.client.get(callback)
    assert time.monotonic() - began < 10
    check_failed(response, told, caplog, 503, "timeout")
    assert nothing_is_written()


# Headers, and the site around


def error_page(client):
    return client.get(f"{CALLBACK}?oauth_token=nobody")


def prove_page(browser):
    User.objects.create_user("mara", MARA["email"], "secret")
    return browser.client.get(browser.log_in("maralind")["Location"])


def link_page(browser):
    prove_page(browser)
    login = browser.client.post("/accounts/prove/", {"prove": "1"})["Location"]
    browser.client.login(username="mara", password="secret")
    return browser.client.get(parse_qs(urlsplit(login).query)["next"][0])


def connections_page(browser):
    browser.client.force_login(User.objects.create_user("somebody"))
    return browser.client.get(reverse("socialreg:connections"))


#: Each of our pages, how somebody gets to it, and its status.
PAGES = {
    "start": (lambda browser: browser.start(), 302),
    "callback": (lambda browser: browser.log_in("maralind"), 302),
    "register": (lambda browser: browser.client.get(browser.log_in("maralind")["Location"]), 200),
    "prove": (prove_page, 200),
    "link": (link_page, 200),
    "connections": (connections_page, 200),
    "login": (lambda browser: browser.client.get(reverse("socialreg:login")), 200),
    "error": (lambda browser: error_page(browser.client), 400),
    "not posted": (lambda browser: browser.client.get(START), 405),
    "forged": (lambda browser: Client(enforce_csrf_checks=True).post(START), 403),
}
BARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("bare", [True, False])
def test_no_page_of_ours_is_kept_framed_or_told_to_others(browser, settings, name, bare):
    clickjacking = "django.middleware.clickjacking.XFrameOptionsMiddleware"
    settings.MIDDLEWARE = BARE if bare else [*settings.MIDDLEWARE, clickjacking]
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    settings.SECURE_REFERRER_POLICY = "unsafe-url"
    visit, status = PAGES[name]
    response = visit(browser)
    assert response.status_code == status
    assert set(response["Cache-Control"].split(", ")) >= {"no-store", "private"}
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["Referrer-Policy"] == "same-origin"


def test_a_policy_that_a_middleware_of_the_site_sets_wins(browser, settings):
    settings.MIDDLEWARE = ["tests.test_pages.strict_policy", *settings.MIDDLEWARE]
    assert error_page(browser.client)["Content-Security-Policy"] == "default-src 'self'"


def test_a_policy_in_the_settings_wins(browser, settings):
    """Django sends it from 6.0 on; before that a site without the middleware that reads it gets none of ours either."""
    settings.SECURE_CSP = {"default-src": ["'self'"]}
    own = None
    if django.VERSION >= (6, 0):
        settings.MIDDLEWARE = ["django.middleware.csp.ContentSecurityPolicyMiddleware", *settings.MIDDLEWARE]
        own = "default-src 'self'"
    response = error_page(browser.client)
    assert response.headers.get("Content-Security-Policy") == own
    assert response["X-Frame-Options"] == "DENY"


def test_a_site_that_wants_a_login_everywhere_still_lets_people_log_in(browser, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert browser.client.get("/home/")["Location"].startswith("/login/")
    assert register(browser, next=NEXT)["Location"] == NEXT
    assert error_page(Client()).status_code == 400
    assert Client().get(reverse("socialreg:login")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_under_atomic_requests_no_transaction_is_open_while_the_provider_is_asked(browser, x, site, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    site(PROVIDERS={"twitter": {"PROVIDER": Watched, **x.provider_settings()}})
    Watched.seen.clear()
    assert register(browser, next=NEXT)["Location"] == NEXT
    assert Watched.seen == [False, False, False]


def test_somebody_who_opens_the_question_without_having_been_asked_reads_a_whole_sentence(browser):
    """No provider's name is known there."""
    browser.client.force_login(User.objects.create_user("somebody"))
    page = browser.client.get(reverse("socialreg:link")).content.decode()
    assert not re.search(
        r"\{label\}| \.|  ", re.sub(r"<[^>]*>|\n", "", page[page.index("<main") : page.index("</main")])
    )
    assert providers["twitter"].label == "X"
