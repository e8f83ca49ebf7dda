"""``python -m benchmarks``: print what a worker and a login cost, on this machine, in under four minutes."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

from . import login, million, outage, upkeep, worker


def main() -> None:
    """Measure everything and print it."""
    began = time.monotonic()
    print(
        f"Python {platform.python_version()}, Django {django.__version__}, SQLite {sqlite3.sqlite_version}, "
        f"{ssl.OPENSSL_VERSION}, {os.cpu_count()} processors\n"
    )
    worker.report()
    call_command("migrate", verbosity=0)
    with TemporaryDirectory() as folder:
        login.report(Path(folder))
    upkeep.report()
    million.report(began)
    outage.report()
    print(f"All this took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
