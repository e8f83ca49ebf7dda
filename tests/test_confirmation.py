"""Addresses are confirmed by a mail: what is sent, what a link is good for, what follows. Over real HTTP."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.core import mail, signing
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone, translation

from socialreg import confirming
from socialreg.address_status import is_confirmed
from socialreg.background import background
from socialreg.confirmation import begin, request_change, send_again, void
from socialreg.exceptions import Expired
from socialreg.lookup import find_class
from socialreg.models import SocialAccount, UserAddress
from socialreg.signals import email_confirmed
from tests import stores, urls
from tests.conftest import Browser
from tests.mailers import send_by
from tests.parsed import Page
from tests.statements import recorded

#: Not inside a transaction of the test's: a mail goes out once what it is about is in the database.
pytestmark = pytest.mark.django_db(transaction=True)

TYPED = "tomas@example.net"
OTHER = "tomas@example.org"
REGISTER = "/accounts/register/"
EMAIL = "/accounts/email/"
DEAD = "This link does not work any more"

urlpatterns = [path("passwords/", include("django.contrib.auth.urls")), *urls.urlpatterns]


@pytest.fixture
def sending(site) -> Callable[..., None]:
    """A site that sends mails, and lets nobody wait for them."""
    site(EMAIL_CONFIRMATION="send")
    return site


@pytest.fixture
def required(site) -> Callable[..., None]:
    """A site that lets nobody in before their address is confirmed."""
    site(EMAIL_CONFIRMATION="required")
    return site


def mails() -> list[mail.EmailMultiAlternatives]:
    """Return what was sent, once all of it is."""
    background.drain()
    return mail.outbox


def link(address: str = TYPED) -> str:
    """Return the path of the newest link that was sent to an address."""
    sent = next(each for each in reversed(mails()) if each.to == [address] and "/confirm/" in each.body)
    return urlsplit(re.search(r"http\S+", sent.body)[0]).path


def register(browser: Browser, who: str = "tomas_ok", address: str = TYPED, **data: str) -> HttpResponse:
    """Come as somebody new, and type an address."""
    page = Page(browser.client.get(browser.log_in(who, **data)["Location"]))
    return browser.client.post(REGISTER, page.form(email=address))


def press(browser: Browser, at: str, **buttons: str) -> HttpResponse:
    """Open a page and press a button of its form, once what was sent before has arrived."""
    background.drain()
    response = browser.client.get(at)
    assert response.status_code == 200, response.content.decode()
    return browser.client.post(at, buttons)


def confirm(browser: Browser, address: str = TYPED) -> HttpResponse:
    return press(browser, link(address), confirm="1")


def later(**by: float) -> None:
    """Let the time pass for every row."""
    background.drain()
    for row in UserAddress.objects.all():
        row.sent_at = row.sent_at and row.sent_at - timedelta(**by)
        row.counted_from = row.counted_from and row.counted_from - timedelta(**by)
        row.save()


# The mail


def test_an_address_that_was_typed_is_sent_a_link_in_text_and_html(sending, browser, settings):
    settings.DEFAULT_FROM_EMAIL = "site@testserver"
    assert register(browser)["Location"] == "/home/"
    [sent] = mails()
    assert (sent.to, sent.from_email) == ([TYPED], "site@testserver")
    assert sent.subject == "Confirm your e-mail address at testserver"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    [(html, kind)] = sent.alternatives
    assert kind == "text/html"
    for body in (sent.body, html):
        assert f"http://testserver{link()}" in body
        assert TYPED in body
    assert browser.user().email == TYPED
    assert is_confirmed(browser.user()) is False


@pytest.fixture
def languages(settings) -> Iterator[None]:
    """A site that asks the browser for its language, and forgets it with the test."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


def test_the_mail_is_written_in_the_visitors_language_and_the_page_too(sending, browser, settings, languages):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    browser.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ar"
    register(browser)
    [(html, _)] = mails()[0].alternatives
    assert '<html lang="ar" dir="rtl">' in html
    assert '<html lang="ar" dir="rtl">' in browser.client.get(link()).content.decode()


def test_nothing_that_a_visitor_chose_but_the_address_stands_in_a_mail(sending, browser, x):
    """Else whoever types a stranger's address could send that stranger what they like."""
    x.people["tomas_ok"] = replace(x.people["tomas_ok"], name="http://evil.example/")
    page = Page(browser.client.get(browser.log_in("tomas_ok")["Location"]))
    browser.client.post(REGISTER, page.form(email=TYPED, username="evil.example", first_name="evil.example"))
    [sent] = mails()
    assert "evil.example" not in sent.subject + sent.body + sent.alternatives[0][0]


