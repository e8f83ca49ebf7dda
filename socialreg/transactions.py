"""The database that accounts are written to, and what is said of them once they are there.

All tables of this app are in one database, and so are the users: what belongs together is written in one transaction.
Imported when Django is set up, so what only a login needs is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from django.db import router, transaction
from django.db.models import Model
from django.dispatch import Signal

from . import conf, signals
from .codes import OK
from .models import SocialAccount
from .sign_in_events import Event, SignInEvent


def database() -> str:
    """Return the database that accounts are written to, and, so that nothing old is read, read from."""
    return router.db_for_write(SocialAccount)


def announce(signal: Signal, facts: Mapping[str, object], account_id: int | None = None) -> None:
    """Send a signal of :mod:`signals`, and note the event, once the transaction around is in the database.

    Neither happens if it is undone.

    :param facts: what its receivers are told, by name.
    :param account_id: the key that the account had, if it is removed by now.
    """
    transaction.on_commit(partial(_announce, signal, facts, account_id), using=database())


def record(event: Event) -> None:
    """Note an event of which no signal is sent, once the transaction around is in the database."""
    transaction.on_commit(partial(_note, event), using=database())


_KINDS: Mapping[Signal, SignInEvent.Kind] = {
    signals.logged_in: SignInEvent.Kind.LOGIN,
    signals.registered: SignInEvent.Kind.REGISTER,
    signals.connected: SignInEvent.Kind.CONNECT,
    signals.disconnected: SignInEvent.Kind.DISCONNECT,
    signals.email_confirmed: SignInEvent.Kind.CONFIRM,
    signals.credentials_lost: SignInEvent.Kind.LOST,
}


def _announce(signal: Signal, facts: Mapping[str, object], account_id: int | None) -> None:
    if signal in _KINDS:
        _note(_event(_KINDS[signal], facts, account_id))
    signal.send_robust(SocialAccount, **facts)


def _event(kind: SignInEvent.Kind, facts: Mapping[str, object], account_id: int | None) -> Event:
    account = cast("SocialAccount | None", facts.get("account"))
    user = cast("Model | None", facts.get("user"))
    user_id = user.pk if user else account.user_id if account else None
    return Event(
        kind,
        account.provider if account else "",
        "" if user_id is None else str(user_id),
        (account.pk or account_id) if account else None,
        str(facts.get("code", OK)),
    )


def _note(event: Event) -> None:
    cast("Callable[[Event], None]", conf.deferred("socialreg.events.note"))(event)
