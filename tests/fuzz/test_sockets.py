"""What peers write on a socket: an answer that is whole and plain, or an error. Every example is a connection."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialreg.answer import Answer
from socialreg.http import Client
from socialreg.sockets import BODY_BYTES, HEAD_BYTES
from tests.fuzz.claims import told
from tests.fuzz.hostile import texts
from tests.fuzz.profiles import dear
from tests.servers import Peer, Server

_STATUS = "HTTP/1.1 200 OK"
_STATUSES = (
    *[_STATUS] * 8,
    "HTTP/1.0 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 304 Not Modified",
    "HTTP/1.1 100 Continue",
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/1.1 302 Found\r\nLocation: https://[",
    "HTTP/1.1 302 Found\r\nLocation: \xff//evil.example/",
    "HTTP/1.1 999 \xe9",
    "HTTP/1.1 1000 OK",
    "HTTP/1.1 -1 OK",
    "HTTP/9.9 200 OK",
    "ICY 200 OK",
    "<html>",
    "\0\0\0",
    "",
)
_HEADERS = (
    "Content-Type: application/json",
    "Set-Cookie: a=b",
    "X-Odd: \xe9\xff",
    "X-Empty:",
    "No colon here",
    " folded: at the beginning",
    "X-Folded: a\r\n b",
    ": no name",
    "X\0: y",
    "Content-Encoding: br",
    "Content-Encoding: gzip\r\nContent-Encoding: gzip",
    "Content-Encoding: \xff",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: gzip",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: -1",
    "Content-Length: +5",
    "Content-Length: 0x5",
    "Content-Length: \xb2",
    f"Content-Length: {'9' * 5_000}",
    f"Content-Length: {BODY_BYTES + 1}",
    "Date: \xff",
    f"X-Long: {'x' * (HEAD_BYTES // 2)}",
    "\r\n".join(f"X-{number}: y" for number in range(200)),
)
_BODIES = (b"{}", b'{"id": "7"}', b"", b"[" * 5_000, b"\xff\xfe", b"x" * 70_000)


@dataclass(frozen=True)
class Said:
    """An answer in the making. ``framing``: how its end is told; ``spoil``: what is done to the bytes of its body."""

    status: str
    headers: list[str]
    body: bytes
    framing: str
    coding: str
    spoil: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing about it is odd: then it has to be read, and to the letter."""
        return self.status == _STATUS and not self.headers and self.spoil == "" and self.framing != "none"

    def bytes(self) -> bytes:
        coded = gzip.compress(self.body, 1) if self.coding else self.body
        lines = [self.status, *self.headers, *([f"Content-Encoding: {self.coding}"] if self.coding else [])]
        lines += {"length": [f"Content-Length: {len(coded)}"], "chunked": ["Transfer-Encoding: chunked"]}.get(
            self.framing, []
        )
        sent = _chunked(coded) if self.framing == "chunked" else coded
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self._spoilt(sent)

    def _spoilt(self, body: bytes) -> bytes:
        half = len(body) // 2
        return {
            "cut": body[:half],
            "more": body + b"HTTP/1.1 200 OK\r\n\r\n",
            "middle": body[:half] + b"\r\n-5\r\n" + body[half:],
            "size": b"fffffffffffffff\r\n" + body,
            "negative": b"-1\r\n" + body,
        }.get(self.spoil, body)


def _chunked(body: bytes) -> bytes:
    pieces = [body[at : at + 40_000] for at in range(0, len(body), 40_000)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


answers = st.builds(
    Said,
    st.sampled_from(_STATUSES),
    st.lists(
        st.one_of(st.sampled_from(_HEADERS), st.tuples(texts, texts).map(lambda drawn: f"X{drawn[0]}: {drawn[1]}")),
        max_size=2,
    ),
    st.sampled_from(_BODIES),
    st.sampled_from(("length", "length", "chunked", "none")),
    st.sampled_from(("", "", "gzip")),
    st.sampled_from(("", "", "", "", "cut", "more", "middle", "size", "negative")),
)


class Parrot:
    """A server that says the bytes that it was given, one after the other, and then hangs up."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.server = Server(self._serve)

    def _serve(self, peer: Peer) -> None:
        while self.said and peer.request():
            peer.say(self.said.pop(0))


@pytest.fixture(scope="module")
def parrot() -> Iterator[Parrot]:
    parrot = Parrot()
    with parrot.server:
        yield parrot


@pytest.fixture(scope="module")
def outside(parrot: Parrot) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({parrot.server.netloc}), plain_http=True)
    yield client
    client.close()


def check_answer(answer: Answer) -> None:
    assert 200 <= answer.status < 300 or answer.status >= 400
    assert len(answer.body) <= BODY_BYTES
    assert all(name == name.lower() for name in answer.headers)
    assert sum(map(len, answer.headers.values())) <= HEAD_BYTES


def ask(parrot: Parrot, outside: Client, *said: bytes) -> list[Answer | None]:
    """Return what is made of each answer, over connections of this example's own; a POST is sent once at most."""
    outside.close()
    parrot.said, parrot.server.requests = [*said], []
    answers = [told(lambda: outside.send("POST", parrot.server.url, body=b"a=b")) for _ in said]
    assert len(parrot.server.requests) <= len(said)
    return answers


@dear
@given(answers)
def test_an_answer_is_whole_and_plain_or_an_error(parrot, outside, said):
    (answer,) = ask(parrot, outside, said.bytes())
    if answer is not None:
        check_answer(answer)
    if said.is_plain:
        assert answer is not None
        assert answer.body == said.body


@dear
@given(st.binary(max_size=80), st.booleans())
def test_noise_is_an_error(parrot, outside, noise, begins_well):
    (answer,) = ask(parrot, outside, b"HTTP/1.1 200 OK\r\n" + noise if begins_well else noise)
    if answer is not None:
        check_answer(answer)


_LEFT_OVER = (b"", b"{}", b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"x" * 100_000)


@dear
@given(
    st.sampled_from((_STATUS, "HTTP/1.1 204 No Content", "HTTP/1.1 400 Bad Request")),
    st.sampled_from(_BODIES[:3]),
    st.sampled_from(("length", "chunked")),
    st.sampled_from(_LEFT_OVER),
)
def test_what_is_left_over_of_one_answer_is_never_taken_for_the_next(parrot, outside, status, body, framing, rest):
    first = Said(status, [], body, framing, "", "").bytes() + rest
    _, second = ask(parrot, outside, first, Said(_STATUS, [], b"the second", "length", "", "").bytes())
    assert second is None or second.body == b"the second"
    assert rest or "204" in status or second is not None
