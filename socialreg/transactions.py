"""The database that accounts are written to, and what is said of them once they are there.

All tables of this app are in one database, and so are the users: what belongs together is written in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.db import router, transaction
from django.dispatch import Signal

from .models import SocialAccount


def database() -> str:
    """Return the database that accounts are written to, and, so that nothing old is read, read from."""
    return router.db_for_write(SocialAccount)


def announce(signal: Signal, facts: Mapping[str, object]) -> None:
    """Send a signal of :mod:`signals` once the transaction around is in the database, and not if it is undone.

    :param facts: what its receivers are told, by name.
    """
    transaction.on_commit(partial(signal.send_robust, SocialAccount, **facts), using=database())
