"""More for an account that is there: the addition is asked for, what was granted is kept, and a no changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from socialreg.models import SocialAccount
from socialreg.owners import connect_url
from socialreg.scopes import covers
from tests.owners_app.models import Organisation
from tests.owning import HOOK, account, member_of, request_of, says
from tests.world import CODE

pytestmark = pytest.mark.django_db

ISSUER = "https://acme.example"


@pytest.fixture
def mine(world, client, settings):
    """An account of somebody's who is logged in, granted "read"."""
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": HOOK}
    user = User.objects.create_user("juno")
    client.force_login(user)
    return account("7", user, issuer=ISSUER, provider="acme", scope="read")


def ask(client, instance, granted: str | None = None, world=None, **more: str):
    """Press the button for more, come back with what the provider granted; return where we were sent, and the end."""
    world.fields["acme-token", "scope"] = ... if granted is None else granted
    world.serve()
    user = User.objects.get(pk=client.session["_auth_user_id"])
    began = client.post(connect_url(request_of(user), instance, **{"scope": "write", **more}))
    sent = parse_qs(urlsplit(began["Location"]).query)
    callback = reverse("socialreg:callback", args=["acme"])
    return sent, client.get(callback, {"state": sent["state"][0], "code": CODE})


def test_the_addition_is_asked_for_beside_what_was_granted_and_both_are_there_then(world, client, mine):
    sent, response = ask(client, mine, "write read", world, next="/home/")
    assert sent["scope"] == ["read write"]
    assert response["Location"] == "/home/"
    grown = SocialAccount.objects.get()
    assert set(grown.scope.split()) == {"read", "write"}
    assert grown.credentials.token == "t0ken"
    assert grown.user == mine.user


def test_a_provider_that_does_not_say_what_it_granted_granted_what_was_asked(world, client, mine):
    ask(client, mine, None, world)
    assert SocialAccount.objects.get().scope == "read write"


@pytest.mark.parametrize("granted", ["read", "other", "write"])
def test_less_than_was_asked_changes_nothing_and_the_visitor_is_told(world, client, mine, granted):
    """Neither without the addition, nor without what was there before."""
    before = SocialAccount.objects.values().get()
    _, response = ask(client, mine, granted, world)
    assert (response.status_code, says(response)) == (403, "Acme did not allow it")
    assert SocialAccount.objects.values().get() == before


def test_what_lost_tokens_could_do_need_not_be_granted_again(world, client, mine):
    SocialAccount.objects.update(lost_at=timezone.now(), lost_code="revoked")
    ask(client, SocialAccount.objects.get(), "write", world)
    renewed = SocialAccount.objects.get()
    assert (renewed.scope, renewed.lost_at) == ("write", None)


def test_connecting_again_asks_for_what_was_granted(world, client, mine):
    SocialAccount.objects.update(scope="read special")
    sent, _ = ask(client, SocialAccount.objects.get(), None, world, scope="")
    assert sent["scope"] == ["read special"]


def test_an_organisations_account_is_allowed_more_by_whoever_may_change_it(world, client, mine):
    user, organisation = member_of(username="kes")
    client.force_login(user)
    SocialAccount.objects.update(user=None)
    Organisation.objects.update(second=mine)
    organisation.refresh_from_db()
    ask(client, organisation, "read write", world, field="second")
    assert Organisation.objects.get().second.scope == "read write"


def test_another_person_at_the_provider_is_not_taken_for_the_one_meant(world, client, mine):
    world.fields["acme-profile", "id"] = "8"
    before = SocialAccount.objects.values().get()
    _, response = ask(client, mine, "read write", world)
    assert says(response) == "You chose another account"
    assert SocialAccount.objects.values().get() == before


# A login afterwards


def log_in(world, client, granted: str):
    world.fields["acme-token", "scope"] = granted
    world.serve()
    client.logout()
    began = client.post(reverse("socialreg:start", args=["acme"]))
    state = parse_qs(urlsplit(began["Location"]).query)["state"][0]
    response = client.get(reverse("socialreg:callback", args=["acme"]), {"state": state, "code": CODE})
    assert response["Location"] == "/home/"
    return SocialAccount.objects.get()


def test_a_login_that_asks_for_little_takes_nothing_from_an_account(world, client, mine):
    SocialAccount.objects.update(scope="read write")
    after = log_in(world, client, "read")
    assert (after.scope, after.credentials.token) == ("read write", "token-7")
    assert after.used_at > mine.used_at


@pytest.mark.parametrize(
    ("granted", "changes"),
    [
        ("read write more", {}),
        ("read", {"lost_at": "now"}),
        ("read", {"expires_at": "past"}),
        ("read", {"sealed_credentials": "of another key"}),
        ("read", {"provider": "gone"}),
    ],
)
def test_a_login_renews_the_tokens_where_nothing_is_lost_by_that(world, client, mine, granted, changes):
    moments = {"now": timezone.now(), "past": timezone.now() - timedelta(hours=1)}
    SocialAccount.objects.update(scope="read write", **{name: moments.get(v, v) for name, v in changes.items()})
    after = log_in(world, client, granted)
    assert (after.scope, after.credentials.token, after.lost_at) == (granted, "t0ken", None)


@pytest.mark.parametrize(
    ("brought", "changes", "kept"),
    [
        (..., {}, "first"),
        ("second", {}, "second"),
        (..., {"lost_at": timezone.now()}, ""),
        (..., {"provider": "gone"}, ""),
        (..., {"sealed_credentials": "of another key"}, ""),
    ],
)
def test_a_login_that_brings_no_refresh_token_keeps_the_one_of_before(world, client, mine, brought, changes, kept):
    """Google hands one out when somebody agrees for the first time, and never again by itself."""
    mine.credentials = replace(mine.credentials, refresh_token="first")
    mine.save()
    SocialAccount.objects.update(**changes)
    world.fields["acme-token", "refresh_token"] = brought
    after = log_in(world, client, "read")
    assert (after.credentials.token, after.credentials.refresh_token) == ("t0ken", kept)
    assert after.refreshable is bool(kept)


def test_a_refresh_under_way_is_not_undone_by_such_a_login(world, client, mine):
    """What it brings is newer than what the login read, and not what the login brings."""
    SocialAccount.objects.update(scope="read write", refresh_begun_at=timezone.now())
    assert log_in(world, client, "read").refresh_begun_at is not None


@pytest.mark.parametrize(
    ("granted", "wanted", "answer"),
    [
        ("a b", "b a", True),
        ("a", "a b", False),
        ("", "", True),
        ("", "a", False),
        ("ab", "a", False),
        ("A", "a", False),
    ],
)
def test_scopes_are_compared_name_by_name(granted, wanted, answer):
    assert covers(granted, wanted) is answer
