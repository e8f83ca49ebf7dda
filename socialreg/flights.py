"""A refresh, once for all who want it at the same time, in whatever process they are.

Who is first puts a mark on the row, by one statement that only one of them can succeed with, and asks the provider once
that is in the database. No transaction is open meanwhile, and no row is locked: a provider that is slow keeps nobody's
connection. The others wait for the row to change.

The mark goes with the result. One that stays tells of a process that died in between: a new refresh token may be lost
with it, for most providers spend the old one. So the next caller says so in the log, tries the old token, and if that
is dead marks the account as lost, with the code ``interrupted``.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, connections
from django.db.models import Q
from django.utils.timezone import now

from . import circuits, steps
from .deadlines import TOTAL_SECONDS, deadline, left
from .exceptions import BadAnswer, OutOfOrder, Revoked, SocialRegError, Unavailable
from .keeping import find, lose, opened, rows, same_tokens
from .models import SocialAccount
from .registry import providers
from .transactions import database
from .types import Credentials

logger = logging.getLogger("socialreg.flights")

#: A mark that is older is nobody's who lives: the provider has ten seconds, and the rest is for the database.
LONGEST = timedelta(seconds=3 * TOTAL_SECONDS)
#: One that is further in the future than clocks differ was put there by a wrong clock: nobody shall wait for that.
SKEW = timedelta(hours=1)
#: Seconds between two looks at the row, the first and the longest.
_PAUSE, _LONGEST_PAUSE = 0.05, 0.4
#: Errors of :mod:`outcomes` after which the token may have reached the provider.
_BROKEN_OFF = frozenset({"timeout", "connection"})
#: What is set of a row by a refresh that succeeded.
_RENEWED = ("sealed_credentials", "scope", "expires_at", "refreshable", "lost_at", "lost_code")


@dataclass(frozen=True, slots=True)
class Flight:
    """One refresh under way. ``interrupted``: the one before was cut off."""

    account: SocialAccount
    mark: datetime
    interrupted: bool


def renew(account: SocialAccount) -> SocialAccount:
    """Return an account with new credentials: by asking for them, or by waiting for whoever does.

    Two statements, if nobody else is there.

    :param account: as it was read just now.
    :raises Revoked: the provider takes the refresh token no more; the account is marked as lost.
    :raises SocialRegError: nobody got new credentials. What is stored stays.
    """
    credentials = opened(account)
    provider = providers.usable(account.provider)
    flight = _begin(account)
    if flight is None:
        return _wait(account)
    if flight.interrupted:
        _report(account)
    try:
        circuit = circuits.for_logins(provider, account.provider, account.issuer)
        with circuits.through(circuit, provider.label, is_final=True), deadline():
            fresh = steps.refresh(provider, credentials)
    except Revoked as error:
        return _lose(flight, error)
    except SocialRegError as error:
        _give_up(flight, error)
        raise
    return _land(flight, fresh)


def _begin(account: SocialAccount) -> Flight | None:
    """Put our mark on the row; ``None`` if somebody else's is there, or other credentials than those that we saw."""
    mark, seen = now(), account.refresh_begun_at
    if seen is not None and mark - LONGEST < seen < mark + SKEW:
        return None
    sealed = account.sealed_credentials
    as_seen = rows(account.pk).filter(sealed_credentials=sealed, lost_at=None, refresh_begun_at=seen)
    return Flight(account, mark, seen is not None) if as_seen.update(refresh_begun_at=mark) else None


def _wait(account: SocialAccount) -> SocialAccount:
    """Wait until whoever is at it is done, and return what they left."""
    ends, pause = time.monotonic() + min(TOTAL_SECONDS, left()), _PAUSE
    while True:
        found = find(account.pk)
        if found.lost_at is not None:
            raise lost(found)
        begun = found.refresh_begun_at
        if not same_tokens(found, account):
            return found
        if begun is None and found.sealed_credentials != account.sealed_credentials:
            return renew(found)  # they were sealed anew, with another key, since we looked: nobody is at it
        if begun is None or begun <= now() - LONGEST or time.monotonic() >= ends:
            raise Unavailable(
                f"The credentials of the social account {account.pk} were not refreshed",
                cause="somebody else was at it, and did not succeed; the log says why",
                remedy="Nothing, if it happens now and then: the next one tries again",
                code="refresh-failed",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def lost(account: SocialAccount) -> Revoked:
    """Return the error for an account whose tokens are known to be dead."""
    return Revoked(
        f"The tokens of the social account {account.pk} are dead",
        cause="they were lost before" if account.lost_code == "interrupted" else "the provider said so before",
        remedy="Ask the person to log in again; nothing else brings new tokens",
        code=account.lost_code,
    )


def _land(flight: Flight, fresh: Credentials) -> SocialAccount:
    account = flight.account
    account.credentials = fresh
    account.refresh_begun_at = None  # and not checked_at: tokens are refreshed all day, and profiles read at night
    # Unless a login in between has brought credentials, and taken our mark away: what it brought is newer.
    return account if _save(flight) else find(account.pk)


def _save(flight: Flight) -> bool:
    account = flight.account
    values = {name: getattr(account, name) for name in (*_RENEWED, "refresh_begun_at")}
    ours = rows(account.pk).filter(refresh_begun_at=flight.mark)
    try:
        return bool(ours.update(**values))
    except Error:
        connections[database()].close()  # it may be the connection that is broken, and nothing else
    try:
        return bool(ours.all().update(**values))
    except Error as error:
        raise _not_stored(account, type(error).__name__) from None  # its text may hold the statement, and our secrets


def _not_stored(account: SocialAccount, error: str) -> OutOfOrder:
    logger.error(
        "The new credentials of the social account %s were not stored: %s. Remedy: bring the database back; the "
        "next refresh tries the former token, and if that is dead the person has to log in again",
        account.pk,
        error,
    )
    return OutOfOrder(
        f"The new credentials of the social account {account.pk} were not stored",
        cause=f"the database failed: {error}",
        remedy="Bring the database back",
        code="database",
    )


def _lose(flight: Flight, error: Revoked) -> SocialAccount:
    account = flight.account
    if flight.interrupted:
        error = Revoked(
            f"The tokens of the social account {account.pk} are lost",
            cause="a refresh was cut off between the provider's answer and the database, and the new token with it",
            remedy="Ask the person to log in again; look in the log for what ended the process",
            code="interrupted",
        )
    if lose(account, error, Q(refresh_begun_at=flight.mark), error.code, refresh_begun_at=None):
        raise error
    found = find(account.pk)  # a login in between has brought new ones
    if found.lost_at is not None:
        raise lost(found)
    return found


def _give_up(flight: Flight, error: SocialRegError) -> None:
    """Take our mark away, or let it look old where nobody knows whether the provider has spent the token."""
    is_unclear = flight.interrupted or isinstance(error, BadAnswer) or error.code in _BROKEN_OFF
    mark = flight.mark - LONGEST if is_unclear else None
    with suppress(Error):  # then it grows old by itself
        rows(flight.account.pk).filter(refresh_begun_at=flight.mark).update(refresh_begun_at=mark)


def _report(account: SocialAccount) -> None:
    logger.error(
        "A refresh of the social account %s was cut off. Cause: a process ended, or an answer broke off or was of no "
        "use, after the token was sent. Remedy: look further up in the log; the former token is tried once more, and "
        "if it is dead the account is marked as lost and its person has to log in again",
        account.pk,
    )
