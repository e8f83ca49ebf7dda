"""``SocialAccountField``: an account that belongs to something of the site's own, an organisation or a bot.

A ``ForeignKey`` that knows which provider it is for; :mod:`owners` connects it. Whose account it is besides, the user
who logs in with it and other owners, makes no difference: the tokens are there once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.core import checks
from django.db import models
from django.db.models.deletion import CASCADE, SET_NULL, Collector
from django.utils.translation import gettext_lazy as _

from . import conf
from .exceptions import ConfigurationError


class SocialAccountField(models.ForeignKey):  # type: ignore[type-arg] # not subscriptable at run time
    """An account at ``provider`` that serves the instance of this model.

    No form offers it, the admin's included, unless ``editable=True``: a choice of everybody's accounts would let people
    take one that is not theirs. It is connected by whoever proves at the provider that it is.

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
        options.setdefault("editable", False)
        options.setdefault("verbose_name", _("social account"))
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        # A ForeignKey leaves out what is its own default, of which ours differ.
        told = {"null": self.null, "blank": self.blank, "editable": self.editable, "provider": self.provider}
        return name, path, arguments, {**options, **told}

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        """Check besides that the provider is enabled: ``socialreg.W007``."""
        return [*super().check(**options), *self._check_provider()]

    def _check_provider(self) -> list[checks.CheckMessage]:
        try:
            enabled = conf.provider_settings()
        except ConfigurationError:  # E003 says it, once
            return []
        if self.provider in enabled:
            return []
        return [
            checks.Warning(
                f"{self.provider!r} is no provider that is enabled: nothing can be connected here",
                hint=f'Enable it in SOCIALREG["PROVIDERS"], or name one of {", ".join(map(str, enabled))}',
                obj=self,
                id=_NOT_ENABLED,
            )
        ]


_NOT_ENABLED = "socialreg.W007"


def own_fields(model: type[models.Model]) -> list[SocialAccountField]:
    """Return the fields by which instances of ``model`` own accounts, those that it inherits included."""
    return [field for field in model._meta.concrete_fields if isinstance(field, SocialAccountField)]  # noqa: SLF001


def own_field(model: type[models.Model], name: str) -> SocialAccountField | None:
    """Return the field of this name, or the only one for the provider of this name, ``None`` if there is neither."""
    fields = own_fields(model)
    for_provider = [field for field in fields if field.provider == name]
    named = [field for field in fields if field.name == name] or (for_provider if len(for_provider) == 1 else [])
    return named[0] if named else None


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
