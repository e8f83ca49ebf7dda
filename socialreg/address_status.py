"""What is known of a user's e-mail address: that it is confirmed, that it is not, or nothing.

Only one that is known to be *unconfirmed* counts for nobody: whoever registered before this was asked, or by another
way of the site's, is treated as ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db.models import Case, Value, When

from . import conf
from .exceptions import ConfigurationError
from .models import SocialAccount, UserAddress
from .registry import providers


def is_confirmed(user: AbstractBaseUser) -> bool | None:
    """Return whether the user's address is confirmed, ``None`` where nothing is known or there is no address.

    The site's own records come first (``SOCIALREG["IS_EMAIL_CONFIRMED"]``), then ours, in one query.
    """
    hook = conf.is_email_confirmed()
    answer = None if hook is None else hook(user)
    if answer is not None:
        return answer is True
    address = address_of(user)
    return _judge(address, _told(user)) if address else None


def address_of(user: AbstractBaseUser) -> str:
    """Return the user's address, ``""`` for none."""
    return str(getattr(user, user.get_email_field_name(), "") or "")


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are the same to the letter. Django writes the host in lower case; that changes nothing."""
    return BaseUserManager.normalize_email(one) == BaseUserManager.normalize_email(other)


@dataclass(frozen=True, slots=True)
class _Told:
    """A line of our records. ``detail`` is what the address would replace, or which provider vouched for it."""

    address: str
    detail: str
    kind: str


def _told(user: AbstractBaseUser) -> list[_Told]:
    """Read what our own rows say of a user's addresses, and what the user's accounts say."""
    kind = Case(When(confirmed_at=None, then=Value("waiting")), default=Value("confirmed"))
    rows = UserAddress.objects.filter(user_id=user.pk).annotate(kind=kind)
    accounts = SocialAccount.objects.filter(user_id=user.pk, email_verified=True).annotate(kind=Value("vouched"))
    both = rows.values_list("address", "replaces", "kind").union(
        accounts.values_list("email", "provider", "kind"), all=True
    )
    return [_Told(*line) for line in both]


def _judge(address: str, told: list[_Told]) -> bool | None:
    here = [each for each in told if is_same(each.address, address)]
    if any(each.kind == "confirmed" or (each.kind == "vouched" and is_trusted(each.detail)) for each in here):
        return True
    # A change that is asked for says nothing of the address that is to be changed. Any other row means that the address
    # was changed since by other means, which proves nothing.
    changed = (each for each in told if each.kind != "vouched" and not is_same(each.detail, address))
    return False if any(changed) or any(each.kind == "waiting" for each in here) else None


def is_trusted(slug: str) -> bool:
    """Whether the site takes this provider's word today, whatever it did when the profile was read."""
    try:
        return providers[slug].trust_emails
    except ConfigurationError:  # not enabled any more
        return False
