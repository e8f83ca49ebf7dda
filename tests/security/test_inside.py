"""A39: no answer, name or setting makes this site ask a host inside its network, or another host than it meant."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from socialreg.models import Kept, SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.providers.grid import Peer
from tests.security.visiting import CONNECTIONS, PASSWORD, REGISTER, arrive, fill_in
from tests.security.walking import EVERY, SERVER, come_back
from tests.world import World, go, is_register

pytestmark = pytest.mark.django_db

REDIRECTS = [301, 302, 303, 307, 308]


def log_in(standin: StandIn, slug: str) -> HttpResponse:
    """Press the button, and come back if that leads anywhere; return our last answer."""
    client = Client()
    began = client.post(reverse("socialreg:start", args=[slug]), SERVER)
    if began.status_code != 302:
        return began
    return come_back(client, standin.approve(began["Location"], "maralind"))


def calls_of(standin: StandIn, slug: str) -> dict[str, bool]:
    """Return the paths that one login asks for, when all is well, and whether it posts there."""
    standin.requests.clear()
    assert log_in(standin, slug)["Location"] == REGISTER
    found = {record.path: record.method == "POST" for record in standin.api_requests}
    providers.clear()
    standin.requests.clear()
    return found


# -- redirects


@pytest.fixture
def both_names(standin: StandIn, settings) -> None:
    """The operator has named both hosts: it is not for their addresses that the second one is not asked."""
    port = urlsplit(standin.url).port
    hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PRIVATE_HOSTS": hosts}


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("slug", EVERY)
def test_a39_a_redirect_of_any_call_is_not_followed(standin: StandIn, both_names, as_new, slug, status):
    """Each call of a login in turn is sent on to the same server by its other name."""
    for path in calls_of(standin, slug):
        as_new()
        standin.fault("redirect", code=status, path=path)
        log_in(standin, slug)
        # A start that fails is not begun twice, and a start and a callback may both ask for metadata.
        asked = [record for record in standin.api_requests if record.path == path]
        assert 1 <= len(asked) <= 2, path
        assert {record.status for record in asked} == {status}, path


@pytest.fixture
def as_new(standin: StandIn) -> Callable[[], None]:
    """Let nobody remember anything: no metadata, no application, no fault."""

    def forget() -> None:
        cache.clear()
        Kept.objects.all().delete()
        standin.reset()

    return forget


@pytest.fixture
def other() -> Iterator[Peer]:
    """A host that nobody meant, which would answer anything."""
    with Peer() as other:
        yield other


# -- addresses inside

#: This machine, this network, this rack, the cloud's own, and every way to write them that resolvers understand.
INSIDE = [
    "127.0.0.1",
    "127.1",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fc00::1]",
    "[fe80::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]


@pytest.fixture
def dialled(monkeypatch) -> list[tuple[str, int]]:
    """Every address that a connection was made to, but for the provider's own."""
    found: list[tuple[str, int]] = []
    connect = socket.socket.connect

    def watch(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and self.type & socket.SOCK_STREAM:
            found.append(address[:2])
            if address[0] in PUBLIC:
                raise ConnectionRefusedError
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watch)
    return found


#: Somebody's, and never reached: to dial it is refused here.
PUBLIC = {"93.184.215.14", "1.1.1.1"}


