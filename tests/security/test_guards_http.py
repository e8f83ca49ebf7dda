"""The guards of the one way out, each at its very edge: what goes out, what comes in, and what is said of it."""

from __future__ import annotations

import gzip
import io
import logging
import re
import shutil
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import certifi
import pytest
from urllib3 import HTTPResponse

from socialreg import __version__
from socialreg.bodies import decompress, read
from socialreg.deadlines import READ_SECONDS, Fault
from socialreg.exceptions import BadAnswer, ConfigurationError, SocialRegError
from socialreg.http import Client
from socialreg.passages import using
from socialreg.sockets import BODY_BYTES
from tests.servers import Peer, Server, answer, keep_alive


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(private_hosts=frozenset({"127.0.0.1"}), plain_http=True)
    yield client
    client.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(keep_alive()) as server:
        yield server


def refused(call: Callable[..., object], *args: object, **options: object) -> SocialRegError:
    with pytest.raises(SocialRegError) as raised:
        call(*args, **options)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("http://127.0.0.1/", "not-https"),
            ("ftp://example.com/", "not-https"),
            ("https://user:secret@example.com/", "address"),
            ("https://user@example.com/", "address"),
            ("example.com", "not-https"),
            ("https://[", "address"),
            ("https://exa mple.com/", "address"),
            ("https://*.example.com/", "address"),
        ],
    )
    def test_what_is_no_plain_https_address_goes_nowhere_and_its_secrets_are_not_told(self, url, code):
        error = refused(Client().send, "GET", url)
        assert error.code == code
        assert "secret" not in str(error)
        assert isinstance(error, ConfigurationError)

    def test_http_is_for_those_that_switch_it_on_and_no_other_scheme_ever_is(self, client):
        assert refused(client.send, "GET", "ftp://127.0.0.1/").code == "not-https"

    def test_a_host_that_may_be_private_may_not_be_plain_for_that(self, server):
        client = Client(private_hosts=frozenset({"127.0.0.1"}))
        assert refused(client.send, "GET", server.url).code == "not-https"
        assert server.connections == 0

    def test_hosts_are_named_in_any_case(self, server):
        client = Client(private_hosts=frozenset({"LOCALHOST"}), plain_http=True)
        assert client.send("GET", server.url.replace("127.0.0.1", "localhost")).status == 200
        client.close()

    def test_what_a_visitor_names_is_not_reached_by_what_the_operator_allows(self, client, server):
        assert client.send("GET", server.url).status == 200
        visitors = client.for_visitors
        assert refused(visitors.send, "GET", server.url).code == "not-https"
        assert refused(visitors.send, "GET", server.url.replace("http:", "https:")).code == "private-address"
        assert visitors is client.for_visitors

    def test_visitors_trust_whom_the_operator_trusts(self, tmp_path):
        bundle = tmp_path / "bundle.pem"
        shutil.copy(certifi.where(), bundle)
        client = Client(ca_file=str(bundle))
        assert client.for_visitors._tls is client._tls is not Client()._tls

    def test_closing_ends_the_connections_at_once(self, client):
        gone = threading.Event()

        def handle(peer: Peer) -> None:
            peer.reply()
            peer.request()
            gone.set()

        with Server(handle) as server:
            client.send("GET", server.url)
            kept = list(client._sessions.values())
            client.close()
            assert gone.wait(5)
        assert kept

    def test_of_two_that_ask_at_once_both_connections_are_kept(self, client):
        together = threading.Barrier(2)

        def handle(peer: Peer) -> None:
            while peer.request():
                together.wait(5)
                peer.say(answer())

        with Server(handle) as server, ThreadPoolExecutor(2) as pool:
            for _ in range(3):
                assert len(list(pool.map(lambda _: client.send("GET", server.url), range(2)))) == 2
            assert server.connections == 2

    def test_closing_ends_the_way_of_visitors_too_and_opens_none(self, client):
        visitors = client.for_visitors
        refused(visitors.send, "GET", "https://127.0.0.1/")
        client.close()
        assert visitors._sessions == {}
        other = Client()
        other.close()
        assert "for_visitors" not in vars(other)