def test_an_address_that_a_provider_vouches_for_is_sent_nothing_and_needs_no_row(sending, browser):
    page = Page(browser.client.get(browser.log_in("maralind")["Location"]))
    browser.client.post(REGISTER, page.form())
    assert mails() == []
    assert not UserAddress.objects.exists()
    assert is_confirmed(browser.user()) is True


def test_the_same_address_from_a_provider_that_is_not_trusted_is_sent_a_link(sending, x, browser):
    sending(PROVIDERS={"twitter": {**x.provider_settings(), "TRUST_EMAILS": False}})
    page = Page(browser.client.get(browser.log_in("maralind")["Location"]))
    browser.client.post(REGISTER, page.form())
    assert [each.to for each in mails()] == [["mara.lindqvist@example.com"]]


def test_where_nothing_is_confirmed_no_mail_goes_out_and_the_address_is_noted_as_unconfirmed(site, browser):
    register(browser)
    assert mails() == []
    assert is_confirmed(browser.user()) is False
    assert browser.client.get(EMAIL).status_code == 403


class Down(EmailBackend):
    """A mail server that is not there."""

    def send_messages(self, messages):
        raise ConnectionRefusedError("[Errno 111] to mail.secret.example")


def test_a_mail_server_that_is_down_undoes_nothing_and_the_log_says_what_to_do(sending, browser, settings, caplog):
    send_by(settings, f"{__name__}.Down")
    with caplog.at_level(logging.WARNING, "socialreg"):
        assert register(browser)["Location"] == "/home/"
        background.drain()
    assert User.objects.get().email == TYPED
    assert (
        "was not sent [mail]. Cause: the mail backend raised ConnectionRefusedError. Remedy: See EMAIL_" in caplog.text
    )
    assert "mail.secret.example" not in caplog.text


class Silent(EmailBackend):
    """A mail server that does not answer before it is told to."""

    answers = threading.Event()

    def send_messages(self, messages):
        self.answers.wait(timeout=30)
        return super().send_messages(messages)


def test_a_mail_server_that_does_not_answer_delays_nobody(sending, browser, settings):
    send_by(settings, f"{__name__}.Silent")
    Silent.answers.clear()
    assert register(browser)["Location"] == "/home/"
    assert mail.outbox == []
    Silent.answers.set()
    assert len(mails()) == 1


def test_a_registration_that_is_undone_sends_nothing(sending, browser, settings):
    User.objects.create_user("tomas_ok")
    page = Page(browser.client.get(browser.log_in("tomas_ok")["Location"]))
    browser.client.post(REGISTER, page.form(email=TYPED, username="tomas_ok"))
    assert mails() == []
    assert not UserAddress.objects.exists()


@pytest.mark.parametrize(
    "typed", ['"a,b"@example.com', "a@b@example.com", "mara@exämple.com", "mara\N{FULLWIDTH COMMERCIAL AT}example.com"]
)
def test_an_address_that_is_not_plainly_one_is_asked_again_and_never_mailed(sending, browser, typed):
    assert register(browser, address=typed).status_code == 200
    assert mails() == []
    user = User.objects.create_user("old", "old@example.com")
    assert request_change(user, typed) == "wrong"
    assert send_again(user, typed) == "wrong"
    user.email = typed
    user.save()
    begin(user)  # by a form of the site's own
    assert send_again(user, typed) == "wrong"
    assert mails() == []


# The link


def test_opening_the_link_changes_nothing_and_the_answer_confirms(sending, browser, other_browser):
    register(browser)
    for _ in range(2):
        page = other_browser.client.get(link())
        assert other_browser.client.head(link()).status_code == 200
    assert is_confirmed(User.objects.get()) is False
    text = Page(page).text
    assert TYPED in text
    assert "tomas_ok" in text
    assert "@tomas_ok · X" in text
    response = other_browser.client.post(link(), {"confirm": "1"})
    assert "is confirmed" in Page(response).text
    assert is_confirmed(User.objects.get()) is True


def test_the_answer_needs_a_csrf_token(sending, browser):
    register(browser)
    response = Client(enforce_csrf_checks=True).post(link(), {"confirm": "1"})
    assert response.status_code == 403
    assert is_confirmed(User.objects.get()) is False


def test_the_page_of_the_link_is_not_cached_framed_or_told_to_others(sending, browser):
    register(browser)
    response = browser.client.get(link())
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert not [attrs for _, attrs in Page(response).elements if attrs.get("src", "").startswith("http")]


