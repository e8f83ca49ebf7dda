"""What tests share: the stand-in for X, a site that talks to it over real HTTP, and a browser's manners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.registry import providers
from socialreg.testing import XStandIn


@pytest.fixture(scope="session")
def _x() -> Iterator[XStandIn]:
    with XStandIn() as x:
        yield x


@pytest.fixture
def x(_x: XStandIn) -> Iterator[XStandIn]:
    """The stand-in for X, as new: no faults, no people but its own, nothing counted."""
    _x.reset()
    yield _x
    _x.reset()


@pytest.fixture
def site(x: XStandIn, settings) -> Iterator[dict]:
    """The settings of a site that logs people in with the stand-in. Change them, then use the site."""
    providers.plain_http_for_tests = True
    cache.clear()
    settings.SOCIALREG = {
        "BASE_URL": "http://testserver",
        "PROVIDERS": {"twitter": x.provider_settings()},
        "PRIVATE_HOSTS": [urlsplit(x.url).netloc],
    }

    def change(**changes) -> None:
        settings.SOCIALREG = {**settings.SOCIALREG, **changes}

    yield change
    providers.plain_http_for_tests = False
    providers.clear()


@dataclass
class Browser:
    """A visitor's browser: Django's test client on our side, real HTTP on the stand-in's."""

    client: Client
    x: XStandIn

    def start(self, slug: str = "twitter", **data: str) -> HttpResponse:
        """Press the button."""
        return self.client.post(reverse("socialreg:start", args=[slug]), data)

    def approve(self, screen_name: str, **data: str) -> str:
        """Press the button, consent at the provider as somebody; return the callback's address."""
        response = self.start(**data)
        assert response.status_code == 302, response.content.decode()
        return self.x.approve(response["Location"], screen_name)

    def log_in(self, screen_name: str, **data: str) -> HttpResponse:
        """Press the button, consent, come back; return our answer."""
        return self.client.get(self.approve(screen_name, **data))

    def user(self):
        """Return who is logged in, by what the session says, ``None`` for nobody."""
        request = HttpRequest()
        request.session = self.client.session
        user = get_user(request)
        return user if user.is_authenticated else None


@pytest.fixture
def browser(site, x: XStandIn, client: Client) -> Browser:
    return Browser(client, x)


@pytest.fixture
def other_browser(site, x: XStandIn) -> Browser:
    return Browser(Client(), x)
