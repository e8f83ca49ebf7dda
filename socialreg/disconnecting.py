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
from django.db import router, transaction
from django.http import HttpRequest

from . import steps
from .backends import has_password
from .background import background
from .exceptions import ConfigurationError, NotAllowed
from .fields import owned_elsewhere
from .locking import lock
from .models import SocialAccount
from .registry import providers
from .signals import disconnected

logger = logging.getLogger("socialreg.disconnecting")


def disconnect(request: HttpRequest, user: AbstractBaseUser, account_id: int) -> SocialAccount:
    """Take an account from ``user``, unless nobody could log in any more without it.

    One that serves owners of the site's own as well stays with those, tokens and all. Any other is removed, and its
    tokens are revoked.

    :raises NotAllowed: it is not theirs, or it is the last way in.
    """
    with transaction.atomic(using=_database()):
        # The user's row is the lock: two tabs cannot each remove what the other one counts on.
        owner = lock(get_user_model(), user.pk)
        accounts = {account.pk: account for account in SocialAccount.objects.filter(user_id=user.pk)}
        account = accounts.pop(account_id, None)
        if owner is None or account is None:
            raise NotAllowed(
                "The account to disconnect is not this user's",
                cause="it or the user was removed in another window, or somebody else is logged in by now",
                remedy="Nothing, if it happens now and then; many such lines are somebody who tries numbers",
                code="gone",
                notice="changed",
            )
        if not has_password(owner) and not any(map(_is_way_in, accounts.values())):
            raise NotAllowed(
                "The last way to log in is not removed",
                cause="the user has neither a password that any backend takes nor another account to log in with",
                remedy="Nothing: the user can set a password or connect another account first",
                code="last-login",
                notice="last-login",
            )
        take(request, user, [account])
    return account


def take(request: HttpRequest, user: AbstractBaseUser, accounts: Iterable[SocialAccount]) -> None:
    """Take accounts from ``user``, whatever is left to log in with. To be called in a transaction."""
    rows = {account.pk: account for account in accounts}
    # Locked, so that nothing of the site's begins to own one of them meanwhile.
    list(SocialAccount.objects.select_for_update().filter(pk__in=rows).order_by("pk"))
    serving = owned_elsewhere(SocialAccount, rows) if rows else set()
    for key, account in rows.items():
        if key in serving:
            SocialAccount.objects.filter(pk=key, user_id=user.pk).update(user=None)
            account.user = None
        else:
            forget(account)
        facts = {"request": request, "user": user, "account": account, "owner": None, "field": None}
        transaction.on_commit(partial(disconnected.send_robust, SocialAccount, **facts), using=_database())


def forget(account: SocialAccount) -> None:
    """Remove an account, whoever had it, and have its tokens revoked once that is a fact."""
    account.delete()
    what = f"Revoking the tokens of a removed account of {account.provider!r}"
    background.after_commit(what, partial(revoke, account), _database())


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
    told = steps.revoke(providers.usable(account.provider), credentials)
    outcome = "revoked" if told else "the provider has no way to be told"
    logger.info("The tokens of a removed account of %r: %s", account.provider, outcome)


def _is_way_in(account: SocialAccount) -> bool:
    """Whether somebody can log in with an account: its provider is enabled and ready, and took its tokens last.

    One whose tokens are lost may be suspended or deleted at the provider. Nobody knows before its person came back with
    it, so it does not count: at worst somebody is asked to connect it again first.
    """
    try:
        providers.usable(account.provider)
    except ConfigurationError:
        return False
    return account.lost_at is None


def _database() -> str:
    return router.db_for_write(SocialAccount)