def used(browser: Browser) -> str:
    confirm(browser)
    return link()


def replaced_by_a_newer(browser: Browser) -> str:
    older = link()
    later(minutes=2)
    press(browser, EMAIL, resend="1", address=TYPED)
    assert link() != older
    return older


def made_up(browser: Browser) -> str:
    return reverse("socialreg:confirm-email", args=["made:up:link"])


def of_another_purpose(browser: Browser) -> str:
    value = signing.loads(link().split("/")[-2], salt="socialreg.address")
    return reverse("socialreg:confirm-email", args=[signing.dumps(value, salt="another")])


def of_a_deleted_user(browser: Browser) -> str:
    found = link()
    User.objects.all().delete()
    return found


def of_an_inactive_user(browser: Browser) -> str:
    User.objects.update(is_active=False)
    return link()


def after_a_new_password(browser: Browser) -> str:
    user = User.objects.get()
    user.set_password("changed")
    user.save()
    return link()


def void_since(browser: Browser) -> str:
    void(User.objects.get())
    return link()


def for_an_address_changed_since(browser: Browser) -> str:
    User.objects.update(email=OTHER)
    return link()


def whose_owner_came_by_another_way(browser: Browser) -> str:
    User.objects.create_user("owner", TYPED.upper())
    return link()


