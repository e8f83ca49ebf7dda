"""One account's row, as somebody's arrival writes it: new, renewed, or taken over from nobody.

What :mod:`upkeep` writes outside a login stands in :mod:`keeping`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from .exceptions import LostRace, NotAllowed
from .models import SocialAccount, identity_digest
from .registry import providers
from .scopes import covers
from .types import Arrival, Credentials


def refresh(account: SocialAccount, arrival: Arrival) -> None:
    """Keep the new credentials and whatever was learnt, in one statement.

    :raises NotAllowed: the account was removed in this very moment.
    """
    fixed = _FIXED | (_OF_CREDENTIALS if _may_do_more(account, arrival.credentials) else frozenset())
    _fill(account, arrival, fixed)
    names = [field.attname for field in account._meta.concrete_fields if field.attname not in fixed]  # noqa: SLF001
    if not SocialAccount.objects.filter(pk=account.pk).update(**{name: getattr(account, name) for name in names}):
        raise NotAllowed(
            "The account to refresh is not there any more",
            cause="it was disconnected in another window at this very moment",
            remedy="Nothing: the visitor can begin again",
            code="gone",
            notice="changed",
        )


#: What a later login never changes.
_FIXED = frozenset({"id", "user_id", "issuer", "subject", "identity", "created_at"})
#: What belongs together: a refresh under way, in another process, may be about to write it.
_OF_CREDENTIALS = frozenset(
    {
        "provider",
        "sealed_credentials",
        "scope",
        "expires_at",
        "refreshable",
        "lost_at",
        "lost_code",
        "refresh_begun_at",
    }
)


def _may_do_more(account: SocialAccount, new: Credentials) -> bool:
    """Whether the tokens that are kept live, and may do what the new ones may not.

    A login asks for little. It must not take from an account what its person granted it besides.
    """
    is_over = account.expires_at is not None and account.expires_at <= timezone.now() and not account.refreshable
    if account.lost_at is not None or is_over or not new.scope or covers(new.scope, account.scope):
        return False
    # Else nobody can use them: the provider by which they came is not enabled any more, or the key is gone.
    return providers.is_usable(account.provider) and account.credentials is not None


def adopt(user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    """Give ``user`` an account that was nobody's: one that served owners of the site's own alone.

    :raises LostRace: it is somebody's by now, or gone.
    """
    account = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
    if account is None or not SocialAccount.objects.filter(pk=account.pk, user=None).update(user_id=user.pk):
        raise LostRace(
            "An account without a user was taken, or removed, in this very moment",
            cause="another tab or another worker was faster",
            remedy="Nothing: the visitor can send the form again",
        )
    account.user = cast("Any", user)
    refresh(account, arrival)
    return account


def insert(user: AbstractBaseUser | None, arrival: Arrival) -> SocialAccount:
    """Write a new account, of ``user`` or of nobody.

    :raises django.db.IntegrityError: there is one of this identity.
    """
    account = SocialAccount(
        user_id=user.pk if user else None,
        issuer=arrival.issuer,
        subject=arrival.credentials.uid,
        identity=identity_digest(arrival.issuer, arrival.credentials.uid),
    )
    _fill(account, arrival)
    account.save()
    account.user = cast("Any", user)  # known already: no query for it later
    return account


def _fill(account: SocialAccount, arrival: Arrival, fixed: frozenset[str] = _FIXED) -> None:
    if "sealed_credentials" not in fixed:
        account.credentials = _with_refresh_token(account, arrival)
        account.provider = arrival.slug
        account.refresh_begun_at = None  # whatever a refresh under way brings is older than this
    account.used_at = timezone.now()
    if arrival.fetched:
        account.take_over(arrival.profile)
    elif arrival.credentials.username:
        account.username = arrival.credentials.username


def _with_refresh_token(account: SocialAccount, arrival: Arrival) -> Credentials:
    """Return the new credentials, with the refresh token of before if none came along and that one lives.

    Some hand one out the first time alone: https://developers.google.com/identity/protocols/oauth2/web-server#offline
    """
    new = arrival.credentials
    is_kept = account.refreshable and account.lost_at is None and account.provider == arrival.slug
    before = account.credentials if is_kept and not new.refresh_token else None
    return replace(new, refresh_token=before.refresh_token) if before else new
