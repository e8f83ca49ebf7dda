"""Sites that run as they do in production: gunicorn, and several worker processes.

::

    with fleet(site_on(connection, cache, socialreg), workers=2) as site:
        browser = Browser()                                     # of tests.roaming
        callback = gate.approve(browser.start(site, "twitter"), "maralind")
        answer = browser.get(site, callback)
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from tests.stores import database_of

#: Longer than any of them takes: only a broken test waits this long.
PATIENCE = 60
#: A header by which a request asks for its process to be killed, and when: 0 is before the first statement that writes,
#: 1 after it, 2 before the second one, and so on.
DEATH = "X-Killed-At"


@dataclass(frozen=True)
class Fleet:
    """One gunicorn: where it listens, the process that has the workers, and what they all say."""

    port: int
    master: int
    output: Path

    def workers(self) -> set[int]:
        """Return the ids of the processes that serve."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text("ascii")
        return {int(each) for each in children.split()}

    def log(self) -> str:
        """Return what was written to stdout and stderr so far."""
        return self.output.read_text("utf-8")

    def complaints(self) -> list[str]:
        """Return the lines that no healthy site writes."""
        return [line for line in self.log().splitlines() if "Traceback" in line or "ERROR" in line]


def site_on(
    database: BaseDatabaseWrapper, cache: Mapping[str, object], socialreg: Mapping[str, object], **more: object
) -> dict[str, object]:
    """Return the settings of a fleet; ``more`` are others of Django's."""
    return {
        "DATABASES": {"default": database_of(database)},
        "CACHES": {"default": cache},
        "SOCIALREG": socialreg,
        **more,
    }


@contextmanager
def fleet(settings: Mapping[str, object], workers: int) -> Iterator[Fleet]:
    """Serve the site of :mod:`tests.urls` until the block ends, one request at a time in every worker.

    The port is bound before anything runs, so nobody has to wait for the workers: who comes early queues.
    """
    with TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        folder = Path(name)
        (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
        output = folder / "output"
        with output.open("wb") as log, _gunicorn(listener, folder, workers, log) as process:
            try:
                yield Fleet(listener.getsockname()[1], process.pid, output)
            finally:
                process.terminate()
                process.wait(PATIENCE)


def _gunicorn(listener: socket.socket, folder: Path, workers: int, log: Any) -> subprocess.Popen[bytes]:
    options = {"--bind": f"fd://{listener.fileno()}", "--workers": str(workers), "--graceful-timeout": "5"}
    words = [word for option in options.items() for word in option]
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket", *words, "tests.fleet_site:application"],
        cwd=folder,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.fleet_settings",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "SOCIALREG_FLEET": str(folder / "settings.json"),
        },
        pass_fds=[listener.fileno()],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
