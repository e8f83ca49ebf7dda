"""A36: no page of ours is framed, kept by a cache, or told to another site, whatever middleware the site has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import urls
from socialreg.background import background
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.holding import held
from tests.owning import HOOK, connect_url, disconnect_url, member_of, request_of
from tests.parsed import Page
from tests.security.visiting import CONNECTIONS, LINK, PROVE, REGISTER, arrive, fill_in, owner, question
from tests.security.walking import PROTOCOLS, SERVER, changed, come_back, start

pytestmark = pytest.mark.django_db(transaction=True)

#: What our pages cannot do without. Neither SecurityMiddleware nor XFrameOptionsMiddleware nor a CSRF check is there.
BARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
#: The one answer that is no page: public, the same for everybody, and meant to be kept.
STYLE = {"style"}


@pytest.fixture(autouse=True)
def bare(standin: StandIn, settings) -> None:
    settings.MIDDLEWARE = BARE
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": HOOK, "EMAIL_CONFIRMATION": "send"}


def headed(response: HttpResponse) -> None:
    assert {"no-store", "private"} == set(response["Cache-Control"].split(", "))
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}
    policy = response["Content-Security-Policy"]
    for directive in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert directive in policy


def for_nobody(standin: StandIn, slug: str) -> Iterator[tuple[str, HttpResponse]]:
    """Walk through what somebody sees who is not logged in; yield each page by the name of its URL."""
    client, strict = Client(), Client(enforce_csrf_checks=True)
    there, callback = reverse("socialreg:start", args=[slug]), reverse("socialreg:callback", args=[slug])
    yield "login", client.get(reverse("socialreg:login"))
    yield "start", client.get(there)
    yield "start", strict.post(there, SERVER)
    yield "start", client.post(there, {**SERVER, "intent": "connect"})
    yield "start", client.post(there, SERVER)
    yield "start", client.post(reverse("socialreg:start", args=["nobody-of-this-name"]))
    yield "start", client.post(reverse("socialreg:start", args=["mastodon"]))  # asks for the server
    yield "callback", client.get(callback)
    yield "callback", come_back(client, standin.deny(start(client, slug)))
    yield "callback", come_back(client, changed(standin.approve(start(client, slug)), iss="https://evil.example"))
    yield "api-start", client.post(reverse("socialreg:api-start", args=[slug]), SERVER)
    yield "api-start", client.get(reverse("socialreg:api-start", args=[slug]))
    for name in ("register", "prove", "link", "again", "connections", "email", "changes"):
        yield name, client.get(reverse(f"socialreg:{name}"))
    for name, arguments in (("disconnect", [1]), ("confirm-email", ["made-up"]), ("disconnect-owner", [])):
        yield name, client.get(reverse(f"socialreg:{name}", args=arguments))
    yield "callback", arrive(standin, client, slug, "kestrel")
    yield "register", client.get(REGISTER)
    yield "register", client.post(REGISTER, {"username": ""})
    yield "register", fill_in(client, username="kestrel", email="kestrel@example.org")


def for_users(standin: StandIn, slug: str) -> Iterator[tuple[str, HttpResponse]]:
    """Walk through what somebody sees who is, or is about to be."""
    user, client = owner(), Client()
    yield "callback", arrive(standin, client, slug)
    yield "prove", client.get(PROVE)
    yield "prove", client.post(PROVE, {"prove": "1"})
    asked = question(client)
    yield "link", client.get(asked)
    with held():
        yield "link", client.post(asked, {"link": "1"})
    yield "link", client.get(LINK)
    yield "connections", client.get(CONNECTIONS)
    yield "callback", arrive(standin, client, slug, "tomas_ok", intent="connect")
    yield "email", client.get(reverse("socialreg:email"))
    with held():
        yield "email", client.post(reverse("socialreg:email"), {"change": "1", "email": "mara@elsewhere.example"})
    background.drain()
    link = urlsplit(re.search(r"http\S+/confirm/\S+", " ".join(str(each.body) for each in mail.outbox))[0]).path
    yield "confirm-email", client.get(link)
    with held():
        yield "confirm-email", client.post(link, {"confirm": "1"})
    yield "changes", client.get(reverse("socialreg:changes"))
    yield "changes", client.post(reverse("socialreg:changes"))
    key = SocialAccount.objects.filter(user=user).first().pk
    yield "disconnect", client.get(reverse("socialreg:disconnect", args=[key]))
    with held():
        yield "disconnect", client.post(reverse("socialreg:disconnect", args=[key]))
    client.force_login(user)
    session = client.session
    session["socialreg_since"] = 0
    session.save()
    yield "again", client.get(reverse("socialreg:again"))
    yield "again", client.post(reverse("socialreg:again"), {"password": "wrong"})
    member, organisation = member_of()
    client.force_login(member)
    yield "start", client.get(connect_url(request_of(member), organisation, "twitter"))
    yield "disconnect-owner", client.post(disconnect_url(request_of(member), organisation, "twitter"))


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a36_every_answer_says_so_itself(standin: StandIn, slug):
    seen = set()
    for walk in (for_nobody, for_users):
        for name, response in walk(standin, slug):
            seen.add((name, response.status_code))
            headed(response)
    assert {name for name, _ in seen} == {str(each.name) for each in urls.urlpatterns} - STYLE, "no page is left out"
    assert {status for _, status in seen} >= {200, 302, 400, 403, 405}


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a36_what_is_shown_on_the_way_fetches_nothing_from_elsewhere(standin: StandIn, slug):
    """Neither a start nor a callback that fails: their addresses hold what others must not read."""
    for name, response in for_nobody(standin, slug):
        if name not in {"start", "callback", "login"} or "text/html" not in response.get("Content-Type", ""):
            continue
        for _, attrs in Page(response).elements:
            for address in (attrs.get(each, "") for each in ("src", "srcset", "href", "action", "data", "poster")):
                assert urlsplit(address).netloc in {"", "testserver"}, (name, address)


def test_a36_the_style_is_kept_and_is_nobodys(client):
    response = client.get(reverse("socialreg:style"))
    assert response.status_code == 200
    assert not response.cookies
    assert "private" not in response["Cache-Control"]