class TestHead:
    @pytest.mark.parametrize("method", ["", "GET /", "G\nT", "GÉT"])
    def test_a_method_is_one_word(self, client, method):
        assert refused(client.send, method, "https://example.com/").code == "header"

    @pytest.mark.parametrize("name", ["", "a b", "a:", "a\n", "ä"])
    def test_the_name_of_a_header_is_one_word(self, client, name):
        assert refused(client.send, "GET", "https://example.com/", headers={name: "v"}).code == "header"

    @pytest.mark.parametrize("value", ["a\nb", "a\0", "ü", "\x7f"])
    def test_its_value_is_printable_ascii(self, client, value):
        assert refused(client.send, "GET", "https://example.com/", headers={"a": value}).code == "header"

    def test_what_nobody_foresaw_is_an_error_of_ours_and_is_not_told(self, client):
        error = refused(client.send, "GET", "https://example.com/", headers={"a": b"secret"})
        assert error.code == "malformed"
        assert "secret" not in str(error)

    def test_what_is_sent_is_what_is_said_and_four_headers_more(self, client, server):
        client.send("POST", f"{server.url}?b=c", headers={"X-Own": "1"}, body=b"d")
        head, _, body = server.requests[0].decode().partition("\r\n\r\n")
        line, *headers = head.split("\r\n")
        assert (line, body) == ("POST /path?b=c HTTP/1.1", "d")
        assert {name.lower(): value for name, _, value in (each.partition(": ") for each in headers)} == {
            "host": server.netloc,
            "user-agent": f"socialreg/{__version__}",
            "accept": "application/json",
            "accept-encoding": "gzip",
            "connection": "keep-alive",
            "content-length": "1",
            "x-own": "1",
        }


class TestAnswers:
    def test_headers_are_known_by_lower_case_and_the_answer_by_its_place(self, client):
        with Server(keep_alive(headers={"X-Own": "1"})) as server:
            found = client.send("GET", f"{server.url}?secret=1")
        assert (found.headers["x-own"], found.where) == ("1", f"GET {server.netloc}/path")

    @pytest.mark.parametrize("status", [300, 301, 399])
    def test_whatever_begins_with_3_is_a_redirect(self, client, status):
        with Server(keep_alive(f"{status} X", headers={"Location": "https://evil.example/a?b"})) as server:
            error = refused(client.send, "GET", server.url)
        assert (error.code, type(error)) == ("redirect", BadAnswer)
        assert "redirect to evil.example" in error.cause
        assert "/a" not in error.cause

    @pytest.mark.parametrize("status", [299, 400])
    def test_nothing_else_is(self, client, status):
        with Server(keep_alive(f"{status} X", headers={"Location": "https://evil.example/"})) as server:
            assert client.send("GET", server.url).status == status

    @pytest.mark.parametrize("location", ["", "/elsewhere", "https://["])
    def test_a_redirect_to_no_other_host_says_so(self, client, location):
        with Server(keep_alive("302 X", headers={"Location": location})) as server:
            assert "no other host" in refused(client.send, "GET", server.url).cause

    def test_a_host_in_a_log_has_255_characters_at_most(self, client):
        with Server(keep_alive("302 X", headers={"Location": f"https://{'a' * 300}/"})) as server:
            error = refused(client.send, "GET", server.url)
        assert "a" * 255 in error.cause
        assert "a" * 256 not in error.cause

    def test_the_log_tells_place_and_outcome_and_no_query(self, client, server, caplog):
        caplog.set_level(logging.DEBUG, "socialreg.http")
        client.send("GET", f"{server.url}?secret=1")
        refused(client.send, "GET", "https://user:secret@example.com/a?secret=1")
        told = "\n".join(record.getMessage() for record in caplog.records if record.name == "socialreg.http")
        took = re.search(r"/path -> 200 in (\d+) ms, 2 bytes", told)
        assert took is not None
        assert int(took[1]) < READ_SECONDS * 1000
        assert "GET example.com/a: address" in told
        assert "secret" not in told


def test_forty_requests_at_once_wait_for_the_peer_and_not_for_each_other(client):
    """The pool keeps fewer connections than that, and lets nobody wait for one."""
    barrier = threading.Barrier(40)

    def handle(peer: Peer) -> None:
        peer.request()
        barrier.wait(5)
        peer.say(answer())

    with Server(handle) as server, ThreadPoolExecutor(40) as pool:
        assert [each.status for each in pool.map(lambda _: client.send("POST", server.url), range(40))] == [200] * 40


