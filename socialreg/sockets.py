"""Connections that cannot be led astray, held up or flooded: what :mod:`http` is built on.

Every byte that comes or goes passes through this room, so three things hold whatever the peer does. A name is
looked up here, every address is checked, and the connection is made to the address that was checked. Every wait is cut
to what is left of the caller's :func:`deadline`. Every answer is counted, head and body, before anybody keeps it.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import ClassVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
#: A connection that idled longer is not used again: firewalls forget it without a word, and a POST is never repeated.
IDLE_SECONDS = 60.0
HEAD_BYTES = 64 * 1024
BODY_BYTES = 1024 * 1024
#: Sent at once, so that a peer that reads slowly is noticed between two pieces.
_PIECE = 16 * 1024
#: Names looked up at once. The system's resolver cannot be interrupted, so what hangs in it is bounded by number.
_LOOKUPS = 8

#: One entry of getaddrinfo: the family, and what connect() takes.
Address = tuple[socket.AddressFamily, tuple[object, ...]]

_ends: ContextVar[float] = ContextVar("socialreg_deadline", default=math.inf)


class Fault(Exception):
    """What went wrong on the wire, in plain words that hold nothing secret; :mod:`http` adds which request it was."""

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(code, cause)
        self.code = code
        self.cause = cause


@contextmanager
def deadline(seconds: float = TOTAL_SECONDS) -> Iterator[None]:
    """Let all requests sent inside share ``seconds``, however many they are and whatever the peers do.

    A deadline inside another one never lengthens it.

    :raises Unavailable: by the request that runs out of time, with the code ``timeout``.
    """
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def allow(seconds: float) -> float:
    """Return how many seconds the next step may take: ``seconds``, or what is left of the deadline if that is less.

    :raises Fault: nothing is left.
    """
    left = _ends.get() - time.monotonic()
    if left <= 0:
        raise Fault("timeout", "the time allowed for all requests together is over")
    return min(seconds, left)


@contextmanager
def step(seconds: float, doing: str) -> Iterator[float]:
    """Run one blocking step: give it its seconds, and say in plain words what became of it.

    :raises Fault: it took too long, or failed.
    """
    allowed = allow(seconds)
    try:
        yield allowed
    except TimeoutError:
        raise Fault("timeout", f"{doing} was not done after {allowed:.1f} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Fault("certificate", f"the certificate is not accepted: {error.verify_message}") from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise Fault("connection", f"{doing} failed: the peer closed the connection") from None
    except ssl.SSLError as error:
        raise Fault("tls", f"{doing} failed: {error.reason or type(error).__name__}") from None
    except OSError as error:
        raise Fault("connection", f"{doing} failed: {error.strerror or type(error).__name__}") from None


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address is out in the internet, also behind the notations that carry an IPv4 address inside.

    Follows the IANA special-purpose registries (RFC 6890), RFC 4291 (mapped), RFC 3056 (6to4) and RFC 6052 (NAT64).
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    inside = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inside is not None:
        return is_public(inside)
    return address in _GLOBAL_UNICAST and address.is_global


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Gate:
    """Where connections may go. One per process: what a parent's threads hold, a forked child could never free.

    ``private_hosts`` are ``host`` or ``host:port`` in lower case, which may have addresses that are not public.
    """

    private_hosts: frozenset[str]
    _free: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_LOOKUPS))

    def knows(self, host: str, port: int) -> bool:
        """Return whether the operator named this host as one that may be private."""
        bare = f"[{host}]" if ":" in host else host
        return not self.private_hosts.isdisjoint({host, bare, f"{bare}:{port}"})

    def addresses(self, host: str, port: int, *, plain: bool) -> list[Address]:
        """Return the addresses of a host, all of them checked: one bad among good ones spoils them all.

        :param plain: the connection is not encrypted, so it may not leave this machine.
        :raises Fault: no address, not in time, or an address that is not allowed.
        """
        known = self.knows(host, port)
        found = self._look_up(host, port)
        for _, where in found:
            address = ipaddress.ip_address(str(where[0]))
            mapped = getattr(address, "ipv4_mapped", None)  # whose loopback Python 3.13 counts as one, others do not
            if plain and not (known and address.is_loopback and not mapped):
                raise Fault("not-https", f"{host} leads to {address}, and plain http may not leave this machine")
            if not known and not is_public(address):
                raise Fault("private-address", f"{host} leads to {address}, which is not a public address")
        return found

    def _look_up(self, host: str, port: int) -> list[Address]:
        answer: queue.SimpleQueue[list[Address]] = queue.SimpleQueue()
        late = Fault("timeout", f"looking up {host} took too long")
        if not self._free.acquire(timeout=allow(CONNECT_SECONDS)):
            raise late
        try:
            threading.Thread(target=self._ask, args=(host, port, answer), daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise Fault("dns", f"no thread could be started to look up {host}") from None
        try:
            found = answer.get(timeout=allow(CONNECT_SECONDS))
        except queue.Empty:
            raise late from None
        if not found:
            raise Fault("dns", f"the name {host} does not resolve")
        return found

    def _ask(self, host: str, port: int, answer: queue.SimpleQueue[list[Address]]) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
            found = []
        finally:
            self._free.release()
        answer.put([(family, where) for family, _, _, _, where in found])


def dial(addresses: list[Address]) -> socket.socket:
    """Return a connection to the first address that answers; none may use up the time of the next.

    :raises Fault: what became of the last one, if none answers.
    """
    share = CONNECT_SECONDS / min(len(addresses), 3)
    *others, last = addresses
    for family, where in others:
        with suppress(Fault):
            return _dial(family, where, share)
    return _dial(*last, share)


def _dial(family: socket.AddressFamily, where: tuple[object, ...], share: float) -> socket.socket:
    with step(share, "connecting") as seconds:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            sock.close()
            raise
        return sock


class _Reader(io.RawIOBase):
    """The only way in: reads from the socket, in time and within the limits."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._count = 0
        self.in_head = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # narrower: BufferedReader's views
        """Read what is there, as :meth:`io.RawIOBase.readinto` does.

        :raises Fault: not in time, broken off, or more than anybody needs.
        """
        if self._count >= (HEAD_BYTES if self.in_head else HEAD_BYTES + BODY_BYTES):
            raise Fault("too-large", "the answer is larger than allowed")
        with step(READ_SECONDS, "reading the answer") as seconds:
            self._sock.settimeout(seconds)
            read = self._raw.readinto(buffer) or 0
        if not read and self.in_head:
            raise _broken_off(self._count)
        self._count += read
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


