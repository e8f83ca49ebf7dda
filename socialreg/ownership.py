"""What owns an account besides users: a field of an instance of the site's own, its name, and who may change it.

No account is read or written in here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models import Model

from . import conf
from .exceptions import ConfigurationError
from .fields import SocialAccountField, own_field
from .models import SocialAccount

logger = logging.getLogger("socialreg.owners")


@dataclass(frozen=True, slots=True)
class Owner:
    """An instance, and the field by which it has an account or none."""

    instance: Model
    field: SocialAccountField

    @property
    def name(self) -> str:
        """What an errand calls it: ``app.model:field:key``."""
        return f"{self.instance._meta.label_lower}:{self.field.name}:{self.instance.pk}"  # noqa: SLF001 - public API

    @property
    def account_id(self) -> int | None:
        """The key of its account, as it was when the instance was read."""
        return cast("int | None", getattr(self.instance, self.field.attname))

    @property
    def account(self) -> SocialAccount | None:
        """Its account, as it was when the instance was read."""
        return cast("SocialAccount | None", getattr(self.instance, self.field.name))


def owner_of(instance: Model, name: str) -> Owner:
    """Return an instance as an owner.

    :param name: the field's name, or its provider's slug if no other field of the model has that provider.
    :raises ConfigurationError: the model has no such field, or the instance is not saved yet.
    """
    field = own_field(instance.__class__, name)  # not type(): request.user is one that loads itself
    if field is None:
        raise ConfigurationError(
            f"{type(instance).__name__} has no SocialAccountField {name!r}",
            cause="no field of the model has this name, and not exactly one has a provider of this name",
            remedy="Name the field by which the account is owned",
            code="owner-field",
        )
    if instance.pk is None:
        raise ConfigurationError(
            f"A {type(instance).__name__} that is not saved yet cannot have an account connected",
            cause="it has no primary key by which it could be found again",
            remedy="Save it first",
            code="owner-unsaved",
        )
    return Owner(instance, field)


def owner_called(name: str) -> Owner | None:
    """Return the owner that an errand names, as it is now, ``None`` if it is not there any more. One query."""
    try:
        label, field_name, key = name.split(":", 2)
        model = apps.get_model(label)
        field = own_field(model, field_name)
        # The default manager: what the site hides as deleted is not there for us either.
        rows = model._default_manager.select_related(field_name)  # noqa: SLF001 - Django's own way
        instance = next(iter(rows.filter(pk=key)), None) if field else None
    except (LookupError, ValueError, ValidationError):  # signed by a release with other models
        return None
    return Owner(instance, field) if instance is not None and field is not None else None


def may_connect(user: AbstractBaseUser, owner: Owner) -> bool:
    """Return what ``SOCIALREG["MAY_CONNECT"]`` says.

    Only ``True`` is a yes: a hook that fails is a no, and so is one that forgets to return, or returns a coroutine.
    """
    try:
        return conf.may_connect()(user, owner.instance, owner.field.name) is True
    except Exception:
        logger.exception('SOCIALREG["MAY_CONNECT"] failed, which counts as a no')
        return False
