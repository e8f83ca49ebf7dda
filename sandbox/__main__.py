"""``python -m sandbox``: the demo site and, unless the real X is configured, a stand-in for it, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO

import django
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError

from socialreg.testing import XStandIn

from . import demo

_HOST = "127.0.0.1"
_WITH_STAND_IN = """
  The demo site is at    {site}/
  The stand-in for X at  {stand_in}/

  Open the first, press "Log in with X" and be one of the people there:
    Mara Lindqvist   registers with a form that is filled in already
    Tomás Okafor     has no e-mail address and is asked for one
    Inês Moreau      has a user here already: demo, password demo
  The stand-in's own page has a switch for everything that can go wrong.
"""
_WITH_REAL_X = """
  The demo site is at  {site}/

  It talks to the real X, with the keys from .env. The callback URLs of your app must list exactly
    {site}/accounts/twitter/callback/
  Open the site and press "Log in with X".
"""


class PortTaken(Exception):
    """Something else listens there."""


def main() -> int:
    """Run everything until Ctrl-C or SIGTERM; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    stopped = _stop_signals()
    try:
        django.setup()
        with ExitStack() as running:
            site = running.enter_context(_site())
            if not settings.REAL_X:
                running.enter_context(_stand_in())
            _prepare()
            site.start()
            _say(_WITH_REAL_X if settings.REAL_X else _WITH_STAND_IN)
            stopped.wait()
    except (PortTaken, SystemCheckError, ImproperlyConfigured) as error:
        return _fail(str(error))
    except OperationalError as error:
        return _fail(f"The database does not answer: {str(error).strip()}\nLook at DATABASE_URL in .env.")
    sys.stdout.write("\nStopped.\n")
    return 0


def _stop_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


@contextmanager
def _site() -> Iterator[threading.Thread]:
    """Bind the site's port and give the thread that serves it, to be started once everything is prepared."""
    with _port(settings.SITE_PORT, "SANDBOX_PORT"):
        server = ThreadedWSGIServer((_HOST, settings.SITE_PORT), WSGIRequestHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    try:
        yield thread
    finally:
        if thread.is_alive():
            server.shutdown()
            thread.join()
        server.server_close()


def _stand_in() -> XStandIn:
    with _port(settings.STAND_IN_PORT, "STANDIN_PORT"):
        return XStandIn(port=settings.STAND_IN_PORT)


@contextmanager
def _port(port: int, variable: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {_HOST} cannot be used: {error.strerror}.\n"
            f"Stop what runs there, or choose another: make sandbox {variable}={port + 100}"
        ) from error


def _prepare() -> None:
    quiet = StringIO()
    call_command("check", stdout=quiet)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("socialreg_index", stdout=quiet)
    demo.ensure_user()


def _say(text: str) -> None:
    urls = {"site": settings.SITE_URL, "stand_in": settings.STAND_IN_URL}
    sys.stdout.write(f"{text.format(**urls)}\n  Ctrl-C stops.\n\n")
    sys.stdout.flush()


def _fail(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
