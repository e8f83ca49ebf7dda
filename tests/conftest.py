"""What tests share: the stand-in for X, a site that talks to it over real HTTP, and a browser's manners."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.background import background
from socialreg.lookup import find_class
from socialreg.testing import StandIn, XStandIn
from socialreg.testing.site import plain_http, pointed_at
from tests import stores
from tests.gates import Gate
from tests.op import OP
from tests.providers.grid import Peer
from tests.shipped import GENERIC, slugs
from tests.world import World

pytest_plugins = ["tests.effort", "tests.security.report", "tests.skips"]


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case the same in every process that collects it: keys and tokens are made anew in each."""
    shown = repr(val)
    return argname if len(shown) > 60 or " at 0x" in shown else None


def _end_with_its_thread(connection: BaseDatabaseWrapper, **facts: object) -> None:
    """Close SQLite in memory for a thread that is gone: Django does not, for the database would be gone with the last.

    From Python 3.13 on, what is left open is a warning in whichever test is under way when it is collected.
    """
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        weakref.finalize(connection, connection.connection.close)


connection_created.connect(_end_with_its_thread)


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
        background.drain()  # what is begun in one test is not left for the next one's tables


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


@pytest.fixture(scope="module")
def _played() -> Iterator[tuple[StandIn, dict[str, Any]]]:
    with StandIn() as standin:
        entries: dict[str, Any] = {}
        for shipped in slugs():
            slug = GENERIC.get(shipped, shipped)
            kind = {"PROVIDER": shipped} if shipped in GENERIC else {}
            entries[slug] = {**kind, **standin.play(slug, find_class(slug, kind), kind)}
        yield standin, entries


@pytest.fixture
def standin(_played: tuple[StandIn, dict[str, Any]], settings) -> Iterator[StandIn]:
    """Every provider that ships, played, and the site that has them all."""
    standin, entries = _played
    standin.reset()
    cache.clear()
    host = urlsplit(standin.url).netloc
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries, "PRIVATE_HOSTS": [host]}
    with plain_http():
        yield standin
        background.drain()


@pytest.fixture(scope="module")
def _answering() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def world(_answering: Peer, settings) -> Iterator[World]:
    """A provider in good order, whose answers can be replaced, and a site that has it in three ways."""
    cache.clear()
    _answering.answers.clear()
    _answering.requests.clear()
    world = World(_answering)
    host = urlsplit(_answering.url).netloc
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": world.settings(), "PRIVATE_HOSTS": [host]}
    with plain_http():
        yield world
        background.drain()


@pytest.fixture
def database(request, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """An empty database of each kind that the test's :func:`tests.stores.on` names."""
    with django_db_blocker.unblock(), stores.other_database(request.param) as connection:
        yield connection


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A stand-in that many reach at the same moment."""
    with Gate() as gate:
        yield gate


@pytest.fixture(scope="module")
def _op() -> Iterator[OP]:
    with OP() as op:
        yield op


@pytest.fixture
def op(_op: OP) -> OP:
    """A provider of OpenID Connect, of which every part can be wrong, in good order."""
    _op.reset()
    return _op


@pytest.fixture
def later(monkeypatch) -> Callable[[float], None]:
    """``later(seconds)`` sets this machine's clock forward, and the provider's with it."""
    ahead, clock = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: clock() + ahead[0])

    def pass_by(seconds: float) -> None:
        ahead[0] += seconds

    return pass_by


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who may do anything in the admin: theirs, and no visitor's."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client
