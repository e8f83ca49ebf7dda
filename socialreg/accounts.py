"""How somebody gets an account: by registering, or by connecting one more.

No provider is called in here, and nothing is written outside one transaction. A lost race is recovered by
(issuer, subject) alone: recovering by e-mail address or user name would hand one person's account to another.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.forms import BaseForm
from django.http import HttpRequest

from . import conf, confirmation
from .account_rows import adopt, insert, refresh
from .address_status import address_of, is_same
from .exceptions import LostRace, NotAllowed
from .locking import lock
from .models import SocialAccount, identity_digest
from .saving import save_user
from .sign_in_events import Event, SignInEvent
from .signals import connected, registered
from .transactions import announce, database, record
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
        with transaction.atomic(using=database()):
            user = save_user(form)
            account = adopt(user, arrival) if arrival.ownerless else insert(user, arrival)
            if not _is_verified(user, arrival.profile):
                confirmation.begin(user)
    except IntegrityError as error:
        return _first(arrival, error)
    facts = {"request": request, "user": user, "account": account, "profile": arrival.profile}
    announce(registered, {**facts, "email_verified": _is_verified(user, arrival.profile)})
    return Registration(user, account, new=True)


def _first(arrival: Arrival, error: IntegrityError) -> Registration:
    """Return what whoever was first wrote for this very person.

    :raises LostRace: nobody did: something else was taken.
    """
    winner = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
    if winner is None or winner.user is None:
        raise LostRace(
            "A registration was refused by the database",
            cause="a unique value, such as the user name, was taken between validating and writing",
            remedy="If it happens again and again, let the form refuse what the database refuses",
        ) from error
    return Registration(winner.user, winner, new=False)


def connect(request: HttpRequest, user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    """Add an account to ``user``, or refresh it if it is theirs; every address of theirs that waits dies with that.

    :raises NotAllowed: it belongs to somebody else; the error does not say to whom. Or they may have one account of a
        provider, and have it.
    """
    with transaction.atomic(using=database()):
        account = _connect(request, user, arrival)
        confirmation.void(user)
    return account


def _connect(request: HttpRequest, user: AbstractBaseUser, arrival: Arrival) -> SocialAccount:
    try:
        with transaction.atomic(using=database()):
            _refuse_second(user, arrival)
            account = insert(user, arrival)
    except IntegrityError as error:
        existing = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
        if existing is None or existing.user_id not in {None, user.pk}:
            raise _taken() from error
        if existing.user_id == user.pk:
            refresh(existing, arrival)
            record(Event(SignInEvent.Kind.RECONNECT, existing.provider, str(user.pk), existing.pk))
            return existing
        _refuse_second(user, arrival)  # again: its lock went with what was rolled back
        account = adopt(user, arrival)
    facts = {"request": request, "user": user, "account": account, "profile": arrival.profile}
    announce(connected, {**facts, "owner": None, "field": None})
    return account


def _taken() -> NotAllowed:
    return NotAllowed(
        "The account belongs to another user of this site",
        cause="it was connected in another browser at this very moment",
        remedy="Nothing: it stays where it is until that user disconnects it",
        code="taken",
        notice="taken",
    )


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


def _is_verified(user: AbstractBaseUser, profile: Profile) -> bool:
    return profile.email is not None and profile.email.verified and is_same(profile.email.address, address_of(user))
