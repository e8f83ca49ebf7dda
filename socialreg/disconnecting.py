"""How an account is taken from whoever has it, and how its provider is told.

Whoever disconnects is answered at once: the provider is told after the commit, by :mod:`background`. One that is down
or silent keeps no account; the log says that it was not told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest

from . import circuits, confirmation, steps
from .backends import has_password
from .background import background
from .exceptions import NotAllowed
from .fields import owned_elsewhere
from .locking import lock
from .models import SocialAccount
from .registry import providers
from .sign_in_events import Event, SignInEvent
from .signals import disconnected
from .transactions import announce, database, record

logger = logging.getLogger("socialreg.disconnecting")


def disconnect(request: HttpRequest, user: AbstractBaseUser, account_id: int) -> SocialAccount:
    """Take an account from ``user``, unless nobody could log in any more without it.

    One that serves owners of the site's own as well stays with those, tokens and all. Any other is removed, and its
    tokens are revoked.

    :raises NotAllowed: it is not theirs, or it is the last way in.
    """
    with transaction.atomic(using=database()):
        # The user's row is the lock: two tabs cannot each remove what the other one counts on.
        owner = lock(get_user_model(), user.pk)
        accounts = {account.pk: account for account in SocialAccount.objects.filter(user_id=user.pk)}
        account = accounts.pop(account_id, None)
        if owner is None or account is None:
            raise _not_theirs()
        if not has_password(owner) and not any(map(_is_way_in, accounts.values())):
            raise _last_way_in()
        take(request, user, [account])
        confirmation.void(user)  # a stranger who came by it may have asked for them
    return account


def take(request: HttpRequest, user: AbstractBaseUser, accounts: Iterable[SocialAccount]) -> None:
    """Take accounts from ``user``, whatever is left to log in with. To be called in a transaction."""
    rows = {account.pk: account for account in accounts}
    for key in sorted(rows):
        lock(SocialAccount, key)  # nothing of the site's begins to own it meanwhile
    serving = owned_elsewhere(SocialAccount, rows) if rows else set()
    for key, account in rows.items():
        if key in serving:
            SocialAccount.objects.filter(pk=key, user_id=user.pk).update(user=None)
            account.user = None
        else:
            forget(account)
        facts = {"request": request, "user": user, "account": account, "owner": None, "field": None}
        announce(disconnected, facts, key)


def remove(key: int) -> None:
    """Remove an account, as whoever looks after the site says. One that is gone already is as good as removed."""
    with transaction.atomic(using=database()):
        # Whole: what revokes needs the tokens, when the row is gone already.
        account = lock(SocialAccount, key)
        if account is not None:
            forget(account)
            record(Event(SignInEvent.Kind.DISCONNECT, account.provider, str(account.user_id or ""), key))


def forget(account: SocialAccount) -> None:
    """Remove an account, whoever had it, and have its tokens revoked once that is a fact."""
    account.delete()
    what = f"Revoking the tokens of a removed account of {account.provider!r}"
    background.after_commit(what, partial(revoke, account), database(), "providers")


def revoke(account: SocialAccount) -> None:
    """Tell the provider that the tokens of a removed account are not needed any more.

    Not if the same person is connected again by now: at X, and at most others, that would end the new tokens too, for
    there is one grant for a person and an application.

    :raises SocialRegError: the provider is not enabled any more, or did not play along.
    """
    if SocialAccount.objects.for_identity(account.issuer, account.subject) is not None:
        logger.info("An account of %r is connected again: its tokens are not revoked", account.provider)
        return
    credentials = account.credentials
    if credentials is None:
        logger.warning("The tokens of a removed account of %r cannot be opened, nor revoked", account.provider)
        return
    provider = providers.usable(account.provider)
    circuit = circuits.for_logins(provider, account.provider, account.issuer)
    with circuits.unhurried_through(circuit, provider.label):  # a revocation that finds no place is never made
        told = steps.revoke(provider, credentials)
    outcome = "revoked" if told else "the provider has no way to be told"
    logger.info("The tokens of a removed account of %r: %s", account.provider, outcome)


def _not_theirs() -> NotAllowed:
    return NotAllowed(
        "The account to disconnect is not this user's",
        cause="it or the user was removed in another window, or somebody else is logged in by now",
        remedy="Nothing, if it happens now and then; many such lines are somebody who tries numbers",
        code="gone",
        notice="changed",
    )


def _last_way_in() -> NotAllowed:
    return NotAllowed(
        "The last way to log in is not removed",
        cause="the user has neither a password that any backend takes nor another account to log in with",
        remedy="Nothing: the user can set a password or connect another account first",
        code="last-login",
        notice="last-login",
    )


def _is_way_in(account: SocialAccount) -> bool:
    """Whether somebody can log in with an account: its provider is enabled and ready, and took its tokens last.

    One whose tokens are lost may be suspended or deleted at the provider. Nobody knows before its person came back with
    it, so it does not count: at worst somebody is asked to connect it again first.
    """
    return account.lost_at is None and providers.is_usable(account.provider)
