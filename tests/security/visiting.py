"""What attacks on accounts need besides the way of a login: who is here, whose address it is, by which providers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.attempt import Attempt
from socialreg.encryption import unseal
from socialreg.testing import StandIn
from tests.parsed import Page
from tests.security.walking import EVERY, come_back, start

#: Those that tell an address, and those of them that say of each whether it is verified.
ADDRESSED = [slug for slug in EVERY if slug not in {"mastodon", "reddit"}]
SAYING_WHETHER = ["apple", "discord", "gitlab", "google", "linkedin", "corp", "slack", "twitch"]
#: Those that vouch for an address: by their word, or because they document that they give no other.
VOUCHING = [slug for slug in ADDRESSED if slug not in {"acme", "facebook", "microsoft", "spotify"}]
#: The address that maralind has at each of them.
ADDRESS = "mara.lindqvist@example.com"
PASSWORD = "secret"
PROVE, LINK, REGISTER = reverse("socialreg:prove"), reverse("socialreg:link"), reverse("socialreg:register")
CONNECTIONS = reverse("socialreg:connections")


def arrive(standin: StandIn, client: Client, slug: str, who: str = "maralind", **data: str) -> HttpResponse:
    """Press the button, consent as somebody, come back; return our answer."""
    return come_back(client, standin.approve(start(client, slug, **data), who))


def user_of(client: Client) -> User | None:
    """Return who is logged in, by what the session says and the backend believes."""
    request = HttpRequest()
    request.session = client.session
    found = get_user(request)
    return found if found.is_authenticated else None


def waiting_in(client: Client) -> Attempt:
    """Return the attempt that was begun last, as its cookie has it."""
    found = [unseal("attempt", cookie.value) for name, cookie in client.cookies.items() if "attempt" in name]
    return max((Attempt(**data) for data in found if data), key=lambda each: each.started)


def owner(username: str = "mara", address: str = ADDRESS) -> User:
    """Return somebody with a password, who has an address."""
    return User.objects.create_user(username, address, PASSWORD)


def log_in(client: Client, username: str = "mara", following: str = "/home/") -> HttpResponse:
    """Log in by the site's own form."""
    return client.post("/login/", {"username": username, "password": PASSWORD, "next": following})


def question(client: Client, username: str = "mara") -> str:
    """Go off to prove the old account by its password; return where that leads: the question whether to link."""
    sent = urlsplit(client.post(PROVE, {"prove": "1"})["Location"])
    return log_in(client, username, parse_qs(sent.query)["next"][0])["Location"]


def fill_in(client: Client, **answers: str) -> HttpResponse:
    """Send the registration form, with what it shows and some answers changed."""
    return client.post(REGISTER, Page(client.get(REGISTER)).form(**answers))


def register(standin: StandIn, client: Client, slug: str, who: str = "maralind", **answers: str) -> User:
    """Come as somebody new, and register; return the user."""
    assert arrive(standin, client, slug, who)["Location"] == REGISTER
    response = fill_in(client, **answers)
    assert response.status_code == 302, response.content.decode()
    found = user_of(client)
    assert found is not None
    return found
