"""What the list of accounts in the admin is filtered by, and how many of a million rows it counts.

Each filter is a condition on the account's own row, and offers what it knows without asking the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .fields import owner_fields
from .models import SocialAccount
from .registry import providers
from .token_state import TokenState, condition

Accounts = QuerySet[SocialAccount]
Lookups = list[tuple[str, Any]]


class ProviderFilter(admin.SimpleListFilter):
    """By provider: those that are enabled, and all others together."""

    title = gettext_lazy("provider")
    parameter_name = "provider"
    _GONE = "-"  # no slug

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Lookups:
        """Return the enabled providers. Not those that accounts have: that would read every row of the table."""
        return [*((slug, providers.label(slug)) for slug in providers), (self._GONE, _("Not enabled any more"))]

    def queryset(self, request: HttpRequest, queryset: Accounts) -> Accounts:
        """Return the accounts of the provider that was chosen."""
        if self.value() is None:
            return queryset
        if self.value() == self._GONE:
            return queryset.exclude(provider__in=list(providers))
        return queryset.filter(provider=self.value()) if self.value() in providers else queryset


class StateFilter(admin.SimpleListFilter):
    """By the state of the tokens; or whether anybody has the account at all."""

    title = gettext_lazy("state")
    parameter_name = "state"
    _NOBODYS = "nobodys"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Lookups:
        """Return the states."""
        return [*TokenState.choices, (self._NOBODYS, _("Nobody's"))]

    def queryset(self, request: HttpRequest, queryset: Accounts) -> Accounts:
        """Return the accounts in the state that was chosen."""
        chosen = self.value()
        if chosen == self._NOBODYS:
            return _nobodys(queryset)
        if chosen is None or chosen not in TokenState.values:
            return queryset
        return queryset.filter(condition(TokenState(chosen), now()))


def _nobodys(accounts: Accounts) -> Accounts:
    """Return those that neither a user has nor anything of the site's own."""
    without = accounts.filter(user=None)
    for field in owner_fields(SocialAccount):
        owners: QuerySet[Model] = field.model._base_manager.filter(**{field.attname: OuterRef("pk")})  # noqa: SLF001
        without = without.filter(~Exists(owners))
    return without


class UsedFilter(admin.SimpleListFilter):
    """By when somebody last logged in with it: lately, or not for long."""

    title = gettext_lazy("last used")
    parameter_name = "used"
    #: Days, and whether it was used in them.
    _CHOICES = {
        "1": (1, True, gettext_lazy("In the past day")),
        "30": (30, True, gettext_lazy("In the past 30 days")),
        "not-90": (90, False, gettext_lazy("Not for 90 days")),
        "not-365": (365, False, gettext_lazy("Not for a year")),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Lookups:
        """Return the spans of time."""
        return [(value, words) for value, (*_rest, words) in self._CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: Accounts) -> Accounts:
        """Return the accounts that were used, or not, in the span that was chosen."""
        chosen = self.value()
        if chosen is None or chosen not in self._CHOICES:
            return queryset
        days, used, _words = self._CHOICES[chosen]
        since = now() - timedelta(days=days)
        return queryset.filter(used_at__gte=since) if used else queryset.filter(used_at__lt=since)


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # not subscriptable at run time
    """Pages of a list that may be endless: what lies beyond :attr:`most` is found by searching, not by paging."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """How many there are, at most :attr:`most`: the database stops counting there."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most].count())