WAYS = [
    used,
    replaced_by_a_newer,
    made_up,
    of_another_purpose,
    of_a_deleted_user,
    of_an_inactive_user,
    after_a_new_password,
    void_since,
    for_an_address_changed_since,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_link_that_is_no_good_is_answered_in_the_same_words_whatever_is_wrong(sending, browser, way):
    register(browser)
    at = way(browser)
    confirmed = is_confirmed(User.objects.first()) if User.objects.exists() else None
    visitor = Client()
    answers = [visitor.get(at), visitor.post(at, {"confirm": "1"})]
    assert [each.status_code for each in answers] == [400, 400]
    texts = {re.sub(r"reference \w+", "", Page(each).text) for each in answers}
    made = re.sub(r"reference \w+", "", Page(visitor.get(made_up(browser))).text)
    assert texts == {made}
    assert DEAD in made
    if User.objects.exists():
        assert is_confirmed(User.objects.first()) is confirmed


@pytest.mark.parametrize(("days", "status"), [(2.99, 200), (3.01, 400)])
def test_a_link_is_good_for_three_days(sending, browser, days, status):
    with patch("django.core.signing.time.time", return_value=timezone.now().timestamp() - days * 86400):
        register(browser)
        at = link()
    assert browser.client.get(at).status_code == status


@pytest.mark.parametrize("change", [{"password": "!new"}, {"email": OTHER}, {"is_active": False}])
def test_what_changes_between_the_page_and_its_answer_is_seen(sending, browser, change):
    register(browser)
    claim = confirming.find(link().split("/")[-2])
    request = browser.client.get(EMAIL).wsgi_request
    User.objects.update(**change)
    with pytest.raises(Expired):
        confirming.confirm(request, claim, disconnect=False)
    assert UserAddress.objects.get().confirmed_at is None


def test_an_address_whose_owner_was_here_first_is_not_taken_from_them(sending, browser):
    register(browser)
    at = whose_owner_came_by_another_way(browser)
    assert browser.client.get(at).status_code == 200
    assert browser.client.post(at, {"confirm": "1"}).status_code == 400
    assert is_confirmed(browser.user()) is False


def test_a_link_carries_neither_the_address_nor_the_secret(sending, browser):
    register(browser)
    token = link().split("/")[-2]
    said = str(signing.loads(token, salt="socialreg.address"))
    row = UserAddress.objects.get()
    assert row.secret not in said + token
    assert TYPED not in said + token


def test_a_link_of_one_user_confirms_nothing_of_anothers(sending, browser, other_browser):
    """CVE-2021-21310: the token is bound to user and address."""
    register(browser)
    register(other_browser, "kestrel", OTHER)
    one, other = UserAddress.objects.order_by("pk")
    _, made_for = signing.loads(link().split("/")[-2], salt="socialreg.address")
    forged = signing.dumps([other.pk, made_for], salt="socialreg.address")
    assert browser.client.get(reverse("socialreg:confirm-email", args=[forged])).status_code == 400
    one.address = OTHER
    one.save()
    User.objects.filter(pk=one.user_id).update(email=OTHER)
    assert browser.client.get(link()).status_code == 400


# What follows


def test_nobody_is_logged_in_by_a_confirmation(sending, browser, other_browser):
    register(browser)
    response = confirm(other_browser)
    assert other_browser.user() is None
    page = Page(response)
    assert "You can log in to it with the accounts that are connected" in page.text
    assert ("form", "/accounts/twitter/start/") in [(tag, attrs.get("action")) for tag, attrs in page.of("form")]


def test_only_those_ways_in_are_offered_that_lead_to_this_account(sending, browser, other_browser, site, settings, x):
    """The page names what is connected to it already; a button for any other provider would begin a second account."""
    register(browser)
    github = x.play("github", find_class("github", {}))
    site(PROVIDERS={**settings.SOCIALREG["PROVIDERS"], "github": github}, EMAIL_CONFIRMATION="send")
    actions = [attrs.get("action") for _, attrs in Page(confirm(other_browser)).of("form")]
    assert actions == ["/accounts/twitter/start/"]


def test_without_any_the_login_page_is_the_way_in(sending, browser, other_browser):
    register(browser)
    SocialAccount.objects.update(user=None)
    page = Page(confirm(other_browser))
    assert page.of("form") == []
    assert "connected to it" not in page.text
    assert page.text.endswith("Log in")


def test_a_link_that_is_dead_leads_to_a_login_and_to_no_other_way(sending, browser, other_browser):
    register(browser)
    confirm(other_browser)
    page = Page(other_browser.client.get(link()))
    assert DEAD in page.text
    assert "Log in another way" not in page.text


@stores.on("sqlite")
@pytest.mark.parametrize("password", [None, "known"])
def test_a24_every_other_session_ends_and_the_one_that_confirms_stays(
    database, sending, browser, other_browser, x, password
):
    """In a file: a password is left alone, and sessions are looked for in the background."""
    register(browser)
    if password:
        user = User.objects.get()
        user.set_password(password)
        user.save()
        browser.log_in("tomas_ok")
        later(minutes=2)
        press(browser, EMAIL, resend="1", address=TYPED)
    other_browser.log_in("tomas_ok")
    third = Browser(Client(), x)
    third.log_in("tomas_ok")
    assert other_browser.user() == third.user() == browser.user()
    assert "You stay logged in here" in Page(browser.client.get(link())).text
    confirm(browser)
    background.drain()
    assert browser.user() == User.objects.get()
    assert (other_browser.user(), third.user()) == (None, None)


def test_a24_a_session_of_whoever_typed_a_strangers_address_ends(sending, browser, other_browser):
    register(browser)
    assert "disconnect" not in Page(other_browser.client.get(link())).text  # nothing but a login would be left
    confirm(other_browser)
    assert browser.user() is None
    assert SocialAccount.objects.get().user == User.objects.get()


@pytest.fixture
def resets(settings) -> None:
    """A site that lets people ask for a new password."""
    settings.ROOT_URLCONF = __name__


def test_a25_the_owner_of_the_address_can_disconnect_whoever_typed_it(sending, resets, browser, other_browser):
    register(browser)
    other_browser.client.get("/home/")
    page = Page(press(other_browser, link(), disconnect="1"))
    assert ("a", {"class": "socialreg-primary", "href": "/passwords/password_reset/"}) in page.elements
    assert not SocialAccount.objects.filter(user__isnull=False).exists()
    assert browser.user() is None
    user = User.objects.get()
    assert user.has_usable_password()
    assert browser.log_in("tomas_ok")["Location"] == REGISTER
    before = len(mails())
    other_browser.client.post("/passwords/password_reset/", {"email": TYPED})
    assert mails()[before:][0].to == [TYPED]


def test_whoever_is_logged_in_as_that_user_is_not_offered_to_disconnect_nor_can(sending, resets, browser):
    register(browser)
    assert "disconnect" not in Page(browser.client.get(link())).text
    press(browser, link(), disconnect="1")
    assert SocialAccount.objects.get().user == browser.user()


def test_the_signal_is_sent_once_it_is_a_fact(sending, browser):
    said = []

    def receive(user, address, **_):
        said.append((user.pk, address, is_confirmed(User.objects.get())))

    email_confirmed.connect(receive)
    try:
        register(browser)
        confirm(browser)
    finally:
        email_confirmed.disconnect(receive)
    assert said == [(browser.user().pk, TYPED, True)]


# Required


def test_nobody_is_logged_in_before_their_address_is_confirmed(required, browser):
    assert register(browser, next="/home/?on")["Location"] == EMAIL
    assert browser.user() is None
    page = Page(browser.client.get(EMAIL))
    assert f"please open the link in the mail that we have sent to {TYPED}" in page.text
    for _ in range(2):
        assert browser.log_in("tomas_ok", next="/home/?on")["Location"] == EMAIL
        assert browser.user() is None
    page = Page(confirm(browser))
    assert browser.user() is None
    assert page.named("next")["value"] == "/home/?on"
    assert browser.log_in("tomas_ok", next="/home/?on")["Location"] == "/home/?on"
    assert browser.user().email == TYPED


def test_the_page_knows_whom_it_is_for_in_that_session_alone_and_for_half_an_hour(required, browser, other_browser):
    register(browser)
    assert other_browser.client.get(EMAIL)["Location"].startswith("/login/")
    with patch("cryptography.fernet.time.time", return_value=timezone.now().timestamp() + 1801):
        assert browser.client.get(EMAIL)["Location"].startswith("/login/")


def test_what_waits_under_another_purpose_is_no_entry_to_the_page(required, browser):
    browser.log_in("kestrel")
    session = browser.client.session
    session["socialreg_held"] = session["socialreg_pending"]
    session.save()
    assert browser.client.get(EMAIL)["Location"].startswith("/login/")


def test_the_page_is_given_a_session_that_nobody_planted(required, browser):
    register(browser)
    before = browser.client.session.session_key
    browser.log_in("tomas_ok")
    assert browser.client.session.session_key != before


def test_a_mail_is_sent_again_from_there_and_a_mistyped_address_is_mended(required, browser, other_browser):
    register(browser)
    later(minutes=2)
    press(browser, EMAIL, resend="1", address=TYPED)
    assert [each.to for each in mails()] == [[TYPED]] * 2
    older = link()
    press(browser, EMAIL, change="1", email=OTHER)
    assert [each.to for each in mails()[2:]] == [[OTHER]]  # the mistyped one is a stranger's: no notice
    assert "is confirmed" in Page(confirm(other_browser, OTHER)).text
    assert User.objects.get().email == OTHER
    assert other_browser.client.get(older).status_code == 400
    browser.log_in("tomas_ok")
    assert browser.user().email == OTHER


def test_a_password_on_our_own_login_page_is_no_way_round(required, client):
    user = User.objects.create_user("tomas", TYPED, "secret")
    begin(user)
    typed = {"username": "tomas", "password": "secret", "next": "/home/?on"}
    assert client.post("/accounts/", typed)["Location"] == EMAIL
    assert SESSION_KEY not in client.session
    client.post(link(), {"confirm": "1"})
    assert client.post("/accounts/", typed)["Location"] == "/home/?on"
    background.drain()  # the sessions of before are ended, and not this one, be it begun in the same second
    assert client.session[SESSION_KEY] == str(user.pk)


def test_in_the_other_modes_nobody_waits(sending, browser):
    register(browser)
    browser.client.logout()
    assert browser.log_in("tomas_ok")["Location"] == "/home/"


@pytest.mark.parametrize("address", ["", "old@example.com"])
def test_a_user_from_before_and_one_without_an_address_are_not_held_up(required, browser, address):
    browser.log_in("maralind")
    page = Page(browser.client.get(REGISTER))
    browser.client.post(REGISTER, page.form())
    browser.client.logout()
    User.objects.update(email=address)
    assert is_confirmed(User.objects.get()) is None
    assert browser.log_in("maralind")["Location"] == "/home/"


def test_the_address_is_asked_for_then(required, browser):
    assert "This field is required" in Page(register(browser, address="")).text


def test_a_login_costs_one_query_more_in_this_mode_alone(site, browser):
    browser.log_in("maralind")
    browser.client.post(REGISTER, Page(browser.client.get(REGISTER)).form())
    spent = []
    for mode in ("off", "send", "required"):
        site(EMAIL_CONFIRMATION=mode)
        browser.client.cookies.clear()
        callback = browser.approve("maralind")
        with recorded(connection) as statements:
            assert browser.client.get(callback)["Location"] == "/home/"
        spent.append(len(statements.queries))
    assert spent[1:] == [spent[0], spent[0] + 1]


@pytest.mark.parametrize("mode", ["off", "send"])
def test_registering_with_a_typed_address_makes_one_query_more_than_the_ten_for_a_vouched_one(site, browser, mode):
    """It writes down that nobody vouches for it, whether a mail goes out or not."""
    site(EMAIL_CONFIRMATION=mode)
    page = Page(browser.client.get(browser.log_in("tomas_ok")["Location"]))
    with recorded(connection) as statements:
        assert browser.client.post(REGISTER, page.form(email=TYPED))["Location"] == "/home/"
    assert len(statements.queries) <= 11, "\n".join(sql for sql, _ in statements.queries)


# Again


def test_a_mail_is_sent_again_once_a_minute_and_five_times_a_day(sending, browser):
    register(browser)
    assert "wait a minute" in Page(press(browser, EMAIL, resend="1", address=TYPED)).text
    for _ in range(4):
        later(minutes=1)
        assert "We have sent a mail to" in Page(press(browser, EMAIL, resend="1", address=TYPED)).text
    later(minutes=1)
    assert "many mails for one day" in Page(press(browser, EMAIL, resend="1", address=TYPED)).text
    assert len(mails()) == 5
    later(days=1)
    press(browser, EMAIL, resend="1", address=TYPED)
    assert len(mails()) == 6


def test_a_mail_is_sent_to_nobody_elses_address(sending, browser, other_browser):
    register(browser)
    register(other_browser, "kestrel", OTHER)
    mails().clear()
    later(minutes=2)
    press(browser, EMAIL, resend="1", address=OTHER)
    press(browser, EMAIL, resend="1", address="stranger@example.com")
    assert mails() == []


def test_asking_and_cancelling_in_turns_sends_no_more_mails_than_asking(sending, browser):
    register(browser)
    mails().clear()
    for _ in range(3):
        press(browser, EMAIL, change="1", email=OTHER)
        press(browser, EMAIL, cancel="1", address=OTHER)
    assert len(mails()) == 1
    for number in range(10):
        press(browser, EMAIL, change="1", email=f"victim{number}@example.com")
        press(browser, EMAIL, cancel="1", address=f"victim{number}@example.com")
    assert len(mails()) == 5
    assert UserAddress.objects.count() == 6
    later(days=1)
    press(browser, EMAIL, change="1", email="later@example.com")
    assert len(mails()) == 6
    assert UserAddress.objects.count() == 2


def test_confirming_in_between_resets_no_count(sending, browser):
    register(browser)
    for number in range(5):
        press(browser, EMAIL, change="1", email=f"victim{number}@example.com")
    confirm(browser)
    assert "many mails for one day" in Page(press(browser, EMAIL, change="1", email=OTHER)).text


# A change


@pytest.fixture
def mara(sending, browser) -> Browser:
    """Somebody whose address a provider vouches for."""
    browser.log_in("maralind")
    browser.client.post(REGISTER, Page(browser.client.get(REGISTER)).form())
    return browser


MARA = "mara.lindqvist@example.com"


def test_a_change_waits_for_its_confirmation_and_the_old_address_is_told(mara):
    assert "is confirmed" in Page(mara.client.get(EMAIL)).text
    page = Page(press(mara, EMAIL, change="1", email=OTHER))
    assert f"We have sent a mail to {OTHER}" in page.text
    assert f"{OTHER} takes its place once it is confirmed" in page.text
    question, notice = sorted(mails(), key=lambda each: each.to == [MARA])  # two threads send them
    assert (question.to, notice.to) == ([OTHER], [MARA])
    assert notice.subject == "Your e-mail address at testserver is going to change"
    for body in (notice.body, notice.alternatives[0][0]):
        assert OTHER in body
        assert f"http://testserver{EMAIL}" in body
        assert "/confirm/" not in body
    assert mara.user().email == MARA
    assert is_confirmed(mara.user()) is True
    assert f"take the place of {MARA}" in Page(mara.client.get(link(OTHER))).text
    confirm(mara, OTHER)
    assert mara.user().email == OTHER
    assert is_confirmed(mara.user()) is True
    assert "takes its place" not in Page(mara.client.get(EMAIL)).text


def test_an_address_that_counts_is_not_replaced_in_a_browser_of_somebody_else(mara, other_browser):
    """The new one may be mistyped, and its reader a stranger, who could have a new password sent there then."""
    press(mara, EMAIL, change="1", email=OTHER)
    assert other_browser.client.get(link(OTHER))["Location"].startswith("/login/")
    assert other_browser.client.post(link(OTHER), {"confirm": "1"})["Location"].startswith("/login/")
    register(other_browser, "kestrel", "kestrel@example.com")
    assert other_browser.client.post(link(OTHER), {"confirm": "1"}).status_code == 403
    assert mara.user().email == MARA


@pytest.fixture
def old(sending, browser) -> Browser:
    """Somebody who registered before addresses were asked about, or by another way of the site's."""
    browser.client.force_login(User.objects.create_user("old", TYPED, "secret"))
    return browser


def test_asking_for_a_mail_makes_no_address_that_counts_one_that_does_not(old, other_browser):
    """Else a login that is not recent would do to have it replaced in silence, and by anybody who has the link."""
    assert "This is your e-mail address already" in Page(press(old, EMAIL, resend="1", address=TYPED)).text
    assert (mails(), is_confirmed(old.user())) == ([], None)
    press(old, EMAIL, change="1", email=OTHER)
    assert sorted(each.to for each in mails()) == sorted([[OTHER], [TYPED]])
    assert other_browser.client.post(link(OTHER), {"confirm": "1"})["Location"].startswith("/login/")
    assert old.user().email == TYPED


def test_a_confirmed_address_is_sent_no_link_any_more(sending, browser):
    register(browser)
    confirm(browser)
    later(minutes=2)
    press(browser, EMAIL, resend="1", address=TYPED)
    assert len(mails()) == 1


def test_somebody_without_an_address_can_add_one_where_they_are_logged_in(old, other_browser):
    User.objects.update(email="")
    press(old, EMAIL, change="1", email=OTHER)
    assert [each.to for each in mails()] == [[OTHER]]
    assert other_browser.client.post(link(OTHER), {"confirm": "1"})["Location"].startswith("/login/")
    assert old.user().email == ""
    confirm(old, OTHER)
    assert old.user().email == OTHER
    assert is_confirmed(old.user()) is True


def test_a_change_that_is_cancelled_is_over(mara):
    press(mara, EMAIL, change="1", email=OTHER)
    at = link(OTHER)
    assert press(mara, EMAIL, cancel="1", address=OTHER)["Location"] == EMAIL
    assert "takes its place" not in Page(mara.client.get(EMAIL)).text
    assert mara.client.get(at).status_code == 400


@stores.on("postgres")
def test_what_was_never_an_address_can_be_cancelled_and_nothing_breaks(database, old):
    for address in ("\0", "new@example.com\0", "", "no"):
        assert press(old, EMAIL, cancel="1", address=address)["Location"] == EMAIL


def test_cancelling_touches_nobody_elses_change_and_no_confirmation(mara, other_browser):
    press(mara, EMAIL, change="1", email=OTHER)
    register(other_browser, "kestrel", "kestrel@example.com")
    press(other_browser, EMAIL, cancel="1", address=OTHER)
    press(other_browser, EMAIL, cancel="1", address="kestrel@example.com")
    assert mara.client.get(link(OTHER)).status_code == 200
    assert other_browser.client.get(link("kestrel@example.com")).status_code == 200


def test_a_change_needs_a_recent_login(mara, sending):
    sending(RECENT_LOGIN=0)
    with patch("socialreg.sessions.time.time", return_value=timezone.now().timestamp() + 5):
        response = mara.client.post(EMAIL, {"change": "1", "email": OTHER})
    assert response["Location"].startswith("/accounts/again/")
    assert mails() == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("taken@example.com", "There is an account with this e-mail address already"),
        (MARA.upper(), "This is your e-mail address already"),
        ('"ab"@example.com', "We cannot send mails to this address"),
        ("no", "Enter a valid email address"),
        ("", "This field is required"),
    ],
)
def test_what_cannot_be_an_address_of_theirs_is_said_at_the_field(mara, wanted, said):
    User.objects.create_user("old", "Taken@example.com")
    page = Page(press(mara, EMAIL, change="1", email=wanted))
    assert said in page.text
    assert page.named("email")["aria-invalid"] == "true"
    assert mails() == []


