"""``python -m sandbox``: the demo site, a stand-in for the providers and a real one, Acme SSO, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from io import StringIO

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError
from django.urls import reverse

from socialreg.exceptions import ConfigurationError
from socialreg.lookup import find_class
from socialreg.testing import StandIn

from .acme.people import EMPLOYEES
from .acme.process import AcmeFailed, acme, wait_until_ready
from .serving import PortTaken, port_named, serving, stop_signals

_GREETING = """
  The demo site is at  {site}/
  The stand-in is at   {stand_in}/
  Acme SSO is at       {acme}/

  Open the first, press "Log in with X", or another button, and be one of the people there:
    Mara Lindqvist   registers with a form that is filled in already
    Tomás Okafor     has no e-mail address and is asked for one
    Inês Moreau      has a user here already: demo, password demo
  As demo, connect an organisation to X and post its news, let a bot say hello, fill your profile in from X.
  Mail that the site sends is at {site}/mail/, the admin at {site}/admin/ (staff, password staff).
  What happened is in the admin under "Sign-in events": search there for the reference on an error page.
  Mastodon asks for a server: any name will do, such as one.example.
  The stand-in's own page has a switch for everything that can go wrong.

  Acme SSO is no stand-in but a real OpenID provider. Its people, whose passwords are their user names:
    {employees}
"""
_REAL = """
  These are real, with the keys from .env. The callback addresses to register with them are exactly
    {callbacks}
"""


def main() -> int:
    """Run everything until Ctrl-C or SIGTERM; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    stopped = stop_signals()
    try:
        django.setup()
        with ExitStack() as running:
            site = running.enter_context(serving(settings.SITE_PORT, "SANDBOX_PORT"))
            _cast(running.enter_context(_stand_in()))
            call_command("check", stdout=StringIO())
            real = running.enter_context(acme(settings.ACME_PORT, settings.ACME_FOLDER, [_callback("acme")]))
            _prepare()
            wait_until_ready(real)
            site.start()
            _greet()
            stopped.wait()
    except (PortTaken, AcmeFailed, ConfigurationError, SystemCheckError, ImproperlyConfigured) as error:
        return _fail(str(error))
    except OperationalError as error:
        return _fail(f"The database does not answer: {str(error).strip()}\nLook at DATABASE_URL in .env.")
    sys.stdout.write("\nStopped.\n")
    return 0


def _stand_in() -> StandIn:
    with port_named(settings.STAND_IN_PORT, "STANDIN_PORT"):
        return StandIn(port=settings.STAND_IN_PORT)


def _cast(stand_in: StandIn) -> None:
    """Let the stand-in play whoever is not real: credentials, keys and addresses are its own to choose."""
    for slug, options in settings.PLAYED.items():
        settings.PROVIDERS[slug] = stand_in.play(slug, find_class(slug, options), options)


def _callback(slug: str) -> str:
    return settings.SITE_URL + reverse("socialreg:callback", args=[slug])


def _prepare() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("socialreg_index", stdout=StringIO())
    call_command("furnish")


def _greet() -> None:
    text = _GREETING + (_REAL if settings.REAL else "")
    values = {
        "site": settings.SITE_URL,
        "stand_in": settings.STAND_IN_URL,
        "acme": settings.ACME_URL,
        "employees": "\n    ".join(f"{each.username:<8} {each.remark}" for each in EMPLOYEES),
        "callbacks": "\n    ".join(_callback(slug) for slug in settings.REAL),
    }
    sys.stdout.write(f"{text.format(**values)}\n  Ctrl-C stops.\n\n")
    sys.stdout.flush()


def _fail(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
