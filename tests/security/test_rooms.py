"""Attacks that span rooms: a planted session, tossed cookies, a provider's oversized words, lines for the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.forms import CharField, ModelForm
from django.test import Client
from django.urls import reverse

from socialreg import attempt, disconnecting, pending
from socialreg.answer import Answer
from socialreg.encryption import unseal
from socialreg.exceptions import NotAllowed
from socialreg.http import Client as Outbound
from socialreg.models import SocialAccount
from socialreg.types import URL_LENGTH
from tests import stores
from tests.test_way import MARA

pytestmark = pytest.mark.django_db

START = "/accounts/twitter/start/"
REGISTER = "/accounts/register/"
#: What browsers keep of a cookie: https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html, section 5.6
COOKIE_BYTES = 4096


@pytest.fixture
def answers(monkeypatch) -> Callable[..., None]:
    """Let the provider say something else: ``answers("/oauth/request_token", change)``, ``change`` of its answer."""
    send = Outbound.send

    def install(path: str, change: Callable[[Answer], bytes]) -> None:
        def altered(self, method, url, **options):
            answer = send(self, method, url, **options)
            return replace(answer, body=change(answer)) if path in url else answer

        monkeypatch.setattr(Outbound, "send", altered)

    return install


def planted(client: Client) -> str:
    """Put a session into a browser that somebody else knows the key of, and return the key."""
    session = SessionStore()
    session["basket"] = ["lamp"]
    session.save()
    client.cookies["sessionid"] = session.session_key
    return session.session_key


class TestAPlantedSession:
    def test_shows_its_planter_nothing_of_a_registration_that_waits(self, browser, other_browser):
        other_browser.client.cookies["sessionid"] = planted(browser.client)
        assert browser.log_in("maralind")["Location"] == REGISTER
        page = other_browser.client.get(REGISTER)
        assert page.status_code == 400
        assert b"lindqvist" not in page.content
        assert other_browser.client.post(REGISTER, MARA).status_code == 400
        assert not SocialAccount.objects.exists()

    def test_keeps_for_its_visitor_what_was_in_it(self, browser):
        planted(browser.client)
        browser.log_in("maralind")
        assert browser.client.session["basket"] == ["lamp"]
        assert browser.client.post(REGISTER, MARA)["Location"] == "/home/"


class TestCookiesThatSomebodyTossed:
    @pytest.mark.parametrize("name", ["socialreg-attempt-[{}]", "__Host-socialreg-attempt-é{}", "socialreg-attempt-{{"])
    def test_with_names_that_nobody_can_set_stop_nobody(self, site, client, name):
        tossed = "; ".join(f"{name.format(number)}{number}=x" for number in range(50))
        assert client.post(START, HTTP_COOKIE=tossed).status_code == 302

    def test_with_names_like_ours_drop_no_real_attempt(self, browser):
        callback = browser.approve("maralind")
        real = "; ".join(f"{name}={cookie.value}" for name, cookie in browser.client.cookies.items())
        tossed = "; ".join(f"socialreg-attempt-{number:024x}=x" for number in range(50))
        response = browser.client.post(START, HTTP_COOKIE=f"{tossed}; {real}")
        forgotten = {name for name, cookie in response.cookies.items() if cookie["max-age"] == 0}
        assert len(forgotten) == 47
        assert not forgotten & set(real.replace("=", "; ").split("; "))
        assert browser.client.get(callback)["Location"] == REGISTER


@pytest.mark.parametrize("letter", ["x", "é", "日", "\N{FOX FACE}"])
def test_the_longest_next_fits_into_a_cookie_in_every_script(site, client, letter):
    for length in range(0, 700, 20):
        response = client.post(START, {"next": "/home/?" + length * letter})
        for name, cookie in response.cookies.items():
            assert len(name) + len(cookie.value) <= COOKIE_BYTES


@pytest.mark.parametrize("length", [5000, 100_000])
@pytest.mark.parametrize("name", ["oauth_token", "oauth_token_secret"])
def test_a_request_token_longer_than_a_cookie_carries_is_a_bad_answer(site, client, answers, length, name):
    fields = {"oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": "true", name: length * "a"}
    answers("/oauth/request_token", lambda answer: urlencode(fields).encode())
    response = client.post(START)
    assert response.status_code == 502
    assert not [name for name in response.cookies if "attempt" in name]


def test_answering_prolongs_no_registration(browser, monkeypatch):
    """Thirty minutes are thirty minutes: whoever once was somebody at the provider cannot stay it by posting."""
    browser.log_in("maralind")
    now = time.time()
    for minutes, status in ((20, 200), (29, 200), (31, 400)):
        monkeypatch.setattr(time, "time", lambda minutes=minutes: now + 60 * minutes)
        assert browser.client.post(REGISTER, {"username": ""}).status_code == status


def test_proving_prolongs_nothing_either(browser, django_user_model, monkeypatch):
    django_user_model.objects.create_user("mara", MARA["email"], "secret")
    browser.log_in("maralind")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + pending.LIFETIME - 60)
    assert browser.client.post("/accounts/prove/", {"prove": "1"}).status_code == 302
    monkeypatch.setattr(time, "time", lambda: now + pending.LIFETIME + 60)
    assert browser.client.post("/accounts/prove/", {"prove": "1"}).status_code == 400


@pytest.mark.parametrize("ahead", [2, 59])
def test_a_worker_whose_clock_is_behind_takes_what_another_began(browser, monkeypatch, ahead):
    callback = browser.approve("maralind")
    now = time.time()
    monkeypatch.setattr("socialreg.attempt.time.time", lambda: now - ahead)
    assert browser.client.get(callback)["Location"] == REGISTER


def test_nobody_dates_an_attempt_ahead_by_more_than_clocks_differ(browser, monkeypatch):
    callback = browser.approve("maralind")
    now = time.time()
    monkeypatch.setattr("socialreg.attempt.time.time", lambda: now - attempt.CLOCK_SKEW - 5)
    assert browser.client.get(callback).status_code == 400


@pytest.mark.parametrize("header", ["HTTP_ORIGIN", "HTTP_REFERER"])
def test_no_header_writes_a_line_of_its_own_into_the_log(site, caplog, header):
    forged = "https://evil.example/\r\nERROR\x1b[2K\u2028\x85 all is lost"
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = 32 * "a"
    assert client.post(START, secure=True, **{header: forged}).status_code == 403
    said = [record.getMessage() for record in caplog.records if record.name == "socialreg"]
    assert said
    assert all(line.isprintable() for line in said)


@pytest.mark.parametrize("form", [ModelForm, type("OfNoModel", (ModelForm,), {"name": CharField()})])
def test_a_form_of_no_model_is_a_page_that_says_so_and_a_line_in_the_log(browser, site, form, caplog):
    callback = browser.approve("maralind")
    site(REGISTRATION_FORM=form)
    assert browser.client.get(callback).status_code == 503
    assert "is a form of no model" in caplog.text


def _fail(*given: object) -> None:
    raise RuntimeError("unforeseen")


def test_what_waits_and_what_arrived_is_on_no_debug_page(browser, site, x, settings):
    """Something of the site's own fails in the middle: local variables are shown then, secrets are not among them."""
    site(FINDERS=[_fail])
    settings.DEBUG = True
    callback = browser.approve("maralind")
    (sealed,) = (cookie.value for name, cookie in browser.client.cookies.items() if "attempt" in name)
    browser.client.raise_request_exception = False
    page = browser.client.get(callback).content.decode()
    assert "RuntimeError" in page
    assert "Credentials(uid=" in page.replace("&#x27;", "'")
    assert unseal("attempt", sealed)["pending"]["secret"] not in page
    assert settings.SOCIALREG["PROVIDERS"]["twitter"]["CLIENT_SECRET"] not in page
    assert settings.SECRET_KEY not in page


