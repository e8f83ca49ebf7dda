"""The link that confirms an address comes back: what it is for, and what follows from the answer.

Opening the link changes nothing, for mail scanners open links. Nobody is logged in by it either: it proves whose the
address is, and not whose the user is.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from . import disconnecting, session_ends
from .address_link import fits, read
from .address_status import address_of, is_confirmed, is_same
from .exceptions import Expired
from .finders import is_held
from .locking import lock
from .models import SocialAccount, UserAddress
from .signals import email_confirmed
from .transactions import announce, database


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link that is good is for.

    ``replaces`` is the address that the user has, if that one counts. ``by_user``: it takes the user themselves.
    """

    user: AbstractBaseUser
    row: UserAddress
    replaces: str = ""
    by_user: bool = False


def find(token: str) -> Claim:
    """Return what a link is for.

    :raises Expired: it is not good, or not any more. The visitor is not told why.
    """
    link = read(token)
    rows = UserAddress.objects.select_related("user").filter(pk=link.row) if link else ()
    row = next(iter(rows), None)
    if link is None or row is None or not row.user.is_active or not fits(link, row.user, row):
        raise _dead("it is older than three days, used, replaced by a newer one, or the user or their password changed")
    current = address_of(row.user)
    if is_same(row.address, current):
        return Claim(row.user, row)
    if not is_same(row.replaces, current):
        raise _dead("the user's address was changed since by other means")
    counts = is_confirmed(row.user) is not False  # also of none at all: a first one may be mistyped as well
    return Claim(row.user, row, current if counts else "", by_user=counts)


def confirm(request: HttpRequest, claim: Claim, *, disconnect: bool) -> None:
    """Make the address the user's, confirmed, and end every session of theirs but this one.

    Whoever registered with an address that was not theirs may sit in one of them. With ``disconnect`` the accounts that
    they connected and their password go as well; the owner of the address can then ask for a new password.

    :raises Expired: somebody was faster: with this link, or with this address.
    """
    try:
        with transaction.atomic(using=database()):
            user = _take(claim)
            if disconnect:
                _disconnect(request, user)
            else:
                session_ends.end_others(request, user)
    except IntegrityError as error:
        raise _dead("another user confirmed this address at this very moment") from error
    announce(email_confirmed, {"user": claim.user, "address": claim.row.address})


def is_here(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Whether this browser is logged in as ``user``."""
    return bool(request.user.is_authenticated and request.user.pk == user.pk)


def _take(claim: Claim) -> AbstractBaseUser:
    user = lock(get_user_model(), claim.user.pk)
    row = next(iter(UserAddress.objects.filter(pk=claim.row.pk, secret=claim.row.secret)), None)
    if user is None or row is None or _known(user) != _known(claim.user):
        raise _dead("it was used, or the user changed, at this very moment")
    if is_held(row.address, user):
        raise _dead("another user has this address by now")
    _free(_digest(row))
    _settle(user, row)
    _set_address(user, row.address)
    return user


def _disconnect(request: HttpRequest, user: AbstractBaseUser) -> None:
    disconnecting.take(request, user, SocialAccount.objects.filter(user_id=user.pk))
    # Known to nobody, it ends every session, and whoever has a usable one may ask for a new one.
    user.set_password(secrets.token_urlsafe(32))
    user.save(update_fields=["password"])


def _known(user: AbstractBaseUser) -> tuple[str, str, bool]:
    """Return what must not change between the question and the answer."""
    return user.password, address_of(user), user.is_active


def _free(digest: str) -> None:
    """Take an address from a user who had it confirmed and has another one now."""
    for row in UserAddress.objects.select_related("user").filter(digest=digest):
        if not is_same(row.address, address_of(row.user)) or is_confirmed(row.user) is False:
            UserAddress.objects.filter(pk=row.pk).update(digest=None, confirmed_at=None)


def _settle(user: AbstractBaseUser, row: UserAddress) -> None:
    """Note that the address is confirmed, and let whatever else waits for this user die."""
    others = UserAddress.objects.filter(user_id=user.pk).exclude(pk=row.pk)
    others.update(secret="", replaces=row.address, confirmed_at=None, digest=None)
    row.secret, row.replaces, row.digest, row.confirmed_at = "", "", _digest(row), timezone.now()
    row.save()


def _digest(row: UserAddress) -> str:
    return hashlib.sha256(row.address.lower().encode()).hexdigest()


def _set_address(user: AbstractBaseUser, address: str) -> None:
    name = user.get_email_field_name()
    if getattr(user, name) != address:
        setattr(user, name, address)
        user.save(update_fields=[name])


def _dead(cause: str) -> Expired:
    return Expired(
        "A link that confirms an address is not good any more",
        cause=cause,
        remedy="Nothing: the visitor can ask for another mail",
        code="address-link",
        notice="address-link",
    )
