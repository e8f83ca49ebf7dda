"""Servers on loopback that say exactly the bytes a test wants, well or badly, in the clear or over TLS.

::

    with Server(lambda peer: peer.reply(body=b"{}")) as server:        # plain, for http://127.0.0.1:<port>
        client.send("GET", server.url)

    authority = make_ca(tmp_path)                                      # trust it by Client(ca_file=authority.file)
    with tls_server(authority, lambda peer: peer.reply(body=b"{}")) as server:
        ...

A handler is called for every connection with a :class:`Peer` and may serve as many requests on it as it likes;
:func:`keep_alive` makes one that answers request after request.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: Longer than any deadline in the tests: only a broken test waits this long.
PATIENCE = 20.0


class Peer:
    """One accepted connection, seen from the server."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self.sock = sock
        self.server = server

    def request(self) -> bytes:
        """Return one whole request, head and body, ``b""`` if the client closed the connection."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.partition(b":")[2]):
                    body += self.sock.recv(65536)
        self.server.requests.append(head + b"\r\n\r\n" + body)
        return head + b"\r\n\r\n" + body

    def reply(self, status: str = "200 OK", body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> None:
        """Read one request and answer it properly."""
        if self.request():
            self.say(answer(status, body, headers))

    def say(self, data: bytes) -> None:
        """Send ``data``."""
        self.sock.sendall(data)

    def drip(self, data: Iterable[int], pause: float = 0.02) -> None:
        """Send byte by byte, with a pause after each, until the client has gone or the server ends."""
        for byte in data:
            if self.server.ended.wait(pause):
                return
            self.sock.sendall(bytes([byte]))

    def hush(self) -> None:
        """Say nothing more, and keep the connection open until the server ends."""
        self.server.ended.wait(PATIENCE)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()


Handler = Callable[[Peer], None]


def answer(status: str = "200 OK", body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def keep_alive(status: str = "200 OK", body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Handler:
    """Return a handler that answers every request on a connection in the same way."""

    def handle(peer: Peer) -> None:
        while peer.request():
            peer.say(answer(status, body, headers))

    return handle


def bomb(mebibytes: int) -> bytes:
    """Return so many zeros under gzip, made without having them all: each mebibyte is packed as the second one is."""
    mebibyte, packer = bytes(2**20), zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first, other = (packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    end = packer.flush()
    check = reduce(lambda found, _: zlib.crc32(mebibyte, found), range(mebibytes), 0)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + first + other * (mebibytes - 1) + end + struct.pack("<LL", check, mebibytes * 2**20 % 2**32)


class Server:
    """A server on loopback, from ``with`` to the end of it.

    ``connections`` counts what was accepted, ``requests`` holds what was asked, ``handshakes`` counts TLS handshakes
    that succeeded.
    """

    def __init__(
        self, handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.handler = handler
        self.tls = tls
        self.ended = threading.Event()
        self.connections = 0
        self.handshakes = 0
        self.requests: list[bytes] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.netloc = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.netloc}/path"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a handler hangs"

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            sock.settimeout(PATIENCE)
            self._open.add(sock)
            if self.ended.is_set():
                sock.close()
                return
            self._start(self._serve, sock)

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        try:
            if self.tls:
                sock = self.tls.wrap_socket(raw, server_side=True)
                self._open.add(sock)
                self.handshakes += 1
            self.handler(Peer(sock, self))
        except OSError:
            pass  # the client went away, which is what many tests are about
        finally:
            self._open -= {raw, sock}
            sock.close()
            raw.close()


@dataclass(frozen=True)
class Authority:
    """A private certificate authority: ``file`` is its certificate in PEM format."""

    file: str
    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(self, *names: str) -> ssl.SSLContext:
        """Return a server's TLS context, with a certificate for ``names`` (hosts or IP addresses) of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _certificate(names[0], self.certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{certificate.serial_number}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + _pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def make_ca(folder: Path) -> Authority:
    """Make a certificate authority, with its files in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _certificate("Test authority", name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "authority.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(str(path), folder, key, certificate)


def tls_server(
    authority: Authority,
    handler: Handler,
    *,
    names: tuple[str, ...] = ("127.0.0.1", "localhost"),
    host: str = "127.0.0.1",
    port: int = 0,
) -> Server:
    """Return a server that speaks TLS with a certificate of ``authority`` for ``names``."""
    return Server(handler, tls=authority.issue(*names), host=host, port=port)


def _certificate(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
