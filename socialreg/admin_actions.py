"""What can be done with chosen accounts in the admin: ask the provider whether they live, refresh, disconnect.

Each account is told of with a message of its own. No more than :data:`AT_ONCE` are done in one request, and what asks a
provider shares :data:`SECONDS`: the rest is for ``manage.py socialreg_maintain``, which nobody waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import conf
from .admin_words import named, owners_of
from .deadlines import TOTAL_SECONDS, deadline
from .exceptions import Revoked, SocialRegError
from .models import SocialAccount

if TYPE_CHECKING:
    Accounts = QuerySet[SocialAccount]
    Admin = Any
    Work = Callable[..., Any]
    #: Says what came of it, from the account as it was and as it is.
    Words = Callable[[SocialAccount, SocialAccount], str]

#: How many accounts an action takes at once.
AT_ONCE = 20
#: How long all calls of one action may take together.
SECONDS = TOTAL_SECONDS


@admin.action(permissions=["look_after"], description=gettext_lazy("Verify: ask the provider whether the tokens live"))
def verify(model_admin: Admin, request: HttpRequest, queryset: Accounts) -> None:
    """Ask the provider of each chosen account whether it takes its tokens."""
    _each(model_admin, request, queryset, _work("socialreg.upkeep.verify_alive"), _alive)


@admin.action(permissions=["look_after"], description=gettext_lazy("Refresh tokens that have ended or end soon"))
def refresh(model_admin: Admin, request: HttpRequest, queryset: Accounts) -> None:
    """Ask for a new token for each chosen account whose token has ended or ends soon."""
    _each(model_admin, request, queryset, _work("socialreg.upkeep.refresh"), _renewed)


@admin.action(permissions=["delete"], description=gettext_lazy("Disconnect, and revoke the tokens"))
def delete_selected(model_admin: Admin, request: HttpRequest, queryset: Accounts) -> HttpResponse | None:
    """Show what is about to be removed; remove it once that is confirmed.

    By this name it takes the place of Django's own action, which would tell the provider nothing.
    """
    chosen = _chosen(model_admin, request, queryset)
    if not chosen:
        return None
    if "confirmed" not in request.POST:
        return _confirmation(model_admin, request, chosen)
    model_admin.log_deletions(request, queryset.filter(pk__in=[account.pk for account in chosen]))
    for account in chosen:
        disconnect_now(account.pk)
        model_admin.message_user(request, f"{account}: {_('Disconnected')}", messages.SUCCESS)
    return None


def _work(name: str) -> Work:
    """Return what talks to providers. Every process of the site imports the admin; this, who presses a button alone."""
    return cast("Work", conf.deferred(name))


def disconnect_now(key: int) -> None:
    """Remove an account, and have its tokens revoked. One that is gone already is as good as removed."""
    _work("socialreg.disconnecting.remove")(key)


def _confirmation(model_admin: Admin, request: HttpRequest, chosen: list[SocialAccount]) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    owners = owners_of([account.pk for account in chosen])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Disconnect accounts"),
        "accounts": [(account, named(owners[account.pk])) for account in chosen],
        "opts": model_admin.opts,
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/socialreg/socialaccount/disconnect.html", context)


def _each(model_admin: Admin, request: HttpRequest, queryset: Accounts, work: Work, done: Words) -> None:
    """Do ``work`` for each chosen account, and say of each what came of it."""
    with deadline(SECONDS):
        for account in _chosen(model_admin, request, queryset):
            level, result = _result(work, account, done)
            model_admin.message_user(request, f"{account}: {result}", level)


def _result(work: Work, account: SocialAccount, done: Words) -> tuple[int, str]:
    """Return the level and the words for what came of it. Our own errors say what to do, and hold no secret."""
    try:
        after = work(account.pk)
    except Revoked as error:
        return messages.WARNING, _("Lost ({code}): its user has to log in again").format(code=error.code)
    except SocialRegError as error:
        return messages.ERROR, str(error)
    return messages.SUCCESS, done(account, after)


def _alive(before: SocialAccount, after: SocialAccount) -> str:
    return _("The provider takes its tokens")


def _renewed(before: SocialAccount, after: SocialAccount) -> str:
    if after.sealed_credentials == before.sealed_credentials:
        return _("Its token does not end soon and was left as it is")
    return _("Its token is new")


def _chosen(model_admin: Admin, request: HttpRequest, queryset: Accounts) -> list[SocialAccount]:
    """Return the chosen accounts, none if they are too many, which is said."""
    keys = list(queryset.values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(keys) <= AT_ONCE:
        return list(SocialAccount.objects.filter(pk__in=keys).select_related("user").order_by("-pk"))
    text = _("Choose at most {number} at once. For more there is manage.py socialreg_maintain.")
    model_admin.message_user(request, text.format(number=AT_ONCE), messages.ERROR)
    return []