def test_disconnecting_as_somebody_who_is_deleted_in_this_moment_is_a_page_of_ours(browser, django_user_model, rf):
    browser.log_in("maralind")
    browser.client.post(REGISTER, MARA)
    user = django_user_model.objects.get()
    account = SocialAccount.objects.get().pk
    request = rf.post("/")
    request.user = user
    django_user_model.objects.filter(pk=user.pk).delete()
    with pytest.raises(NotAllowed):
        disconnecting.disconnect(request, user, account)


@stores.on("postgres", "mysql")
def test_a_picture_of_the_greatest_length_still_fits_its_column(database, browser, answers, django_db_blocker):
    start, end = "https://pbs.example/", "_normal.png"
    address = f"{start}{(URL_LENGTH - len(start) - len(end)) * 'a'}{end}"

    def with_picture(answer: Answer) -> bytes:
        given = json.loads(answer.body)
        return json.dumps({"data": {**given["data"], "profile_image_url": address}}).encode()

    answers("/2/users/me", with_picture)
    cache.clear()
    with django_db_blocker.unblock():
        assert browser.log_in("maralind")["Location"] == reverse("socialreg:register")
        assert browser.client.post(REGISTER, MARA)["Location"] == "/home/"
        assert SocialAccount.objects.get().picture == address
