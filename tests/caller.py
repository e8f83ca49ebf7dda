"""One process of :mod:`tests.callers`, once Django is set up in it."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections
from django.test import override_settings

from socialreg import upkeep
from socialreg.exceptions import SocialRegError
from socialreg.registry import providers
from socialreg.signals import credentials_lost
from socialreg_providers.x import X
from tests import stores
from tests.callers import THREADS, Said, run

_told: list[str] = []


class Dying(X):
    """X, in a process that is killed once the answer to a refresh is there."""

    def refresh(self, credentials):
        super().refresh(credentials)
        os.kill(os.getpid(), signal.SIGKILL)


class DyingEarly(X):
    """X, in a process that is killed before it has asked for anything."""

    def refresh(self, credentials):
        os.kill(os.getpid(), signal.SIGKILL)


class Lasting(X):
    """A provider whose refresh tokens are good for as often as one likes."""

    spends_refresh_tokens = False


class DyingLasting(Dying, Lasting):
    """The same, in a process that is killed once the answer to a refresh is there."""


def _listen(*, code: str, **rest: object) -> None:
    _told.append(code)


def serve(pipe: Connection, database: dict[str, Any], socialreg: dict[str, Any]) -> None:
    """Be a worker of the site whose settings and database are given, until nobody asks any more."""
    credentials_lost.connect(_listen)
    providers.plain_http_for_tests = True
    elsewhere = override_settings(DATABASE_ROUTERS=[stores.Elsewhere()], SOCIALREG=socialreg)
    with stores.alias(stores.ALIAS, database), elsewhere:
        pipe.send("ready")
        while True:
            try:
                account_id = pipe.recv()
            except EOFError:
                return
            pipe.send(at_once(account_id))


def at_once(account_id: int) -> list[Said]:
    """Let as many threads as there are want an account refreshed."""
    _told.clear()
    found = run(THREADS, lambda: _one(account_id))
    return [Said(*each, tuple(_told)) for each in found]


def _one(account_id: int) -> tuple[str, str]:
    try:
        credentials = upkeep.refresh(account_id).credentials
    except SocialRegError as error:
        return "", error.code
    finally:
        connections.close_all()
    return (credentials.token if credentials else ""), ""
