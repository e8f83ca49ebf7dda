"""The timeline: what happened to whom, newest first. It is looked at and searched; nobody changes what happened.

Who may see it: whoever has Django's *view* permission for sign-in events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy

from . import conf
from .admin_filters import BoundedPaginator
from .codes import OK
from .event_filters import EventProviderFilter, Events, OutcomeFilter, PeriodFilter
from .models import SocialAccount
from .registry import providers
from .sign_in_events import SignInEvent

#: Of the widest integer that a database has.
_BITS = 64


@admin.register(SignInEvent)
class SignInEventAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not subscriptable at run time
    """Events: searched and filtered, below a chart of the past days."""

    list_display = ["when", "whence", "event", "outcome", "who", "which", "told", "address", "agent"]
    list_display_links = None
    list_filter = [EventProviderFilter, "event", OutcomeFilter, PeriodFilter]
    search_fields = ["reference", "user"]
    search_help_text = gettext_lazy("A reference from a page, or a user's name, address or number; the whole of it")
    actions = None
    # A million rows: newest first, by an index; no count of them all, and no sorting by the rest.
    ordering = ["-at", "-pk"]
    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    class Media:
        css = {"all": ["socialreg/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the chart above the list, but above what was searched for."""
        drawn = None if request.GET.get("q") else conf.deferred("socialreg.event_chart.chart")
        # Called by the template: after the permission was asked for.
        context = {"title": capfirst(self.opts.verbose_name_plural), "socialreg_chart": drawn}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_search_results(self, request: HttpRequest, queryset: Events, search_term: str) -> tuple[Events, bool]:
        """Find by a reference or a user, exactly: nothing reads a million rows to look for a part of a word."""
        search = cast("Callable[[Events, str], Events]", conf.deferred("socialreg.event_search.search"))
        return (search(queryset, search_term) if search_term.strip() else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return a page of the list, with the users and accounts of all its events: one query for either."""
        page: Any = super().get_changelist_instance(request)
        events: list[Any] = list(page.result_list)
        users = _users({event.user for event in events if event.user})
        keys = {event.account for event in events if event.account is not None}
        accounts = SocialAccount.objects.defer("sealed_credentials", "profile").in_bulk(keys)
        for event in events:
            event.user_shown, event.account_shown = users.get(event.user), accounts.get(event.account)
        page.result_list = events
        return page

    @admin.display(description=gettext_lazy("time"))
    def when(self, event: SignInEvent) -> str:
        """Say when, to the second, as logs do."""
        return date_format(localtime(event.at), "Y-m-d H:i:s")

    @admin.display(description=gettext_lazy("provider"))
    def whence(self, event: SignInEvent) -> str:
        """Name the provider."""
        return providers.label(event.provider) if event.provider else ""

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, event: SignInEvent) -> SafeString:
        """Say what came of it."""
        kind = "well" if event.code == OK else "not-well"
        return format_html('<span class="socialreg-{}">{}</span>', kind, event.code)

    @admin.display(description=gettext_lazy("user"))
    def who(self, event: SignInEvent) -> str:
        """Name the user; only the id where there is none any more."""
        user: Model | None = getattr(event, "user_shown", None)
        return self._linked(user, user or event.user)

    @admin.display(description=gettext_lazy("social account"))
    def which(self, event: SignInEvent) -> str:
        """Name the account; only the id where there is none any more."""
        account: SocialAccount | None = getattr(event, "account_shown", None)
        return self._linked(account, account.handle if account else event.account or "")

    @admin.display(description=gettext_lazy("reference"))
    def told(self, event: SignInEvent) -> str:
        """Return what stands on the visitor's page."""
        return format_html("<code>{}</code>", event.reference) if event.reference else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: events happen."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignInEvent | None = None) -> bool:
        """Nobody: what happened has happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignInEvent | None = None) -> bool:
        """Nobody here: ``manage.py socialreg_prune`` removes what is old."""
        return False

    def _linked(self, instance: Model | None, words: object) -> str:
        """Return words that lead to an instance's page, if it is there and in this admin."""
        if instance is None or not self.admin_site.is_registered(type(instance)):
            return str(words)
        options = instance._meta  # noqa: SLF001 - public API
        name = f"admin:{options.app_label}_{options.model_name}_change"
        url = reverse(name, args=[instance.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, words)


def _users(ids: Iterable[str]) -> dict[str, Model]:
    """Return the users who are still there, by their ids as text."""
    model = get_user_model()
    keys = []
    for each in ids:
        with suppress(ValidationError):  # of another user model, before this one
            keys.append(model._meta.pk.to_python(each))  # noqa: SLF001 - public API
    # SQLite refuses a number that no column of it holds.
    keys = [key for key in keys if not isinstance(key, int) or key.bit_length() < _BITS]
    return {str(user.pk): user for user in model._default_manager.filter(pk__in=keys)}  # noqa: SLF001
