"""What tests share: the stand-in for X, a site that talks to it over real HTTP, and a browser's manners."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth import get_user
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.testing import XStandIn
from socialreg.testing.site import plain_http, pointed_at


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """On the build server nothing may be skipped: a skip there hides what was promised."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI=true allows no skip: {report.longrepr}"
    return report


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
def site(x: XStandIn, settings) -> Iterator[Callable[..., None]]:
    """A site that logs people in with the stand-in: ``site(ASK_FOR="missing")`` changes its settings."""
    cache.clear()
    settings.SOCIALREG = pointed_at(x)

    def change(**changes: object) -> None:
        settings.SOCIALREG = {**settings.SOCIALREG, **changes}

    with plain_http():
        yield change


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
