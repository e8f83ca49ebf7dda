"""``python -m sandbox.acme``: Acme SSO alone, until Ctrl-C, SIGTERM or the end of its input.

Whoever starts it holds its input open, so it ends with them, in whatever way they end.
"""

from __future__ import annotations

import os
import sys
import threading

import django
from django.conf import settings
from django.core.management import call_command

from sandbox.serving import PortTaken, serving, stop_signals

from .client import url
from .process import READY


def main() -> int:
    """Run it; return the exit status."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.acme.settings"
    stopped = stop_signals()
    threading.Thread(target=_wait_for_end_of_input, args=(stopped,), daemon=True).start()
    django.setup()
    try:
        with serving(settings.PORT, "ACME_PORT") as site:
            call_command("fill")
            site.start()
            sys.stdout.write(f"{READY} {url(settings.PORT)}/\n")
            sys.stdout.flush()
            stopped.wait()
    except PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _wait_for_end_of_input(stopped: threading.Event) -> None:
    sys.stdin.read()
    stopped.set()


if __name__ == "__main__":
    sys.exit(main())
