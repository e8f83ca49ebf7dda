"""A small HTTP/1.1 server on loopback: keep-alive, one thread per connection, counted, stopped without a trace."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from socialreg.exceptions import ConfigurationError

from .messages import Request, Response

BODY_LIMIT = 1 << 20
_PIECE = b"x" * (64 << 10)
#: SO_LINGER on, zero seconds: closing sends a reset instead of a farewell.
_RESET = struct.pack("ii", 1, 0)
_GONE = (ConnectionError, TimeoutError, ssl.SSLError)

App = Callable[[Request], Response]


class Server(socketserver.TCPServer):
    """Answers every request with ``app(request)``.

    :param address: host and port; port 0 takes a free one.
    :param ssl_context: a server-side context to speak https.
    """

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: App, ssl_context: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.app = app
        self.accepted = 0
        self.stopping = threading.Event()
        self.scheme = "https" if ssl_context else "http"
        self._ssl_context = ssl_context
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"{self.scheme}://{host}:{self.server_address[1]}"
        self._accepting = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._accepting.start()

    def stop(self) -> None:
        """Stop accepting, end every connection and every held answer, and wait until their threads are gone."""
        self.stopping.set()
        self.shutdown()
        self._accepting.join()
        self.server_close()
        with self._lock:
            still_open = list(self._open.items())
        for connection, thread in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(5)

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection. The handshake is left to the connection's own thread, so that none waits for it."""
        connection, peer = super().get_request()
        if self._ssl_context:
            connection = self._ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.accepted += 1
        return connection, peer

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Give the connection a thread, which :meth:`stop` can find."""
        thread = threading.Thread(target=self._converse, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = thread
        thread.start()

    def _converse(self, connection: socket.socket, peer: object) -> None:
        try:
            self.finish_request(connection, peer)
        except _GONE:
            pass
        except Exception:  # noqa: BLE001 - shown on stderr, as any server does; the others go on
            self.handle_error(connection, peer)
        finally:
            with self._lock:
                self._open.pop(connection, None)
            self.shutdown_request(connection)


def require_loopback(host: str) -> None:
    """See that nobody but this machine can reach ``host``.

    :raises ConfigurationError: it is no loopback address.
    """
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            f"The stand-in does not listen on {host!r}",
            cause="it vouches for anybody, so nobody but this machine may reach it",
            remedy="Use 127.0.0.1, ::1 or localhost",
            code="not-loopback",
        )


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is written at once and must leave at once

    def _serve(self) -> None:
        body = self._read_body()
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        origin = f"{self.server.scheme}://{headers.get('host', '')}"
        if body is None:
            self._deliver(Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"Too large, or of unknown length.\n"))
        else:
            self._deliver(self.server.app(Request(self.command, path, query, headers, body, origin, time.time())))

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names are the base class's

    def _read_body(self) -> bytes | None:
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_LIMIT or "transfer-encoding" in self.headers:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _deliver(self, response: Response) -> None:
        delivery = response.delivery
        if delivery.hold and self.server.stopping.wait(delivery.hold):
            self.close_connection = True
            return
        if delivery.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
            # Without this the farewell of shutdown_request would come before the reset.
            self.connection.close()
            return
        if delivery.drip:
            self._drip(response)
        elif delivery.cut:
            self.close_connection = True
            self.connection.sendall(self._head(response) + response.body[: len(response.body) // 2])
        else:
            self.connection.sendall(self._head(response) + response.body)
            self._pad(delivery.padding)

    def _drip(self, response: Response) -> None:
        head = self._head(response)
        self.connection.sendall(b"" if response.delivery.drip_head else head)
        slowly = head + response.body if response.delivery.drip_head else response.body
        for byte in slowly:
            self.connection.sendall(bytes((byte,)))
            if self.server.stopping.wait(response.delivery.drip):
                self.close_connection = True
                return

    def _pad(self, left: int) -> None:
        while left > 0:
            self.connection.sendall(_PIECE[:left])
            left -= len(_PIECE)

    def _head(self, response: Response) -> bytes:
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body) + response.delivery.padding),
            **({"Connection": "close"} if self.close_connection else {}),
            **response.headers,
        }
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: what was asked stands in :attr:`StandIn.requests`."""