def test_a26_a_change_that_waits_dies_with_what_voids_it(mara, sending):
    for change in (void, lambda user: (user.set_password("new"), user.save())):
        press(mara, EMAIL, change="1", email=OTHER)
        at = link(OTHER)
        change(User.objects.get())
        mara.client.cookies.clear()
        mara.log_in("maralind")
        assert mara.client.get(at).status_code == 400
        later(days=1)
    assert User.objects.get().email == MARA


def test_a_change_dies_when_the_address_changes_by_other_means(mara):
    press(mara, EMAIL, change="1", email=OTHER)
    User.objects.update(email="third@example.com")
    assert mara.client.get(link(OTHER)).status_code == 400


def test_of_several_changes_the_one_that_is_confirmed_ends_the_others(mara):
    press(mara, EMAIL, change="1", email=OTHER)
    press(mara, EMAIL, change="1", email=TYPED)
    assert len(UserAddress.objects.all()) == 2
    confirm(mara, OTHER)
    assert mara.client.get(link(TYPED)).status_code == 400
    assert mara.user().email == OTHER


def test_asking_twice_for_the_same_sends_one_mail(mara):
    """As a site that follows a provider's address does at every login."""
    user = mara.user()
    assert [request_change(user, OTHER), request_change(user, OTHER)] == ["sent", "waiting"]
    assert sorted(each.to for each in mails()) == sorted([[OTHER], [MARA]])


