"""What the timeline in the admin is filtered by.

No filter asks what a table of millions holds: each offers what it knows, or what the newest rows say.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import codes
from .admin_filters import Lookups, ProviderFilter
from .codes import OK
from .sign_in_events import SignInEvent

Events = QuerySet[SignInEvent]

#: How many of the newest events are asked which codes there are.
_NEWEST = 1000
#: How many codes are offered that are not ours: anybody can make some up.
_THEIRS = 10


class EventProviderFilter(ProviderFilter):
    """By provider. What had none, such as the confirmation of an address, is not of one that is gone."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the events of the provider that was chosen."""
        chosen = super().queryset(request, queryset)
        return chosen.exclude(provider="") if self.value() == self._GONE else chosen


class OutcomeFilter(admin.SimpleListFilter):
    """By what came of it: well, not, or one code."""

    title = gettext_lazy("outcome")
    parameter_name = "outcome"
    FAILED = "-"  # no code

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Lookups:
        """Return what always can be, and the codes of late: ours, and the most frequent of what others sent."""
        newest = SignInEvent.objects.order_by("-pk").values_list("code", flat=True)[:_NEWEST]
        theirs = Counter(code for code in newest if not codes.is_ours(code)).most_common(_THEIRS)
        ours = {code for code in newest if code in codes.OURS}
        found = {*ours, *(code for code, _times in theirs), self.value()} - {self.FAILED, OK, None}
        return [(OK, _("Went well")), (self.FAILED, _("Did not")), *((code, code) for code in sorted(map(str, found)))]

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        """Return the events with the outcome that was chosen."""
        if self.value() is None:
            return queryset
        return queryset.exclude(code=OK) if self.value() == self.FAILED else queryset.filter(code=self.value())


class PeriodFilter(admin.SimpleListFilter):
    """By when it was."""

    title = gettext_lazy("time")
    parameter_name = "period"
    _CHOICES = {
        "hour": (timedelta(hours=1), gettext_lazy("In the past hour")),
        "day": (timedelta(days=1), gettext_lazy("In the past day")),
        "week": (timedelta(days=7), gettext_lazy("In the past 7 days")),
        "month": (timedelta(days=30), gettext_lazy("In the past 30 days")),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Lookups:
        """Return the spans of time."""
        return [(value, words) for value, (_span, words) in self._CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        """Return the events in the span that was chosen."""
        chosen = self._CHOICES.get(self.value() or "")
        return queryset.filter(at__gte=now() - chosen[0]) if chosen else queryset
