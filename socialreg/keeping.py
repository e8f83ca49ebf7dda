"""An account's row, as :mod:`upkeep` finds it and leaves it.

What is written here is written by one statement each, with the condition under which it still is true: no row is locked
while a provider is asked, so a login may have come in between, and wins.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from django.db.models import Q, QuerySet
from django.utils.timezone import now

from .exceptions import ConfigurationError, NotAllowed, SocialRegError
from .models import SocialAccount
from .signals import credentials_lost
from .transactions import announce, database
from .types import Credentials

logger = logging.getLogger("socialreg.keeping")

#: Characters that the column for an error's code has.
_CODE_LENGTH = 60


def rows(account_id: int) -> QuerySet[SocialAccount]:
    """Return the query for one account."""
    return SocialAccount.objects.using(database()).filter(pk=account_id)


def find(account_id: int) -> SocialAccount:
    """Return an account with its user, in one query.

    :raises NotAllowed: there is none, or none any more.
    """
    found = next(iter(rows(account_id).select_related("user")), None)
    if found is None:
        raise gone(account_id)
    return found


def gone(account_id: int) -> NotAllowed:
    """Return the error for an account that is not there."""
    return NotAllowed(
        f"There is no social account {account_id}",
        cause="it was disconnected, or is of a transaction that is not committed yet",
        remedy="Nothing, if it was disconnected; else ask for it once the transaction is committed",
        code="gone",
        notice="changed",
    )


def opened(account: SocialAccount) -> Credentials:
    """Return an account's credentials.

    :raises ConfigurationError: they cannot be opened.
    """
    credentials = account.credentials
    if credentials is None:
        raise ConfigurationError(
            f"The credentials of the social account {account.pk} cannot be opened",
            cause="the key that they were sealed with is not among those of this site any more",
            remedy="Put it last into ENCRYPTION_KEYS, or, where there are none, the former SECRET_KEY into "
            "SECRET_KEY_FALLBACKS; without it the person has to log in again",
            code="unreadable",
        )
    return credentials


def same_tokens(one: SocialAccount, other: SocialAccount) -> bool:
    """Whether two readings of a row have the same credentials, be they sealed with another key by now."""
    if one.sealed_credentials == other.sealed_credentials:
        return True
    ours, theirs = one.credentials, other.credentials
    return ours is not None and theirs is not None and replace(ours, username=theirs.username) == theirs


def mark_lost(account: SocialAccount, error: SocialRegError) -> bool:
    """Write down that the provider takes an account's tokens no more, and send :data:`signals.credentials_lost`.

    The signal is sent once, after the commit. A login in between wins: then the tokens that ``account`` was read with
    are not those that are stored, and nothing is done.

    :param account: as it was read before the provider was asked.
    :param error: how the provider said so; its ``code`` is kept.
    :return: whether it was marked now.
    """
    return lose(account, error, Q(sealed_credentials=account.sealed_credentials), error.code)


def lose(account: SocialAccount, error: SocialRegError, as_long_as: Q, code: str, **also: None) -> bool:
    """Mark an account as lost on one's own condition; see :func:`mark_lost`.

    :param also: what else is set by the same statement.
    """
    moment, code = now(), code[:_CODE_LENGTH]
    living = rows(account.pk).filter(as_long_as, lost_at=None)
    if not living.update(lost_at=moment, lost_code=code, checked_at=moment, **also):
        return False
    account.lost_at, account.lost_code, account.checked_at = moment, code, moment
    logger.warning("The social account %s is lost [%s]. %s", account.pk, code, error)
    announce(credentials_lost, {"account": account, "code": code, "error": error})
    return True
