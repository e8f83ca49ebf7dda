"""Addresses that wait to be confirmed: written when somebody registers or asks for a change, and mailed a link.

:mod:`confirming` takes the link back. What dies (cancelled, replaced, void) stays as a row whose link is no good, for
as long as its mails are counted: else asking and cancelling in turns would send mails without end.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from . import address_mails, conf
from .address_link import LIFETIME
from .address_status import address_of, is_confirmed, is_same
from .finders import is_held
from .locking import lock
from .models import UserAddress
from .transactions import database
from .types import email

#: Between two mails to one address of one user; how many in a day; how many addresses may wait.
PAUSE = timedelta(minutes=1)
DAY = timedelta(days=1)
MOST_MAILS = 5
MOST_WAITING = 5

#: What became of a wish: the mail is on its way; it was before; too many mails; somebody else has the address; it is
#: the user's address already, and confirmed; no mail can be sent there; the site confirms no addresses.
Answer = Literal["sent", "waiting", "too-soon", "too-many", "taken", "same", "wrong", "off"]


def begin(user: AbstractBaseUser) -> None:
    """Note, in the transaction that makes a user, that nobody vouches for their address, and mail them a link.

    With ``EMAIL_CONFIRMATION = "off"`` it is noted alone.
    """
    address = address_of(user)
    if not address:
        return
    row = UserAddress(user_id=user.pk, address=address)
    if _is_mailed(address):
        _count(row, timezone.now())
    row.save(force_insert=True)
    _mail(user, row)


def request_change(user: AbstractBaseUser, address: str) -> Answer:
    """Ask ``address`` whether it is to be the user's: nothing changes before it is confirmed.

    The address of now is told, unless it never was confirmed. Asking again while a link waits sends nothing.
    """
    if not _is_mailed(address):
        return "off" if conf.email_confirmation() == "off" else "wrong"
    if is_held(address, user):
        return "taken"
    with transaction.atomic(using=database()):
        current = lock(get_user_model(), user.pk)
        return "wrong" if current is None else _ask(current, address)


def send_again(user: AbstractBaseUser, address: str) -> Answer:
    """Send a new link to the user's own unconfirmed address, or to one that is to replace it. The older link dies.

    Not to an address that counts: asking for it would make it one that does not, which is easier to replace.
    """
    if not _is_mailed(address):
        return "off" if conf.email_confirmation() == "off" else "wrong"
    with transaction.atomic(using=database()):
        current = lock(get_user_model(), user.pk)
        if current is None:
            return "wrong"
        if is_same(address, address_of(current)) and is_confirmed(current) is not False:
            return "same"
        row = _own_row(current, address)
        return "wrong" if row is None else _send(current, row)


def cancel(user: AbstractBaseUser, address: str) -> None:
    """Let a change that was asked for be."""
    if email(address, verified=False) is None:
        return  # it never waited, and PostgreSQL takes no NUL even for a question
    waiting = UserAddress.objects.filter(user_id=user.pk, address=address, confirmed_at=None)
    waiting.exclude(replaces="").update(secret="")


def void(user: AbstractBaseUser) -> None:
    """Let every confirmation and every change that waits die: whoever asked for it need not be who is here now."""
    UserAddress.objects.filter(user_id=user.pk, confirmed_at=None).update(secret="")


def changes(user: AbstractBaseUser) -> list[UserAddress]:
    """Return the changes that wait for their confirmation."""
    rows = UserAddress.objects.filter(user_id=user.pk, confirmed_at=None).exclude(secret="").order_by("pk")
    return [row for row in rows if is_same(row.replaces, address_of(user)) and not _is_old(row, LIFETIME)]


def _is_mailed(address: str) -> bool:
    return conf.email_confirmation() != "off" and email(address, verified=False) is not None


def _ask(user: AbstractBaseUser, address: str) -> Answer:
    if address_of(user).lower() == address.lower():
        return "same"
    rows = list(UserAddress.objects.filter(user_id=user.pk).order_by("pk"))
    row = next((row for row in rows if row.address.lower() == address.lower()), None)
    if row is not None and row.secret and is_same(row.replaces, address_of(user)) and not _is_old(row, LIFETIME):
        return "waiting"
    if row is None and not _has_room(user, rows):
        return "too-many"
    row = row or UserAddress(user_id=user.pk)
    row.address, row.replaces = address, address_of(user)
    row.confirmed_at, row.digest = None, None
    answer = _send(user, row)
    if answer == "sent" and is_confirmed(user) is not False:
        address_mails.tell_of_change(address_of(user), address, database())
    return answer


def _has_room(user: AbstractBaseUser, rows: list[UserAddress]) -> bool:
    """Whether one more address may wait, once those are gone that nobody waits for and no mail is counted of."""
    waiting = [row for row in rows if row.confirmed_at is None and not is_same(row.address, address_of(user))]
    idle = [row for row in waiting if _is_old(row, DAY) and (not row.secret or _is_old(row, LIFETIME))]
    UserAddress.objects.filter(pk__in=[row.pk for row in idle]).delete()
    return len(waiting) - len(idle) < MOST_WAITING


def _own_row(user: AbstractBaseUser, address: str) -> UserAddress | None:
    """Return the row to which a link may be sent again: of a waiting change, or of the address of now."""
    rows = UserAddress.objects.filter(user_id=user.pk)
    row = next((row for row in rows if is_same(row.address, address)), None)
    if row is None:
        return UserAddress(user_id=user.pk, address=address) if is_same(address, address_of(user)) else None
    return row if row.secret or is_same(address, address_of(user)) else None


def _send(user: AbstractBaseUser, row: UserAddress) -> Answer:
    moment = timezone.now()
    if row.sent_at is not None and moment - row.sent_at < PAUSE:
        return "too-soon"
    if row.counted_from is None or moment - row.counted_from >= DAY:
        row.sent = 0
    if row.sent >= MOST_MAILS:
        return "too-many"
    _count(row, moment)
    row.save()
    _mail(user, row)
    return "sent"


def _count(row: UserAddress, moment: datetime) -> None:
    """Count a mail, and make the secret of its link."""
    row.counted_from = row.counted_from if row.sent else moment
    row.sent += 1
    row.sent_at = moment
    row.secret = secrets.token_urlsafe(32)


def _mail(user: AbstractBaseUser, row: UserAddress) -> None:
    if row.secret:
        address_mails.ask_to_confirm(user, row, database())


def _is_old(row: UserAddress, age: timedelta) -> bool:
    return row.sent_at is None or timezone.now() - row.sent_at >= age
