"""The one way out: what it sends, where it does not go, how long it waits, how much it takes, and what it tells."""

from __future__ import annotations

import gzip
import http.client
import logging
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from socialreg import __version__
from socialreg.addresses import is_public
from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError, SocialRegError, Unavailable
from socialreg.http import Client, deadline
from socialreg.sockets import BODY_BYTES, IDLE_SECONDS
from tests.servers import Authority, Handler, Peer, Server, answer, bomb, keep_alive, make_ca, tls_server

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def closing_all() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(closing_all: ExitStack) -> Callable[..., Server]:
    """Start a server that ends with the test."""

    def start(handler: Handler, **options: object) -> Server:
        return closing_all.enter_context(Server(handler, **options))  # type: ignore[arg-type]

    return start


@pytest.fixture
def serve_tls(closing_all: ExitStack, authority: Authority) -> Callable[..., Server]:
    def start(handler: Handler, **options: object) -> Server:
        return closing_all.enter_context(tls_server(authority, handler, **options))  # type: ignore[arg-type]

    return start


def trusting(authority: Authority, *hosts: str, plain_http: bool = True) -> Client:
    return Client(private_hosts=frozenset(hosts), plain_http=plain_http, ca_file=authority.file)


@pytest.fixture
def make_client(closing_all: ExitStack, authority: Authority) -> Callable[..., Client]:
    """Make a client that knows the hosts given, and ends with the test before its servers do."""

    def make(*hosts: str, plain_http: bool = True) -> Client:
        return closing_all.enter_context(closing(trusting(authority, *hosts, plain_http=plain_http)))

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client("127.0.0.1")


def fails(client: Client, server: Server, within: float = 5.0, method: str = "GET") -> SocialRegError:
    """Send one request that must fail, within some seconds (and two more on a busy machine), and return the error."""
    began = time.monotonic()
    with deadline(within), pytest.raises(SocialRegError) as caught:
        client.send(method, server.url)
    assert time.monotonic() - began < within + 2
    return caught.value


def say(data: bytes) -> Handler:
    """Answer with these bytes and close."""

    def handle(peer: Peer) -> None:
        peer.request()
        peer.say(data)

    return handle


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let every look-up have the next of ``answers`` (the last one for ever); return the names that are asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        families = [socket.AF_INET6 if ":" in a else socket.AF_INET for a in found]
        return [(f, socket.SOCK_STREAM, 6, "", (a, port)) for f, a in zip(families, found, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


class TestRequestAndAnswer:
    def test_answer_is_whole_with_lower_case_headers_and_a_name_without_query(self, client, serve):
        server = serve(keep_alive("201 Created", b"hello", {"X-Thing": "a", "DATE": "now"}))
        result = client.send("GET", server.url + "?secret=1")
        assert isinstance(result, Answer)
        assert (result.status, result.body, result.where) == (201, b"hello", f"GET {server.netloc}/path")
        assert result.headers == {"content-length": "5", "x-thing": "a", "date": "now"}

    @pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 410, 429, 500, 502, 503, 999])
    def test_every_status_but_a_redirect_is_an_answer(self, client, serve, status):
        assert client.send("GET", serve(keep_alive(f"{status} X", b"")).url).status == status

    def test_sends_method_query_headers_and_body_as_given(self, client, serve):
        server = serve(keep_alive())
        client.send("POST", server.url + "?a=%20b", headers={"Authorization": 'OAuth x="y"'}, body=b"\x00raw\xff")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /path?a=%20b HTTP/1.1\r\n")
        assert b'\r\nAuthorization: OAuth x="y"' in head
        assert b"\r\nContent-Length: 5" in head
        assert body == b"\x00raw\xff"

    def test_says_who_it_is_and_asks_for_json_and_gzip(self, client, serve):
        server = serve(keep_alive())
        client.send("GET", server.url)
        client.send("GET", server.url, headers={"accept": "text/plain"})
        first, second = server.requests
        assert f"\r\nUser-Agent: socialreg/{__version__}\r\n".encode() in first
        assert b"\r\nAccept: application/json\r\n" in first
        assert b"\r\nAccept-Encoding: gzip\r\n" in first
        assert b"application/json" not in second

    @pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "deflate", "identity"])
    def test_compressed_body_is_decompressed(self, client, serve, coding):
        pack = {"deflate": zlib.compress, "identity": bytes}.get(coding, gzip.compress)
        server = serve(keep_alive("200 OK", pack(b'{"a": 1}'), {"Content-Encoding": coding}))
        assert client.send("GET", server.url).json() == {"a": 1}

    def test_empty_body_needs_no_compression(self, client, serve):
        server = serve(keep_alive("200 OK", b"", {"Content-Encoding": "gzip"}))
        assert client.send("GET", server.url).body == b""

    def test_chunked_body_and_body_until_close_are_read_whole(self, client, serve):
        chunked = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: t\r\n\r\n"
        )
        assert client.send("GET", serve(say(chunked)).url).body == b"abc"
        assert client.send("GET", serve(say(b"HTTP/1.0 200 OK\r\n\r\nabc")).url).body == b"abc"

    def test_interim_answers_are_skipped(self, client, serve):
        server = serve(say(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(body=b"end")))
        assert client.send("GET", server.url).body == b"end"


