"""How the sandbox's processes serve: a port on this machine, a thread, and signals that end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    # Head and body leave in two pieces. The second would wait 40 ms for the other side to acknowledge the first.
    disable_nagle_algorithm = True


class PortTaken(Exception):
    """Something else listens there."""


def stop_signals() -> threading.Event:
    """Return what Ctrl-C and SIGTERM set from now on."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


@contextmanager
def serving(port: int, variable: str) -> Iterator[threading.Thread]:
    """Bind a port for the Django site and give the thread that serves it, to be started once everything is prepared.

    :param variable: the environment variable that chooses the port.
    :raises PortTaken: something else listens there.
    """
    with port_named(port, variable):
        server = ThreadedWSGIServer((HOST, port), _Handler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    try:
        yield thread
    finally:
        if thread.is_alive():
            server.shutdown()
            thread.join()
        server.server_close()


@contextmanager
def port_named(port: int, variable: str) -> Iterator[None]:
    """Turn what is raised while a port is bound into a sentence that says how to choose another.

    :raises PortTaken: it could not be bound.
    """
    try:
        yield
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {HOST} cannot be used: {error.strerror}.\n"
            f"Stop what runs there, or choose another: make sandbox {variable}={port + 100}"
        ) from error