def test_somebody_can_go_back_to_an_address_of_before(mara):
    press(mara, EMAIL, change="1", email=OTHER)
    confirm(mara, OTHER)
    later(minutes=2)
    press(mara, EMAIL, change="1", email=MARA)
    confirm(mara, MARA)
    later(minutes=2)
    press(mara, EMAIL, change="1", email=OTHER)
    confirm(mara, OTHER)
    assert (mara.user().email, is_confirmed(mara.user())) == (OTHER, True)


def test_an_address_that_somebody_left_can_be_another_users(mara, other_browser):
    press(mara, EMAIL, change="1", email=OTHER)
    confirm(mara, OTHER)
    User.objects.update(email="third@example.com")  # by other means: the row of the confirmed one stays
    register(other_browser, "kestrel", OTHER)
    confirm(other_browser, OTHER)
    assert is_confirmed(other_browser.user()) is True
    assert is_confirmed(mara.user()) is False


def test_a_user_who_is_gone_is_asked_nothing(mara):
    user = mara.user()
    User.objects.all().delete()
    assert request_change(user, OTHER) == "wrong"
    assert send_again(user, MARA) == "wrong"


def test_a_stranger_is_sent_to_log_in_first(sending, client):
    assert client.get(EMAIL)["Location"].startswith("/login/")
    assert client.post(EMAIL, {"resend": "1", "address": MARA})["Location"].startswith("/login/")


