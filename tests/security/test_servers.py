"""What a visitor gets by naming a server, where they may name any: nothing inside, and nobody else's place."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client as Browser

from socialreg import steps
from socialreg.deadlines import deadline
from socialreg.exceptions import NoSuchServer, Unavailable
from socialreg.http import Client
from socialreg.store import Memory
from socialreg.testing.messages import Response
from socialreg_providers.mastodon import Mastodon
from tests.servers import Authority, Server, keep_alive, make_ca, tls_server
from tests.world import World

CALLBACK = "https://site.example/accounts/mastodon/callback/"
INSIDE = "git.corp.example"
APP = b'{"client_id": "i", "client_secret": "s"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    return make_ca(folder)


@pytest.fixture
def inside(authority: Authority, monkeypatch) -> Iterator[Server]:
    """A host of the operator's network, which the settings let the site reach for another provider's sake."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, **more: int) -> object:
        return real("127.0.0.1" if host == INSIDE else host, port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with tls_server(authority, keep_alive(body=APP), names=(INSIDE,)) as server:
        yield server


@pytest.fixture
def wire(authority: Authority) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({INSIDE}), ca_file=authority.file)
    yield client
    client.close()


def start(mastodon: Mastodon, server: str) -> None:
    steps.authorize(mastodon, CALLBACK, "login", {"server": server})


@pytest.mark.parametrize("warm", [False, True])
def test_a39_a_visitor_cannot_name_a_host_that_private_hosts_opens_for_others(inside: Server, wire: Client, warm: bool):
    """Neither over a new connection, nor over one that the operator's own provider has left open."""
    mastodon = Mastodon({"SERVER_ADDRESS": f"https://{{server}}:{inside.port}"}, wire, Memory())
    if warm:
        assert wire.send("GET", f"https://{INSIDE}:{inside.port}/").status == 200
    before = len(inside.requests)
    with pytest.raises(NoSuchServer, match="not a public address"):
        start(mastodon, INSIDE)
    assert len(inside.requests) == before


def test_the_operator_can_name_it_for_everybody(inside: Server, wire: Client):
    options = {"SERVER_ADDRESS": f"https://{{server}}:{inside.port}", "SERVERS": [INSIDE]}
    start(Mastodon(options, wire, Memory()), INSIDE)
    assert len(inside.requests) == 1


def test_names_that_never_resolve_are_in_no_other_providers_way(inside: Server, wire: Client, monkeypatch):
    """The resolver cannot be interrupted, and its places are few: a visitor could fill them with names of their own."""
    let_go, before = threading.Event(), socket.getaddrinfo
    hanging: list[str] = []

    def getaddrinfo(host: str, port: int, **more: int) -> object:
        if host.endswith(".slow.example"):
            hanging.append(host)
            let_go.wait(20)
            return []
        return before(host, port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    mastodon = Mastodon({}, wire, Memory())

    def name(number: int) -> None:
        with deadline(0.5), pytest.raises(NoSuchServer):
            start(mastodon, f"a{number}.slow.example")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(name, range(12)))
    assert len(hanging) == 8
    try:
        with deadline(1):
            assert wire.send("GET", f"https://{INSIDE}:{inside.port}/").status == 200
    finally:
        let_go.set()


def test_hosts_that_visitors_name_push_no_other_providers_connection_out(inside: Server, wire: Client, monkeypatch):
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: [] if host.endswith(".none.example") else real(host, *a, **k)
    )
    mastodon = Mastodon({}, wire, Memory())
    address = f"https://{INSIDE}:{inside.port}/"
    wire.send("GET", address)
    for number in range(70):
        with pytest.raises(NoSuchServer):
            start(mastodon, f"a{number}.none.example")
    wire.send("GET", address)
    assert inside.connections == 1


class _Out(Memory):
    """A memory that is out of order."""

    def kept(self, key: str) -> None:
        raise Unavailable("What a provider remembers is out of reach", cause="the cache failed", code="cache")


def test_a_site_whose_cache_is_down_does_not_blame_the_visitors_server(wire: Client):
    with pytest.raises(Unavailable):
        start(Mastodon({}, wire, _Out()), "one.example")


@pytest.mark.django_db
@pytest.mark.parametrize("letter", ["a", '"', "\u00e4", "\u65e5", "\U0001f600", "'", "%"])
def test_the_longest_that_a_visitor_and_a_server_can_say_fits_into_one_cookie(world: World, settings, letter: str):
    """Browsers drop a cookie of more than 4096 bytes without a word."""
    settings.SOCIALREG = {**settings.SOCIALREG, "BASE_URL": "https://testserver"}
    server = f"{'.'.join(['a' * 60] * 4)[:244]}.io"
    world.peer.answers[f"/{server}/api/v1/apps"] = Response.json({"client_id": "'" * 200, "client_secret": "~" * 200})
    sizes = []
    for length in range(50, 701, 7):
        answer = Browser().post(
            "/accounts/mastodon/start/", {"server": f"https://{server}", "next": f"/{letter * length}"}, secure=True
        )
        ((name, cookie),) = answer.cookies.items()
        sizes.append(len(name) + len(cookie.value))
    assert max(sizes) < 4096


@pytest.mark.parametrize("letter", ['"', "\\"])
def test_an_application_with_letters_that_take_two_places_is_none(wire: Client, world: World, letter: str):
    world.peer.answers[f"/{INSIDE}/api/v1/apps"] = Response.json({"client_id": letter, "client_secret": "s"})
    client = Client(private_hosts=frozenset({world.peer.url.partition("//")[2]}), plain_http=True)
    with pytest.raises(NoSuchServer):
        start(Mastodon({"SERVER_ADDRESS": f"{world.peer.url}/{{server}}"}, client, Memory()), INSIDE)
    client.close()
