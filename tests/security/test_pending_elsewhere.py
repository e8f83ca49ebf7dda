"""A31: what waits for its visitor is used in another session, too late, twice, or for something else."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie
from typing import get_args

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client

from socialreg import shelves
from socialreg.encryption import Purpose, seal, unseal
from socialreg.models import SocialAccount
from socialreg.shelves import Shelf
from socialreg.testing import StandIn
from tests.parsed import Page
from tests.security.visiting import ADDRESSED, LINK, PROVE, REGISTER, arrive, owner, question, user_of
from tests.security.walking import EVERY, PROTOCOLS, come_back, start

pytestmark = pytest.mark.django_db

FORM = {"username": "mallory", "email": "mallory@example.net", "first_name": "M", "last_name": "L"}


@pytest.mark.parametrize("logged_in", [False, True])
@pytest.mark.parametrize("slug", EVERY)
def test_a31_another_session_neither_sees_nor_finishes_it(standin: StandIn, slug, logged_in):
    victim, other = Client(), Client()
    arrive(standin, victim, slug)
    form = Page(victim.get(REGISTER)).form()
    if logged_in:
        other.force_login(User.objects.create_user("somebody"))
    for response in (other.get(REGISTER), other.post(REGISTER, {**form, **FORM}), other.post(PROVE, {"prove": "1"})):
        assert response.status_code in {302, 400} if logged_in else response.status_code == 400
        assert b"Mara" not in response.content
    assert other.post(f"{LINK}?proof=", {"link": "1"}).status_code in {302, 400}
    assert not SocialAccount.objects.exists()
    assert victim.post(REGISTER, {**form, **FORM}).status_code == 302, "it waits on for whose it is"
    assert SocialAccount.objects.get().user == user_of(victim)


@pytest.mark.parametrize("slug", ADDRESSED)
def test_a31_nor_does_it_link_it(standin: StandIn, slug):
    victim, other = Client(), Client()
    user = owner()
    arrive(standin, victim, slug)
    asked = question(victim)
    other.force_login(user)
    assert other.get(asked).status_code == 400
    assert other.post(asked, {"link": "1"}).status_code == 400
    assert not SocialAccount.objects.exists()
    assert victim.post(asked, {"link": "1"}).status_code == 302


@pytest.mark.parametrize(("seconds", "good"), [(1790, True), (1801, False), (86_400, False)])
@pytest.mark.parametrize("slug", EVERY)
def test_a31_a_registration_is_finished_within_thirty_minutes(standin: StandIn, later, slug, seconds, good):
    client = Client()
    arrive(standin, client, slug)
    form = Page(client.get(REGISTER)).form(**FORM)
    later(seconds)
    assert client.post(REGISTER, form).status_code == (302 if good else 400)
    assert SocialAccount.objects.exists() is good
    assert good or client.get(REGISTER).status_code == 400


@pytest.mark.parametrize(("seconds", "good"), [(1790, True), (1801, False)])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a31_so_is_a_proof(standin: StandIn, settings, later, slug, seconds, good):
    settings.SOCIALREG = {**settings.SOCIALREG, "RECENT_LOGIN": None}
    owner()
    client = Client()
    arrive(standin, client, slug)
    asked = question(client)
    later(seconds)
    assert client.post(asked, {"link": "1"}).status_code == (302 if good else 400)
    assert SocialAccount.objects.exists() is good


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a31_answering_prolongs_nothing(standin: StandIn, monkeypatch, slug):
    client = Client()
    arrive(standin, client, slug)
    now = time.time()
    for minutes, status in ((20, 200), (29, 200), (31, 400)):
        monkeypatch.setattr(time, "time", lambda minutes=minutes: now + 60 * minutes)
        assert client.post(REGISTER, {"username": ""}).status_code == status


@pytest.mark.parametrize(("seconds", "good"), [(1790, True), (1801, False)])
@pytest.mark.parametrize("shelf", get_args(Shelf))
def test_a31_nor_does_anything_else_lie_there_for_longer(client, later, shelf, seconds, good):
    """Whoever has to confirm an address, a form that is to be filled in, changes to be asked about."""
    request = HttpRequest()
    request.session = client.session
    shelves.put(request, shelf, {"user": "1"})
    later(seconds)
    assert (shelves.find(request, shelf) is not None) is good
    assert shelves.is_taken(request, shelf) is good, "and what is too old is gone"


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a31_looking_at_it_uses_nothing_up_and_finishing_does(standin: StandIn, slug):
    client = Client()
    arrive(standin, client, slug)
    for _ in range(3):
        assert client.get(REGISTER).status_code == 200
    assert not SocialAccount.objects.exists()
    form = Page(client.get(REGISTER)).form(**FORM)
    client.post(REGISTER, form)
    User.objects.all().delete()
    SocialAccount.objects.all().delete()
    for again in (client.get(REGISTER), client.post(REGISTER, form)):
        assert again.status_code == 400
    assert not User.objects.exists()


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_a31_a_seal_opens_for_its_own_purpose_alone(purpose):
    sealed = seal(purpose, {"user": "1"})
    assert [each for each in get_args(Purpose) if unseal(each, sealed) is not None] == [purpose]


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a31_what_is_sealed_for_one_purpose_is_nothing_to_another(standin: StandIn, slug):
    """A registration is no attempt, an attempt no registration, though both are sealed by the same key."""
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    (name,) = (each for each in client.cookies if "attempt" in each)
    attempt = client.cookies[name].value
    arrive(standin, client, slug)
    session = client.session
    sealed = session["socialreg_pending"]
    session["socialreg_pending"] = attempt
    session.save()
    assert client.get(REGISTER).status_code == 400
    swapped = Client()
    swapped.cookies = SimpleCookie({name: sealed})
    before = len(standin.api_requests)
    assert come_back(swapped, back).status_code == 400
    assert len(standin.api_requests) == before
    assert not SocialAccount.objects.exists()
