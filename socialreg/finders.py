"""Ordered ways to recognise somebody who is already registered.

A finder is a function ``finder(profile, request) -> user | None``. By account (issuer and subject) always comes first
and is no finder. What a finder finds is never logged in by that alone: the visitor is asked to prove it.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, models
from django.db.models import Case, Q, When
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest

from .types import Profile


def by_email(profile: Profile, request: HttpRequest) -> AbstractBaseUser | None:
    """Return a user with the profile's e-mail address, upper and lower case being the same."""
    return user_with_email(profile.email.address) if profile.email else None


def user_with_email(address: str) -> AbstractBaseUser | None:
    """Return a user who has ``address``: by an index probe where ``manage.py socialreg_index`` made the index."""
    users = email_query(address)
    if users is None:
        return None
    name = get_user_model().get_email_field_name()
    # A collation may find "ádmin" for "admin": only the same characters are the same address.
    same = (user for user in users if getattr(user, name).lower() == address.lower())
    return next(same, None)


def email_query(address: str) -> models.QuerySet[AbstractBaseUser] | None:
    """Return the query for users with ``address``, ``None`` if the user model has no address at all.

    The database decides how an index can serve it: PostgreSQL, SQLite and Oracle have one on ``LOWER(email)``;
    MariaDB and MySQL have none on expressions, but their collations fold case already.
    """
    users = get_user_model()._default_manager.all()  # noqa: SLF001 - Django's own way to say "the manager"
    condition = _same_address(address, users.db)
    return None if condition is None else users.filter(condition)[:_MOST]


def taken(username: str, address: str) -> tuple[bool, bool]:
    """Return whether somebody has this user name, and whether somebody has this address: one query, two index probes.

    :param address: ``""`` for none.
    """
    model = get_user_model()
    users = model._default_manager.all()  # noqa: SLF001
    named = Q(**{model.USERNAME_FIELD: username})
    condition = _same_address(address, users.db)
    found = users.filter(named if condition is None else named | condition)
    # The database says which of them it found by name: its collation decides when two names are one.
    answer = found.annotate(socialreg_named=Case(When(named, then=True), default=False))
    name = model.get_email_field_name()
    rows = list(answer.values_list("socialreg_named", name if condition else "pk").order_by("-socialreg_named")[:_MOST])
    same = any(condition and str(each).lower() == address.lower() for _, each in rows)
    return any(by_name for by_name, _ in rows), same


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
