"""The way of a login over every provider that ships, step by step, so that a test can change any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import FORM
from socialreg.testing.visitor import Posted
from tests.shipped import GENERIC, PROTOCOLS, slugs

EVERY = [GENERIC.get(slug, slug) for slug in slugs()]
#: What is begun where: all that ship log somebody in, one of each protocol connects as well.
BEGUN = [(slug, "login") for slug in EVERY] + [(slug, "connect") for slug in PROTOCOLS]
SERVER = {"server": "one.example"}


def start(client: Client, slug: str, **data: str) -> str:
    """Press the button; return where the browser is sent."""
    response = client.post(reverse("socialreg:start", args=[slug]), {**SERVER, **data})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def fields_of(back: str) -> dict[str, str]:
    """Return what the provider's answer says, in the address or in a form."""
    return dict(back.fields) if isinstance(back, Posted) else dict(parse_qsl(urlsplit(back).query))


def come_back(client: Client, back: str) -> HttpResponse:
    """Do what the browser does with the provider's answer."""
    path = urlsplit(back).path
    if not isinstance(back, Posted):
        return client.get(back)
    hop = client.post(path, urlencode(back.fields), content_type=FORM)
    assert hop.status_code == 303
    return client.get(hop["Location"])


def changed(back: str, **values: str | None) -> str:
    """Return the provider's answer with other parameters; ``None`` takes one away."""
    given: Mapping[str, str | None] = {**fields_of(back), **values}
    fields = {name: value for name, value in given.items() if value is not None}
    if isinstance(back, Posted):
        return Posted(str(back), fields)
    return f"{urlsplit(back).path}?{urlencode(fields)}"


def key_of(back: str) -> str:
    """Return the parameter by which a callback names its attempt."""
    return "state" if "state" in fields_of(back) else "oauth_token"


def visitor(intent: str = "login") -> Client:
    """Return a browser that has been here before: with something in its session, or, to connect, logged in."""
    client = Client()
    if intent == "login":
        session = client.session
        session["basket"] = ["lamp"]
        session.save()
    else:
        client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def session_of(client: Client) -> tuple[str, dict[str, object]]:
    """Return the key and the content of a browser's session, making none."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return (cookie.value, dict(client.session.items())) if cookie and cookie.value else ("", {})


@contextmanager
def untouched(standin: StandIn, *clients: Client) -> Iterator[None]:
    """See that no request goes out, that sessions stay as they are, and that nobody gets an account."""

    def state() -> tuple[object, ...]:
        accounts = list(SocialAccount.objects.order_by("pk").values())
        return len(standin.api_requests), [session_of(client) for client in clients], accounts, User.objects.count()

    before = state()
    yield
    assert state() == before


def attempts(client: Client) -> SimpleCookie:
    """Return the cookies of a browser, but for its session's."""
    kept = deepcopy(client.cookies)
    kept.pop(settings.SESSION_COOKIE_NAME, None)
    return kept


def is_error_page(response: HttpResponse, status: int = 400) -> bool:
    """Whether this is a page of ours that says what went wrong."""
    return response.status_code == status and b"<h1>" in response.content


def register(standin: StandIn, client: Client, slug: str, username: str = "mara") -> None:
    """Log in as somebody new, and fill the form in."""
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, back)["Location"] == reverse("socialreg:register")
    form = {"username": username, "email": f"{username}@example.org", "first_name": "M", "last_name": "L"}
    assert client.post(reverse("socialreg:register"), form).status_code == 302
