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
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, router, transaction
from django.db.models import Q
from django.forms import BaseForm, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from . import conf, confirmation
from .address_status import address_of, is_same
from .exceptions import ConfigurationError, LostRace, NotAllowed
from .forms import new_user
from .locking import lock
from .models import SocialAccount, identity_digest
from .scopes import covers
from .signals import connected, registered
from .types import Arrival, Credentials, Profile


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
            if not _is_verified(user, arrival.profile):
                confirmation.begin(user)
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

    :raises NotAllowed: it belongs to somebody else; the error does not say to whom. Or they may have one account of a
        provider, and have it.
    """
    try:
        with transaction.atomic(using=_database()):
            _refuse_second(user, arrival)
            account = insert(user, arrival)
    except IntegrityError as error:
        existing = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
        if existing is None or existing.user_id not in {None, user.pk}:
            raise NotAllowed(
                "The account belongs to another user of this site",
                cause="it was connected in another browser at this very moment",
                remedy="Nothing: it stays where it is until that user disconnects it",
                code="taken",
                notice="taken",
            ) from error
        if existing.user_id == user.pk:
            refresh(existing, arrival)
            return existing
        account = _take_over(user, arrival)
    _after_commit(
        partial(
            connected.send_robust,
            SocialAccount,
            request=request,
            user=user,
            account=account,
            profile=arrival.profile,
            owner=None,
            field=None,
        )
    )
    return account


def _take_over(user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    with transaction.atomic(using=_database()):
        _refuse_second(user, arrival)
        return adopt(user, arrival)


def _refuse_second(user: AbstractBaseUser, arrival: Arrival) -> None:
    """See that ``user`` has no other account of this provider, where one is all that they may have.

    Two entries of one issuer (X over OAuth 1.0a and over OAuth 2.0) are one provider; so are all servers of one entry.

    :raises NotAllowed: they have one.
    """
    if conf.accounts_per_provider() == "several":
        return
    lock(get_user_model(), user.pk)  # of two requests at once, the second one sees what the first one wrote
    same = Q(provider=arrival.slug) | Q(issuer=arrival.issuer)
    own = identity_digest(arrival.issuer, arrival.credentials.uid)
    if SocialAccount.objects.filter(same, user_id=user.pk).exclude(identity=own).exists():
        raise NotAllowed(
            "The user has another account of this provider",
            cause='SOCIALREG["ACCOUNTS_PER_PROVIDER"] is "one"',
            remedy="Nothing: the user can disconnect that one first",
            code="one-per-provider",
            notice="one-per-provider",
        )


def refresh(account: SocialAccount, arrival: Arrival) -> None:
    """Keep the new credentials and whatever was learnt, in one statement.

    :raises NotAllowed: the account was removed in this very moment.
    """
    fixed = _FIXED | (_OF_CREDENTIALS if _may_do_more(account, arrival.credentials) else frozenset())
    _fill(account, arrival, fixed)
    names = [field.attname for field in account._meta.concrete_fields if field.attname not in fixed]  # noqa: SLF001
    if not SocialAccount.objects.filter(pk=account.pk).update(**{name: getattr(account, name) for name in names}):
        raise NotAllowed(
            "The account to refresh is not there any more",
            cause="it was disconnected in another window at this very moment",
            remedy="Nothing: the visitor can begin again",
            code="gone",
            notice="changed",
        )


#: What a later login never changes.
_FIXED = frozenset({"id", "user_id", "issuer", "subject", "identity", "created_at"})
#: What belongs together: a refresh under way, in another process, may be about to write it.
_OF_CREDENTIALS = frozenset(
    {
        "provider",
        "sealed_credentials",
        "scope",
        "expires_at",
        "refreshable",
        "lost_at",
        "lost_code",
        "refresh_begun_at",
    }
)


def _may_do_more(account: SocialAccount, new: Credentials) -> bool:
    """Whether the tokens that are kept live, and may do what the new ones may not.

    A login asks for little. It must not take from an account what its person granted it besides.
    """
    is_over = account.expires_at is not None and account.expires_at <= timezone.now() and not account.refreshable
    if account.lost_at is not None or is_over or not new.scope or covers(new.scope, account.scope):
        return False
    return account.credentials is not None  # SECRET_KEY changed: nobody can use them any more


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


def _fill(account: SocialAccount, arrival: Arrival, fixed: frozenset[str] = _FIXED) -> None:
    if "sealed_credentials" not in fixed:
        account.provider = arrival.slug
        account.credentials = arrival.credentials
        account.refresh_begun_at = None  # whatever a refresh under way brings is older than this
    account.used_at = timezone.now()
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
    return profile.email is not None and profile.email.verified and is_same(profile.email.address, address_of(user))


def _database() -> str:
    return router.db_for_write(SocialAccount)


def _after_commit(announce: Callable[[], object]) -> None:
    transaction.on_commit(announce, using=_database())
