"""The registration form, filled in from the profile.

:class:`RegistrationForm` fits any user model. Any other form of the site's works the same way: it gets initial values
by field name, or by a ``profile_map`` on its class that names, for each field, an attribute of
:class:`~socialreg.types.Profile` or a function of the profile::

    class CustomerForm(forms.ModelForm):
        profile_map = {"nickname": "username", "greeting": lambda profile: f"Hello, I am {profile.first_name}"}
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import EMPTY_VALUES
from django.forms import BaseForm
from django.utils.translation import gettext_lazy as _

from . import conf
from .exceptions import ConfigurationError
from .finders import taken
from .types import Email, Profile, email
from .usernames import can_be_suggested, free_username

logger = logging.getLogger("socialreg")

User = get_user_model()

#: What a form's field may be named to be filled in without a ``profile_map``.
PROFILE_FIELDS = frozenset(
    {"username", "full_name", "first_name", "last_name", "email", "picture", "profile_url", "locale", "timezone"}
)

#: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill
_AUTOCOMPLETE = {"full_name": "name", "name": "name", "first_name": "given-name", "last_name": "family-name"}


def _fields() -> list[str]:
    own = [User.USERNAME_FIELD, *User.REQUIRED_FIELDS, User.get_email_field_name(), "first_name", "last_name"]
    options = User._meta  # noqa: SLF001 - public API
    existing = {field.name for field in (*options.fields, *options.many_to_many) if field.editable}
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
        autocomplete = {**_AUTOCOMPLETE, User.USERNAME_FIELD: "username", User.get_email_field_name(): "email"}
        for name, field in self.fields.items():
            if name in {User.USERNAME_FIELD, *User.REQUIRED_FIELDS}:
                field.required = True
            if name in autocomplete:
                field.widget.attrs.setdefault("autocomplete", autocomplete[name])
                # A name may be written from the right in a page that is written from the left.
                field.widget.attrs.setdefault("dir", "auto")
        if User.USERNAME_FIELD in self.fields:
            self.fields[User.USERNAME_FIELD].widget.attrs.setdefault("autocapitalize", "none")
        address = self.fields.get(User.get_email_field_name())
        if address and conf.email_confirmation() != "off":
            address.validators = [*address.validators, _need_plain_address]
            address.required = address.required or conf.email_confirmation() == "required"

    def validate_unique(self) -> None:
        """Say what is taken; an address too, for registering beside an old account is how accounts are lost.

        Name and address are looked up together, in one query; what else is unique, Django looks up by itself.
        """
        name, address = User.USERNAME_FIELD, User.get_email_field_name()
        valid = {field: getattr(self.instance, field) for field in (name, address) if field in self.cleaned_data}
        name_taken, address_taken = taken(valid.get(name, ""), valid.get(address, ""))
        if address_taken:
            self.add_error(address, ValidationError(self.address_in_use, code="unique"))
        if name_taken and self.cleaned_data.get(name):
            self.add_error(name, self.instance.unique_error_message(User, (name,)))
        others = {field.name for field in User._meta.fields} - self.cleaned_data.keys() | {name}  # noqa: SLF001
        try:
            self.instance.validate_unique(exclude=others | self.errors.keys())
        except ValidationError as error:
            self.add_error(None, error)

    address_in_use: ClassVar[Any] = _(
        "There is an account with this e-mail address already. Log in to it, then connect this one."
    )


def _need_plain_address(value: str) -> None:
    """See that a mail can be sent there, by rules stricter than Django's: see :func:`socialreg.types.email`."""
    if email(value, verified=False) is None:
        raise ValidationError(_("We cannot send mails to this address. Please look at it again."), code="address")


def answers(form: BaseForm, profile: Profile) -> dict[str, Any]:
    """Return what the profile answers of a form's fields: by name, or by the form's ``profile_map``. Nothing empty.

    :raises ConfigurationError: the ``profile_map`` names something that no profile has.
    """
    found = {name: answer(name, source, profile) for name, source in _sources(form).items()}
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _sources(form: BaseForm) -> dict[str, Any]:
    """Return where each field's answer is found.

    A box to tick is a decision and a file is no text: neither is answered by its name. A box that must be ticked is a
    consent, which nobody gives for somebody else.
    """
    unnamed = (forms.BooleanField, forms.FileField)
    sources = {
        name: name for name, field in form.fields.items() if name in PROFILE_FIELDS and not isinstance(field, unnamed)
    }
    sources.update(getattr(form, "profile_map", {}))
    consents = {name for name, field in form.fields.items() if isinstance(field, forms.BooleanField) and field.required}
    return {name: source for name, source in sources.items() if name in form.fields and name not in consents}


_ATTRIBUTES = frozenset(field.name for field in dataclasses.fields(Profile))


def answer(name: str, source: Any, profile: Profile) -> Any:
    """Return what a profile answers of one field.

    :param source: an attribute of the profile, or a function of it: what a ``profile_map`` has for the field.
    :returns: ``None`` or ``""`` for nothing.
    :raises ConfigurationError: no profile has such an attribute.
    """
    if callable(source):
        try:
            return source(profile)
        except (LookupError, AttributeError, TypeError, ValueError) as error:
            # What a provider leaves out is no reason to stop: the visitor is asked.
            logger.warning("profile_map[%r] failed with %s and answers nothing", name, type(error).__name__)
            return None
    if source not in _ATTRIBUTES:
        raise ConfigurationError(
            f"A profile_map fills {name!r} from {source!r}",
            cause="a profile has no such attribute",
            remedy=f"Use a function of the profile, or one of {', '.join(sorted(_ATTRIBUTES))}",
            code="profile-map",
        )
    value = getattr(profile, source)
    return value.address if isinstance(value, Email) else value


def initial_values(form: BaseForm, profile: Profile) -> dict[str, Any]:
    """Return the values that a form is shown with: the profile's answers, with a user name that is free."""
    values = answers(form, profile)
    name = User.USERNAME_FIELD
    if name in _sources(form) and can_be_suggested():
        values[name] = free_username(str(values.get(name, "")), profile)
    return values


def new_user(form: BaseForm) -> AbstractBaseUser:
    """Return a user made from a plain form, not saved: from the fields that are the user's own, never rights."""
    own = {field.name for field in User._meta.concrete_fields if field.editable} - NEVER  # noqa: SLF001
    values = {name: value for name, value in form.cleaned_data.items() if name in own and value not in EMPTY_VALUES}
    user = cast("AbstractBaseUser", User(**values))
    user.set_unusable_password()
    return user


#: What no profile and no plain form decides about a user.
NEVER = frozenset({"id", "password", "is_staff", "is_superuser", "is_active", "last_login", "date_joined"})


def judge(form: BaseForm) -> None:
    """Let the user model judge what a plain form without a ``save()`` was answered, as every ``ModelForm`` does."""
    if hasattr(form, "save") or NON_FIELD_ERRORS in form.errors:
        return
    user = new_user(form)
    answered = {name for name, value in form.cleaned_data.items() if value not in EMPTY_VALUES}
    others = {field.name for field in User._meta.fields} - answered  # noqa: SLF001 - public API
    try:
        user.full_clean(exclude=others)
    except ValidationError as error:
        form.add_error(None, error)
