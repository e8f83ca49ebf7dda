"""What later logins do to a user's own fields: by policy, judged by the user model, and asked where that was wished."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.checks import run_checks
from django.db import IntegrityError, connection, models, transaction
from django.db.models import UniqueConstraint
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from docs.examples import sync as example
from socialreg import sync, sync_rules
from socialreg.background import background
from socialreg.exceptions import ConfigurationError
from socialreg.forms import RegistrationForm
from socialreg.models import SocialAccount, UserAddress
from socialreg.signals import synced
from socialreg.types import Email, Profile
from socialreg.upkeep import sync_profile
from socialreg_providers.twitter import Twitter
from tests.conftest import Browser
from tests.parsed import Page
from tests.project import forms_of, words_of
from tests.statements import recorded

assert synced.disconnect(example.note)  # importing the example connected it, for every test of this process

#: Not inside a transaction of the test's: signals and mails come after the commit.
pytestmark = pytest.mark.django_db(transaction=True)

CHANGES = "/accounts/changes/"
OLD = "mara.lindqvist@example.com"
NEW = "mara@islands.example"
XSS = """"><script>alert('1')</script><img src=x onerror=y> ' & {{ 7|add:1 }}"""


@pytest.fixture
def mara(browser) -> User:
    """Somebody who registered with X a while ago, as X told it."""
    browser.log_in("maralind")
    told = {"username": "mara", "first_name": "Mara", "last_name": "Lindqvist", "email": OLD}
    assert browser.client.post(reverse("socialreg:register"), told)["Location"] == "/home/"
    browser.client.cookies.clear()
    mail.outbox.clear()
    return User.objects.get()


def later() -> None:
    """Let the stored profiles be older than a day."""
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25))


def come_back(browser: Browser, told: dict[str, Any] | None = None, **data: str) -> HttpResponse:
    """Log in a day later in a fresh browser, when X says something else; return our answer to the callback."""
    later()
    browser.client.cookies.clear()
    if told is not None:
        browser.x.tell("twitter", told)
    return browser.log_in("maralind", **data)


def changed(user: User) -> dict[str, str]:
    """Return what is another than after registering."""
    user.refresh_from_db()
    told = {"username": "mara", "first_name": "Mara", "last_name": "Lindqvist", "email": OLD}
    return {name: getattr(user, name) for name, value in told.items() if getattr(user, name) != value}


@contextmanager
def heard():
    """Collect what ``synced`` was sent with."""
    calls: list[dict[str, Any]] = []

    def receiver(**arguments: Any) -> None:
        calls.append(arguments)

    synced.connect(receiver)
    try:
        yield calls
    finally:
        synced.disconnect(receiver)


# The policies ------------------------------------------------------------------------------------------------------


def test_always_takes_over_what_the_provider_says_now(browser, mara, site):
    site(SYNC={"first_name": "always"})
    with heard() as calls:
        assert come_back(browser, {"full_name": "Maria Ek"})["Location"] == "/home/"
    assert changed(mara) == {"first_name": "Maria"}
    assert [(call["user"], call["account"].username, call["changed"]) for call in calls] == [
        (mara, "maralind", ["first_name"])
    ]
    assert browser.user().first_name == "Maria"


def test_always_also_undoes_what_the_user_changed_here(browser, mara, site):
    site(SYNC={"first_name": "always"})
    User.objects.update(first_name="M.")
    come_back(browser)
    assert changed(mara) == {}


def test_if_empty_fills_in_what_is_empty_and_nothing_else(browser, mara, site):
    site(SYNC={"first_name": "if_empty", "last_name": "if_empty"})
    User.objects.update(first_name="")
    come_back(browser, {"full_name": "Maria Ek"})
    assert changed(mara) == {"first_name": "Maria"}


@pytest.mark.parametrize("policy", ["always", "if_empty", "ask"])
def test_what_the_provider_does_not_say_changes_nothing(browser, mara, site, policy):
    site(SYNC={"last_name": policy, "email": policy})
    with heard() as calls:
        assert come_back(browser, {"full_name": "Mara", "email": ...})["Location"] == "/home/"
    assert changed(mara) == {}
    assert calls == []


