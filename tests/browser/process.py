"""``python -m sandbox`` as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds, for the sandbox to start or to stop


def free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def environment(folder: Path, site: int, stand_in: int, **more: str) -> dict[str, str]:
    """Return the variables of a sandbox on these ports, with a database file of its own in ``folder``."""
    return {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "SANDBOX_PORT": str(site),
        "STANDIN_PORT": str(stand_in),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "CACHE_URL": "locmemcache://",
        # A developer's own .env sets only what is not set: empty, these stay empty.
        "TWITTER_CLIENT_ID": "",
        "TWITTER_CLIENT_SECRET": "",
        "SECRET_KEY": settings.SECRET_KEY,  # ours, so that a test can open what was sealed
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "providers")]),
        **more,
    }


def start(variables: dict[str, str], log: Path) -> subprocess.Popen[str]:
    """Start it; what it says on stderr goes to ``log``. To be used with ``with``."""
    command = [sys.executable, "-m", "sandbox"]
    with log.open("w") as errors:
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True)


def greeting(process: subprocess.Popen[str]) -> str:
    """Return what it prints until it is ready, or until it ends. One that hangs is ended."""
    limit = threading.Timer(PATIENCE, process.kill)
    limit.start()
    lines = []
    try:
        for line in process.stdout or ():
            lines.append(line)
            if "Ctrl-C stops" in line:
                break
    finally:
        limit.cancel()
    return "".join(lines)
