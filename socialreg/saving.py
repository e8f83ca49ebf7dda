"""The user that a registration form makes: saved, and looked at before anybody believes it."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.forms import BaseForm, ModelForm

from .exceptions import ConfigurationError
from .forms import new_user


def save_user(form: BaseForm) -> AbstractBaseUser:
    """Save a valid form, and return its user, who has a password only if the form gave one.

    :raises ConfigurationError: the form made no user.
    """
    model = get_user_model()
    if isinstance(form, ModelForm) and isinstance(form.instance, model) and not form.instance.password:
        form.instance.set_unusable_password()
    save = getattr(form, "save", None)
    user = _checked(save() if save else _save_new(form), form)
    if not user.password:  # an empty one counts as usable, and as a way in that is none
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _checked(user: object, form: BaseForm) -> AbstractBaseUser:
    """Return what a form's ``save()`` returned, once it is known to be a user who can be told from others.

    :raises ConfigurationError: it is not.
    """
    model = get_user_model()
    if not isinstance(user, model) or user.pk is None:
        raise ConfigurationError(
            f"The save() of {type(form).__name__} did not return a saved user",
            cause='SOCIALREG["REGISTRATION_FORM"] must be a form whose save() writes and returns the user',
            remedy="Return the user from save(), or leave save() out of a plain Form",
            code="form-save",
        )
    if not user.get_username():
        raise ConfigurationError(
            f"{type(form).__name__} made a user without a {model.USERNAME_FIELD}",
            cause=f"the form neither asks for {model.USERNAME_FIELD!r} nor sets it in its save()",
            remedy=f"Give the form a field {model.USERNAME_FIELD!r}, or a save() that fills it",
            code="form-username",
        )
    return user


def _save_new(form: BaseForm) -> AbstractBaseUser:
    user = new_user(form)
    user.clean()  # as a ModelForm does: the user model composes the name and the address
    user.save(force_insert=True)
    return user