def only(world: World, dialled: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return what was dialled besides the provider and the database."""
    return [each for each in dialled if each[1] not in {urlsplit(world.peer.url).port, 5432, 3306}]


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a39_metadata_that_name_a_host_inside_are_asked_for_nothing(world: World, dialled, name, host):
    world.fields["corp-discovery", name] = f"https://{host}:4443/inside"
    response = go(world, "corp", Client())
    assert only(world, dialled) == []
    assert is_register(response) if name == "userinfo_endpoint" else response.status_code in {502, 503}


#: The addresses of each class, as a site may set them.
SET = [
    ("acme", "TOKEN_URL"),
    ("acme", "PROFILE_URL"),
    ("acme", "EMAILS_URL"),
    ("corp", "ISSUER"),
    ("corp", "DISCOVERY_URL"),
    ("corp", "TOKEN_URL"),
    ("corp", "JWKS_URL"),
    ("twitter", "REQUEST_TOKEN_URL"),
]


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize(("slug", "option"), SET)
def test_a39_nor_does_an_address_in_the_settings_lead_there(world: World, settings, dialled, slug, option, host):
    """What is meant to be inside is named in PRIVATE_HOSTS, and by nothing else."""
    entries = settings.SOCIALREG["PROVIDERS"]
    entry = {**entries.get(slug, {"CLIENT_ID": "id", "CLIENT_SECRET": "s"}), option: f"https://{host}:4443/inside"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, slug: entry}}
    response = go(world, slug, Client())
    assert only(world, dialled) == []
    assert option == "EMAILS_URL" or response.status_code in {502, 503}, response


@pytest.mark.parametrize("host", INSIDE)
def test_a39_nor_does_a_visitor_who_names_their_server(standin: StandIn, settings, dialled, host):
    entries = settings.SOCIALREG["PROVIDERS"]
    entry = {**entries["mastodon"], "SERVER_ADDRESS": "https://{server}"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "mastodon": entry}}
    own = urlsplit(standin.url).port
    for server in (host, f"{host}:4443", f"{host}:{own}", f"mara@{host}"):
        response = Client().post(reverse("socialreg:start", args=["mastodon"]), {"server": server})
        assert response.status_code in {200, 400, 502, 503}
    assert [each for each in dialled if each[1] not in {5432, 3306}] == []
    assert standin.api_requests == []


@pytest.mark.parametrize("slug", EVERY)
def test_a39_no_provider_is_asked_inside_without_being_named(standin: StandIn, settings, slug):
    """Every one that ships, set to a host of this machine that the operator did not name."""
    settings.SOCIALREG = {**settings.SOCIALREG, "PRIVATE_HOSTS": []}
    response = log_in(standin, slug)
    assert response.status_code in {200, 502, 503}
    assert standin.api_requests == []
    assert not SocialAccount.objects.exists()


# -- names that change their mind


@pytest.fixture(params=["public", "private", "both"])
def rebinding(request, other: Peer, monkeypatch) -> tuple[str, list[str]]:
    """A name that leads out and in by turns, beginning with either, or with both at once; and each look at it."""
    first, port = request.param, urlsplit(other.url).port
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *arguments: Any, **more: Any) -> Any:
        if host != "rebind.example":
            return real(host, *arguments, **more)
        turn = len(looked_up) + (first == "private")
        looked_up.append(host)
        told = ["1.1.1.1", "127.0.0.1"] if first == "both" else [("1.1.1.1", "127.0.0.1")[turn % 2]]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in told]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return first, looked_up


@pytest.mark.parametrize("called", ["acme TOKEN_URL", "corp JWKS_URL", "twitter API_HOST"])
def test_a39_a_name_that_changes_between_two_looks_leads_nowhere(
    world: World, other: Peer, settings, dialled, rebinding, called
):
    """DNS rebinding: it is looked up once for a connection, and what was looked at is what is dialled."""
    (slug, option), (first, looked_up), port = called.split(), rebinding, urlsplit(other.url).port
    address = f"https://rebind.example:{port}" + ("" if option == "API_HOST" else "/inside")
    entries = settings.SOCIALREG["PROVIDERS"]
    entry = {**entries.get(slug, {"CLIENT_ID": "id", "CLIENT_SECRET": "s"}), option: address}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, slug: entry}}
    for _ in range(3):
        assert go(world, slug, Client()).status_code in {502, 503}
    assert other.requests == []
    assert ("127.0.0.1", port) not in dialled
    assert len(looked_up) >= 3
    if first == "both":
        assert only(world, dialled) == [], "one bad address among good ones spoils them all"


# -- what is shown is never fetched

#: They tell no address of a picture, or one that their classes put together.
WITHOUT_PICTURES = {"apple", "microsoft", "discord"}


@pytest.mark.parametrize("slug", EVERY)
def test_a39_pictures_and_pages_of_people_are_never_fetched(standin: StandIn, settings, dialled, slug):
    """Not when they come, register, come back, connect, fill a form in, or are looked at by an administrator."""
    picture = "https://127.0.0.1:4443/picture.png"
    hosts = [*settings.SOCIALREG["PRIVATE_HOSTS"], "127.0.0.1:4443"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PRIVATE_HOSTS": hosts, "SYNC": {"last_name": "ask"}}
    names = set(getattr(providers[slug], "profile_map", {})) & {"picture", "profile_url"} or {"picture"}
    if slug not in WITHOUT_PICTURES:
        standin.tell(slug, dict.fromkeys(names, picture))
    client, back, root = Client(), Client(), Client()
    arrive(standin, client, slug)
    fill_in(client, username="mara", email="mara@example.org")
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(days=2))
    arrive(standin, back, slug)
    back.get(reverse("socialreg:changes"))
    arrive(standin, client, slug, intent="connect")
    arrive(standin, client, slug, intent="prefill", next="/home/")
    assert client.get(CONNECTIONS).status_code == 200
    root.force_login(User.objects.create_superuser("root", password=PASSWORD))
    account = SocialAccount.objects.get()
    assert root.get(reverse("admin:socialreg_socialaccount_change", args=[account.pk])).status_code == 200
    assert slug in WITHOUT_PICTURES or account.picture == picture, "it was told, and kept"
    assert 4443 not in {port for _, port in dialled}


# -- what was sent once is not sent again


@pytest.mark.parametrize("slug", EVERY)
def test_a39_a_code_and_a_secret_are_sent_once_whatever_becomes_of_the_answer(standin: StandIn, as_new, slug):
    calls = calls_of(standin, slug)
    assert any(calls.values())
    for fault in ("reset", "cut", "server-error", "empty"):
        for path, is_posted in calls.items():
            as_new()
            standin.fault(fault, path=path)
            log_in(standin, slug)
            posts = [record for record in standin.api_requests if record.path == path and record.method == "POST"]
            assert len(posts) == is_posted, (fault, path)
