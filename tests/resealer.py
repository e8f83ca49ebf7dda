"""A process that seals everything anew, until it kills itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import Any

import django
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from tests import stores

#: Batches that are written before the end.
BEFORE = 2
#: The exit status of a process that was killed.
KILLED = -signal.SIGKILL
#: Longer than anything here takes.
PATIENCE = 120


def reencrypt(database: BaseDatabaseWrapper, socialreg: dict[str, Any], dies_at: str = "") -> int:
    """Run the command in a process of its own; return its exit status.

    :param dies_at: where it kills itself: ``reading``, ``writing`` or ``commit`` of the third batch.
    """
    given = (stores.database_of(database), socialreg, dies_at)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=given, daemon=True)
    process.start()
    process.join(PATIENCE)
    status = process.exitcode
    process.kill()
    process.join()
    assert status is not None, "it does not end"
    return status


class Killer:
    """Kills the process at the third batch: before its rows are locked, or written, or before the commit."""

    def __init__(self, dies_at: str) -> None:
        self.dies_at = dies_at
        self.written = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        is_last = self.written == BEFORE
        if is_last and (self.dies_at == "reading" or (many and self.dies_at == "writing")):
            os.kill(os.getpid(), signal.SIGKILL)
        done = execute(sql, params, many, context)
        if many:
            self.written += 1
            if is_last and self.dies_at == "commit":
                os.kill(os.getpid(), signal.SIGKILL)
        return done


def _run(database: dict[str, Any], socialreg: dict[str, Any], dies_at: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    elsewhere = override_settings(DATABASE_ROUTERS=[stores.Elsewhere()], SOCIALREG=socialreg)
    with stores.alias(stores.ALIAS, database) as connection, elsewhere, connection.execute_wrapper(Killer(dies_at)):
        call_command("socialreg_reencrypt", quiet=True, skip_checks=True)
