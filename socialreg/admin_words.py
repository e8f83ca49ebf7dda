"""What the admin says beside an account: what owns it, and what is known of its user's addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Model
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from .fields import owner_fields
from .models import SocialAccount, UserAddress

#: How many owners are looked up at once, of each kind, and how many addresses of a user's.
MOST_OWNERS = 200
MOST_ADDRESSES = 20


def owners_of(accounts: Collection[int]) -> defaultdict[int, list[Model]]:
    """Return what owns each of the accounts, by their keys: one query for each field of the site's that can."""
    found: defaultdict[int, list[Model]] = defaultdict(list)
    for field in owner_fields(SocialAccount):
        owners = field.model._base_manager.filter(**{f"{field.name}__in": accounts}).order_by("pk")  # noqa: SLF001
        for owner in owners[:MOST_OWNERS]:
            found[getattr(owner, field.attname)].append(owner)
    return found


def named(owners: Iterable[Model]) -> SafeString:
    """Return owners as words: what they are, and what they are called."""
    words = ((capfirst(str(owner._meta.verbose_name)), owner) for owner in owners)  # noqa: SLF001 - public API
    return format_html_join(", ", "{}: {}", words)


def addresses_of(user_id: int | None) -> SafeString:
    """Return a user's addresses as words: which are confirmed, and which wait for that. Nobody has none."""
    if user_id is None:
        return SafeString("")
    rows = UserAddress.objects.filter(user_id=user_id).only("address", "confirmed_at", "sent_at").order_by("pk")
    return format_html_join(", ", "{} ({})", ((row.address, _state(row)) for row in rows[:MOST_ADDRESSES]))


def _state(row: UserAddress) -> str:
    if row.confirmed_at is not None:
        return _("confirmed {when}").format(when=date_format(localtime(row.confirmed_at)))
    if row.sent_at is None:
        return _("not confirmed, no mail sent")
    return _("not confirmed, last mail {when}").format(when=date_format(localtime(row.sent_at), "DATETIME_FORMAT"))
