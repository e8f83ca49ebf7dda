"""Ordered ways to recognise somebody who is already registered.

A finder is a function ``finder(profile, request) -> user | None``. By account (issuer and subject) always comes first
and is no finder. What a finder finds is never logged in by that alone: the visitor is asked to prove it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, models
from django.db.models import Case, Exists, OuterRef, Q, When
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest

from .address_status import address_of, is_confirmed
from .models import UserAddress
from .types import Profile


def by_email(profile: Profile, request: HttpRequest) -> AbstractBaseUser | None:
    """Return a user with the profile's e-mail address, upper and lower case being the same."""
    return user_with_email(profile.email.address) if profile.email else None


def user_with_email(address: str) -> AbstractBaseUser | None:
    """Return a user who has ``address``: by an index probe where ``manage.py socialreg_index`` made the index.

    Whoever is known not to have confirmed it is passed over: anybody can type an address.
    """
    users = email_query(address)
    return None if users is None else _holder(users, address, list(users[:_MOST]))


def is_held(address: str, beside: AbstractBaseUser) -> bool:
    """Whether another user than ``beside`` has ``address``, of whom nobody knows that it is unconfirmed."""
    users = email_query(address)
    others = None if users is None else users.exclude(pk=beside.pk)
    return others is not None and _holder(others, address, list(others[:_MOST])) is not None


def email_query(address: str) -> models.QuerySet[AbstractBaseUser] | None:
    """Return the query for users with ``address``, ``None`` if the user model has no address at all.

    The database decides how an index can serve it: PostgreSQL, SQLite and Oracle have one on ``LOWER(email)``;
    MariaDB and MySQL have none on expressions, but their collations fold case already.
    """
    users = get_user_model()._default_manager.all()  # noqa: SLF001 - Django's own way to say "the manager"
    condition = _same_address(address, users.db)
    return None if condition is None else users.filter(condition)


def taken(username: str, address: str) -> tuple[bool, bool]:
    """Return whether somebody has this user name, and whether somebody has this address: one query, two index probes.

    Whoever is known not to have confirmed the address does not keep its owner out; that is asked of those found alone.

    :param address: ``""`` for none.
    """
    model = get_user_model()
    users = model._default_manager.all()  # noqa: SLF001
    named = Q(**{model.USERNAME_FIELD: username})
    condition = _same_address(address, users.db)
    found = users.filter(named if condition is None else named | condition)
    # The database says which of them it found by name: its collation decides when two names are one.
    answer = found.annotate(socialreg_named=Case(When(named, then=True), default=False))
    rows = list(answer.order_by("-socialreg_named")[:_MOST])
    holder = _holder(users.filter(condition), address, rows) if condition else None
    return any(user.socialreg_named for user in rows), holder is not None


def _holder(
    users: models.QuerySet[AbstractBaseUser], address: str, found: Sequence[AbstractBaseUser]
) -> AbstractBaseUser | None:
    """Return the first of those found who has the address and counts.

    :param users: the query that found them. It is asked again where there were too many to look at: whoever makes ten
        users with a stranger's address must not hide its owner.
    """
    holder = next(_counting(found, address), None)
    if holder is not None or len(found) < _MOST:
        return holder
    name = get_user_model().get_email_field_name()
    waiting = UserAddress.objects.filter(user_id=OuterRef("pk"), address=OuterRef(name), confirmed_at=None)
    return next(_counting(users.filter(~Exists(waiting))[:_MOST], address), None)


def _counting(users: Iterable[AbstractBaseUser], address: str) -> Iterator[AbstractBaseUser]:
    # A collation may find "ádmin" for "admin": only the same characters are the same address.
    same = (user for user in users if address_of(user).lower() == address.lower())
    return (user for user in same if is_confirmed(user) is not False)


def _same_address(address: str, database: str) -> Q | None:
    model = get_user_model()
    name = model.get_email_field_name()
    if not address or name not in {field.name for field in model._meta.concrete_fields}:  # noqa: SLF001 - public API
        return None
    if connections[database].vendor == "mysql":
        return Q(**{name: address})
    return Q(Exact(Lower(name), address.lower()))


#: Addresses need not be unique in Django's own user model; somebody who shares theirs with more is not looked through.
_MOST = 10
