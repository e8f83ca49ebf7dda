"""How an owner of the site's own gets an account, and lets go of it; how an account comes to be allowed more.

Rows are locked in one order: the owner's, then the accounts by their keys. So of two requests at once one waits for the
other, and neither for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from . import account_rows, ownerless
from .exceptions import NotAllowed
from .locking import lock
from .models import SocialAccount
from .ownership import Owner
from .scopes import covers
from .transactions import database
from .types import Arrival, Errand


@dataclass(frozen=True, slots=True)
class Task:
    """An errand whose parts were found, and may be used by whoever is here.

    ``account`` is the one that must come back, ``None`` for any.
    """

    errand: Errand
    owner: Owner | None
    account: SocialAccount | None


def not_theirs() -> NotAllowed:
    """Return the refusal of what is not there, and of what somebody may not do: one, so that it tells nobody which."""
    return NotAllowed(
        "An errand's owner or account is not there, or not for this user to change",
        cause='it was removed, it has another account by now, or SOCIALREG["MAY_CONNECT"] says no',
        remedy="Nothing, if it happens now and then",
        code="not-theirs",
        notice="not-theirs",
    )


def attach(task: Task, arrival: Arrival) -> tuple[SocialAccount, bool]:
    """Give the account that arrived to the owner, or renew it; all of it or nothing.

    Return it, and whether the owner did not have it before.

    Whose account it is besides makes no difference: the one who is here has just proved to be its person. An account
    that the owner had before is let go of.

    :raises NotAllowed: the owner or the account is gone by now, another account came back, it may do less, or the
        site's own model lets it serve no second owner.
    """
    try:
        return _attach(task, arrival)
    except IntegrityError:  # another request may just have brought the same account: now it is there to be found
        return _attach_again(task, arrival)


def _attach_again(task: Task, arrival: Arrival) -> tuple[SocialAccount, bool]:
    try:
        return _attach(task, arrival)
    except IntegrityError as error:
        raise NotAllowed(
            "The database does not let the owner have this account",
            cause="another owner has it, and the field is unique or part of a constraint",
            remedy="Nothing: it stays where it is until it is disconnected there",
            code="taken",
            notice="taken",
        ) from error


def detach(task: Task) -> SocialAccount:
    """Take the account from the owner.

    :raises NotAllowed: the owner is gone by now, or has another account.
    """
    with transaction.atomic(using=database()):
        owner, account = task.owner, task.account
        if owner is None or account is None or _current(task) != account.pk:
            raise not_theirs()
        _set(owner, None)
        ownerless.release(account.pk)
    return account


def _attach(task: Task, arrival: Arrival) -> tuple[SocialAccount, bool]:
    with transaction.atomic(using=database()):
        before = _current(task)
        account = _found(arrival, before)
        if task.account is not None:
            account = _same(task, account, before)
            _check_granted(account, arrival, task.errand.scope)
        if account is None:
            account = account_rows.insert(None, arrival)
        else:
            account_rows.refresh(account, arrival)
        is_new = task.owner is not None and before != account.pk
        if task.owner is not None and is_new:
            _set(task.owner, account.pk)
            if before is not None:
                ownerless.release(before)
    return account, is_new


def _current(task: Task) -> int | None:
    """Return the key of the account that the task's owner has, and lock the owner. Without one, lock the account.

    :raises NotAllowed: it is gone.
    """
    owned = task.owner.instance if task.owner else task.account
    row = None if owned is None else lock(type(owned), owned.pk)
    if row is None:
        raise not_theirs()
    return Owner(row, task.owner.field).account_id if task.owner else row.pk


def _set(owner: Owner, account_id: int | None) -> None:
    rows = type(owner.instance)._base_manager.using(database()).filter(pk=owner.instance.pk)  # noqa: SLF001
    rows.update(**{owner.field.attname: account_id})
    setattr(owner.instance, owner.field.attname, account_id)  # receivers of the signal see it


def _found(arrival: Arrival, before: int | None) -> SocialAccount | None:
    """Return the account that arrived, if there is a row for it; locked, and so is the owner's account of before."""
    known = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
    keys = sorted({key for key in (known.pk if known else None, before) if key is not None})
    locked = {key: lock(SocialAccount, key) for key in keys}
    return locked[known.pk] if known else None


def _same(task: Task, account: SocialAccount | None, before: int | None) -> SocialAccount:
    """Return the account that came back, once it is known to be the one that was sent for, and still whose it was.

    :raises NotAllowed: it is not.
    """
    if account is None or task.account is None or account.pk != task.account.pk:
        raise NotAllowed(
            "Another account came back than the one that was sent for",
            cause="the visitor is logged in at the provider as somebody else, or chose another account there",
            remedy="Nothing: the visitor can begin again, and choose the account",
            code="other-account",
            notice="other-account",
        )
    if before != account.pk or (task.owner is None and str(account.user_id) != task.errand.user):
        raise not_theirs()
    return account


def _check_granted(account: SocialAccount, arrival: Arrival, addition: str) -> None:
    """See that the new tokens may do what was asked for, and what the old ones may, if those still live.

    :raises NotAllowed: they may not; the old ones stay.
    """
    granted = arrival.credentials.scope
    wanted = f"{addition} {account.scope}" if account.lost_at is None else addition
    if granted and not covers(granted, wanted):
        raise NotAllowed(
            "The provider granted less than was asked for",
            cause="the visitor or the provider left something out",
            remedy="Nothing: the account's tokens stay as they were, and the visitor can begin again",
            code="not-granted",
            notice="not-granted",
        )
