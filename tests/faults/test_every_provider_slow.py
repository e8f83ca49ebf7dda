"""F02 over every provider that ships: one that answers byte by byte holds nobody longer than a request may take."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.deadlines import deadline
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.security.walking import EVERY, SERVER, come_back, start

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

#: In place of ten seconds; seconds between two bytes, each of which comes in time; a page of ours, on a busy machine.
SOON, PAUSE, A_PAGE = 1.0, 0.1, 2.0


def press(client: Client, slug: str) -> HttpResponse:
    return client.post(reverse("socialreg:start", args=[slug]), SERVER)


def is_unavailable(response: HttpResponse) -> bool:
    """Whether a visitor is told so; who has named a server (Mastodon's) is asked for another one."""
    page = response.content.decode()
    asks_again = response.status_code == 400 and 'name="server"' in page
    return asks_again or (response.status_code == 503 and "is not available just now</h1>" in page)


def ended_in_time(standin: StandIn, step: str, slug: str, act: Callable[[], HttpResponse]) -> None:
    """Do a step while the provider drips; it ends in time, without waiting where it asks nothing."""
    cache.clear()
    providers.clear()
    providers.usable(slug)  # made before the time runs: on a busy machine nothing would be left of it
    standin.fault("drip", seconds=PAUSE)
    before, began = len(standin.api_requests), time.monotonic()
    with deadline(SOON):
        response = act()
    seconds, asked = time.monotonic() - began, len(standin.api_requests) - before
    assert seconds < SOON + A_PAGE, step
    if asked:
        assert seconds > SOON / 2, step
        assert is_unavailable(response), step
    else:
        assert (step, response.status_code) == ("start", 302)


@pytest.mark.parametrize("slug", EVERY)
def test_f02_a_provider_that_drips_holds_no_start_and_no_callback(standin: StandIn, slug: str):
    client = Client()
    ended_in_time(standin, "start", slug, lambda: press(client, slug))
    standin.reset()
    cache.clear()
    back = standin.approve(start(client, slug), "maralind")
    ended_in_time(standin, "callback", slug, lambda: come_back(client, back))
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
