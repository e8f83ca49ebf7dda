"""Owners other than a user: an organisation, a bot, whatever has a :class:`~socialreg.fields.SocialAccountField`.

A site says here which address begins the way to an account, and who may go it. What a button is for, an errand, is
signed for one user, and judged anew at the start and at the callback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.contrib.auth import get_permission_codename
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from . import attaching, errands, pending
from .attaching import Task, not_theirs
from .attempt import Attempt
from .models import SocialAccount
from .ownership import Owner, may_connect, owner_called, owner_of
from .redirects import after_login, start_page
from .sign_in_events import Event, SignInEvent
from .signals import connected, disconnected
from .transactions import announce, record
from .types import Arrival, Errand, Resume

User = AbstractBaseUser | AnonymousUser


def may_change(user: AbstractBaseUser, instance: Model, field: str) -> bool:
    """Return whether ``user`` may change ``instance``: the default of ``SOCIALREG["MAY_CONNECT"]``.

    By Django's own permissions: for this very object, where a backend knows of such, or for the whole model.
    """
    options = instance._meta  # noqa: SLF001 - public API
    permission = f"{options.app_label}.{get_permission_codename('change', options)}"
    if not isinstance(user, PermissionsMixin):
        return False
    return user.has_perm(permission, instance) or user.has_perm(permission)


def connect_url(
    request: HttpRequest,
    instance: Model,
    field: str = "",
    next: str = "",  # noqa: A002 - the word of the field
    scope: str = "",
) -> str:
    """Return the address by which the user who is logged in connects an account to ``instance``.

    A form that posts to it, with a CSRF token and nothing else, begins at once. Opened as a page, from a link in a mail
    for one, it shows a button. It works for this user alone.

    :param instance: what has a :class:`~socialreg.fields.SocialAccountField`; or an account of the user's own, which is
        then connected again.
    :param field: the field's name, or the slug of its provider.
    :param next: where to go afterwards, on this site.
    :param scope: what the account is to be allowed besides, separated by blanks.
    :raises ConfigurationError: there is no such field, or the instance is not saved.
    """
    if isinstance(instance, SocialAccount):
        slug, signed = instance.provider, errand_for_account(request.user, instance, scope)
    else:
        owner = owner_of(instance, field)
        slug, signed = owner.field.provider, errand_for_owner(request.user, owner, scope)
    return start_page(slug, signed, next)


def disconnect_url(request: HttpRequest, instance: Model, field: str, next: str = "") -> str:  # noqa: A002
    """Return the address to which a form posts, with a CSRF token, to take its account from ``instance``.

    It works for the user who is logged in, and for the account that ``instance`` has now.

    :raises ConfigurationError: as for :func:`connect_url`.
    """
    owner = owner_of(instance, field)
    signed = errands.sign(Errand(_key(request.user), owner.name, account=str(owner.account_id or "")))
    query = {"errand": signed, **({"next": next} if next else {})}
    return f"{reverse('socialreg:disconnect-owner')}?{urlencode(query)}"


def errand(request: HttpRequest, instance: Model, field: str = "", scope: str = "") -> str:
    """Return the signed text that a front end of the site's own sends as ``errand`` when it starts.

    The parameters and the errors are those of :func:`connect_url`.
    """
    if isinstance(instance, SocialAccount):
        return errand_for_account(request.user, instance, scope)
    return errand_for_owner(request.user, owner_of(instance, field), scope)


def errand_for_owner(user: User, owner: Owner, scope: str = "") -> str:
    """Return a signed errand: an account for ``owner``; with ``scope``, more for the one that it has."""
    account = owner.account_id if scope else None
    return errands.sign(Errand(_key(user), owner.name, account=str(account or ""), scope=scope))


def errand_for_account(user: User, account: SocialAccount, scope: str = "") -> str:
    """Return a signed errand: connect this very account of the user's again, or with ``scope`` allow it more."""
    return errands.sign(Errand(_key(user), account=str(account.pk), scope=scope))


def begin(request: HttpRequest, asked: Resume) -> Mapping[str, str]:
    """Judge the errand of a button that was pressed, if it has one, and return what it means for the provider.

    :raises Mismatch: it was not signed here.
    :raises NotAllowed: it was made for somebody else, or is not theirs to do.
    """
    if not asked.errand:
        return {}
    task = _task(request, asked.errand, asked.slug)
    options = {"scope": task.errand.scope, "granted": task.account.scope if task.account else ""}
    return {name: value for name, value in options.items() if value}


def attach(request: HttpRequest, arrival: Arrival, attempt: Attempt) -> HttpResponse:
    """Do what the button was for with the account that arrived, and send the user on.

    :raises NotAllowed: somebody else is here, it is not theirs to do any more, or another account came.
    """
    task = _task(request, attempt.errand, attempt.slug)
    account, is_new = attaching.attach(task, arrival)
    if is_new:
        announce(connected, {**_facts(request, task, account), "profile": arrival.profile})
    else:
        record(Event(SignInEvent.Kind.RECONNECT, account.provider, _key(request.user), account.pk))
    pending.discard(request)
    request.session.cycle_key()
    return HttpResponseRedirect(after_login(request, attempt.next))


def detach(request: HttpRequest, signed: str) -> None:
    """Take its account from an owner.

    :param signed: the errand in an address of :func:`disconnect_url`.
    :raises Mismatch: it was not signed here.
    :raises NotAllowed: it was made for somebody else, is not theirs to do, or the owner has another account by now.
    """
    task = _task(request, signed, None)
    account = attaching.detach(task)
    announce(disconnected, _facts(request, task, account))


def _task(request: HttpRequest, signed: str, slug: str | None) -> Task:
    """Open an errand and judge it.

    :param slug: the provider that it has to be for, ``None`` for any.
    """
    found = errands.read(signed, _key(request.user))
    if found is None or not (found.owner or found.account):
        raise not_theirs()
    owner = owner_called(found.owner) if found.owner else None
    task = Task(found, owner, _account(found, owner))
    if not _is_theirs(cast("AbstractBaseUser", request.user), task) or slug not in {None, _provider_of(task)}:
        raise not_theirs()
    return task


def _account(found: Errand, owner: Owner | None) -> SocialAccount | None:
    """Return the account that an errand names; where it names an owner too, only if the owner still has it."""
    if found.owner:
        return owner.account if owner and found.account == str(owner.account_id) else None
    return SocialAccount.objects.filter(pk=found.account).first()


def _is_theirs(user: AbstractBaseUser, task: Task) -> bool:
    """Whether what an errand names is there, and for ``user`` to change."""
    if task.errand.account and task.account is None:
        return False
    if task.errand.owner:
        return task.owner is not None and may_connect(user, task.owner)
    return task.account is not None and task.account.user_id == user.pk


def _provider_of(task: Task) -> str:
    return task.owner.field.provider if task.owner else task.account.provider if task.account else ""


def _key(user: User) -> str:
    return str(user.pk) if user.is_authenticated else ""


def _facts(request: HttpRequest, task: Task, account: SocialAccount) -> dict[str, object]:
    """Return what receivers are told."""
    owner = task.owner
    facts = {"request": request, "user": request.user, "account": account}
    return {**facts, "owner": owner.instance if owner else None, "field": owner.field.name if owner else None}
