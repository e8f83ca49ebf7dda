"""``python -m benchmarks``: print what a login costs, on this machine, in under three minutes."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from tests import stores

from . import login, million


def main() -> None:
    """Measure everything and print it."""
    began = time.monotonic()
    print(
        f"Python {platform.python_version()}, Django {django.__version__}, SQLite {sqlite3.sqlite_version}, "
        f"{ssl.OPENSSL_VERSION}, {os.cpu_count()} processors\n"
    )
    with stores.other_database("sqlite://") as connection, TemporaryDirectory() as folder:
        login.report(connection, Path(folder))
    million.report()
    print(f"All this took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
