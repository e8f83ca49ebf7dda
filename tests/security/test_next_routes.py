"""A34 by the list of all routes: whichever reads ``next``, now or one day, from an address or a form, is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import shelves, urls
from socialreg.background import background
from socialreg.conf import Action
from socialreg.confirmation import begin
from socialreg.models import SocialAccount, UserAddress
from socialreg.testing import StandIn
from tests.holding import held
from tests.parsed import Page
from tests.security.test_next import has_no_way_out, stays
from tests.security.visiting import owner
from tests.security.walking import SERVER
from tests.test_redirects import FORGED, SENT

pytestmark = pytest.mark.django_db

#: Every route but the style, which is no page.
ROUTES = sorted({str(each.name) for each in urls.urlpatterns} - {"style"})
ARGUMENTS: dict[str, list[object]] = {
    "start": ["twitter"],
    "callback": ["twitter"],
    "api-start": ["twitter"],
    "confirm-email": ["made-up"],
    "disconnect": [1],
}


@pytest.fixture(autouse=True)
def any_host(settings, standin: StandIn) -> None:
    """A site that lets every host in, where nobody counts."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    off = dict.fromkeys(("address", "account"))
    limits = dict.fromkeys(get_args(Action), off)
    settings.SOCIALREG = {**settings.SOCIALREG, "RATE_LIMITS": limits, "EMAIL_CONFIRMATION": "send"}


def test_a34_the_corpus_is_of_60_and_more():
    assert len(set(SENT)) >= 60


def account(user: User) -> SocialAccount:
    return SocialAccount.objects.create(pk=1, user=user, provider="github", issuer="i", subject="1", identity="1")


def answers(route: str, candidate: str, user: User | None) -> Iterator[HttpResponse]:
    """Yield what a route answers to an address that a visitor brings along in each way."""
    path = reverse(f"socialreg:{route}", args=ARGUMENTS.get(route, []))
    client = Client(**FORGED)
    if user:
        client.force_login(user)
        SocialAccount.objects.filter(pk=1).delete()
        account(user)
    yield client.get(f"{path}?{urlencode({'next': candidate})}")
    with held():
        yield client.post(f"{path}?{urlencode({'next': candidate})}", {**SERVER, "next": candidate})


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "a user"])
@pytest.mark.parametrize("route", ROUTES)
def test_a34_no_route_takes_anybody_away(standin: StandIn, route, who):
    user = owner() if who == "a user" else None
    for candidate in SENT:
        for response in answers(route, candidate, user):
            if response.status_code == 302 and not response["Location"].startswith(standin.url):
                stays(response["Location"], candidate)
            elif response.get("Content-Type", "").startswith("text/html"):
                has_no_way_out(response, candidate)


@pytest.mark.django_db(transaction=True)
def test_a34_whoever_confirmed_an_address_is_led_on_here(standin: StandIn):
    """The button on the page that says so takes along where the visitor wanted to go, as it waited in the session."""
    user = owner()
    account(user)
    begin(user)
    background.drain()
    link = urlsplit(re.search(r"http\S+/confirm/\S+", str(mail.outbox[0].body))[0]).path
    kept = UserAddress.objects.values().get()
    for candidate in SENT:
        UserAddress.objects.all().delete()
        UserAddress.objects.create(**kept)
        client = Client(**FORGED)
        request = HttpRequest()
        request.session = client.session
        shelves.put(request, "held", {"user": str(user.pk), "next": candidate})
        request.session.save()
        has_no_way_out(client.get(link), candidate)
        with held():
            page = client.post(link, {"confirm": "1"})
        assert Page(page).of("form"), candidate
        has_no_way_out(page, candidate)
