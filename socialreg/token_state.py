"""What is known of an account's tokens without opening them: a state to filter by, and words for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, TextChoices
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import SocialAccount

#: A token that has no longer than this to live counts as ended, wherever that is asked: a job takes ten seconds for
#: each call, and clocks differ. No more, for some providers' tokens live for five minutes in all.
SOON = timedelta(minutes=1)


class TokenState(TextChoices):
    """In which of these an account's tokens are. Each account is in exactly one."""

    FINE = "fine", gettext_lazy("Fine")
    REFRESHABLE = "refreshable", gettext_lazy("Expires soon or expired, can be refreshed")
    EXPIRED = "expired", gettext_lazy("Expires soon or expired, cannot be refreshed")
    LOST = "lost", gettext_lazy("Lost")


def state(account: SocialAccount, moment: datetime) -> TokenState:
    """Return the state of an account's tokens.

    :param moment: when that is asked.
    """
    if account.lost_at is not None:
        return TokenState.LOST
    if not is_due(account, moment):
        return TokenState.FINE
    return TokenState.REFRESHABLE if account.refreshable else TokenState.EXPIRED


def is_due(account: SocialAccount, moment: datetime) -> bool:
    """Whether an account's access token has ended, or will soon."""
    return account.expires_at is not None and account.expires_at <= moment + SOON


def condition(wanted: TokenState, moment: datetime) -> Q:
    """Return what the accounts in a state have in common, for a query: columns of their own alone, nothing joined."""
    if wanted is TokenState.LOST:
        return Q(lost_at__isnull=False)
    living = Q(lost_at=None)
    if wanted is TokenState.FINE:
        return living & (Q(expires_at=None) | Q(expires_at__gt=moment + SOON))
    return living & Q(expires_at__lte=moment + SOON, refreshable=wanted is TokenState.REFRESHABLE)


def in_words(account: SocialAccount, moment: datetime) -> str:
    """Return the state as a sentence for people, without anything of the tokens themselves."""
    if account.lost_at is not None:
        return _("Lost: {why}, since {when}").format(why=account.lost_code, when=_date(account.lost_at))
    if account.expires_at is None:
        lifetime = _("Lives until it is revoked")
    elif account.expires_at > moment:
        lifetime = _("Lives until {when}").format(when=_date(account.expires_at))
    else:
        lifetime = _("Expired {when}").format(when=_date(account.expires_at))
    return _("{lifetime}, can be refreshed").format(lifetime=lifetime) if account.refreshable else lifetime


def _date(moment: datetime) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")