def test_fields_that_are_not_named_stay_as_they_are(browser, mara, site):
    site(SYNC={})
    come_back(browser, {"full_name": "Maria Ek", "email": NEW})
    assert changed(mara) == {}
    assert SocialAccount.objects.get().first_name == "Maria"


def test_nothing_happens_at_registration(browser, site):
    site(SYNC={"first_name": "always"})
    browser.log_in("maralind")
    with heard() as calls:
        browser.client.post(reverse("socialreg:register"), {"username": "mara", "first_name": "M.", "email": OLD})
    assert User.objects.get().first_name == "M."
    assert calls == []


def test_nothing_happens_while_the_stored_profile_is_fresh(browser, mara, site):
    site(SYNC={"first_name": "always"})
    User.objects.update(first_name="M.")
    browser.log_in("maralind")
    assert changed(mara) == {"first_name": "M."}


def test_the_profile_map_of_the_registration_form_says_where_a_value_is_found(browser, mara, site):
    class Form(RegistrationForm):
        profile_map = {"last_name": lambda profile: profile.username.upper()}

    site(SYNC={"last_name": "always"}, REGISTRATION_FORM=Form)
    come_back(browser)
    assert changed(mara) == {"last_name": "MARALIND"}


def test_what_a_function_stumbles_over_changes_nothing(browser, mara, site):
    class Form(RegistrationForm):
        profile_map = {"last_name": lambda profile: profile.raw["not there"]}

    site(SYNC={"last_name": "always"}, REGISTRATION_FORM=Form)
    assert come_back(browser)["Location"] == "/home/"
    assert changed(mara) == {}


def test_the_example_of_the_documentation_hears_of_it(browser, mara, site, caplog):
    caplog.set_level(logging.INFO, example.__name__)
    site(SYNC={"first_name": "always", "last_name": "always"})
    synced.connect(example.note)
    try:
        come_back(browser, {"full_name": "Maria Ek"})
    finally:
        synced.disconnect(example.note)
    assert "first_name, last_name of mara came from twitter" in caplog.text


# What the user model says ------------------------------------------------------------------------------------------


def test_what_the_user_model_would_refuse_is_left_out_and_the_rest_is_taken(browser, mara, site, caplog):
    class Form(RegistrationForm):
        profile_map = {"first_name": lambda profile: "x" * 151}

    caplog.set_level(logging.INFO, "socialreg")
    site(SYNC={"first_name": "always", "last_name": "always"}, REGISTRATION_FORM=Form)
    come_back(browser, {"full_name": "Mara Ek"})
    assert changed(mara) == {"last_name": "Ek"}
    assert f"first_name of user {mara.pk} is not taken over from twitter: the user model refuses it (max_length)" in (
        caplog.text
    )


@pytest.mark.parametrize("taken", ["maralind", "MaraLind"])
def test_a_user_name_that_somebody_else_has_is_left_out(browser, mara, site, caplog, taken):
    """The very same, or one that nobody could tell from it."""
    caplog.set_level(logging.INFO, "socialreg")
    User.objects.create(username=taken.lower())
    site(SYNC={"username": "always"})
    assert come_back(browser, {"username": taken})["Location"] == "/home/"
    assert changed(mara) == {}
    assert "username of user" in caplog.text


def test_a_user_name_that_is_free_is_taken_over(browser, mara, site):
    site(SYNC={"username": "always"})
    come_back(browser)
    assert changed(mara) == {"username": "maralind"}


def test_what_the_database_refuses_ends_no_login_and_changes_nothing(browser, mara, site, caplog, monkeypatch):
    def refuse(self, **options):
        raise IntegrityError("a rule that the model does not know")

    site(SYNC={"first_name": "always"})
    monkeypatch.setattr(User, "save", refuse)
    # Django notes the login on the user as well, by save().
    monkeypatch.setattr("django.contrib.auth.models.update_last_login", lambda *_, **__: None)
    later()
    browser.x.tell("twitter", {"full_name": "Maria Ek"})
    account = SocialAccount.objects.select_related("user").get()
    with heard() as calls:
        done = sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria"))
    assert done == sync.Changes()
    assert account.user.first_name == "Mara", "nor on the object that goes on to the session"
    assert calls == []
    assert f"User {mara.pk} keeps first_name: the database said IntegrityError" in caplog.text