def _broken_off(received: int) -> Fault:
    if received:
        return Fault("truncated", "the answer broke off in its head")
    return Fault("connection", "the peer closed the connection without an answer")


class _Response(http.client.HTTPResponse):
    """An answer whose head is complete, plain and small before anybody reads its body."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._reader = _Reader(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        try:
            super().begin()
        except (http.client.HTTPException, ValueError) as error:
            raise Fault("malformed", f"the answer is not HTTP ({type(error).__name__})") from None
        self._check_head()
        self._reader.in_head = False

    def _check_head(self) -> None:
        # Stricter than http.client, which lets these pass: an interim answer (1xx) taken for the final one, two
        # lengths, or a header without a colon, which urllib3 would write to the log together with the address.
        lengths = self.msg.get_all("content-length", [])
        codings = self.msg.get_all("transfer-encoding", [])
        if self.status < http.HTTPStatus.OK or self.msg.defects or any(c.lower() != "chunked" for c in codings):
            raise Fault("malformed", "the head of the answer is not HTTP")
        if len(lengths) + len(codings) > 1 or not all(length.isdecimal() for length in lengths):
            raise Fault("malformed", "the answer does not say plainly how long it is")
        if lengths and (len(lengths[0]) > len(str(BODY_BYTES)) or int(lengths[0]) > BODY_BYTES):
            raise Fault("too-large", "the answer announces a body larger than allowed")


class _Connection(HTTPConnection):
    """urllib3's connection, made through the gate, and with every wait cut to the deadline."""

    gate: ClassVar[Gate]
    plain: ClassVar[bool] = True
    response_class = _Response
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        with deadline(CONNECT_SECONDS):
            sock = dial(self.gate.addresses(self.host, self.port, plain=self.plain))
        try:
            sock.settimeout(allow(READ_SECONDS))  # for the TLS handshake: OpenSSL counts it as one operation
        except Fault:
            sock.close()
            raise
        return sock

    @property
    def is_connected(self) -> bool:
        """Whether a connection from the pool can be used: not idle for long, not closed, nothing left in it."""
        left_over = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not left_over and time.monotonic() - self._used < IDLE_SECONDS

    def send(self, data: bytes) -> None:  # type: ignore[override] # narrower: urllib3 sends nothing but bytes
        """Send all of ``data``.

        :raises Fault: not in time.
        """
        if self.sock is None:
            self.connect()
        self._used = time.monotonic()
        for start in range(0, len(data), _PIECE):
            # A peer may answer and close before it has read everything; reading tells whether it did.
            with step(READ_SECONDS, "sending the request") as seconds, suppress(ConnectionError):
                self.sock.settimeout(seconds)
                self.sock.sendall(data[start : start + _PIECE])


class _SecureConnection(_Connection, HTTPSConnection):
    plain = False

    def connect(self) -> None:
        with step(READ_SECONDS, "the TLS handshake"):
            super().connect()


def pool_classes(gate: Gate) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pools by scheme, whose connections all go through ``gate``.

    They are classes made for this gate, because urllib3 makes its connections from a class and its own arguments.
    """

    class Plain(_Connection):
        pass

    class Secure(_SecureConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    Plain.gate = Secure.gate = gate
    return {"http": PlainPool, "https": SecurePool}
