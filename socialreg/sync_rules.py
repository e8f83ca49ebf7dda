"""What ``SOCIALREG["SYNC"]`` says, and whether that can be: which fields of a user follow the profile, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.db.models import BooleanField, Field, FileField

from . import conf
from .conf import SyncPolicy
from .exceptions import ConfigurationError
from .forms import NEVER, PROFILE_FIELDS, answer
from .types import Profile


@dataclass(frozen=True, slots=True)
class Rule:
    """A field of the user model, what fills it, and what a later login does to it.

    ``source`` is an attribute of :class:`~socialreg.types.Profile`, or a function of it.
    """

    field: Field[Any, Any]
    source: Any
    policy: SyncPolicy

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def is_address(self) -> bool:
        """Whether it is the user's e-mail address, which is not taken from anybody without asking it."""
        return self.name == get_user_model().get_email_field_name()

    def value(self, profile: Profile) -> Any:
        """Return what the profile says, as the field has it; ``None`` if that is nothing, or nothing for this field."""
        told = answer(self.name, self.source, profile)
        try:
            return None if told in EMPTY_VALUES else self.field.to_python(told)
        except ValidationError:
            return None


def rules() -> tuple[Rule, ...]:
    """Return what the setting says.

    :raises ConfigurationError: it names something that cannot follow a profile.
    """
    return tuple(_rule(name, policy) for name, policy in conf.sync().items())


def problems() -> Iterator[ConfigurationError]:
    """Find what the setting names and cannot, each by itself: for the system check.

    :raises ConfigurationError: the setting is no setting at all, or the registration form is none.
    """
    for name, policy in conf.sync().items():
        try:
            _rule(name, policy)
        except ConfigurationError as error:
            if error.code not in _OURS:
                raise
            yield error


_OURS = frozenset({"sync", "profile-map"})


def _rule(name: str, policy: SyncPolicy) -> Rule:
    field = _columns().get(name)
    source = _source(name)
    why_not = _why_not(field) or ("" if source else "no profile has a value for it")
    if field is None or why_not:
        raise ConfigurationError(
            f'SOCIALREG["SYNC"] names {name!r}',
            cause=why_not,
            remedy=f"Name another field of {get_user_model().__name__}, or say in the profile_map of the registration "
            "form where its value is found",
            code="sync",
        )
    if not callable(source):
        answer(name, source, Profile(""))  # says so if no profile has it
    return Rule(field, source, policy)


def _columns() -> dict[str, Field[Any, Any]]:
    return {field.name: field for field in get_user_model()._meta.concrete_fields}  # noqa: SLF001 - public API


def _source(name: str) -> Any:
    """Return where a field's value is found, as the registration form has it; ``None`` for nowhere."""
    known = {each: each for each in PROFILE_FIELDS} | dict(getattr(conf.registration_form(), "profile_map", {}))
    return known.get(name)


def _why_not(field: Field[Any, Any] | None) -> str:
    if field is None:
        return "the user model has no such column"
    if field.name in NEVER or field.primary_key or not field.editable:
        return "who somebody is here, and what they may do, is for nobody else to say"
    if field.is_relation or isinstance(field, FileField | BooleanField):
        # A box that is ticked is a right or a consent, on most user models.
        return "a file, a box to tick or another row is nothing that a profile has"
    return ""