class Passing:
    """A passage that lets requests out for some seconds and writes down what it hears."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.heard: list[tuple[str, object]] = []

    def begin(self, where: str) -> float:
        self.heard.append((where, "begin"))
        return self.seconds

    def end(self, where: str, outcome: object) -> None:
        self.heard.append((where, outcome))


class TestPassages:
    def test_a_passage_hears_of_every_request_and_what_became_of_it(self, client, server):
        where = f"GET {server.netloc}/path"
        passing = Passing(5)
        with using(passing):
            found = client.send("GET", server.url)
            error = refused(client.send, "GET", "https://user@example.com/")
        begun = [place for place, outcome in passing.heard if outcome == "begin"]
        assert begun == [where, "GET example.com/"]
        assert [outcome for _, outcome in passing.heard if outcome != "begin"] == [found, error]

    def test_it_says_how_long_a_request_may_take(self, client):
        with Server(Peer.hush) as server, using(Passing(0.2)):
            began = time.monotonic()
            assert refused(client.send, "GET", server.url).code == "timeout"
        assert time.monotonic() - began < READ_SECONDS / 2


class TestTls:
    def test_it_is_1_2_at_least_with_names_that_are_alternative_names_and_is_loaded_once(self):
        context = Client()._tls
        assert context is Client()._tls is Client(ca_file=certifi.where())._tls
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.hostname_checks_common_name is False

    def test_a_bundle_that_cannot_be_read_is_named(self, tmp_path):
        error = refused(Client, ca_file=str(tmp_path / "no.pem"))
        assert error.code == "ca-file"
        assert "no.pem" in error.cause


class TestBodies:
    @pytest.mark.parametrize("coding", ["", "identity"])
    def test_what_is_not_compressed_is_taken_as_it_is(self, coding):
        assert decompress(b"\x1f\x8b", coding) == b"\x1f\x8b"

    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "br", "deflate"])
    def test_nothing_is_nothing_however_it_is_called(self, coding):
        assert decompress(b"", coding) == b""

    @pytest.mark.parametrize(
        ("coding", "body"),
        [("gzip", gzip.compress(b"{}")), ("x-gzip", gzip.compress(b"{}")), ("deflate", zlib.compress(b"{}"))],
    )
    def test_what_is_compressed_is_read(self, coding, body):
        assert decompress(body, coding) == b"{}"

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("br", b"x"),
            ("gzip, gzip", gzip.compress(b"{}")),
            ("gzip", b"no gzip"),
            ("gzip", zlib.compress(b"{}")),
            ("deflate", gzip.compress(b"{}")),
            ("gzip", gzip.compress(b"{}")[:-1]),
            ("gzip", gzip.compress(b"{}") + b"x"),
            ("gzip", gzip.compress(b"{}") * 2),
        ],
    )
    def test_what_is_damaged_cut_off_or_goes_on_is_refused(self, coding, body):
        with pytest.raises(Fault) as raised:
            decompress(body, coding)
        assert raised.value.code == "encoding"
        assert raised.value.__suppress_context__ or raised.value.__context__ is None

    @pytest.mark.parametrize(("size", "fits"), [(BODY_BYTES, True), (BODY_BYTES + 1, False), (BODY_BYTES * 50, False)])
    def test_a_mebibyte_fits_decompressed_and_no_byte_more(self, size, fits):
        body = gzip.compress(bytes(size))
        if fits:
            assert len(decompress(body, "gzip")) == size
            return
        with pytest.raises(Fault) as raised:
            decompress(body, "gzip")
        assert raised.value.code == "too-large"

    @pytest.mark.parametrize(("size", "fits"), [(BODY_BYTES, True), (BODY_BYTES + 1, False)])
    def test_a_mebibyte_fits_as_it_is_sent_and_no_byte_more(self, size, fits):
        raw = HTTPResponse(io.BytesIO(bytes(size)), preload_content=False)
        if fits:
            assert read(raw) == bytes(size)
            return
        with pytest.raises(Fault) as raised:
            read(raw)
        assert raised.value.code == "too-large"

    def test_it_is_read_as_it_was_sent(self):
        body = gzip.compress(b"{}")
        assert read(HTTPResponse(io.BytesIO(body), {"content-encoding": "gzip"}, preload_content=False)) == body

    def test_a_body_that_is_shorter_than_announced_is_cut_off(self):
        raw = HTTPResponse(
            io.BytesIO(b"{"), preload_content=False, headers={"content-length": "2"}, enforce_content_length=True
        )
        with pytest.raises(Fault) as raised:
            read(raw)
        assert raised.value.code == "truncated"
        assert raised.value.__suppress_context__
