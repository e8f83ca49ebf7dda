"""A30: the registration form is posted with what it never asked for, over every provider."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from socialreg.address_status import is_confirmed
from socialreg.models import SocialAccount
from socialreg.signals import registered
from socialreg.testing import StandIn
from tests.parsed import Page
from tests.security.visiting import ADDRESS, ADDRESSED, REGISTER, SAYING_WHETHER, VOUCHING, arrive, fill_in, user_of
from tests.security.walking import EVERY, PROTOCOLS

pytestmark = pytest.mark.django_db

#: What decides about rights, identity and trust, by every name that it goes by anywhere here.
FORGED = {
    "is_staff": "on",
    "is_superuser": "1",
    "is_active": "",
    "password": "known",
    "password1": "known",
    "id": "77",
    "pk": "77",
    "user": "77",
    "user_id": "77",
    "groups": "1",
    "user_permissions": "1",
    "date_joined": "2001-01-01",
    "last_login": "2001-01-01",
    "uid": "666",
    "subject": "666",
    "identity": "666",
    "provider": "evil",
    "slug": "evil",
    "issuer": "https://evil.example",
    "email_verified": "true",
    "verified": "on",
    "verified_address": ADDRESS,
    "credentials": "{}",
    "arrival": "{}",
    "pending": "{}",
    "socialreg_pending": "{}",
    "purpose": "prove",
    "proof": "1",
    "since": "0",
    "asked": "username",
    "next": "https://evil.example/",
}


def identity(client: Client) -> str:
    """Return the name that the form gives the identity that waits."""
    return Page(client.get(REGISTER)).named("socialreg_whose")["value"]


@pytest.mark.parametrize("slug", EVERY)
def test_a30_nothing_is_taken_but_what_the_form_asks_for(standin: StandIn, slug):
    User.objects.create_superuser("root", pk=77)
    client = Client()
    assert arrive(standin, client, slug)["Location"] == REGISTER
    response = fill_in(client, username="mara", email="mara@example.org", **FORGED)
    assert response["Location"] == "/home/"
    user, account = User.objects.exclude(pk=77).get(), SocialAccount.objects.get()
    assert user_of(client) == account.user == user
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert not user.has_usable_password()
    assert not user.groups.exists()
    assert not user.user_permissions.exists()
    assert user.date_joined.year != 2001
    assert account.provider == slug
    assert "evil" not in account.issuer
    assert "666" not in {account.subject, account.identity}
    assert account.credentials is not None
    assert account.credentials.token
    assert not account.email_verified or account.email == ADDRESS


@pytest.mark.parametrize("slug", EVERY)
def test_a30_the_identity_of_another_session_is_nothing_to_this_one(standin: StandIn, slug):
    mine, other = Client(), Client()
    arrive(standin, mine, slug)
    arrive(standin, other, slug, "kestrel")
    stolen = identity(other)
    assert fill_in(mine, username="mara", email="mara@example.org", socialreg_whose=stolen).status_code == 403
    assert not User.objects.exists()
    fill_in(mine, username="mara", email="mara@example.org")
    fill_in(other, username="kestrel", email="kestrel@example.org")
    people = {account.user.username: account.subject for account in SocialAccount.objects.all()}
    assert len(set(people.values())) == 2
    assert user_of(mine).username == "mara"


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a30_a_field_that_is_not_shown_cannot_be_answered(standin: StandIn, settings, slug):
    settings.SOCIALREG = {**settings.SOCIALREG, "ASK_FOR": "missing"}
    User.objects.create_user("maralind", "taken@example.org")  # so that there is something to ask
    standin.tell(slug, {"email": ...})
    client = Client()
    assert arrive(standin, client, slug)["Location"] == REGISTER
    page = Page(client.get(REGISTER))
    assert "email" in page.asked()
    hidden = {"username", "first_name", "last_name"} - page.asked()
    assert hidden
    answers = {**page.form(email="mara@example.org"), **dict.fromkeys(hidden, "admin"), **FORGED}
    if "username" in page.asked():
        answers["username"] = "mara"
    assert client.post(REGISTER, answers).status_code == 302
    user = SocialAccount.objects.get().user
    assert "admin" not in {user.username, user.first_name, user.last_name}
    assert user.email == "mara@example.org"
    assert is_confirmed(user) is False


#: The provider's address, changed: each is another one to somebody's mail server.
CHANGED = [
    "mallory@example.net",
    "Mara.Lindqvist@example.com",
    "mara.lindqvist+x@example.com",
    "maralindqvist@example.com",
    "mara.lindqvist@example.com.evil.example",
    "mara.lindqvist@EXAMPLE.org",
]


@pytest.mark.parametrize("typed", CHANGED)
@pytest.mark.parametrize("slug", ADDRESSED)
def test_a30_an_address_that_was_changed_is_unverified(standin: StandIn, slug, typed):
    client = Client()
    arrive(standin, client, slug)
    assert fill_in(client, username="mara", email=typed, email_verified="true", verified="on").status_code == 302
    assert is_confirmed(SocialAccount.objects.get().user) is False


@pytest.mark.parametrize("slug", ADDRESSED)
def test_a30_one_that_was_left_alone_is_as_verified_as_the_provider_says(standin: StandIn, slug):
    client = Client()
    arrive(standin, client, slug)
    fill_in(client, username="mara")
    assert is_confirmed(SocialAccount.objects.get().user) is (slug in VOUCHING)


@pytest.mark.parametrize("slug", SAYING_WHETHER)
def test_a30_one_that_the_provider_does_not_vouch_for_is_not_verified_by_a_form(standin: StandIn, slug):
    standin.tell(slug, {"email_verified": False})
    client = Client()
    arrive(standin, client, slug)
    fill_in(client, username="mara", email=ADDRESS, email_verified="true", verified_address=ADDRESS)
    account = SocialAccount.objects.get()
    assert not account.email_verified
    assert is_confirmed(account.user) is False


@pytest.mark.parametrize(("typed", "verified"), [(ADDRESS, True), *[(each, False) for each in CHANGED]])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a30_the_site_is_told_which(standin: StandIn, django_capture_on_commit_callbacks, slug, typed, verified):
    told: list[bool] = []

    def receiver(email_verified: bool, **_: object) -> None:
        told.append(email_verified)

    registered.connect(receiver)
    try:
        client = Client()
        arrive(standin, client, slug)
        with django_capture_on_commit_callbacks(execute=True):
            fill_in(client, username="mara", email=typed)
    finally:
        registered.disconnect(receiver)
    assert told == [verified]