class TestWhereItGoes:
    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "//example.com/",
            "/path",
            "",
            "https://",
            "https:///path",
            "https:example.com",
            "https://user@example.com/",
            "https://user:secret@example.com/",
            "https://@example.com/",
            "https://exa mple.com/",
            "https://example.com/a b",
            " https://example.com/",
            "https://example.com\\path",
            "https://example.com\\@evil.example/",
            "https://example.com/\r\nX: y",
            "https://example.com/\x00",
            "https://example.com:port/",
            "https://example.com:99999/",
            "https://example.com:0/",
            "https://[::1/",
            "https://[nonsense]/",
            "https://exämple.com/",
            "https://\uff11\uff12\uff17.0.0.1/",
            "https://*.example.com/",
            "javascript:alert(1)",
        ],
    )
    def test_anything_but_a_plain_https_address_is_a_configuration_error(self, make_client, url):
        with pytest.raises(ConfigurationError) as caught:
            make_client(plain_http=False).send("GET", url)
        assert caught.value.cause
        assert caught.value.remedy
        assert "secret" not in str(caught.value)

    def test_plain_http_is_refused_unless_switched_on(self, make_client, serve):
        server = serve(keep_alive())
        error = fails(make_client("127.0.0.1", plain_http=False), server)
        assert (type(error), error.code, server.connections) == (ConfigurationError, "not-https", 0)

    def test_plain_http_is_refused_to_a_host_that_is_not_named(self, make_client, serve):
        server = serve(keep_alive())
        error = fails(make_client("127.0.0.1:1"), server)
        assert (type(error), error.code, server.connections) == (ConfigurationError, "not-https", 0)

    @pytest.mark.parametrize("address", ["10.0.0.1", "93.184.215.14", "::ffff:127.0.0.1"])
    def test_plain_http_may_not_leave_this_machine_even_to_a_named_host(self, make_client, monkeypatch, address):
        resolve_to(monkeypatch, [address])
        with pytest.raises(ConfigurationError) as caught:
            make_client("stand-in.test").send("GET", "http://stand-in.test/")
        assert caught.value.code == "not-https"

    @pytest.mark.parametrize("named", ["localhost", "LOCALHOST", "localhost:{port}"])
    def test_private_hosts_are_named_with_or_without_port(self, make_client, serve, named):
        server = serve(keep_alive())
        client = make_client(named.format(port=server.port))
        assert client.send("GET", f"http://localhost:{server.port}/").status == 200

    @pytest.mark.parametrize("named", ["::1", "[::1]", "[::1]:{port}"])
    def test_private_hosts_may_be_ipv6_addresses(self, make_client, serve, named):
        server = serve(keep_alive(), host="::1")
        client = make_client(named.format(port=server.port))
        assert client.send("GET", server.url).status == 200

    @pytest.mark.parametrize(
        "host",
        [
            *("127.0.0.1", "127.0.0.1.", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1"),
            *("localhost", "LocalHost", "localhost.", "0.0.0.0", "0", "127.255.255.254"),
            *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]"),
            *("[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]"),
            *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
            *("192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
            *("255.255.255.255", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd12::1]", "[fec0::1]", "[ff02::1]"),
            *("[2001:db8::1]", "[2001::1]", "[100::1]", "[4000::1]", "[::ffff:169.254.169.254]"),
        ],
    )
    def test_addresses_that_are_not_public_are_refused_however_written(self, make_client, serve_tls, host):
        server = serve_tls(keep_alive())
        with pytest.raises(SocialRegError) as caught:
            make_client().send("GET", f"https://{host}:{server.port}/")
        # Not every system understands every notation; then the name does not resolve, and nothing is sent either.
        assert caught.value.code in {"private-address", "dns", "address"}
        assert server.connections == 0

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "2130706433"])
    def test_refusal_names_the_setting_that_allows_it(self, make_client, host):
        with pytest.raises(ConfigurationError) as caught:
            make_client().send("GET", f"https://{host}/?token=secret")
        assert caught.value.code == "private-address"
        assert 'SOCIALREG["PRIVATE_HOSTS"]' in caught.value.remedy
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["2606:4700::1", "::1"]])
    def test_name_with_a_private_address_among_others_is_refused(self, make_client, monkeypatch, found):
        resolve_to(monkeypatch, found)
        with pytest.raises(ConfigurationError) as caught:
            make_client().send("GET", "https://provider.test/")
        assert caught.value.code == "private-address"

    def test_connection_goes_to_the_address_that_was_checked(self, make_client, serve, monkeypatch):
        """DNS rebinding: the name is looked up once for a connection; a second look-up would lead elsewhere."""
        good = serve(keep_alive())
        evil = serve(keep_alive(), host="127.0.0.2", port=good.port)
        asked = resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        make_client("provider.test").send("GET", f"http://provider.test:{good.port}/")
        assert (good.connections, evil.connections, asked) == (1, 0, ["provider.test"])

    @pytest.mark.parametrize("found", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]])
    def test_next_address_is_tried_if_one_refuses(self, make_client, serve, monkeypatch, found):
        server = serve(keep_alive(), host="127.0.0.2")
        resolve_to(monkeypatch, found)
        assert make_client("provider.test").send("POST", f"http://provider.test:{server.port}/").status == 200

    @pytest.mark.parametrize(
        ("address", "public"),
        [
            ("8.8.8.8", True),
            ("2606:4700::1111", True),
            ("64:ff9b::808:808", True),
            ("2002:808:808::1", True),
            ("::ffff:8.8.8.8", True),
            ("::ffff:10.0.0.1", False),
            ("64:ff9b::a00:1", False),
            ("2002:a00:1::1", False),
            ("2001:0:a00:1::1", False),
            ("::", False),
            ("::8.8.8.8", False),
            ("fec0::1", False),
            ("ff0e::1", False),
            ("233.252.0.1", False),
            ("100.127.255.255", False),
        ],
    )
    def test_which_addresses_are_public(self, address, public):
        assert is_public(ip_address(address)) is public

    @pytest.mark.parametrize("host", ["nosuch.invalid", "a..b", "x" * 64 + ".example", "a" * 300 + ".example"])
    def test_name_that_does_not_resolve(self, make_client, host):
        with pytest.raises(SocialRegError) as caught:
            make_client().send("GET", f"https://{host}/")
        assert caught.value.code in {"dns", "address"}

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_redirect_is_an_error_and_nobody_asks_there(self, client, serve, status, method):
        second = serve(keep_alive())
        first = serve(keep_alive(f"{status} X", b"", {"Location": f"{second.url}?code=secret"}))
        with pytest.raises(BadAnswer) as caught:
            client.send(method, first.url, headers={"Authorization": "secret"}, body=b"secret")
        assert (second.connections, len(first.requests)) == (0, 1)
        assert caught.value.code == "redirect"
        assert "127.0.0.1" in caught.value.cause
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("location", ["", "/relative", "https://[", "https://h\x00st/", "https://äöü/", "x" * 9000])
    def test_redirect_to_nonsense_is_an_error_like_any_other(self, client, serve, location):
        server = serve(say(f"HTTP/1.1 302 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()))
        error = fails(client, server)
        assert isinstance(error, BadAnswer)
        assert len(str(error)) < 1000

    def test_body_of_a_redirect_is_not_read(self, client, serve):
        def handle(peer: Peer) -> None:
            peer.request()
            peer.say(b"HTTP/1.1 302 X\r\nLocation: https://example.com/\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.hush()

        assert fails(client, serve(handle), within=2.0).code == "redirect"

    def test_cookies_are_neither_kept_nor_sent(self, client, serve):
        server = serve(keep_alive("200 OK", b"{}", {"Set-Cookie": "sid=1; Path=/"}))
        client.send("GET", server.url)
        client.send("GET", server.url)
        assert not any(b"cookie" in request.lower() for request in server.requests)

    def test_environment_gives_no_proxy_no_password_and_no_authority(
        self, client, serve, serve_tls, monkeypatch, tmp_path
    ):
        proxy, server = serve(keep_alive()), serve(keep_alive())
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.netloc}")
            monkeypatch.setenv(name.lower(), f"http://{proxy.netloc}")
        (tmp_path / "netrc").write_text("default login joe password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        other = make_ca(tmp_path)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, other.file)

        client.send("GET", server.url)
        client.send("GET", serve_tls(keep_alive()).url)
        assert proxy.connections == 0
        assert b"authorization" not in server.requests[0].lower()
        with tls_server(other, keep_alive()) as stranger:
            assert fails(client, stranger).code == "certificate"


class TestCertificates:
    def test_certificate_of_the_given_authority_is_accepted(self, client, serve_tls):
        assert client.send("GET", serve_tls(keep_alive()).url).status == 200

    def test_plain_http_is_not_needed_for_a_private_https_host(self, make_client, serve_tls):
        server = serve_tls(keep_alive())
        assert make_client(server.netloc, plain_http=False).send("GET", server.url).status == 200

    def test_certificate_of_nobody_known_is_refused(self, client, tmp_path):
        with tls_server(make_ca(tmp_path), keep_alive()) as server:
            error = fails(client, server)
        assert (type(error), error.code, server.requests) == (Unavailable, "certificate", [])

    def test_certificate_of_another_host_is_refused(self, client, serve_tls):
        server = serve_tls(keep_alive(), names=("other.test",))
        error = fails(client, server, method="POST")
        assert (type(error), error.code, server.requests) == (Unavailable, "certificate", [])

    def test_name_is_checked_although_the_connection_goes_to_an_address(self, make_client, serve_tls, monkeypatch):
        server = serve_tls(keep_alive(), names=("provider.test",))
        resolve_to(monkeypatch, ["127.0.0.1"])
        client = make_client("provider.test", "other.test")
        assert client.send("GET", f"https://provider.test:{server.port}/").status == 200
        with pytest.raises(Unavailable) as caught:
            client.send("GET", f"https://other.test:{server.port}/")
        assert caught.value.code == "certificate"
        assert b"\r\nHost: provider.test:" in server.requests[0]

    def test_old_tls_is_refused(self, client, serve, authority):
        context = authority.issue("127.0.0.1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        server = serve(keep_alive(), tls=context)
        assert fails(client, server).code in {"tls", "connection"}
        assert server.handshakes == 0

    def test_handshake_that_the_peer_breaks_off_is_a_failed_connection_and_a_get_is_sent_once_more(self, client, serve):
        server = serve(lambda peer: peer.sock.recv(65536))
        server.url = server.url.replace("http:", "https:")
        assert fails(client, server).code == "connection"
        assert server.connections == 2

    def test_peer_that_speaks_no_tls_is_an_error(self, client, serve):
        server = serve(lambda peer: peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        server.url = server.url.replace("http:", "https:")
        assert isinstance(fails(client, server), Unavailable)

    def test_bundle_is_loaded_once_for_all_connections_and_clients(self, authority, serve_tls, monkeypatch, tmp_path):
        bundle = shutil.copy(authority.file, tmp_path / "bundle.pem")  # one that no test before has loaded
        loads: list[object] = []
        real = ssl.SSLContext.load_verify_locations

        def load(context: ssl.SSLContext, *paths: object, **more: object) -> None:
            loads.append(paths or more)
            real(context, *paths, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: loads.append("default"))
        server = serve_tls(keep_alive("200 OK", b"{}", {"Connection": "close"}))
        for _ in range(2):
            with closing(Client(private_hosts=frozenset({"127.0.0.1"}), ca_file=str(bundle))) as client:
                client.send("GET", server.url)
                client.send("GET", server.url)
        assert server.handshakes == 4
        assert len(loads) == 1

    @pytest.mark.parametrize("content", [None, b"", b"nonsense"])
    def test_bundle_that_cannot_be_read_is_a_configuration_error(self, tmp_path, content):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=re.escape(str(path))):
            Client(ca_file=str(path))


def silent(peer: Peer) -> None:
    peer.request()
    peer.hush()


def drip_status(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 200 " + b"O" * 9999)


def drip_headers(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\n")
    peer.drip(b"X-A: b\r\n" * 9999)


def drip_interim(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 9999)


def drip_body(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    peer.drip(b"x" * 9999)


def drip_until_close(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
    peer.drip(b"x" * 9999)


def drip_chunks(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\nx\r\n" * 9999)


def drip_trailers(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    peer.drip(b"X: y\r\n" * 9999)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port on 127.0.0.1 whose queue is full: the system drops what knocks, as a firewall does."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


SLOW = [silent, drip_status, drip_headers, drip_interim, drip_body, drip_until_close, drip_chunks, drip_trailers]


class TestTime:
    @pytest.mark.parametrize("handler", SLOW)
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_slow_peer_cannot_outlast_the_deadline(self, client, serve, serve_tls, handler, secure, method):
        server = (serve_tls if secure else serve)(handler)
        error = fails(client, server, within=0.3, method=method)
        assert (type(error), error.code) == (Unavailable, "timeout")
        assert len(server.requests) <= 1

    def test_silence_instead_of_a_tls_handshake(self, client, serve):
        server = serve(Peer.hush)
        server.url = server.url.replace("http:", "https:")
        assert fails(client, server, within=0.4).code == "timeout"

    def test_dripping_tls_handshake(self, client, serve):
        """One record announced as 16 KiB, then a byte at a time: every read is quick, the handshake never ends."""
        server = serve(lambda peer: peer.drip(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb" + b"\x03" * 9999))
        server.url = server.url.replace("http:", "https:")
        assert fails(client, server, within=0.4).code == "timeout"

    def test_peer_that_does_not_read(self, client, serve):
        def handle(peer: Peer) -> None:
            peer.reply()
            peer.hush()

        server = serve(handle)
        client.send("POST", server.url)
        began = time.monotonic()
        with deadline(0.4), pytest.raises(Unavailable) as caught:
            client.send("POST", server.url, body=b"x" * 32 * MIB)
        assert caught.value.code == "timeout"
        assert time.monotonic() - began < 2.5

    def test_slow_name_lookup(self, make_client, monkeypatch):
        let_go = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(20) and [])
        with deadline(0.3), pytest.raises(Unavailable) as caught:
            make_client().send("GET", "https://provider.test/")
        let_go.set()
        assert caught.value.code == "timeout"

    def test_hanging_lookups_are_bounded_in_number_and_free_their_places(self, make_client, serve, monkeypatch):
        let_go, real = threading.Event(), socket.getaddrinfo
        hanging: list[str] = []

        def getaddrinfo(host: str, port: int, **more: int) -> object:
            if host == "provider.test":
                hanging.append(host)
                let_go.wait(20)
                return []
            return real(host, port, **more)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        client = make_client("127.0.0.1")

        def ask(_: int) -> str:
            with deadline(0.6), pytest.raises(Unavailable) as caught:
                client.send("GET", "https://provider.test/")
            return caught.value.code

        with ThreadPoolExecutor(20) as pool:
            assert set(pool.map(ask, range(20))) == {"timeout"}
        assert len(hanging) == 8
        let_go.set()
        assert client.send("GET", serve(keep_alive()).url).status == 200

    def test_three_slow_hops_share_one_deadline(self, client, serve):
        def slow(peer: Peer) -> None:
            while peer.request():
                peer.drip(answer()[:3], pause=0.4)
                peer.say(answer()[3:])

        server = serve(slow)
        began = time.monotonic()
        with deadline(3.4):
            client.send("POST", server.url)
            client.send("POST", server.url)
            with pytest.raises(Unavailable) as caught:
                client.send("POST", server.url)
        assert 3.3 < time.monotonic() - began < 6
        assert (caught.value.code, len(server.requests)) == ("timeout", 3)

    def test_inner_deadline_never_lengthens_the_outer_one(self, client, serve):
        server = serve(silent)
        began = time.monotonic()
        with deadline(0.3), deadline(30), pytest.raises(Unavailable):
            client.send("GET", server.url)
        assert time.monotonic() - began < 3

    def test_deadline_that_is_over_lets_nothing_out_and_ends_with_its_block(self, client, serve):
        server = serve(keep_alive())
        with deadline(0), pytest.raises(Unavailable) as caught:
            client.send("GET", server.url)
        assert (caught.value.code, server.connections) == ("timeout", 0)
        assert client.send("GET", server.url).status == 200

    def test_deadlines_of_threads_are_their_own(self, client, serve):
        server = serve(keep_alive())
        with deadline(0), ThreadPoolExecutor(1) as pool:
            assert pool.submit(client.send, "GET", server.url).result().status == 200

    def test_five_seconds_of_silence_are_enough(self, client, serve):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            client.send("GET", serve(silent).url)
        assert 4.5 < time.monotonic() - began < 8

    def test_three_seconds_to_connect_are_enough_for_all_addresses_together(self, make_client, deaf, monkeypatch):
        resolve_to(monkeypatch, ["127.0.0.1"] * 6)
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            make_client("provider.test").send("GET", f"http://provider.test:{deaf}/")
        assert caught.value.code == "timeout"
        assert 2.5 < time.monotonic() - began < 5.5

    def test_address_that_does_not_answer_leaves_time_for_the_next(self, make_client, serve, deaf, monkeypatch):
        server = serve(keep_alive(), host="127.0.0.2", port=deaf)
        resolve_to(monkeypatch, ["127.0.0.1", "127.0.0.2"])
        assert make_client("provider.test").send("GET", f"http://provider.test:{server.port}/").status == 200

    @pytest.mark.slow
    def test_ten_seconds_are_the_end_also_without_a_deadline(self, client, serve):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            client.send("GET", serve(drip_headers).url)
        assert 9.5 < time.monotonic() - began < 15


def peak_memory(client: Client, server: Server) -> tuple[SocialRegError, int]:
    tracemalloc.start()
    try:
        error = fails(client, server, within=10)
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def flood(head: bytes, piece: bytes, times: int = 320) -> Handler:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\n" + head)
        for _ in range(times):
            peer.say(piece)

    return handle


class TestSize:
    @pytest.mark.parametrize("size", [0, 1, BODY_BYTES - 1, BODY_BYTES])
    def test_one_mebibyte_is_read_plain_chunked_and_compressed(self, client, serve, size):
        data = os.urandom(size)
        chunked = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (data[i : i + 8192] for i in range(0, size, 8192)))
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert client.send("GET", serve(keep_alive(body=data)).url).body == data
        assert client.send("GET", serve(say(head + chunked + b"0\r\n\r\n")).url).body == data
        packed = keep_alive("200 OK", gzip.compress(bytes(size)), {"Content-Encoding": "gzip"})
        assert client.send("GET", serve(packed).url).body == bytes(size)

    @pytest.mark.parametrize("how", ["announced", "until close", "chunked", "compressed"])
    def test_one_byte_more_is_refused(self, client, serve, how):
        data = bytes(BODY_BYTES + 1)
        said = {
            "announced": answer(body=data),
            "until close": OK + b"\r\n" + data,
            "chunked": CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data),
            "compressed": GZIP + b"\r\n" + gzip.compress(data),
        }
        error = fails(client, serve(say(said[how])))
        assert (type(error), error.code) == (BadAnswer, "too-large")

    @pytest.mark.parametrize("length", [str(BODY_BYTES + 1), str(20 * MIB), "9" * 19, "9" * 5000])
    def test_announced_length_above_the_limit_is_refused_unread(self, client, serve, length):
        def handle(peer: Peer) -> None:
            peer.request()
            peer.say(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
            peer.hush()

        assert fails(client, serve(handle), within=2.0).code == "too-large"

    @pytest.mark.parametrize("coding", ["gzip", "deflate"])
    def test_bomb_is_refused_in_little_memory(self, client, serve, coding):
        data = bomb(256) if coding == "gzip" else zlib.compress(bytes(64 * MIB))
        server = serve(keep_alive("200 OK", data, {"Content-Encoding": coding}))
        error, peak = peak_memory(client, server)
        assert (type(error), error.code) == (BadAnswer, "too-large")
        assert peak < 16 * MIB

    def test_bomb_in_a_redirect_or_an_error_is_no_better(self, client, serve):
        data = bomb(256)
        for status in ("302 Found", "500 X"):
            error, peak = peak_memory(client, serve(keep_alive(status, data, {"Content-Encoding": "gzip"})))
            assert isinstance(error, BadAnswer)
            assert peak < 16 * MIB

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"\r\n", b"x" * 65536),
            (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
            (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10000),
            (b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", b"x" * 65536),
        ],
        ids=["until close", "chunked", "tiny chunks", "one endless chunk"],
    )
    def test_endless_body_is_refused_in_little_memory(self, client, serve, head, piece):
        error, peak = peak_memory(client, serve(flood(head, piece)))
        assert (type(error), error.code) == (BadAnswer, "too-large")
        assert peak < 16 * MIB

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"", b"X-A: b\r\n" * 1000),
            (b"", b"X-A: " + b"b" * 60000 + b"\r\n"),
            (b"X-A: ", b"b" * 65536),
            (b"X-A: b\r\n", b" folded" * 9000),
            (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 1000),
            (b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 65536),
            (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
            (b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ],
        ids=["many", "large", "endless", "folded", "trailers", "chunk size", "chunk extension", "interim"],
    )
    def test_flood_of_headers_is_refused_in_little_memory(self, client, serve, head, piece):
        handler = flood(head, piece)
        if piece.startswith(b"HTTP"):
            handler = say(piece * 100)
        error, peak = peak_memory(client, serve(handler))
        assert isinstance(error, BadAnswer)
        assert peak < 16 * MIB

    @pytest.mark.parametrize(("lines", "fits"), [(30, True), (90, False)])
    def test_head_may_have_sixty_four_kibibytes(self, client, serve, lines, fits):
        server = serve(keep_alive("200 OK", b"{}", {f"X-{number}": "x" * 1000 for number in range(lines)}))
        if fits:
            assert len(client.send("GET", server.url).headers) == lines + 1
        else:
            assert fails(client, server).code == "too-large"


OK = b"HTTP/1.1 200 OK\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "empty line": b"\r\n",
    "nul": b"\0" * 100,
    "random": bytes(range(256)) * 9,
    "html": b"<html>502</html>",
    "http 0.9": b"hello",
    "http 2": b"HTTP/2 200 OK\r\n\r\n",
    "http 2 frames": b"\0\0\x12\x04\0\0\0\0\0" * 9,
    "tls alert": b"\x15\x03\x01\0\x02\x02\x28",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status word": b"HTTP/1.1 OK 200\r\n\r\n",
    "status 0": b"HTTP/1.1 0 X\r\n\r\n",
    "status 99999": b"HTTP/1.1 99999 X\r\n\r\n",
    "status negative": b"HTTP/1.1 -200 X\r\n\r\n",
    "status 5000 digits": b"HTTP/1.1 " + b"2" * 5000 + b" X\r\n\r\n",
    "status 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "status 103": b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(),
    "status line cut": b"HTTP/1.1 20",
    "head cut": OK + b"Content-Le",
    "head without end": OK + b"Content-Length: 2\r\n",
    "header without colon": OK + b"oauth_token\r\nContent-Length: 2\r\n\r\n{}",
    "header without name": OK + b": x\r\nContent-Length: 2\r\n\r\n{}",
    "header begins with a space": OK + b" X: y\r\nContent-Length: 2\r\n\r\n{}",
    "length negative": OK + b"Content-Length: -1\r\n\r\n{}",
    "length word": OK + b"Content-Length: two\r\n\r\n{}",
    "length empty": OK + b"Content-Length: \r\n\r\n{}",
    "length plus": OK + b"Content-Length: +2\r\n\r\n{}",
    "length superscript": OK + b"Content-Length: \xb2\r\n\r\n{}",
    "lengths differ": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "lengths in one": OK + b"Content-Length: 2, 3\r\n\r\n{}",
    "length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "unknown transfer": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "body cut": OK + b"Content-Length: 5\r\n\r\n{}",
    "body missing": OK + b"Content-Length: 5\r\n\r\n",
    "chunk size word": CHUNKED + b"xyz\r\n{}\r\n0\r\n\r\n",
    "chunk size negative": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "chunk size minus one": CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
    "chunk size empty": CHUNKED + b"\r\n{}\r\n0\r\n\r\n",
    "chunk cut": CHUNKED + b"5\r\n{}",
    "chunk without end": CHUNKED + b"2\r\n{}",
    "chunks without end": CHUNKED + b"2\r\n{}\r\n",
    "chunks missing": CHUNKED,
    "gzip nonsense": GZIP + b"Content-Length: 8\r\n\r\nnonsense",
    "gzip cut": GZIP + b"\r\n" + gzip.compress(b'{"a": "b"}')[:-9],
    "gzip without check sum": GZIP + b"\r\n" + gzip.compress(b"{}")[:-4],
    "gzip wrong check sum": GZIP + b"\r\n" + gzip.compress(b"{}")[:-8] + b"\0" * 8,
    "gzip and more": GZIP + b"\r\n" + gzip.compress(b"{}") + b"more",
    "gzip twice": OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(b"{}")),
    "deflate raw": OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"{}")[2:-4],
    "brotli": OK + b"Content-Encoding: br\r\n\r\n\x0b\x00\x80{}\x03",
    "encoding nonsense": OK + b"Content-Encoding: \xff\xfe\r\n\r\n{}",
}


class TestNonsense:
    @pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_malformed_answer_is_a_typed_error_with_cause_and_remedy(self, client, serve, data, method):
        server = serve(say(data))
        error = fails(client, server, method=method)
        assert isinstance(error, BadAnswer)
        assert error.remedy
        assert "it came to" not in error.cause, "the cause of what is foreseen is given in plain words"
        assert (len(server.requests), error.__cause__, error.__context__) == (1, None, None)

    @pytest.mark.parametrize("handler", [lambda peer: None, lambda peer: peer.reset(), say(b"")])
    def test_connection_ended_without_an_answer_is_unavailable(self, client, serve, handler):
        error = fails(client, serve(handler))
        assert (type(error), error.code) == (Unavailable, "connection")

    def test_nobody_listening_is_unavailable(self, client, serve):
        with Server(keep_alive()) as server:
            pass
        error = fails(client, server)
        assert (type(error), error.code) == (Unavailable, "connection")
        assert "refused" in error.cause.lower()

    def test_reset_amid_the_body_is_unavailable(self, client, serve):
        def handle(peer: Peer) -> None:
            peer.request()
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            peer.reset()

        assert isinstance(fails(client, serve(handle), method="POST"), SocialRegError)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.one_of(
            st.binary(max_size=300),
            st.binary(max_size=300).map(lambda data: OK + data),
            st.tuples(st.sampled_from(list(MALFORMED.values())), st.integers(0, 200), st.binary(max_size=8)).map(
                lambda mix: mix[0][: mix[1]] + mix[2] + mix[0][mix[1] :]
            ),
        )
    )
    @example(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; expires=\xff; max-age=x; domain=[\r\n\r\n")
    def test_whatever_comes_back_is_an_answer_or_an_error_of_the_tree(self, authority, data):
        with Server(say(data)) as server, closing(trusting(authority, "127.0.0.1")) as client, deadline(5):
            try:
                result: Answer | SocialRegError = client.send("POST", server.url)
            except SocialRegError as error:
                result = error
        assert isinstance(result, Answer) or result.cause

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            ("GET", {"X": "a\r\nInjected: b"}),
            ("GET", {"X": "a\nb"}),
            ("GET", {"X": "a\0b"}),
            ("GET", {"X": "schlüssel"}),
            ("GET", {"X": "\u2028"}),
            ("GET", {"X\r\nY": "a"}),
            ("GET", {"X Y": "a"}),
            ("GET", {"": "a"}),
            ("GET\r\nX: y", {}),
            ("", {}),
            ("G T", {}),
        ],
    )
    def test_header_or_method_that_cannot_be_sent_is_a_configuration_error(self, client, serve, method, headers):
        server = serve(keep_alive())
        with pytest.raises(ConfigurationError) as caught:
            client.send(method, server.url, headers=headers)
        assert (caught.value.code, server.connections) == ("header", 0)


class TestConnections:
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_five_requests_are_one_connection(self, client, serve, serve_tls, secure):
        server = (serve_tls if secure else serve)(keep_alive("404 Not Found"))
        for method in ("GET", "POST", "GET", "POST", "GET"):
            client.send(method, server.url)
        assert (server.connections, len(server.requests)) == (1, 5)

    def test_chunked_compressed_and_empty_answers_keep_the_connection(self, client, serve):
        packed = gzip.compress(b"{}")
        answers = [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            answer("200 OK", packed, {"Content-Encoding": "gzip"}),
            answer("200 OK", b""),
            b"HTTP/1.1 204 No Content\r\n\r\n",
            answer(),
        ]

        def handle(peer: Peer) -> None:
            for data in answers:
                peer.request()
                peer.say(data)

        server = serve(handle)
        for _ in answers:
            client.send("POST", server.url)
        assert server.connections == 1

    def test_connection_of_a_failed_request_is_not_used_again(self, client, serve):
        def handle(peer: Peer) -> None:
            while peer.request():
                peer.say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnonsense")

        server = serve(handle)
        codes = [fails(client, server).code for _ in range(3)]
        assert codes == ["encoding"] * 3

    @pytest.mark.parametrize("extra", [10, 12_000])
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_what_follows_an_answer_is_never_taken_for_the_next_one(self, client, serve, serve_tls, secure, extra):
        forged = answer(body=b"forged", headers={"X": "x" * extra})

        def handle(peer: Peer) -> None:
            while peer.request():
                peer.say(answer(body=b"true") + forged)

        server = (serve_tls if secure else serve)(handle)
        assert {client.send("POST", server.url).body for _ in range(3)} == {b"true"}

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_connection_that_the_peer_closed_meanwhile_is_replaced(self, client, serve, serve_tls, method, secure):
        closed = threading.Semaphore(0)

        def handle(peer: Peer) -> None:
            peer.reply()
            peer.sock.close()
            closed.release()

        server = (serve_tls if secure else serve)(handle)
        for _ in range(3):
            assert client.send(method, server.url).status == 200
            assert closed.acquire(timeout=5)
        assert (server.connections, len(server.requests)) == (3, 3)

    def test_connection_that_idled_long_is_replaced(self, client, serve, monkeypatch):
        server, now = serve(keep_alive()), time.monotonic
        client.send("POST", server.url)
        monkeypatch.setattr(time, "monotonic", lambda: now() + IDLE_SECONDS + 1)
        client.send("POST", server.url)
        assert server.connections == 2

    def test_get_is_sent_once_more_if_the_connection_fails(self, client, serve):
        def handle(peer: Peer) -> None:
            if peer.request() and len(peer.server.requests) > 1:
                peer.say(answer())

        server = serve(handle)
        assert client.send("GET", server.url).status == 200
        assert len(server.requests) == 2

    @pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("DELETE", 1), ("PUT", 1)])
    def test_how_often_a_request_is_sent_when_every_connection_fails(self, client, serve, method, times):
        server = serve(lambda peer: peer.request() and peer.reset())
        assert isinstance(fails(client, server, method=method), Unavailable)
        assert len(server.requests) == times

    @pytest.mark.parametrize("handler", [silent, keep_alive("500 X"), keep_alive("503 X"), say(b"nonsense")])
    def test_get_is_not_repeated_after_a_timeout_a_status_or_nonsense(self, client, serve, handler):
        server = serve(handler)
        with deadline(0.6), suppress(SocialRegError):
            client.send("GET", server.url)
        assert len(server.requests) == 1

    def test_answer_given_before_the_body_was_read_is_heard(self, client, serve):
        def handle(peer: Peer) -> None:
            peer.sock.recv(1000)
            peer.say(answer("413 Too Large", b"", {"Connection": "close"}))

        with deadline(5):
            assert client.send("POST", serve(handle).url, body=b"x" * 4 * MIB).status == 413

    def test_twenty_threads_get_their_own_answers(self, client, serve_tls):
        def echo(peer: Peer) -> None:
            while request := peer.request():
                peer.say(answer(body=request.rpartition(b"\r\n\r\n")[2]))

        server = serve_tls(echo)

        def ask(number: int) -> bool:
            return client.send("POST", server.url, body=b"%d" % number).body == b"%d" % number

        with ThreadPoolExecutor(20) as pool:
            assert all(pool.map(ask, range(400)))
        assert server.connections <= 20

    def test_close_ends_the_connections_and_the_next_request_opens_one(self, client, serve):
        server = serve(keep_alive())
        client.send("GET", server.url)
        client.close()
        client.close()
        assert client.send("GET", server.url).status == 200
        assert server.connections == 2

    def test_forked_process_has_connections_of_its_own(self, serve_tls, authority):
        """Parent, child, parent: the child opens its own, and leaves its parent's in working order."""
        server = serve_tls(keep_alive())
        script = f"""
import os
from socialreg.http import Client
client = Client(private_hosts=frozenset({{"127.0.0.1"}}), ca_file={authority.file!r})
client.send("POST", {server.url!r}, body=b"parent")
child = os.fork()
if child == 0:
    client.send("POST", {server.url!r}, body=b"child")
    client.send("POST", {server.url!r}, body=b"child")
    client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.send("POST", {server.url!r}, body=b"parent")
client.close()
"""
        root = Path(__file__).parent.parent
        subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=root, check=True, timeout=30)
        assert (server.connections, len(server.requests)) == (2, 4)


class TestSecrets:
    def test_logs_at_debug_hold_no_header_and_no_body(self, client, serve, caplog):
        caplog.set_level(logging.DEBUG)
        server = serve(keep_alive("200 OK", b"secret-answer", {"X-Reply": "secret-reply"}))
        client.send("POST", server.url + "?q=query", headers={"Authorization": "secret-key"}, body=b"secret-body")
        broken = serve(say(OK + b"secret-line\r\nContent-Length: 0\r\n\r\n"))
        for method in ("GET", "POST"):
            with pytest.raises(BadAnswer):
                client.send(method, broken.url, headers={"Authorization": "secret-key"}, body=b"secret-body")
        assert caplog.records
        assert "secret" not in caplog.text
        ours = [record for record in caplog.records if record.name == "socialreg.http"]
        assert "query" not in "".join(record.getMessage() for record in ours)
        assert re.fullmatch(rf"POST {server.netloc}/path -> 200 in \d+ ms, 13 bytes", ours[0].getMessage()), ours[
            0
        ].getMessage()

    def test_errors_hold_no_query_header_or_body_and_nothing_behind_them(self, client, serve, serve_tls):
        servers = [serve(handler) for handler in (say(b"secret"), say(b""), say(OK + b"secret\r\n\r\n"))]
        servers.append(serve(keep_alive("302 X", b"secret", {"Location": "https://example.com/secret?secret"})))
        servers.append(serve_tls(keep_alive(), names=("other.test",)))
        for server in servers:
            with pytest.raises(SocialRegError) as caught:
                client.send("POST", server.url + "?q=secret", headers={"Authorization": "secret"}, body=b"secret")
            error = caught.value
            assert "secret" not in f"{error!r} {error} {error.__dict__}"
            assert (error.__cause__, error.__context__) == (None, None)
            assert f"POST {server.netloc}/path" in str(error)

    def test_http_client_prints_nothing(self):
        """Its debug level would print every header, secrets among them."""
        assert http.client.HTTPConnection.debuglevel == 0
