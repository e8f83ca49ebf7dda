"""Connections that cannot be led astray, held up or flooded: what :mod:`http` is built on.

urllib3's connections, with three things that hold whatever the peer does: they lead to an address that
:mod:`addresses` checked, every wait is cut to what is left of the caller's :func:`~socialreg.deadlines.deadline`, and
every answer is counted, head and body, before anybody keeps it.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import suppress
from typing import ClassVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .addresses import Gate, dial
from .deadlines import CONNECT_SECONDS, READ_SECONDS, Fault, allow, deadline, step

#: A connection that idled longer is not used again: firewalls forget it without a word, and a POST is never repeated.
IDLE_SECONDS = 60.0
HEAD_BYTES = 64 * 1024
BODY_BYTES = 1024 * 1024
#: Sent at once, so that a peer that reads slowly is noticed between two pieces.
_PIECE = 16 * 1024


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
