"""The registration page: what a visitor sees, sends and gets, over real HTTP to the stand-in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.exceptions import Veto
from socialreg.forms import RegistrationForm
from socialreg.models import SocialAccount, identity_digest
from socialreg.signals import registered
from socialreg.testing.people import Person
from socialreg.types import Credentials, Email, Profile
from socialreg_providers.twitter import Twitter

from . import stores
from .conftest import Browser
from .parsed import Page

pytestmark = pytest.mark.django_db

MARA = "mara.lindqvist@example.com"
VERIFIED = "Verified by X"
REGISTER = "/accounts/register/"
UID = "1400000000000000001"


def page_for(browser: Browser, who: str = "maralind", **data: str) -> Page:
    """Come back from the provider as a new visitor and open the form."""
    response = browser.log_in(who, **data)
    assert response.get("Location") == REGISTER, response.content.decode()
    return Page(browser.client.get(REGISTER))


def send(browser: Browser, page: Page, **changes: object) -> HttpResponse:
    return browser.client.post(REGISTER, page.form(**changes))


def nobody() -> bool:
    return not User.objects.exists() and not SocialAccount.objects.exists()


@pytest.fixture
def announced(django_capture_on_commit_callbacks) -> Iterator[Callable[[Callable[[], object]], list[bool]]]:
    """Do something; return what the signal ``registered`` said of each address."""
    said: list[bool] = []

    def receive(email_verified: bool, **_: object) -> None:
        said.append(email_verified)

    def act(what: Callable[[], object]) -> list[bool]:
        with django_capture_on_commit_callbacks(execute=True):
            what()
        return said

    registered.connect(receive)
    yield act
    registered.disconnect(receive)


class Careless(Twitter):
    """A provider that passes on whatever address somebody typed."""

    def fetch_profile(self, credentials: Credentials) -> Profile:
        profile = super().fetch_profile(credentials)
        return replace(profile, email=profile.email and Email(profile.email.address))


# The address


def test_a_vouched_for_address_is_shown_as_verified_until_it_is_edited(browser):
    page = page_for(browser)
    assert VERIFIED in page.text
    refused = Page(send(browser, page, username="not fit"))
    assert VERIFIED in refused.text
    refused = Page(send(browser, page, username="not fit", email="other@example.com"))
    assert VERIFIED not in refused.text
    assert refused.named("email")["value"] == "other@example.com"


@pytest.mark.parametrize(
    ("typed", "expected"), [(MARA, True), ("other@example.com", False), ("Mara.lindqvist@example.com", False)]
)
def test_the_signal_says_verified_for_the_unchanged_address_alone(browser, announced, typed, expected):
    page = page_for(browser)
    assert announced(lambda: send(browser, page, email=typed)) == [expected]
    assert User.objects.get().email == typed
    assert SocialAccount.objects.get().email == MARA


def test_a_host_in_capitals_which_django_rewrites_leaves_the_address_verified(browser, x, announced):
    x.people["maralind"] = replace(x.people["maralind"], email="Mara@EXAMPLE.com")
    page = page_for(browser)
    assert VERIFIED in page.text
    assert announced(lambda: send(browser, page)) == [True]
    assert User.objects.get().email == "Mara@example.com"


def test_an_address_that_nobody_vouches_for_is_never_shown_as_verified(site, x, browser, announced):
    site(PROVIDERS={"twitter": {**x.provider_settings(), "PROVIDER": "tests.test_register.Careless"}})
    page = page_for(browser)
    assert page.named("email")["value"] == MARA
    assert "Verified" not in page.text
    assert announced(lambda: send(browser, page)) == [False]


@pytest.mark.parametrize("typed", ["taken@example.com", "TAKEN@Example.COM"])
def test_the_address_of_a_user_is_refused_on_the_form(browser, typed):
    User.objects.create_user("old", "Taken@example.com")
    response = send(browser, page_for(browser, "tomas_ok"), email=typed)
    assert response.status_code == 200
    assert "There is an account with this e-mail address already" in Page(response).text
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_somebody_without_an_address_is_asked_for_one(browser):
    page = page_for(browser, "tomas_ok")
    assert page.form()["email"] == [""]
    assert "This field is required" in Page(send(browser, page)).text
    send(browser, page, email="tomas@example.net")
    assert User.objects.get().email == "tomas@example.net"


def test_whoever_says_it_is_not_their_account_registers_with_another_address(browser, announced):
    User.objects.create_user("old", MARA)
    question = Page(browser.client.get(browser.log_in("maralind", next="/home/?x")["Location"]))
    assert MARA in question.text
    response = browser.client.post(reverse("socialreg:prove"), question.form(register="1"))
    page = Page(browser.client.get(response["Location"]))
    assert page.form()["email"] == [""]
    assert VERIFIED not in page.text
    assert "already" in Page(send(browser, page, email=MARA)).text
    assert announced(lambda: send(browser, page, email="new@example.com")) == [False]
    assert User.objects.get(social_accounts__subject=UID).email == "new@example.com"
    assert browser.user().username == "maralind"


# Names


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("maralind", ("Mara", "Lindqvist")),
        ("kestrel", ("Kestrel", "")),
        ("junofox", ("Juno", "\N{FOX FACE} Park")),
        ("tomas_ok", ("Tomás", "Okafor")),
    ],
)
def test_names_are_split_as_people_expect_and_saved(browser, who, expected):
    page = page_for(browser, who)
    assert page.form()["first_name"] + page.form()["last_name"] == [*expected]
    assert send(browser, page, email="somebody@example.com").status_code == 302
    user = User.objects.get()
    assert (user.first_name, user.last_name) == expected


def test_a_taken_user_name_gets_a_free_suggestion_which_is_accepted(browser):
    User.objects.create_user("maralind")
    page = page_for(browser)
    assert page.named("username")["value"] == "maralind2"
    assert send(browser, page).status_code == 302
    assert browser.user().username == "maralind2"


def test_a_typed_user_name_that_is_taken_is_refused_and_what_was_typed_stays(browser):
    User.objects.create_user("old")
    page = Page(send(browser, page_for(browser), username="old", first_name="Märta"))
    assert "A user with that username already exists." in page.text
    assert page.named("username")["value"] == "old"
    assert page.named("first_name")["value"] == "Märta"
    assert not SocialAccount.objects.exists()


# What is shown


HOSTILE = '"><script>alert(1)</script>{{ 7|add:7 }}'


def test_nothing_that_a_profile_says_is_markup_on_any_page(site, x, browser, other_browser):
    site(REGISTRATION_FORM=Everything)
    x.people["mallory"] = Person(
        "77", "mallory", HOSTILE, MARA, description=HOSTILE, location=HOSTILE, url='https://x/"><script>alert(1)'
    )
    page = page_for(browser, "mallory")
    pages = [browser.client.get(REGISTER), send(browser, page, username=HOSTILE, first_name=HOSTILE)]
    send(browser, page, first_name="", last_name="")
    pages.append(browser.client.get(reverse("socialreg:connections")))
    x.people["eve"] = replace(x.people["mallory"], id="78", screen_name="eve")
    pages.append(other_browser.client.get(other_browser.log_in("eve")["Location"]))
    old = User.objects.get()
    old.set_password("secret")
    old.save()
    link = other_browser.client.post(reverse("socialreg:prove"), {"prove": "1"})["Location"]
    target = Page(other_browser.client.get(link)).form(username=old.username, password="secret")
    pages.append(other_browser.client.get(other_browser.client.post("/login/", target)["Location"]))
    assert [page.status_code for page in pages] == [200] * 5
    assert "Link @eve" in pages[-1].content.decode()
    for page in pages:
        assert not Page(page).of("script"), page.content.decode()
        assert "&lt;script&gt;alert(1)" in page.content.decode()
        assert "14" not in Page(page).text.replace(UID, "")


class Everything(RegistrationForm):
    profile_map = {"first_name": lambda profile: profile.raw["name"], "last_name": "full_name"}


@pytest.mark.parametrize("wrong", [False, True])
def test_every_input_has_a_label_and_every_description_exists(site, browser, wrong):
    site(REGISTRATION_FORM="tests.test_asking.Questionnaire")
    page = page_for(browser)
    if wrong:
        page = Page(send(browser, page, username="", email="no", terms=None, colours=[]))
        assert page.named("username")["aria-invalid"] == "true"
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {attrs["for"] for _, attrs in page.of("label") if "for" in attrs}
    inputs = [attrs for _, attrs in page.of("input", "select", "textarea") if attrs.get("type") != "hidden"]
    inside_fieldset = {attrs["id"] for attrs in inputs if attrs["name"].startswith(("met_", "born_"))}
    assert {attrs["id"] for attrs in inputs} - inside_fieldset <= labelled
    described = {one for _, attrs in page.elements for one in attrs.get("aria-describedby", "").split()}
    assert described <= set(ids)
    assert ("id_username_error" in described) is wrong
    assert "id_username_helptext" in described


def test_the_browser_may_fill_in_and_names_of_either_direction_are_shown_right(browser):
    page = page_for(browser)
    names = ("username", "email", "first_name", "last_name")
    assert [page.named(name)["autocomplete"] for name in names] == ["username", "email", "given-name", "family-name"]
    assert all(page.named(name)["dir"] == "auto" for name in names)
    assert page.named("username")["autocapitalize"] == "none"
    assert ("strong", {"class": "socialreg-name", "dir": "auto"}) in page.elements


# What is sent


def test_nothing_but_the_forms_own_fields_is_taken_from_what_is_posted(site, browser, announced):
    site(ASK_FOR="missing")
    page = page_for(browser, "tomas_ok")
    assert page.asked() == {"email"}
    forged = {
        "is_staff": "on",
        "is_superuser": "on",
        "is_active": "",
        "password": "known",
        "id": "77",
        "pk": "77",
        "uid": "666",
        "subject": "666",
        "provider": "evil",
        "issuer": "https://evil.example",
        "email_verified": "true",
        "user_id": "77",
        "user": "77",
        "groups": "1",
        "date_joined": "2001-01-01",
        "username": "admin",
        "first_name": "Eve",
        "asked": "username",
        "next": "https://evil.example/",
    }
    assert announced(lambda: send(browser, page, email="tomas@example.net", **forged)) == [False]
    user = User.objects.get()
    assert (user.username, user.first_name, user.email) == ("tomas_ok", "Tomás", "tomas@example.net")
    assert (user.is_staff, user.is_superuser, user.is_active, user.pk == 77) == (False, False, True, False)
    assert not user.has_usable_password()
    assert user.date_joined.year != 2001
    account = user.social_accounts.get()
    assert (account.provider, account.issuer, account.subject) == ("twitter", "https://x.com", "1400000000000000002")


def test_a_form_without_a_csrf_token_is_refused(site, x):
    browser = Browser(Client(enforce_csrf_checks=True), x)
    client = browser.client
    token = Page(client.get("/")).named("csrfmiddlewaretoken")["value"]
    location = client.post("/accounts/twitter/start/", {"csrfmiddlewaretoken": token})["Location"]
    client.get(x.approve(location, "maralind"))
    page = Page(client.get(REGISTER))
    assert client.post(REGISTER, page.form(csrfmiddlewaretoken=None)).status_code == 403
    assert nobody()
    assert client.post(REGISTER, page.form()).status_code == 302


# Twice


def test_a_second_click_with_the_new_cookies_leads_to_where_people_land(browser):
    page = page_for(browser)
    send(browser, page)
    response = send(browser, page)
    assert (response.status_code, response["Location"]) == (302, "/home/")
    assert User.objects.count() == SocialAccount.objects.count() == 1


def test_a_second_click_with_the_old_cookies_offers_one_click_to_log_in(browser, other_browser):
    page = page_for(browser)
    other_browser.client.cookies.load({name: each.value for name, each in browser.client.cookies.items()})
    send(browser, page)
    response = send(other_browser, page)
    assert response.status_code == 400
    assert "Log in with one click" in Page(response).text
    assert any(attrs.get("action") == "/accounts/twitter/start/" for _, attrs in Page(response).of("form"))
    other_browser.log_in("maralind")
    assert other_browser.user() == User.objects.get()


class Together(RegistrationForm):
    """Lets nobody write before everybody was found valid."""

    barrier = threading.Barrier(3)

    def clean(self) -> dict[str, Any] | None:
        if not self.errors:
            self.barrier.wait(timeout=10)
        return super().clean()


@stores.on("sqlite", "postgres")
def test_three_parallel_clicks_make_one_user_and_log_everybody_in(database, site, browser):
    site(REGISTRATION_FORM=Together)
    page = page_for(browser, next="/home/?done")
    clients = [Client() for _ in range(3)]
    for client in clients:
        client.cookies.load({name: each.value for name, each in browser.client.cookies.items()})

    def click(client: Client) -> HttpResponse:
        try:
            return client.post(REGISTER, page.form())
        finally:
            connections.close_all()

    Together.barrier.reset()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(click, clients))
    assert [(answer.status_code, answer.get("Location")) for answer in answers] == [(302, "/home/?done")] * 3
    user = User.objects.get()
    assert SocialAccount.objects.get().user == user
    assert [Browser(client, browser.x).user() for client in clients] == [user] * 3


def test_a_form_that_another_tab_has_overtaken_registers_nobody(browser):
    first = page_for(browser, "maralind")
    second = page_for(browser, "kestrel")
    response = send(browser, first)
    assert response.status_code == 403
    assert "You went on in another tab" in Page(response).text
    assert nobody()
    assert send(browser, second).status_code == 302
    assert SocialAccount.objects.get().username == "kestrel"
    assert User.objects.get().username == "kestrel"


def test_a_question_that_another_tab_has_overtaken_is_not_answered(browser):
    User.objects.create_user("old", MARA)
    first = Page(browser.client.get(browser.log_in("maralind")["Location"]))
    page_for(browser, "kestrel")
    assert browser.client.post(reverse("socialreg:prove"), first.form(register="1")).status_code == 403


def test_two_tabs_of_one_person_both_work(browser):
    first = page_for(browser)
    page_for(browser)
    assert send(browser, first).status_code == 302
    assert browser.user().username == "maralind"


def test_whoever_finished_in_another_browser_meanwhile_is_logged_in(browser, other_browser):
    first, second = page_for(browser), page_for(other_browser)
    send(browser, first)
    assert send(other_browser, second, username="somebody_else").status_code == 302
    assert other_browser.user() == browser.user() == User.objects.get()


# Races


class Rival:
    """A hook that lets somebody else be faster, once the form has been found valid."""

    def __init__(self, *numbers: int, username: str, identity: str = "") -> None:
        self.numbers, self.username, self.identity = numbers, username, identity
        self.calls = 0

    def __call__(self, request, profile) -> None:
        self.calls += 1
        if self.calls in self.numbers:
            user = User.objects.create_user(f"{self.username}", "rival@example.com")
            if self.identity:
                digest = identity_digest("https://x.com", self.identity)
                SocialAccount.objects.create(
                    user=user, provider="twitter", issuer="https://x.com", subject=self.identity, identity=digest
                )


@pytest.mark.parametrize("asking", ["everything", "missing"])
def test_a_user_name_lost_in_the_last_moment_is_asked_again(site, browser, asking):
    """Also where the profile answered it and the visitor was not asked."""
    form = "tests.test_asking.WithTerms"
    site(BEFORE_REGISTER=[Rival(2, username="maralind")], ASK_FOR=asking, REGISTRATION_FORM=form)
    page = page_for(browser)
    assert ("username" in page.asked()) is (asking == "everything")
    response = send(browser, page, terms="on")
    page = Page(response)
    assert response.status_code == 200
    assert "A user with that username already exists." in page.text
    assert page.named("username")["value"] == "maralind"
    assert "disabled" not in page.named("username")
    assert not SocialAccount.objects.exists()
    assert send(browser, page, username="mara_l", terms="on").status_code == 302
    assert browser.user().username == "mara_l"
    assert browser.user().first_name == "Mara"


def test_a_race_lost_where_nothing_was_asked_shows_the_form(site, browser):
    site(BEFORE_REGISTER=[Rival(1, username="maralind")], ASK_FOR="missing")
    page = page_for(browser)
    assert page.named("username")["value"] == "maralind2"
    assert send(browser, page).status_code == 302
    assert browser.user().username == "maralind2"


@pytest.mark.parametrize("name", ["maralind", "rival"])
def test_a_race_lost_for_the_identity_ends_in_that_account(site, browser, name):
    site(BEFORE_REGISTER=[Rival(2, username=name, identity=UID)])
    assert send(browser, page_for(browser, next="/home/?x"))["Location"] == "/home/?x"
    assert browser.user() == User.objects.get()
    assert browser.user().email == "rival@example.com"


def test_a_refusal_of_the_database_that_the_form_does_not_foresee_is_told_and_logged(site, browser, caplog):
    site(REGISTRATION_FORM=Blind)
    User.objects.create_user("maralind")
    page = Page(send(browser, page_for(browser), username="maralind"))
    assert "was taken in this very moment" in page.text
    assert "Remedy: If it happens again and again, let the form refuse" in caplog.text
    assert not SocialAccount.objects.exists()
    assert send(browser, page, username="other").status_code == 302


class Blind(RegistrationForm):
    def validate_unique(self) -> None:
        """Look at nothing."""


# Faults


class FailingWrite:
    """Lets the k-th statement that writes fail."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.writes = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            self.writes += 1
            if self.writes == self.k:
                raise OperationalError("the disk is full")
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_at_any_write_leaves_all_or_nothing_and_a_retry_succeeds(browser):
    browser.client.raise_request_exception = False
    k, writes = 0, 0
    while k <= writes:
        k += 1
        browser.client.logout()
        User.objects.all().delete()
        page = page_for(browser)
        with connection.execute_wrapper(failing := FailingWrite(k)):
            response = send(browser, page)
        writes = max(writes, failing.writes)
        users, accounts = User.objects.count(), SocialAccount.objects.count()
        assert (users, accounts) in {(0, 0), (1, 1)}, k
        if failing.writes < k:  # there are no more: it went through
            assert response.status_code == 302
            break
        assert response.status_code in {400, 503}  # Django's own answer to a session that it could not save is 400
        again = send(browser, page)
        assert again.status_code in {302, 400}, again.content.decode()
        if again.status_code == 400:  # the session went, the account is there: one click
            browser.log_in("maralind")
        assert browser.user() == User.objects.get()
        assert SocialAccount.objects.get().user == browser.user()
    assert writes >= 5


@pytest.mark.django_db(transaction=True)
def test_the_same_where_nothing_is_asked(site, browser):
    site(ASK_FOR="missing")
    browser.client.raise_request_exception = False
    for k in range(1, 7):
        browser.client.logout()
        User.objects.all().delete()
        callback = browser.approve("maralind")
        with connection.execute_wrapper(failing := FailingWrite(k)):
            response = browser.client.get(callback)
        assert (response.status_code == 302) is (failing.writes < k), k
        assert (User.objects.count(), SocialAccount.objects.count()) in {(0, 0), (1, 1)}, k
        browser.client.logout()
        browser.log_in("maralind")
        assert browser.user() == User.objects.get()
    assert failing.writes >= 4


def test_a_veto_on_sending_leaves_nothing(site, browser):
    site(BEFORE_REGISTER=["tests.test_register.refuse_second"])
    page = page_for(browser)
    response = send(browser, page)
    assert response.status_code == 403
    assert "Not <today>" in Page(response).text
    assert "&lt;today&gt;" in response.content.decode()
    assert nobody()


def refuse_second(request, profile) -> None:
    if request.method == "POST":
        raise Veto("Not <today>")
