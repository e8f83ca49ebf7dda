"""``SocialAccountField``: an account that belongs to something of the site's own, an organisation or a bot.

A ``ForeignKey`` that knows which provider it is for; :mod:`owners` connects it. Whose account it is besides, the user
who logs in with it and other owners, makes no difference: the tokens are there once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.db import models
from django.db.models.deletion import CASCADE, SET_NULL, Collector
from django.utils.translation import gettext_lazy as _

from . import conf


class SocialAccountField(models.ForeignKey):  # type: ignore[type-arg] # not subscriptable at run time
    """An account at ``provider`` that serves the instance of this model.

    :param provider: the provider's slug in ``SOCIALREG["PROVIDERS"]``.
    :param options: those of a ``ForeignKey``. By default it may be empty, and is empty again once the account is gone.
    """

    def __init__(self, provider: str, **options: Any) -> None:
        self.provider = provider
        options.setdefault("to", "socialreg.SocialAccount")
        options.setdefault("on_delete", SET_NULL)
        options.setdefault("related_name", "+")
        options.setdefault("null", True)
        options.setdefault("blank", True)
        options.setdefault("verbose_name", _("social account"))
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, {**options, "provider": self.provider}


def owner_fields(account: type[models.Model]) -> list[SocialAccountField]:
    """Return every field of the site's by which something owns accounts.

    :param account: the model of the accounts.
    """
    related = (each for each in account._meta.get_fields(include_hidden=True) if each.auto_created)  # noqa: SLF001
    fields = (getattr(each, "field", None) for each in related)
    return [field for field in fields if isinstance(field, SocialAccountField)]


def owned_elsewhere(account: type[models.Model], keys: Iterable[int]) -> set[int]:
    """Return those of the accounts that something else than a user owns. One query for each field that can own."""
    wanted = list(keys)
    found: set[int] = set()
    for field in owner_fields(account):
        owners = field.model._base_manager.filter(**{f"{field.name}__in": wanted})  # noqa: SLF001 - hides nobody
        found.update(owners.values_list(field.attname, flat=True))
    return found


def let_go(collector: Collector, field: models.ForeignKey[Any, Any], accounts: Any, using: str) -> None:
    """``on_delete`` of an account's user: what serves an organisation as well, stays without the user.

    The rest goes, or stays too, as ``SOCIALREG["OWNERLESS"]`` has it.
    """
    rows = list(accounts)
    owned = owned_elsewhere(field.model, [row.pk for row in rows])
    staying = [row for row in rows if row.pk in owned or conf.ownerless() == "keep"]
    leaving = [row for row in rows if row not in staying]
    if staying:
        SET_NULL(collector, field, cast("Any", staying), using)
    if leaving:
        CASCADE(collector, field, cast("Any", leaving), using)
