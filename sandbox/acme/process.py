"""Acme SSO as a child process: its settings are not the site's, and a process has room for one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

#: What the process says once it answers.
READY = "Acme SSO is at"
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0  # it takes one
_STOP_SECONDS = 10.0


class AcmeFailed(Exception):
    """Acme SSO did not start; on stderr it has said why."""


@contextmanager
def acme(port: int, folder: Path, callbacks: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run it until the block ends. It is not waited for, so that the site can prepare itself at the same time.

    :param port: where it listens, on 127.0.0.1.
    :param folder: where its database and its signing key are, or will be.
    :param callbacks: the callback addresses of its one application.
    """
    with _start(port, folder, callbacks) as child:
        try:
            yield child
        finally:
            _stop(child)


def wait_until_ready(child: subprocess.Popen[str]) -> None:
    """Wait until it answers.

    :raises AcmeFailed: it ended, or did not get so far in a minute.
    """
    limit = threading.Timer(_START_SECONDS, child.kill)
    limit.start()
    try:
        said = child.stdout.readline() if child.stdout else ""
    finally:
        limit.cancel()
    if not said.startswith(READY):
        raise AcmeFailed("Acme SSO did not start.")


def _start(port: int, folder: Path, callbacks: Sequence[str]) -> subprocess.Popen[str]:
    settings = {"ACME_PORT": str(port), "ACME_FOLDER": str(folder), "ACME_CALLBACKS": ",".join(callbacks)}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.acme"],
        cwd=_ROOT,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,  # its end is what stops it, also where we are killed
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, and by us for it
    )


def _stop(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_STOP_SECONDS)
    child.kill()  # does nothing where it has ended
