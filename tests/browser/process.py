"""``python -m sandbox`` as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from sandbox.enabled import shipped

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds, for the sandbox to start or to stop


class Ports(NamedTuple):
    """Where a sandbox listens."""

    site: int
    stand_in: int
    acme: int


def free_ports() -> Ports:
    """Return ports that nobody listens on."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in Ports._fields]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return Ports(*(probe.getsockname()[1] for probe in probes))


def environment(folder: Path, ports: Ports, **more: str) -> dict[str, str]:
    """Return the variables of a sandbox on these ports, with database files of its own in ``folder``."""
    return {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "SANDBOX_PORT": str(ports.site),
        "STANDIN_PORT": str(ports.stand_in),
        "ACME_PORT": str(ports.acme),
        "ACME_FOLDER": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "CACHE_URL": "locmemcache://",
        # A developer's own .env sets only what is not set: empty, these stay empty.
        **{f"{slug.upper().replace('-', '_')}_CLIENT_{kind}": "" for slug in shipped() for kind in ("ID", "SECRET")},
        "SECRET_KEY": settings.SECRET_KEY,  # ours, so that a test can open what was sealed
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "providers")]),
        **more,
    }


def start(variables: dict[str, str], log: Path | int) -> subprocess.Popen[str]:
    """Start it; what it says on stderr goes to ``log``, a file's path or descriptor. To be used with ``with``."""
    command = [sys.executable, "-m", "sandbox"]
    with open(log, "w", closefd=isinstance(log, Path)) as errors:
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
