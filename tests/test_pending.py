"""What waits in the session: whose it is, for how long, and what can be read of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse

from socialreg import encryption, pending
from socialreg.exceptions import Expired, Mismatch
from socialreg.models import SocialAccount
from socialreg.pending import Pending
from socialreg.types import Arrival, Credentials, Email, Profile

from .parsed import Page
from .test_register import MARA, REGISTER, Browser, nobody, page_for, send

pytestmark = pytest.mark.django_db

ARRIVAL = Arrival(
    "twitter",
    "https://x.com",
    Credentials("1", "maralind", "token", "secret"),
    Profile("1", "maralind", "Mara \N{FOX FACE}", email=Email(MARA, verified=True), timezone=1.5, raw={"id": "1"}),
    fetched=True,
)
WAITING = Pending(ARRIVAL, "register", "/home/", ("email", "terms"))
KEY = "socialreg_pending"


def seal_again(browser: Browser, *, purpose: encryption.Purpose = "pending", age: int = 0, **changes: object) -> None:
    """Put what waits back as if it had been sealed some seconds ago, or for something else."""
    session = browser.client.session
    data = {**encryption.unseal("pending", session[KEY]), **changes}
    cipher = encryption._cipher(purpose)
    session[KEY] = cipher.encrypt_at_time(json.dumps(data).encode(), int(time.time()) - age).decode()
    session.save()


@pytest.fixture
def request_():
    request = HttpRequest()
    request.session = SessionStore()
    return request


def test_what_is_kept_comes_back_the_same(request_):
    pending.keep(request_, WAITING)
    assert pending.waits(request_)
    assert pending.load(request_) == WAITING
    without = Pending(Arrival("a", "i", Credentials("1"), Profile("1"), fetched=False), "prove", "")
    pending.keep(request_, without)
    assert pending.load(request_) == without


def test_nothing_waits_where_nothing_was_kept_or_it_was_discarded(request_):
    with pytest.raises(Expired):
        pending.load(request_)
    pending.keep(request_, WAITING)
    pending.discard(request_)
    assert not pending.waits(request_)
    with pytest.raises(Expired):
        pending.load(request_)
    pending.discard(request_)


def test_a_proof_is_needed_exact_and_only_after_the_visitor_began_it(request_):
    pending.keep(request_, WAITING)
    for guess in ("", "guess", "\udc80"):
        with pytest.raises(Mismatch):
            pending.load_proven(request_, guess)
    back = pending.begin_proof(request_, WAITING)
    proof = back.removeprefix("/accounts/link/?proof=")
    assert pending.is_proof(request_, back)
    assert not any(pending.is_proof(request_, other) for other in ("", "/accounts/link/?proof=", f"{back}x", proof))
    assert pending.load_proven(request_, proof).arrival == ARRIVAL
    for guess in ("", proof[:-1], proof + "x", "\udc80"):
        with pytest.raises(Mismatch):
            pending.load_proven(request_, guess)
    assert pending.begin_proof(request_, WAITING) != back
    assert not pending.is_proof(request_, back)


def test_it_is_named_by_the_identity_and_by_nothing_else(request_):
    other = Pending(Arrival("a", "https://x.com", Credentials("2"), Profile("2"), fetched=False), "register", "")
    assert WAITING.whose == Pending(ARRIVAL, "prove", "").whose
    assert WAITING.whose != other.whose


def test_no_secret_is_in_a_repr(request_):
    waiting = Pending(ARRIVAL, "register", "", proof="the-proof")
    assert not any(word in repr(waiting) for word in ("secret", "token", "the-proof"))


@pytest.mark.parametrize(("age", "opens"), [(0, True), (1790, True), (1801, False), (-120, False)])
def test_it_waits_thirty_minutes(browser, age, opens):
    page = page_for(browser)
    seal_again(browser, age=age)
    assert browser.client.get(REGISTER).status_code == (200 if opens else 400)
    if not opens:
        response = send(browser, page)
        assert (response.status_code, "Nothing is waiting here" in Page(response).text) == (400, True)
        assert nobody()


def test_it_is_of_use_in_its_own_session_alone(browser, other_browser):
    page = page_for(browser)
    assert send(other_browser, page).status_code == 400
    assert nobody()
    assert send(browser, page).status_code == 302


@pytest.mark.parametrize("position", [0, 5, 30, -10])  # the last ones may hold bits that say nothing
def test_a_changed_letter_makes_it_void(browser, position):
    page_for(browser)
    session = browser.client.session
    letters = list(session[KEY])
    letters[position] = "A" if letters[position] != "A" else "B"
    session[KEY] = "".join(letters)
    session.save()
    assert browser.client.get(REGISTER).status_code == 400
    assert KEY not in browser.client.session


@pytest.mark.parametrize("purpose", ["attempt", "credentials"])
def test_what_was_sealed_for_something_else_is_void(browser, purpose):
    page_for(browser)
    seal_again(browser, purpose=purpose)
    assert browser.client.get(REGISTER).status_code == 400


@pytest.mark.parametrize("changes", [{"new": 1}, {"arrival": {}}, {"arrival": {**asdict(ARRIVAL), "more": 1}}])
def test_what_another_release_has_sealed_is_void_and_no_error(browser, changes):
    page_for(browser)
    seal_again(browser, **changes)
    response = browser.client.get(REGISTER)
    assert response.status_code == 400
    assert "Nothing is waiting here" in Page(response).text


def test_whoever_logs_in_meanwhile_gets_nobody_elses_identity(browser):
    page = page_for(browser)
    browser.client.force_login(User.objects.create_user("somebody"))
    for response in (browser.client.get(REGISTER), send(browser, page), browser.client.get(reverse("socialreg:prove"))):
        assert response.status_code == 403
        assert "Nothing was linked" in Page(response).text
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1


def test_a_registration_is_no_question_and_a_question_no_registration(browser):
    User.objects.create_user("old", MARA)
    browser.log_in("maralind")
    response = browser.client.post(REGISTER, {"username": "new", "email": "new@example.com"})
    assert (response.status_code, response["Location"]) == (302, reverse("socialreg:prove"))
    assert User.objects.count() == 1


def test_the_session_in_the_database_holds_nothing_in_clear(browser):
    page = page_for(browser, next="/home/?secret-place")
    send(browser, page, username="not fit")
    [row] = Session.objects.all()
    session = browser.client.session
    text = row.session_data + json.dumps(dict(session.items())) + repr(row.get_decoded())
    waiting = encryption.unseal("pending", session[KEY])
    secrets = [waiting["arrival"]["credentials"][name] for name in ("token", "secret", "uid")]
    for word in (*secrets, MARA, "mara", "Lindqvist", "secret-place"):
        assert word
        assert word not in text
    assert session.keys() <= {KEY, "_csrftoken"}


def test_nothing_is_left_of_it_after_the_registration(browser):
    send(browser, page_for(browser))
    assert KEY not in browser.client.session
    assert Session.objects.count() == 1
    browser.client.logout()
    assert browser.client.get(REGISTER).status_code == 400