def test_the_sites_own_records_can_say_that_an_address_is_not_confirmed(sending, mara):
    sending(IS_EMAIL_CONFIRMED=lambda user: False)
    assert "is not confirmed yet" in Page(mara.client.get(EMAIL)).text
    press(mara, EMAIL, resend="1", address=MARA)
    assert [each.to for each in mails()] == [[MARA]]


def test_the_examples_of_the_guide_work(required, browser, caplog):
    required(IS_EMAIL_CONFIRMED="docs.examples.addresses.staff_have_ours")
    register(browser)
    assert is_confirmed(User.objects.get()) is False
    with caplog.at_level(logging.INFO, "mysite"):
        confirm(browser)
    assert "gets the newsletter" in caplog.text
    later(days=1)
    UserAddress.objects.update(confirmed_at=None)
    User.objects.update(is_staff=True)
    assert browser.log_in("tomas_ok")["Location"] == "/home/"


# Two at once


def at_once(clients: list[Client], paths: list[str]) -> list[int]:
    barrier = threading.Barrier(len(clients))

    def press(client: Client, at: str) -> int:
        try:
            barrier.wait(timeout=10)
            return client.post(at, {"confirm": "1"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(press, clients, paths))


@stores.on("sqlite", "postgres", "mysql")
def test_of_two_users_who_confirm_one_address_at_once_one_wins(database, sending):
    for number in range(5):
        address = f"both{number}@example.com"
        users = [User.objects.create_user(f"{name}{number}", address) for name in ("ann", "bob")]
        for user in users:
            begin(user)
        paths = [urlsplit(re.search(r"http\S+", each.body)[0]).path for each in mails()[-2:]]
        assert sorted(at_once([Client(), Client()], paths)) == [200, 400]
        assert sorted(is_confirmed(user) for user in users) == [False, True]


@stores.on("sqlite", "postgres", "mysql")
@pytest.mark.parametrize("password", [None, "known"])
def test_of_two_answers_to_one_link_at_once_one_counts(database, sending, password):
    for number in range(5):
        user = User.objects.create_user(f"ann{number}", f"ann{number}@example.com", password)
        begin(user)
        at = link(user.email)
        assert sorted(at_once([Client(), Client()], [at, at])) == [200, 400]
        assert is_confirmed(user) is True


@stores.on("sqlite", "postgres", "mysql")
def test_of_many_who_ask_for_a_mail_at_once_one_gets_it(database, sending):
    user = User.objects.create_user("ann", TYPED)
    begin(user)
    later(minutes=2)
    mails().clear()
    barrier = threading.Barrier(4)

    def ask(_: int) -> str:
        try:
            barrier.wait(timeout=10)
            return send_again(user, TYPED)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == ["sent", "too-soon", "too-soon", "too-soon"]
    assert len(mails()) == 1
