"""The tests' own site over https, in this process, and a provider beside it on a site of its own.

``site.localhost`` and ``provider.localhost`` are two sites to a browser, for nobody has listed ``localhost`` as a name
that many share; it looks neither of them up. So what is true of cookies between them is true between any two sites.
"""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test.testcases import LiveServerThread

from tests.servers import Authority, Peer, answer, tls_server

SITE_HOST, PROVIDER_HOST = "site.localhost", "provider.localhost"


@dataclass(frozen=True)
class Seen:
    """A request as it reached the site. ``cookies`` are the names in the Cookie header, ``origin`` is the browser's."""

    method: str
    path: str
    query: str
    cookies: frozenset[str]
    origin: str
    #: What the browser says of where the request comes from: same-origin, same-site, cross-site, none.
    comes_from: str


#: Every request to the site, in order, since :func:`serving` began.
SEEN: list[Seen] = []


def recorder(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Write down what the browser sent: a middleware."""

    def record(request: HttpRequest) -> HttpResponse:
        cookies = (each.partition("=")[0].strip() for each in request.headers.get("Cookie", "").split(";"))
        headers = (request.headers.get(name, "") for name in ("Origin", "Sec-Fetch-Site"))
        query = request.META.get("QUERY_STRING", "")
        SEEN.append(Seen(str(request.method), request.path, query, frozenset(filter(None, cookies)), *headers))
        return get_response(request)

    return record


@contextmanager
def serving(authority: Authority | None) -> Iterator[str]:
    """Serve the site of the tests' settings until the block ends; give its address. Without an authority, over http.

    The settings are for the caller to change: ``BASE_URL``, ``ALLOWED_HOSTS``, and :func:`recorder` in ``MIDDLEWARE``.
    """
    shared = {each.alias: each for each in connections.all() if each.vendor == "sqlite" and each.is_in_memory_db()}
    for connection in shared.values():
        connection.inc_thread_sharing()
    thread = _Thread("127.0.0.1", StaticFilesHandler, connections_override=shared)
    thread.tls = authority.issue(SITE_HOST) if authority else None
    SEEN.clear()
    thread.start()
    try:
        thread.is_ready.wait()
        assert thread.error is None, thread.error
        yield f"{'https' if authority else 'http'}://{SITE_HOST}:{thread.port}"
    finally:
        thread.terminate()
        for connection in shared.values():
            connection.dec_thread_sharing()


class _Server(ThreadedWSGIServer):
    """Ends with all of its connections: browsers keep some, and open others that they never use."""

    daemon_threads = False  # so that closing waits for them

    def __init__(self, *args: Any, **options: Any) -> None:
        self.accepted: list[socket.socket] = []
        super().__init__(*args, **options)

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, address = super().get_request()
        self.accepted.append(accepted)
        return accepted, address

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):  # the browser, or we, went away
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        for accepted in self.accepted:
            with suppress(OSError):
                socket.socket.shutdown(accepted, socket.SHUT_RDWR)  # not SSLSocket's: another thread reads there
        super().server_close()


class _Thread(LiveServerThread):
    server_class = _Server
    tls: ssl.SSLContext | None

    def _create_server(self, connections_override: Mapping[str, object] | None = None) -> ThreadedWSGIServer:
        server: ThreadedWSGIServer = super()._create_server(connections_override)
        if self.tls:
            # The handshake is for each connection's own thread, lest one that is never used holds up the others.
            server.socket = self.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            server.base_environ["HTTPS"] = "on"
        return server


@dataclass
class ProviderSide:
    """A provider's page, without JavaScript: one button says yes, one says no, and both post to the callback.

    :param says: what is posted by each button, besides ``state``, as a function of the query that a visitor came with.
    """

    authority: Authority
    says: Callable[[str, Mapping[str, str]], Mapping[str, str]]
    asked: list[dict[str, str]] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve it until the block ends; give its address."""
        with tls_server(self.authority, self._serve, names=(PROVIDER_HOST,)) as server:
            yield f"https://{PROVIDER_HOST}:{server.port}"

    def _serve(self, peer: Peer) -> None:
        while request := peer.request():
            target = request.split(b" ")[1].decode()
            query = dict(parse_qsl(urlsplit(target).query))
            if "redirect_uri" not in query:
                peer.say(answer("404 Not Found"))
                continue
            self.asked.append(query)
            peer.say(answer(body=self._page(query).encode(), headers={"Content-Type": "text/html; charset=utf-8"}))

    def _page(self, query: Mapping[str, str]) -> str:
        forms = "".join(self._form(words, query) for words in ("Continue", "Cancel"))
        return f"<!DOCTYPE html><title>Provider</title><h1>Continue to the site?</h1><main>{forms}</main>"

    def _form(self, words: str, query: Mapping[str, str]) -> str:
        fields = {"state": query["state"], **self.says(words, query)}
        inputs = "".join(f'<input type="hidden" name="{name}" value="{escape(v)}">' for name, v in fields.items())
        return f'<form method="post" action="{escape(query["redirect_uri"])}">{inputs}<button>{words}</button></form>'
