"""Accounts in the admin: to be found, looked at and looked after. Nothing secret is shown, and nothing can be edited.

Who may what: Django's *view* permission for the list and the pages, *change* for asking the provider (verify, refresh),
*delete* for disconnecting. An account is added and changed by logging in, never by hand, so the *add* permission opens
nothing and there is no form. Of the addresses of a user's the admin shows the state on the account's page and offers no
list: to delete a row of those would be to forget that an address is unconfirmed.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename, get_user_model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, now
from django.utils.translation import gettext_lazy

from . import event_admin  # noqa: F401 - registers the timeline
from .admin_actions import delete_selected, disconnect_now, refresh, verify
from .admin_filters import Accounts, BoundedPaginator, ProviderFilter, StateFilter, UsedFilter
from .admin_words import addresses_of, named, owners_of
from .models import SocialAccount
from .token_state import in_words


@admin.register(SocialAccount)
class SocialAccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not subscriptable at run time
    """Accounts: searched, filtered, verified, refreshed and disconnected."""

    list_display = ["handle", "provider", "user", "owners", "tokens", "used_on"]
    list_filter = [ProviderFilter, StateFilter, UsedFilter]
    list_select_related = ["user"]
    search_fields = ["username", "subject", "email", "provider"]
    search_help_text = gettext_lazy("Handle, identifier or address at a provider, a provider, a user's name or address")
    actions = [verify, refresh, delete_selected]
    # A million rows: newest first, which is the order of the key; no count of them all, and no sorting by the rest.
    ordering = ["-pk"]
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    readonly_fields = [
        "user",
        "addresses",
        "owners",
        "provider",
        "issuer",
        "subject",
        "username",
        "full_name",
        "email",
        "email_verified",
        "picture",
        "profile_url",
        "profile_at",
        "tokens",
        "scope",
        "checked_at",
        "created_at",
        "used_at",
    ]
    fields = tuple(readonly_fields)

    def get_queryset(self, request: HttpRequest) -> Accounts:
        """Leave in the database what is not shown: tokens, and the provider's own answer."""
        return SocialAccount.objects.defer("sealed_credentials", "profile")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return a page of the list, with the owners of all its accounts: one query for each kind of owner."""
        page: Any = super().get_changelist_instance(request)
        accounts: list[Any] = list(page.result_list)
        owners = owners_of([account.pk for account in accounts])
        for account in accounts:
            account.owners_shown = owners[account.pk]
        page.result_list = accounts
        return page

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Find an account by its user as well: the name is what people write in when they cannot log in."""
        user = get_user_model()
        own = {field.name for field in user._meta.concrete_fields}  # noqa: SLF001 - public API
        names = {user.USERNAME_FIELD, user.get_email_field_name()} & own
        return [*self.search_fields, *(f"user__{name}" for name in sorted(names))]

    @admin.display(description=gettext_lazy("tokens"))
    def tokens(self, account: SocialAccount) -> str:
        """Say how the tokens are."""
        return in_words(account, now())

    @admin.display(description=gettext_lazy("last used"))
    def used_on(self, account: SocialAccount) -> str:
        """Say on which day: with the hour the list would be wider than a screen."""
        return date_format(localtime(account.used_at))

    @admin.display(description=gettext_lazy("owners"))
    def owners(self, account: SocialAccount) -> SafeString:
        """Name what has the account besides its user: an organisation, a bot."""
        known = getattr(account, "owners_shown", None)
        owners = owners_of([account.pk])[account.pk] if known is None else known
        return named(owners) or self.get_empty_value_display()

    @admin.display(description=gettext_lazy("addresses of the user"))
    def addresses(self, account: SocialAccount) -> SafeString:
        """Say which addresses of the user's are confirmed, and which wait for that."""
        return addresses_of(account.user_id) or self.get_empty_value_display()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse addresses that filter by what is not shown: whoever sees which rows are left reads it, bit by bit."""
        filters = {StateFilter.parameter_name, UsedFilter.parameter_name}
        shown = {"id", "pk", *self.fields, "lost_at", "expires_at", "refreshable", *filters}
        return lookup.partition("__")[0] in shown and super().lookup_allowed(lookup, value, request)

    def delete_model(self, request: HttpRequest, obj: SocialAccount) -> None:
        """Disconnect one from its own page, in the same way as the action does."""
        disconnect_now(obj.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: an account is added by logging in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SocialAccount | None = None) -> bool:
        """Nobody: an account is changed by logging in."""
        return False

    def has_look_after_permission(self, request: HttpRequest) -> bool:
        """Whoever has the permission to change accounts: the actions that ask the provider."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")
