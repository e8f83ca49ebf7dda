"""What a peer can do on the wire, byte by byte, and the endpoints that it can take the place of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.testing import XStandIn
from tests.servers import Handler, Peer, Server, answer, bomb
from tests.world import CODE, World

MIB = 1024 * 1024
_PIECE = b" " * 65536


def silent(peer: Peer) -> None:
    """Take the request, and say nothing."""
    peer.request()
    peer.hush()


def slow_headers(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 60_000)


def slow_body(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
    peer.drip(b" " * 60_000)


def deaf(peer: Peer) -> None:
    """Take nothing at all, not even the beginning of a handshake."""
    peer.hush()


def reset(peer: Peer) -> None:
    peer.request()
    peer.reset()


def reset_in_the_body(peer: Peer) -> None:
    peer.request()
    peer.say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"id":')
    peer.reset()


def half_close(peer: Peer) -> None:
    """Say that nothing more will come, and go on listening."""
    peer.request()
    peer.sock.shutdown(1)
    peer.hush()


def half_close_in_the_body(peer: Peer) -> None:
    peer.request()
    peer.say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"id":')
    peer.sock.shutdown(1)
    peer.hush()


def no_http(peer: Peer) -> None:
    peer.request()
    peer.say(b"SSH-2.0-OpenSSH_9.2\r\n")


def goes_round(peer: Peer) -> None:
    """Redirect to this very address."""
    while peer.request():
        peer.say(answer("302 Found", b"", {"Location": peer.server.url}))


def twenty_mebibytes(peer: Peer) -> None:
    """Send them without saying how many there are."""
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    for _ in range(20 * MIB // len(_PIECE)):
        peer.say(_PIECE)


def twenty_mebibytes_in_chunks(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(20 * MIB // len(_PIECE)):
        peer.say(b"10000\r\n" + _PIECE + b"\r\n")


def endless_headers(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\n")
    for _ in range(20 * MIB // len(_PIECE)):
        peer.say(b"X: " + _PIECE + b"\r\n")


def says(body: bytes, **headers: str) -> Handler:
    """Return a peer that answers properly, with a body that is anything but."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def handle(peer: Peer) -> None:
        while peer.request():
            peer.say(answer("200 OK", body, {"Content-Type": "application/json", **named}))

    return handle


#: Peers that never come to an end: cut short by a deadline.
ENDLESS: Mapping[str, Handler] = {
    "silent": silent,
    "slow headers": slow_headers,
    "slow body": slow_body,
    "half-close": half_close_in_the_body,
}
#: Peers that break off.
BROKEN: Mapping[str, Handler] = {
    "reset": reset,
    "reset in the body": reset_in_the_body,
    "half-close": half_close,
    "no HTTP": no_http,
    "goes round": goes_round,
}
#: Peers that send more than anybody can use.
LARGE: Mapping[str, Handler] = {
    "gzip bomb": says(bomb(256), Content_Encoding="gzip"),
    "20 MiB": twenty_mebibytes,
    "20 MiB in chunks": twenty_mebibytes_in_chunks,
    "20 MiB of headers": endless_headers,
    "100 000 deep": says(b"[" * 100_000),
    "100 000 deep in an object": says(b'{"access_token": "a", "id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a million small lists": says(b'{"keys": [' + b"[]," * 330_000 + b"0]}"),
    "lone surrogates": says(rb'{"access_token": "\ud800", "id": "\udfff", "issuer": "\ud800", "keys": ["\ud800"]}'),
    "duplicate keys": says(b'{"access_token": "a", "access_token": "b", "id": "7", "id": "8", "keys": [], "keys": []}'),
    "5000 digits": says(b'{"access_token": "a", "id": ' + b"9" * 5000 + b', "expires_in": ' + b"9" * 5000 + b"}"),
}


@dataclass(frozen=True)
class Endpoint:
    """One address of one provider, by the option that names it. ``is_needed``: no login goes on without its answer."""

    slug: str
    option: str
    is_needed: bool = True


#: Of all three protocols.
ENDPOINTS: Mapping[str, Endpoint] = {
    "OAuth 1.0a request token": Endpoint("twitter", "REQUEST_TOKEN_URL"),
    "OAuth 1.0a access token": Endpoint("twitter", "ACCESS_TOKEN_URL"),
    "OAuth 1.0a profile": Endpoint("twitter", "PROFILE_URL", is_needed=False),
    "OAuth 2.0 token": Endpoint("acme", "TOKEN_URL"),
    "OAuth 2.0 profile": Endpoint("acme", "PROFILE_URL"),
    "OAuth 2.0 addresses": Endpoint("acme", "EMAILS_URL", is_needed=False),
    "OIDC discovery": Endpoint("corp", "DISCOVERY_URL"),
    "OIDC keys": Endpoint("corp", "JWKS_URL"),
    "OIDC token": Endpoint("corp", "TOKEN_URL"),
    "OIDC userinfo": Endpoint("corp", "USERINFO_URL", is_needed=False),
}
NEEDED = [name for name, endpoint in ENDPOINTS.items() if endpoint.is_needed]


@dataclass
class Site:
    """A site with a provider of each protocol, all well, but for the endpoints that are put elsewhere."""

    x: XStandIn
    world: World
    settings: Any

    def put(self, where: Endpoint, server: Server) -> None:
        """Put a hostile peer in the place of one endpoint."""
        self.move(where.slug, {where.option: server.url})
        hosts = [*self.settings.SOCIALREG["PRIVATE_HOSTS"], urlsplit(server.url).netloc]
        self.settings.SOCIALREG = {**self.settings.SOCIALREG, "PRIVATE_HOSTS": hosts}

    def move(self, slug: str, options: Mapping[str, object]) -> None:
        entries = self.settings.SOCIALREG["PROVIDERS"]
        changed = {**entries, slug: {**entries.get(slug, {}), **options}}
        self.settings.SOCIALREG = {**self.settings.SOCIALREG, "PROVIDERS": changed}

    def log_in(self, slug: str, client: Client) -> HttpResponse:
        """Press the button, consent, come back; return our last answer."""
        self.world.serve()
        began = client.post(reverse("socialreg:start", args=[slug]))
        return client.get(self.back(slug, began)) if began.status_code == 302 else began

    def back(self, slug: str, began: HttpResponse) -> str:
        """Return where the provider sends the browser after a start, with Mara's consent."""
        if slug.startswith("twitter"):
            return self.x.approve(began["Location"], "maralind")
        sent = dict(parse_qsl(urlsplit(began["Location"]).query))
        if "nonce" in sent:
            self.world.serve(sent["nonce"])
        return f"{sent['redirect_uri']}?{urlencode({'state': sent['state'], 'code': CODE})}"
