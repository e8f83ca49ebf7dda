"""Looking after accounts: one function per unit of work, for a task queue or for ``manage.py socialreg_maintain``.

Each takes the key of an account, may be called by any number of processes at once and at any time, takes at most ten
seconds for the provider's part of a step, and sends three queries at most. No transaction is open while a provider is
asked, other than the caller's own. An account that nobody can use any more is marked (``lost_at``, ``lost_code``), and
:data:`signals.credentials_lost` is sent once; a login mends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from django.db import connections, transaction
from django.utils.timezone import now

from . import circuits, flights, steps, sync
from .apart import apart
from .deadlines import deadline
from .exceptions import BadAnswer, Refused, Revoked
from .keeping import find, gone, mark_lost, opened, rows
from .models import SocialAccount
from .provider import Provider
from .registry import providers
from .token_state import is_due
from .transactions import database
from .types import Profile, storable_raw

__all__ = ["mark_lost", "refresh", "sync_profile", "verify_alive"]

#: What is set of a row by a profile that was read.
_TOLD = (
    *("username", "full_name", "first_name", "last_name", "email", "email_verified", "picture", "profile_url"),
    *("locale", "timezone", "profile", "profile_at", "checked_at"),
)


def refresh(account_id: int, *, dead_token: str = "") -> SocialAccount:
    """Return an account whose access token is good for a minute at least, refreshed if need be.

    Of any number of callers in any number of processes one asks the provider, and all get what it brought. A token that
    never ends, or not within a minute, is left as it is. Inside a transaction it is done beside it, so that what
    was refreshed stays refreshed if the transaction is undone; a row that the transaction has locked before is refused.

    :param dead_token: an access token that the provider has just refused: refreshed whenever it ends, if it is the one
        that is stored still.
    :raises NotAllowed: there is no such account.
    :raises Revoked: the tokens are dead, now or since before; the account is marked as lost.
    :raises Refused: the provider has handed no refresh token out (code ``no-refresh-token``), or refused for now.
    :raises ProviderError: the provider did not play along; or with the codes ``locked`` and ``database``, the database.
    :raises ConfigurationError: the account's provider is not enabled, or its credentials cannot be opened.
    """
    return refreshed(find(account_id), dead_token)


def sync_profile(account_id: int) -> SocialAccount:
    """Read an account's profile, store it, and bring its user's fields up to date by ``SOCIALREG["SYNC"]``.

    A token that has ended is refreshed before. A profile that tells nothing leaves what is stored
    (docs/decisions/0010), once the provider has said that it takes the token still.

    :raises BadAnswer: it is somebody else's; nothing is stored.
    :raises SocialRegError: as for :func:`refresh` and :func:`verify_alive`.
    """
    return synced(find(account_id))


def verify_alive(account_id: int) -> SocialAccount:
    """Ask the provider whether it takes an account's tokens still: in one request.

    A token that has ended is refreshed instead, which says as much. An account that was marked as lost is not any more,
    if its token has not ended and turns out to be alive.

    :raises NotAllowed: there is no such account.
    :raises Revoked: the tokens are dead; the account is marked as lost.
    :raises Refused: the token has ended and cannot be refreshed (code ``no-refresh-token``), or the provider has
        nothing to ask (``cannot-ask``).
    :raises ProviderError: the provider did not say.
    :raises ConfigurationError: the account's provider is not enabled, or its credentials cannot be opened.
    """
    return verified(find(account_id))


def refreshed(account: SocialAccount, dead_token: str = "") -> SocialAccount:
    """Do what :func:`refresh` does, for a row that was read just now."""
    if account.lost_at is not None:
        raise flights.lost(account)
    if not is_due(account, now()) and not (dead_token and opened(account).token == dead_token):
        return account
    if not account.refreshable:
        raise Refused(
            f"The token of the social account {account.pk} has ended, or is refused",
            cause="the provider has handed no refresh token out",
            remedy="See on the provider's page in the documentation which scope or option asks for one",
            code="no-refresh-token",
        )
    return apart(partial(flights.renew, account), partial(_probe, account.pk), database())


def synced(account: SocialAccount) -> SocialAccount:
    """Do what :func:`sync_profile` does, for a row that was read just now."""
    account = refreshed(account)
    before = account.stored_profile()
    after = _fetch(account, before)
    # What the user is to be asked, a login asks, by what is stored until then.
    told = ("checked_at",) if sync.asks(account, before, after) else _TOLD
    if told is _TOLD:
        account.take_over(after)
    account.checked_at = now()
    with transaction.atomic(using=database()):
        if not rows(account.pk).update(**{name: getattr(account, name) for name in told}):
            raise gone(account.pk)
        if account.user is not None:
            sync.apply(account, before, after)
    return account


def verified(account: SocialAccount) -> SocialAccount:
    """Do what :func:`verify_alive` does, for a row that was read just now."""
    if is_due(account, now()):
        return refreshed(account)
    provider, credentials = providers.usable(account.provider), opened(account)
    with _asked(account, provider):
        steps.check_alive(provider, credentials)
    same = rows(account.pk).filter(sealed_credentials=account.sealed_credentials)
    if not same.update(checked_at=now(), lost_at=None, lost_code=""):
        return find(account.pk)  # a login in between has brought others
    account.checked_at, account.lost_at, account.lost_code = now(), None, ""
    return account


def _fetch(account: SocialAccount, before: Profile) -> Profile:
    provider, credentials = providers.usable(account.provider), opened(account)
    with _asked(account, provider):
        try:
            profile = steps.fetch_again(provider, credentials, before)
        except Refused:
            steps.check_alive(provider, credentials)  # the token may be why
            raise
        if not profile.raw:  # no login depends on a profile, so some do without one that fails; here it matters why
            steps.check_alive(provider, credentials)
            return replace(before, username=profile.username or account.username)
    if profile.issuer not in {"", account.issuer}:
        raise BadAnswer(
            f"{type(provider).__name__} returned a profile of another issuer",
            cause="it is not the one that vouched for the account",
            remedy="Nothing is stored. See that this entry of the settings is still for the same provider",
            code="other-person",
        )
    return replace(profile, issuer=account.issuer, raw=storable_raw(profile.raw))


@contextmanager
def _asked(account: SocialAccount, provider: Provider) -> Iterator[None]:
    """Ask a provider something with an account's tokens: in ten seconds, and mark the account if they are dead."""
    circuit = circuits.for_logins(provider, account.provider, account.issuer)
    try:
        with circuits.through(circuit, provider.label), deadline():
            yield
    except Revoked as error:
        mark_lost(account, error)
        raise


def _probe(account_id: int) -> None:
    """See that nobody holds the row, who may be waiting for us."""
    nowait = connections[database()].features.has_select_for_update_nowait
    with transaction.atomic(using=database()):
        list(rows(account_id).select_for_update(nowait=nowait).values_list("pk"))
