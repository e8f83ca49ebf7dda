"""The registration form, filled in from the profile.

:class:`RegistrationForm` fits any user model. Any other form of the site's works the same way: it gets initial values
by field name, or by a ``profile_map`` on its class that names, for each field, an attribute of
:class:`~socialreg.types.Profile` or a function of the profile::

    class CustomerForm(forms.ModelForm):
        profile_map = {"nickname": "username", "bio": lambda profile: profile.raw.get("description", "")}
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from .finders import taken
from .types import Profile

User = get_user_model()

#: What a form's field may be named to be filled in without a ``profile_map``.
PROFILE_FIELDS = frozenset(
    {"username", "full_name", "first_name", "last_name", "email", "picture", "profile_url", "locale", "timezone"}
)
_SUGGESTIONS = 9


def _fields() -> list[str]:
    own = [User.USERNAME_FIELD, *User.REQUIRED_FIELDS, User.get_email_field_name(), "first_name", "last_name"]
    existing = {field.name for field in User._meta.get_fields()}  # noqa: SLF001 - public API
    return [name for name in dict.fromkeys(own) if name in existing]


class RegistrationForm(forms.ModelForm):  # type: ignore[type-arg] # the model is the site's
    """The user model's name, address and required fields. No password: the account at the provider is the key."""

    class Meta:
        model = User
        fields = _fields()

    def __init__(
        self, data: Mapping[str, Any] | None = None, files: Any = None, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data=data, files=files, initial=initial)
        for name in (User.USERNAME_FIELD, *User.REQUIRED_FIELDS):
            self.fields[name].required = True

    def validate_unique(self) -> None:
        """Say what is taken; an address too, for registering beside an old account is how accounts are lost.

        Name and address are looked up together, in one query; what else is unique, Django looks up by itself.
        """
        name, address = User.USERNAME_FIELD, User.get_email_field_name()
        valid = {field: getattr(self.instance, field) for field in self.cleaned_data if hasattr(self.instance, field)}
        name_taken, address_taken = taken(valid.get(name, ""), valid.get(address, ""))
        if address_taken:
            self.add_error(address, ValidationError(self.taken, code="unique"))
        if name_taken and name not in self.errors:
            self.add_error(name, self.instance.unique_error_message(User, (name,)))
        others = {field.name for field in User._meta.fields} - valid.keys() | {name}  # noqa: SLF001 - public API
        try:
            self.instance.validate_unique(exclude=others)
        except ValidationError as error:
            self.add_error(None, error)

    taken: ClassVar[Any] = _(
        "There is an account with this e-mail address already. Log in to it, then connect this one."
    )


def answers(form_class: type[forms.Form], profile: Profile) -> dict[str, Any]:
    """Return what the profile answers of a form's fields: by name, or by the form's ``profile_map``. Nothing empty."""
    mapping = getattr(form_class, "profile_map", {})
    found = {
        name: _answer(mapping.get(name, name if name in PROFILE_FIELDS else ""), profile)
        for name, field in form_class.base_fields.items()
        # A box to tick is a decision: nobody ticks it for somebody else.
        if not isinstance(field, forms.BooleanField)
    }
    return {name: value for name, value in found.items() if value not in {None, ""}}


def _answer(source: Any, profile: Profile) -> Any:
    if callable(source):
        return source(profile)
    value = getattr(profile, source) if source else None
    return value.address if source == "email" and value else value


def initial_values(form_class: type[forms.Form], profile: Profile) -> dict[str, Any]:
    """Return the values that the form is shown with: the profile's answers, with a user name that is free."""
    values = answers(form_class, profile)
    name = User.USERNAME_FIELD
    if name in form_class.base_fields and name != User.get_email_field_name():
        values[name] = free_username(str(values.get(name, "")), profile)
    return values


def free_username(wanted: str, profile: Profile) -> str:
    """Return ``wanted`` if nobody has it, else one like it that is free. One query, by the unique index.

    :param wanted: may be empty or unfit; then the profile's names or the address are made into one.
    """
    stem = _fit(wanted) or _fit(profile.full_name) or _fit(str(profile.email or "").partition("@")[0]) or "user"
    numbered = [f"{stem}{number}" for number in range(2, 2 + _SUGGESTIONS)]
    candidates = [stem, *numbered, f"{stem}{secrets.randbelow(10**6):06}"]
    name = User.USERNAME_FIELD
    taken = set(User._default_manager.filter(**{f"{name}__in": candidates}).values_list(name, flat=True))  # noqa: SLF001
    return next((candidate for candidate in candidates if candidate not in taken), candidates[-1])


def _fit(wanted: str) -> str:
    """Return ``wanted`` if the user model takes it, with room for a number; else its letters, or nothing."""
    field: models.Field[Any, Any] = getattr(User, User.USERNAME_FIELD).field
    room = (field.max_length or 150) - 6
    for attempt in (wanted[:room], slugify(wanted).replace("-", "_")[:room]):
        try:
            field.run_validators(attempt)
        except ValidationError:
            continue
        if attempt:
            return attempt
    return ""