def test_rules_that_the_model_has_beside_its_fields_are_asked_too(mara, site, monkeypatch):
    rule = UniqueConstraint(Lower("last_name"), name="one_family")
    monkeypatch.setattr(User._meta, "constraints", [rule])
    site(SYNC={"first_name": "always", "last_name": "always"})
    User.objects.create(username="else", last_name="EK")
    account = SocialAccount.objects.select_related("user").get()
    done = sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria", last_name="Ek"))
    assert done.written == ("first_name",)


def test_a_value_that_must_be_unique_and_is_not_is_left_out(mara, site, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    monkeypatch.setattr(User._meta.get_field("last_name"), "unique", True)
    site(SYNC={"first_name": "always", "last_name": "always"})
    User.objects.create(username="else", last_name="Ek")
    account = SocialAccount.objects.select_related("user").get()
    done = sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria", last_name="Ek"))
    assert done.written == ("first_name",)
    assert "the user model refuses it (unique)" in caplog.text


def test_all_fields_are_written_in_one_statement_and_no_other_column_is(mara, site):
    site(SYNC={"first_name": "always", "last_name": "always"})
    account = SocialAccount.objects.select_related("user").get()
    User.objects.update(email="changed@example.com")  # in another window
    with recorded(connection) as statements:
        sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria", last_name="Ek"))
    [(sql, _)] = statements.queries
    assert sql.startswith("UPDATE")
    assert changed(mara) == {"first_name": "Maria", "last_name": "Ek", "email": "changed@example.com"}


def test_synced_is_sent_after_the_commit_and_not_at_all_if_it_is_undone(mara, site):
    site(SYNC={"first_name": "always"})
    account = SocialAccount.objects.select_related("user").get()
    with heard() as calls, transaction.atomic():
        sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria"))
        assert calls == []
        transaction.set_rollback(True)
    assert calls == []


def test_the_profile_is_stored_and_the_user_changed_or_neither(browser, mara, site, monkeypatch):
    def fail(*_):
        raise ConfigurationError("Broken")

    site(SYNC={"first_name": "always"})
    monkeypatch.setattr(sync, "_take", fail)
    assert come_back(browser, {"full_name": "Maria Ek"}).status_code == 503
    assert SocialAccount.objects.get().first_name == "Mara"
    assert browser.user() is None


def test_an_account_that_nobody_has_changes_nobody(mara, site):
    site(SYNC={"first_name": "always"})
    SocialAccount.objects.update(user=None)
    account = SocialAccount.objects.get()
    assert sync.apply(account, account.stored_profile(), Profile("1", first_name="Maria")) == sync.Changes()


# The address -------------------------------------------------------------------------------------------------------


def test_an_address_that_the_provider_vouches_for_is_taken_over(browser, mara, site):
    site(SYNC={"email": "always"})
    come_back(browser, {"email": NEW})
    assert changed(mara) == {"email": NEW}


def test_an_address_that_differs_in_case_alone_is_the_same(browser, mara, site):
    site(SYNC={"email": "always"})
    come_back(browser, {"email": OLD.upper()})
    assert changed(mara) == {}


@pytest.mark.parametrize("policy", ["always", "ask"])
def test_a22_an_address_that_somebody_else_has_is_left_out(browser, mara, site, caplog, policy):
    caplog.set_level(logging.INFO, "socialreg")
    User.objects.create(username="else", email=NEW.title())
    site(SYNC={"email": policy})
    assert come_back(browser, {"email": NEW})["Location"] == "/home/"
    assert changed(mara) == {}
    assert "somebody else has it" in caplog.text
    assert NEW not in caplog.text


@pytest.fixture
def unvouched(site, x) -> None:
    """X as an entry whose addresses the site does not believe."""
    site(PROVIDERS={"twitter": {**x.provider_settings(), "PROVIDER": "tests.test_sync.Doubted"}})


class Doubted(Twitter):
    """X, whose word on addresses does not count."""

    trust_emails = False


@pytest.mark.parametrize("policy", ["always", "if_empty", "ask"])
def test_a21_an_address_that_nobody_vouches_for_replaces_none(browser, mara, site, unvouched, policy, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    if policy == "if_empty":
        User.objects.update(email="")
    site(SYNC={"email": policy})
    assert come_back(browser, {"email": NEW})["Location"] == "/home/"
    assert User.objects.get().email in {OLD, ""}
    assert NEW not in caplog.text
    assert not UserAddress.objects.filter(address=NEW).exists()


@pytest.mark.parametrize(("trusted", "verified"), [(True, True), (True, False), (False, True)])
def test_a21_an_address_is_written_if_the_provider_vouches_for_it_and_the_site_takes_its_word(
    mara, site, x, trusted, verified
):
    """Its word of today: the profile may have been read while the site thought otherwise."""
    kind = "twitter" if trusted else "tests.test_sync.Doubted"
    site(PROVIDERS={"twitter": {**x.provider_settings(), "PROVIDER": kind}}, SYNC={"email": "always"})
    account = SocialAccount.objects.select_related("user").get()
    done = sync.apply(account, Profile("1"), Profile("1", email=Email(NEW, verified=verified)))
    assert done.written == (("email",) if trusted and verified else ())
    assert changed(mara) == ({"email": NEW} if trusted and verified else {})


def test_a21_where_addresses_are_confirmed_it_is_sent_a_link_and_nothing_changes_before(browser, mara, site, unvouched):
    site(SYNC={"email": "always"}, EMAIL_CONFIRMATION="send")
    assert come_back(browser, {"email": NEW})["Location"] == "/home/"
    background.drain()
    assert changed(mara) == {}
    assert [message.to for message in mail.outbox if NEW in message.to] == [[NEW]]
    mail.outbox.clear()
    UserAddress.objects.all().delete()  # they let it be
    come_back(browser)
    background.drain()
    assert mail.outbox == [], "the provider says the same as before: nobody is asked twice"


# Asking ------------------------------------------------------------------------------------------------------------


def test_ask_leads_over_a_page_with_old_and_new_and_goes_on_to_next(browser, mara, site):
    site(SYNC={"last_name": "ask", "email": "ask"})
    response = come_back(browser, {"full_name": "Mara Ek", "email": NEW}, next="/?page=2")
    assert response["Location"] == CHANGES
    page = browser.client.get(CHANGES)
    words = words_of(page.content.decode())
    assert "Your X profile has changed" in words
    assert "Last name Here Lindqvist At X Ek" in words
    assert f"Email address Here {OLD} At X {NEW}" in words
    assert changed(mara) == {}, "nothing is taken over before the answer"
    with heard() as calls:
        answered = answer(browser, "take", "last_name", "email")
    assert answered["Location"] == "/?page=2"
    assert changed(mara) == {"last_name": "Ek", "email": NEW}
    assert [call["changed"] for call in calls] == [["last_name", "email"]]


def answer(browser: Browser, button: str, *fields: str, **data: str) -> HttpResponse:
    """Press a button of the page, with these boxes ticked."""
    (form,) = [form for form in forms_of(browser.client.get(CHANGES).content.decode()) if "which" in form.fields]
    sent = {"which": form.fields["which"], "field": list(fields), button: "1", **data}
    return browser.client.post(CHANGES, sent)


def test_only_what_is_ticked_is_taken_over(browser, mara, site):
    site(SYNC={"last_name": "ask", "email": "ask"})
    come_back(browser, {"full_name": "Mara Ek", "email": NEW})
    answer(browser, "take", "last_name")
    assert changed(mara) == {"last_name": "Ek"}


def test_leaving_it_as_it_is_leaves_it_and_ticks_count_for_nothing(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    assert answer(browser, "leave", "last_name")["Location"] == "/home/"
    assert changed(mara) == {}


@pytest.mark.parametrize("button", ["take", "leave", None])
def test_nobody_is_asked_twice_for_the_same_thing(browser, mara, site, button):
    """Neither who answered nor who closed the page."""
    site(SYNC={"last_name": "ask"})
    assert come_back(browser, {"full_name": "Mara Ek"})["Location"] == CHANGES
    if button:
        answer(browser, button, "last_name")
        assert browser.client.get(CHANGES)["Location"] == "/home/"
    assert come_back(browser)["Location"] == "/home/"
    assert come_back(browser, {"full_name": "Mara Berg"})["Location"] == CHANGES


def test_who_changed_their_own_field_is_not_asked_while_the_provider_says_what_it_said(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    User.objects.update(last_name="Ek")
    assert come_back(browser)["Location"] == "/home/"


def test_who_has_the_new_value_already_is_not_asked(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    User.objects.update(last_name="Ek")
    assert come_back(browser, {"full_name": "Mara Ek"})["Location"] == "/home/"


def test_an_address_that_nobody_vouches_for_is_sent_a_link_once_the_user_said_yes(browser, mara, site, unvouched):
    site(SYNC={"email": "ask"}, EMAIL_CONFIRMATION="send")
    assert come_back(browser, {"email": NEW})["Location"] == CHANGES
    assert "We send a mail there first." in words_of(browser.client.get(CHANGES).content.decode())
    background.drain()
    assert mail.outbox == []
    answer(browser, "take", "email")
    background.drain()
    assert changed(mara) == {}
    assert [NEW] in [message.to for message in mail.outbox]


def test_what_is_to_be_asked_is_not_lost_when_the_profile_is_read_without_a_login(browser, mara, site):
    site(SYNC={"last_name": "ask", "first_name": "always"})
    later()
    browser.x.tell("twitter", {"full_name": "Maria Ek"})
    sync_profile(SocialAccount.objects.get().pk)
    assert changed(mara) == {"first_name": "Maria"}
    assert SocialAccount.objects.get().checked_at is not None
    assert come_back(browser)["Location"] == CHANGES
    answer(browser, "take", "last_name")
    assert changed(mara) == {"first_name": "Maria", "last_name": "Ek"}


def test_a_profile_with_nothing_that_could_be_asked_is_stored_without_a_login(browser, mara, site, unvouched):
    """An address that nobody vouches for, where the site mails none: nobody will ever be asked about it."""
    site(SYNC={"email": "ask"})
    browser.x.tell("twitter", {"email": NEW})
    sync_profile(SocialAccount.objects.get().pk)
    assert SocialAccount.objects.get().email == NEW


def test_the_page_takes_over_nothing_but_what_was_asked(browser, mara, site):
    site(SYNC={"last_name": "ask", "first_name": "ask"})
    User.objects.update(first_name="M.")
    come_back(browser, {"full_name": "Mara Ek"})
    answer(browser, "take", "last_name", "first_name", "is_staff", "password", last_name="Typed", is_staff="on")
    assert changed(mara) == {"last_name": "Ek", "first_name": "M."}
    assert not User.objects.get().is_staff


def test_what_the_provider_says_meanwhile_was_not_agreed_to(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    SocialAccount.objects.update(last_name="Berg")  # looked after in the background
    answer(browser, "take", "last_name")
    assert changed(mara) == {}


def test_an_account_that_was_disconnected_meanwhile_changes_nothing(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    SocialAccount.objects.update(user=User.objects.create(username="else"))
    assert answer(browser, "take", "last_name")["Location"] == "/home/"
    assert set(User.objects.values_list("last_name", flat=True)) == {"Lindqvist", ""}


def test_the_page_of_a_tab_that_a_later_login_has_overtaken_answers_nothing(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    (form,) = [form for form in forms_of(browser.client.get(CHANGES).content.decode()) if "which" in form.fields]
    later()
    browser.x.tell("twitter", {"full_name": "Mara Berg"})
    browser.log_in("maralind")
    sent = {"which": form.fields["which"], "field": ["last_name"], "take": "1"}
    assert browser.client.post(CHANGES, sent)["Location"] == CHANGES
    assert changed(mara) == {}
    assert "Berg" in browser.client.get(CHANGES).content.decode()


def test_it_is_asked_for_half_an_hour(browser, mara, site, monkeypatch):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    (form,) = [form for form in forms_of(browser.client.get(CHANGES).content.decode()) if "which" in form.fields]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1801)
    response = browser.client.post(CHANGES, {"which": form.fields["which"], "field": ["last_name"], "take": "1"})
    assert response.status_code == 400
    assert "Nothing is asked here any more" in response.content.decode()
    assert browser.client.get(CHANGES)["Location"] == "/home/"
    assert changed(mara) == {}


def test_nobody_else_sees_it(browser, other_browser, mara, site):
    """Neither another user to whom the session was handed on, nor the same user elsewhere, nor nobody."""
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Lindqvist-Ek"})
    sealed = browser.client.session["socialreg_changes"]
    assert "Lindqvist" not in sealed
    other_browser.client.force_login(mara)
    assert other_browser.client.get(CHANGES)["Location"] == "/home/"
    other_browser.client.force_login(User.objects.create(username="else"))
    session = other_browser.client.session
    session["socialreg_changes"] = sealed
    session.save()
    assert other_browser.client.get(CHANGES)["Location"] == "/home/"
    del browser.client.cookies["sessionid"]
    assert browser.client.get(CHANGES)["Location"].startswith("/login/?next=")


def test_it_is_asked_by_a_form_with_a_token_on_a_page_that_nobody_frames_or_keeps(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    come_back(browser, {"full_name": "Mara Ek"})
    response = browser.client.get(CHANGES)
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]
    browser.client.handler.enforce_csrf_checks = True
    assert browser.client.post(CHANGES, {"field": "last_name", "take": "1"}).status_code == 403
    assert changed(mara) == {}


def test_a37_what_the_provider_says_is_escaped(browser, mara, site):
    site(SYNC={"last_name": "ask", "first_name": "ask"})
    User.objects.update(last_name=f"old {XSS}")
    come_back(browser, {"full_name": f"Mara {XSS}"})
    html = browser.client.get(CHANGES).content.decode()
    assert "alert(" in html
    assert "<script" not in html
    assert "<img" not in html


def test_pictures_are_shown_as_pictures_where_both_are_addresses_of_some(browser, mara, site, x):
    class Form(RegistrationForm):
        profile_map = {"last_name": "picture"}

    site(SYNC={"last_name": "ask"}, REGISTRATION_FORM=Form)
    User.objects.update(last_name="https://pictures.example/old.png")
    come_back(browser, {"picture": "https://pictures.example/new.png"})
    images = Page(browser.client.get(CHANGES)).of("img")
    assert [image["src"] for _, image in images] == [
        "https://pictures.example/old.png",
        "https://pictures.example/new.png",
    ]
    User.objects.update(last_name="javascript:alert(1)")
    come_back(browser, {"picture": "https://pictures.example/newer.png"})
    assert Page(browser.client.get(CHANGES)).of("img") == []


def test_a_user_without_a_question_is_led_on_by_the_page(browser, mara):
    browser.client.force_login(mara)
    assert browser.client.get(CHANGES)["Location"] == "/home/"


# The setting -------------------------------------------------------------------------------------------------------

WRONG = {
    "shoe_size": "the user model has no such column",
    "groups": "the user model has no such column",
    "password": "is for nobody else to say",
    "is_staff": "is for nobody else to say",
    "is_superuser": "is for nobody else to say",
    "is_active": "is for nobody else to say",
    "id": "is for nobody else to say",
    "last_login": "is for nobody else to say",
    "date_joined": "is for nobody else to say",
}


class Everything(RegistrationForm):
    """A form that would answer anything."""

    profile_map = dict.fromkeys(WRONG, lambda profile: "1")


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("policy", ["always", "if_empty", "ask"])
def test_a30_what_decides_about_rights_is_an_error_and_never_followed(browser, mara, site, name, policy):
    site(SYNC={name: policy}, REGISTRATION_FORM=Everything)
    (found,) = [message for message in run_checks(tags=["socialreg"]) if message.id == "socialreg.E010"]
    assert repr(name) in found.msg
    assert WRONG[name] in found.msg
    before = User.objects.values().get()
    assert come_back(browser).status_code == 503
    assert User.objects.values().get() == before


OTHER_COLUMNS = {
    "key": models.UUIDField(primary_key=True),
    "closed": models.CharField(editable=False),
    "picture": models.ImageField(),
    "is_boss": models.BooleanField(),
    "firm": models.ForeignKey(User, models.CASCADE),
}


@pytest.mark.parametrize("name", OTHER_COLUMNS)
def test_a30_so_is_a_key_a_right_or_a_file_by_any_name(site, monkeypatch, name):
    class Form(RegistrationForm):
        profile_map = dict.fromkeys(OTHER_COLUMNS, "username")

    for column, field in OTHER_COLUMNS.items():
        field.set_attributes_from_name(column)
    monkeypatch.setattr(sync_rules, "_columns", lambda: OTHER_COLUMNS)
    site(SYNC={name: "always"}, REGISTRATION_FORM=Form)
    assert [message.id for message in run_checks(tags=["socialreg"]) if message.is_serious()] == ["socialreg.E010"]


def test_a_field_that_no_profile_answers_is_an_error(site):
    class Form(RegistrationForm):
        profile_map = {"last_name": "shoe_size"}

    site(SYNC={"first_name": "always", "last_name": "ask"}, REGISTRATION_FORM=Form)
    (found,) = [message for message in run_checks(tags=["socialreg"]) if message.id == "socialreg.E010"]
    assert "'shoe_size'" in found.msg


def test_an_error_that_another_check_tells_is_told_once(site):
    site(SYNC={"first_name": "sometimes"})
    assert [message.id for message in run_checks(tags=["socialreg"]) if message.is_serious()] == ["socialreg.E003"]


def test_every_wrong_name_is_told(site):
    site(SYNC={"is_staff": "always", "first_name": "always", "shoe_size": "ask"})
    assert len([message for message in run_checks(tags=["socialreg"]) if message.id == "socialreg.E010"]) == 2


def test_what_is_right_has_no_error(site):
    site(SYNC={"first_name": "if_empty", "last_name": "always", "email": "ask", "username": "ask"})
    assert [message for message in run_checks(tags=["socialreg"]) if message.id == "socialreg.E010"] == []
    assert [rule.policy for rule in sync_rules.rules()] == ["if_empty", "always", "ask", "ask"]


# What it costs -----------------------------------------------------------------------------------------------------


def queries(browser: Browser) -> list[str]:
    """Return the statements of a callback."""
    callback = browser.approve("maralind")
    with recorded(connection) as statements:
        assert browser.client.get(callback).status_code == 302
    return [sql for sql, _ in statements.queries]


def test_a_returning_login_costs_six_queries_if_nothing_changes_and_one_more_if_something_is_written(
    browser, mara, site
):
    site(SYNC={"first_name": "always", "last_name": "if_empty", "email": "ask"})
    later()
    unchanged = queries(browser)
    assert len(unchanged) <= 6, "\n".join(unchanged)
    browser.client.cookies.clear()
    later()
    browser.x.tell("twitter", {"full_name": "Maria Ek"})
    written = queries(browser)
    assert len(written) <= 7, "\n".join(written)
    assert changed(mara) == {"first_name": "Maria"}


def test_asking_costs_one_query_more_for_an_address_and_none_for_a_name(browser, mara, site):
    site(SYNC={"last_name": "ask"})
    later()
    browser.x.tell("twitter", {"full_name": "Mara Ek"})
    assert len(queries(browser)) <= 6
    browser.client.cookies.clear()
    site(SYNC={"email": "ask"})
    later()
    browser.x.tell("twitter", {"email": NEW})
    assert len(queries(browser)) <= 7


def test_an_email_object_is_taken_as_its_address():
    rule = sync_rules.Rule(User._meta.get_field("email"), "email", "always")
    assert rule.value(Profile("1", email=Email(NEW, verified=True))) == NEW
    assert rule.is_address
