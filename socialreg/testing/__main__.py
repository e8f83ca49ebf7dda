"""``python -m socialreg.testing [google mysite.acme.Acme ...]``: the stand-in alone, until Ctrl-C.

It is X; and whoever ships under a slug, or is a class of yours by its dotted name. What a site's settings need to be
sent there is written to the standard output. Django is not needed.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

from socialreg.exceptions import ConfigurationError
from socialreg.lookup import find_class

from .standin import StandIn
from .x_part import SLUG


def main() -> int:
    """Run the stand-in until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m socialreg.testing",
        description="A local stand-in for providers.",
        epilog="Its first page shows who is played, has a switch for every fault and shows what was asked.",
    )
    parser.add_argument("providers", nargs="*", default=[SLUG], metavar="PROVIDER", help="a slug, or a class's name")
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (default 8001, 0 for a free one)")
    asked = parser.parse_args()
    # A shell that starts it in the background lets it ignore this, and then nothing would end it but force.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt), StandIn(port=asked.port) as standin:
            sys.stdout.write(_introduce(standin, asked.providers))
            sys.stdout.flush()
            threading.Event().wait()
    except (ConfigurationError, OSError) as error:
        parser.error(str(error))
    return 0


def _introduce(standin: StandIn, names: Sequence[str]) -> str:
    """Play those who are named; return what whoever runs this needs to know.

    :raises ConfigurationError: there is nobody of a name.
    """
    lines = [f"Stand-in at {standin.url}/ (Ctrl-C stops it). In the settings of a site with DEBUG on:", ""]
    lines.append(f'SOCIALREG["PRIVATE_HOSTS"] = {[urlsplit(standin.url).netloc]!r}')
    for name in names:
        entry: dict[str, object] = {"PROVIDER": name} if "." in name else {}
        provider = find_class(name, entry)
        slug = getattr(provider, "slug", "")  # a base class has none, and cannot be played
        entry |= standin.play(slug, provider)
        lines += [
            f'SOCIALREG["PROVIDERS"]["{slug}"] = {{',
            *[f"    {key!r}: {each!r}," for key, each in entry.items()],
            "}",
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
