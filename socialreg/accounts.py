"""The only room that writes accounts.

No provider is called in here, and nothing is written outside one transaction. A lost race is recovered by
(issuer, subject) alone: recovering by e-mail address or user name would hand one person's account to another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import IntegrityError, router, transaction
from django.forms import BaseForm, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from .exceptions import ConfigurationError, LostRace, NotAllowed
from .forms import new_user
from .models import SocialAccount, identity_digest
from .registry import providers
from .signals import connected, disconnected, registered
from .types import Arrival, Profile


@dataclass(frozen=True, slots=True)
class Registration:
    """Somebody's account and user. They are not ``new`` if another tab or worker was first: then they are those."""

    user: AbstractBaseUser
    account: SocialAccount
    new: bool


def register(request: HttpRequest, arrival: Arrival, form: BaseForm) -> Registration:
    """Write user, account and credentials from a valid form, all or nothing.

    :raises LostRace: a unique value of the form was taken in this very moment; validating again will say which.
    """
    try:
        with transaction.atomic(using=_database()):
            user = _save_user(form)
            account = adopt(user, arrival) if arrival.ownerless else insert(user, arrival)
    except IntegrityError as error:
        winner = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
        if winner is None or winner.user is None:
            raise LostRace(
                "A registration was refused by the database",
                cause="a unique value, such as the user name, was taken between validating and writing",
                remedy="If it happens again and again, let the form refuse what the database refuses",
            ) from error
        return Registration(winner.user, winner, new=False)
    _after_commit(
        partial(
            registered.send_robust,
            SocialAccount,
            request=request,
            user=user,
            account=account,
            profile=arrival.profile,
            email_verified=_is_verified(user, arrival.profile),
        )
    )
    return Registration(user, account, new=True)


