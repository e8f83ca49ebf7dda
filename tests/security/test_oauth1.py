"""A16: OAuth 1.0a. A verifier is for one request token, which is for one attempt; nothing else gets an access token."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.security.walking import (
    attempts,
    changed,
    come_back,
    fields_of,
    is_error_page,
    session_of,
    start,
    untouched,
    visitor,
)

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
#: Where each of them is asked for an access token.
EXCHANGE = {"twitter": "/oauth/access_token", "photos": "/photos/access_token"}
ISSUE = {"twitter": "/oauth/request_token", "photos": "/photos/request_token"}


@pytest.fixture(params=EXCHANGE)
def slug(request, photos: StandIn) -> str:
    """The provider that ships, and one of a site's own."""
    return request.param


def exchanged(standin: StandIn, slug: str) -> int:
    """Return how often an access token was asked for."""
    return len(standin.requests_to(EXCHANGE[slug]))


#: What a callback may say in the place of its own token and verifier; ``theirs`` is that of another session.
WRONG: dict[str, Callable[[dict[str, str]], dict[str, str | None]]] = {
    "token made up": lambda _: {"oauth_token": "made-up"},
    "token of another session": lambda theirs: {"oauth_token": theirs["oauth_token"]},
    "token and verifier of another session": lambda theirs: {**theirs},
    "token empty": lambda _: {"oauth_token": ""},
    "no token": lambda _: {"oauth_token": None},
    "no verifier": lambda _: {"oauth_verifier": None},
    "verifier empty": lambda _: {"oauth_verifier": ""},
    "neither": lambda _: {"oauth_token": None, "oauth_verifier": None},
    "another's token denied": lambda theirs: {"oauth_token": None, "denied": theirs["oauth_token"]},
    "nothing denied": lambda _: {"oauth_token": None, "denied": ""},
}


@INTENTS
@pytest.mark.parametrize("wrong", WRONG)
def test_a16_another_token_or_no_verifier_gets_no_access_token(standin: StandIn, slug, wrong, intent):
    other, client = Client(), visitor(intent)
    theirs = fields_of(standin.approve(start(other, slug), "tomas_ok"))
    back = standin.approve(start(client, slug, intent=intent), "maralind")
    with untouched(standin, client, other):
        assert is_error_page(come_back(client, changed(back, **WRONG[wrong](theirs))))
    assert exchanged(standin, slug) == 0
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("fault", ["callback-unconfirmed", "callback-confirmation-missing"])
@INTENTS
def test_a16_a_provider_that_does_not_confirm_the_callback_is_sent_nobody(standin: StandIn, slug, fault, intent):
    """RFC 5849 section 2.1: it would speak OAuth 1.0, whose callback anybody can forge."""
    client = visitor(intent)
    before = session_of(client)
    standin.fault(fault)
    response = client.post(reverse("socialreg:start", args=[slug]), {"intent": intent})
    assert is_error_page(response, 502)
    assert "Location" not in response
    assert not [name for name in client.cookies if "attempt" in name]
    assert (session_of(client), exchanged(standin, slug)) == (before, 0)
    assert len(standin.requests_to(ISSUE[slug])) == 1


@INTENTS
def test_a16_whoever_presses_cancel_is_back_and_nothing_was_exchanged(standin: StandIn, slug, intent):
    client = visitor(intent)
    location = start(client, slug, intent=intent, next="/home/?a=b")
    back, cookies = standin.deny(location), attempts(client)
    with untouched(standin, client):
        response = come_back(client, back)
        assert response.status_code == 200
        assert b'value="/home/?a=b"' in response.content
        client.cookies.update(cookies)
        assert is_error_page(come_back(client, back)), "that attempt is over"
    assert exchanged(standin, slug) == 0


@INTENTS
def test_a16_both_at_once_is_cancelled(standin: StandIn, slug, intent):
    """A callback that is denied and approved is nobody's consent."""
    client = visitor(intent)
    back = standin.approve(start(client, slug, intent=intent), "maralind")
    with untouched(standin, client):
        assert come_back(client, changed(back, denied=fields_of(back)["oauth_token"])).status_code == 200
    assert exchanged(standin, slug) == 0


def test_a16_a_request_token_is_good_once(standin: StandIn, slug):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    cookies = attempts(client)
    assert come_back(client, back)["Location"] == reverse("socialreg:register")
    client.cookies.update(cookies)
    for browser in (client, visitor()):
        with untouched(standin, client, browser):
            assert is_error_page(come_back(browser, back))
    assert exchanged(standin, slug) == 1


def test_a16_a_verifier_that_was_never_issued_is_the_providers_to_refuse_and_is_tried_once(standin: StandIn, slug):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    cookies, before = attempts(client), session_of(client)
    assert is_error_page(come_back(client, changed(back, oauth_verifier="made-up")), 502)
    client.cookies.update(cookies)
    assert is_error_page(come_back(client, back))
    assert (exchanged(standin, slug), session_of(client)) == (1, before)


def test_a16_nothing_of_the_request_token_is_left_in_the_session(standin: StandIn, slug):
    """Neither while somebody registers, nor when they have."""
    client = visitor()
    location = start(client, slug)
    back = standin.approve(location, "maralind")
    said = fields_of(back)
    come_back(client, back)
    form = {"username": "mara", "email": "mara@example.org", "first_name": "M", "last_name": "L"}
    for _ in range(2):
        assert not [value for value in said.values() if value in repr(session_of(client))]
        client.post(reverse("socialreg:register"), form)
    assert User.objects.get().username == "mara"
