"""A29: nobody is left without a way to log in, by one disconnection or by two at once."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests import stores
from tests.security.visiting import CONNECTIONS, register
from tests.security.walking import EVERY, PROTOCOLS
from tests.test_connections import account_of, at_once


def disconnect(client: Client, account_id: int) -> HttpResponse:
    return client.post(reverse("socialreg:disconnect", args=[account_id]))


def refused(client: Client, account: SocialAccount) -> None:
    response = disconnect(client, account.pk)
    assert response.status_code == 403
    assert "This is your last way in" in response.content.decode()
    assert SocialAccount.objects.filter(pk=account.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("slug", EVERY)
def test_a29_the_only_account_of_somebody_without_a_password_stays(standin: StandIn, slug):
    client = Client()
    user = register(standin, client, slug, username="mara", email="mara@example.org")
    refused(client, user.social_accounts.get())


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["lost", "not enabled", "password nobody takes", "empty password"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a29_what_nobody_can_log_in_with_does_not_count(standin: StandIn, settings, slug, other):
    client = Client()
    user = register(standin, client, slug, username="mara", email="mara@example.org")
    last = user.social_accounts.get()
    if other == "lost":
        account_of(user, "1", lost_at=timezone.now())
    elif other == "not enabled":
        account_of(user, "1", provider="gone")
    else:
        settings.AUTHENTICATION_BACKENDS = ["socialreg.backends.SocialBackend"]
        user.set_password("secret" if other == "password nobody takes" else "")
        user.save()
        client.force_login(user)
    refused(client, last)


@pytest.mark.django_db
@pytest.mark.parametrize("number", [0, 10**9])
def test_a29_no_number_means_all_of_them(standin: StandIn, number):
    client = Client()
    user = User.objects.create_user("mara", password="secret")
    account_of(user, "1")
    client.force_login(user)
    assert disconnect(client, number).status_code == 403
    assert client.post(f"{CONNECTIONS}-1/disconnect/").status_code == 404
    assert user.social_accounts.exists()


@stores.on("sqlite", "postgres", "mysql")
def test_a29_of_two_that_are_disconnected_in_two_tabs_at_once_one_stays(database, site):
    """Through the whole site, in threads, ten times over."""
    for turn in range(10):
        user = User.objects.create(username=f"user{turn}", password="!")
        keys = [account_of(user, f"{turn}-{each}").pk for each in range(2)]
        tabs = [Client(), Client()]
        for tab in tabs:
            tab.force_login(user)
        came = at_once(*[partial(disconnect, tab, key) for tab, key in zip(tabs, keys, strict=True)])
        assert user.social_accounts.count() == 1, came
        # The first one ends the session of the second, which may be told so before it has a turn.
        assert [each.status_code for each in came].count(302) >= 1
        assert {each.status_code for each in came} <= {302, 403}