def connect(request: HttpRequest, user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    """Add an account to ``user``, or refresh it if it is theirs.

    :raises NotAllowed: it belongs to somebody else; the error does not say to whom.
    """
    try:
        with transaction.atomic(using=_database()):
            account = insert(user, arrival)
    except IntegrityError as error:
        existing = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
        if existing is not None and existing.user_id is None:
            return adopt(user, arrival)
        if existing is None or existing.user_id != user.pk:
            raise NotAllowed(
                "The account belongs to another user of this site",
                cause="it was connected in another browser at this very moment",
                remedy="Nothing: it stays where it is until that user disconnects it",
                code="taken",
                notice="taken",
            ) from error
        refresh(existing, arrival)
        return existing
    _after_commit(
        partial(
            connected.send_robust, SocialAccount, request=request, user=user, account=account, profile=arrival.profile
        )
    )
    return account


def refresh(account: SocialAccount, arrival: Arrival) -> None:
    """Keep the new credentials and whatever was learnt, in one statement.

    :raises NotAllowed: the account was removed in this very moment.
    """
    _fill(account, arrival)
    names = [field.attname for field in account._meta.concrete_fields if field.attname not in _FIXED]  # noqa: SLF001
    if not SocialAccount.objects.filter(pk=account.pk).update(**{name: getattr(account, name) for name in names}):
        raise NotAllowed(
            "The account to refresh is not there any more",
            cause="it was disconnected in another window at this very moment",
            remedy="Nothing: the visitor can begin again",
            code="gone",
            notice="changed",
        )


def disconnect(request: HttpRequest, user: AbstractBaseUser, account_id: int) -> SocialAccount:
    """Remove an account of ``user``, unless nobody could log in any more without it.

    :raises NotAllowed: it is not theirs, or it is the last way in.
    """
    with transaction.atomic(using=_database()):
        # The user's row is the lock: two tabs cannot each remove what the other one counts on.
        users = get_user_model()._default_manager.select_for_update()  # noqa: SLF001 - Django's own way
        owner = next(iter(users.filter(pk=user.pk)), None)
        accounts = {account.pk: account for account in SocialAccount.objects.filter(user_id=user.pk)}
        account = accounts.pop(account_id, None)
        if owner is None or account is None:
            raise NotAllowed(
                "The account to disconnect is not this user's",
                cause="it or the user was removed in another window, or somebody else is logged in by now",
                remedy="Nothing, if it happens now and then; many such lines are somebody who tries numbers",
                code="gone",
                notice="changed",
            )
        others = any(other.provider in providers for other in accounts.values())
        if not others and not owner.has_usable_password():
            raise NotAllowed(
                "The last way to log in is not removed",
                cause="the user has neither a password nor another account of a provider that is enabled",
                remedy="Nothing: the user can set a password or connect another account first",
                code="last-login",
                notice="last-login",
            )
        account.delete()
    _after_commit(partial(disconnected.send_robust, SocialAccount, request=request, user=user, account=account))
    return account


#: What a later login never changes.
_FIXED = frozenset({"id", "user_id", "issuer", "subject", "identity", "created_at"})


def adopt(user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    """Give ``user`` an account that was nobody's: one that served owners of the site's own alone.

    :raises LostRace: it is somebody's by now, or gone.
    """
    account = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
    if account is None or not SocialAccount.objects.filter(pk=account.pk, user=None).update(user_id=user.pk):
        raise LostRace(
            "An account without a user was taken, or removed, in this very moment",
            cause="another tab or another worker was faster",
            remedy="Nothing: the visitor can send the form again",
        )
    account.user = cast("Any", user)
    refresh(account, arrival)
    return account


def insert(user: AbstractBaseUser | None, arrival: Arrival) -> SocialAccount:
    """Write a new account, of ``user`` or of nobody.

    :raises django.db.IntegrityError: there is one of this identity.
    """
    account = SocialAccount(
        user_id=user.pk if user else None,
        issuer=arrival.issuer,
        subject=arrival.credentials.uid,
        identity=identity_digest(arrival.issuer, arrival.credentials.uid),
    )
    _fill(account, arrival)
    account.save(force_insert=True)
    account.user = cast("Any", user)  # known already: no query for it later
    return account


def _fill(account: SocialAccount, arrival: Arrival) -> None:
    account.provider = arrival.slug
    account.credentials = arrival.credentials
    account.used_at = timezone.now()
    account.refresh_begun_at = None  # whatever a refresh under way brings is older than this
    if arrival.fetched:
        account.take_over(arrival.profile)
    elif arrival.credentials.username:
        account.username = arrival.credentials.username


def _save_user(form: BaseForm) -> AbstractBaseUser:
    model = get_user_model()
    if isinstance(form, ModelForm) and isinstance(form.instance, model) and not form.instance.password:
        form.instance.set_unusable_password()
    save = getattr(form, "save", None)
    user = _checked(save() if save else _save_new(form), form)
    if not user.password:  # an empty one counts as usable, and as a way in that is none
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _checked(user: object, form: BaseForm) -> AbstractBaseUser:
    """Return what a form's ``save()`` returned, once it is known to be a user who can be told from others.

    :raises ConfigurationError: it is not.
    """
    model = get_user_model()
    if not isinstance(user, model) or user.pk is None:
        raise ConfigurationError(
            f"The save() of {type(form).__name__} did not return a saved user",
            cause='SOCIALREG["REGISTRATION_FORM"] must be a form whose save() writes and returns the user',
            remedy="Return the user from save(), or leave save() out of a plain Form",
            code="form-save",
        )
    if not user.get_username():
        raise ConfigurationError(
            f"{type(form).__name__} made a user without a {model.USERNAME_FIELD}",
            cause=f"the form neither asks for {model.USERNAME_FIELD!r} nor sets it in its save()",
            remedy=f"Give the form a field {model.USERNAME_FIELD!r}, or a save() that fills it",
            code="form-username",
        )
    return user


def _save_new(form: BaseForm) -> AbstractBaseUser:
    user = new_user(form)
    user.clean()  # as a ModelForm does: the user model composes the name and the address
    user.save(force_insert=True)
    return user


def _is_verified(user: AbstractBaseUser, profile: Profile) -> bool:
    address = getattr(user, user.get_email_field_name(), "")
    if profile.email is None or not profile.email.verified:
        return False
    # Django writes the host in lower case, which changes nothing about the address.
    return BaseUserManager.normalize_email(profile.email.address) == BaseUserManager.normalize_email(address)


def _database() -> str:
    return router.db_for_write(SocialAccount)


def _after_commit(announce: Callable[[], object]) -> None:
    transaction.on_commit(announce, using=_database())
