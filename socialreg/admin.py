"""Accounts in the admin: to be looked at. Nothing secret is shown, nothing that identifies can be edited."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from .models import SocialAccount


@admin.register(SocialAccount)
class SocialAccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not subscriptable at run time
    """Read-only but for deletion: an account changes by logging in, not by hand."""

    list_display = ["handle", "provider", "user", "created_at", "used_at"]
    list_filter = ["provider", "used_at"]
    search_fields = ["username", "subject", "email"]
    show_full_result_count = False
    readonly_fields = [
        "user",
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
        "created_at",
        "used_at",
    ]
    fields = tuple(readonly_fields)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Find an account by its user's name as well: that is what people write in when they cannot log in."""
        return [*self.search_fields, f"user__{get_user_model().USERNAME_FIELD}"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SocialAccount | None = None) -> bool:
        return False
