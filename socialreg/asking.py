"""Which of a form's questions the visitor is asked, and the form made for it.

``"everything"`` shows the whole form, filled in. ``"missing"`` lets the profile answer first: what it answers validly
is not asked, what is optional and unanswered is not asked either. What is required and not answered by the profile, be
it a consent box or a field of the site's own with a default, always is.

A field that is not asked is disabled, which is Django's way to take its value from the initial values and never from
what is posted: so every kind of field and widget works, and so do prefixes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm, BooleanField, Field
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from . import conf, events
from .exceptions import LostRace
from .forms import answers, initial_values, judge
from .types import Profile

logger = logging.getLogger("socialreg")


def unasked_form(profile: Profile) -> BaseForm:
    """Return the form as the profile alone answers it."""
    return _answered(profile, (), QueryDict(), {})


def asked_of(profile: Profile, form: BaseForm) -> tuple[str, ...]:
    """Return the names of the fields to ask. With none of them, ``form`` is valid as it stands.

    :param form: what :func:`unasked_form` returned.
    """
    if conf.ask_for() == "everything":
        return tuple(form.fields)
    blank, wrong = _blank(), _wrong(form)
    given = answers(blank, profile)
    fields = blank.fields.items()
    return tuple(name for name, field in fields if name in wrong or (_needs_answer(field) and name not in given))


def empty_form(profile: Profile) -> BaseForm:
    """Return the form as it is first shown, filled in and not yet judged."""
    return conf.registration_form()(initial=initial_values(_blank(), profile))


def answered_form(request: HttpRequest, profile: Profile, asked: Collection[str]) -> BaseForm:
    """Return the form with what the visitor sent: of the fields asked, theirs; of the others, the profile's."""
    return _answered(profile, asked, request.POST, request.FILES)


def ask_again(form: BaseForm, asked: Collection[str]) -> tuple[str, ...]:
    """Return what is asked after a form was refused: as before, and what turned out wrong, opened to be mended."""
    wrong = _wrong(form)
    data = cast("QueryDict", form.data).copy()
    for field in [form[name] for name in form.fields if name in wrong and name not in asked]:
        value = field.value()
        data.setlist(field.html_name, value if isinstance(value, list | tuple) else [value])
        field.field.disabled = False
    form.data = data
    return tuple(name for name in form.fields if name in asked or name in wrong)


def blame_race(form: BaseForm, error: LostRace) -> None:
    """Say on a form that the database refused it, unless the form itself says by now what was taken."""
    if form.is_valid():
        logger.warning("%s", error, extra=events.facts(events.failure("", "", error.code)))
        form.add_error(None, _("Something in here was taken in this very moment. Please change it, or try once more."))


def _blank() -> BaseForm:
    return conf.registration_form()(initial={})


def _answered(profile: Profile, asked: Collection[str], data: QueryDict, files: Mapping[str, Any]) -> BaseForm:
    given = answers(_blank(), profile)
    form = conf.registration_form()(data=data, files=files, initial=dict(given))  # type: ignore[arg-type]
    for name, field in form.fields.items():
        if name in asked:
            continue
        field.disabled = True
        if isinstance(field, BooleanField) and name not in given:
            form.initial[name] = field.to_python(None)  # also where the site would show it ticked
    judge(form)
    return form


def _wrong(form: BaseForm) -> Collection[str]:
    """Return the names of the fields in error: all of them where the answers are refused as a whole."""
    return list(form.fields) if NON_FIELD_ERRORS in form.errors else list(form.errors)


def _needs_answer(field: Field) -> bool:
    # Nobody can answer what is hidden or closed; if that is wrong, it has an error and is asked for that.
    return field.required and not field.disabled and not field.widget.is_hidden
