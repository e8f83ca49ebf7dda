"""Which of a form's questions the visitor is asked, and the form made for it.

``"everything"`` shows the whole form, filled in. ``"missing"`` lets the profile answer first: what it answers validly
is not asked, what is optional and unanswered is not asked either. What is required and not answered by the profile, be
it a consent box or a field of the site's own with a default, always is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict

from . import conf
from .forms import answers, initial_values
from .types import Profile


def asked_of(profile: Profile) -> tuple[str, ...]:
    """Return the names of the fields to ask. With none of them, :func:`unasked_form` is valid as it stands."""
    form_class = conf.registration_form()
    everything = tuple(form_class.base_fields)
    if conf.ask_for() == "everything":
        return everything
    given = answers(form_class, profile)
    errors = unasked_form(profile).errors
    if NON_FIELD_ERRORS in errors:
        return everything
    fields = form_class.base_fields.items()
    return tuple(name for name, field in fields if name in errors or (field.required and name not in given))


def unasked_form(profile: Profile) -> BaseForm:
    """Return the form as the profile alone answers it."""
    form_class = conf.registration_form()
    given = answers(form_class, profile)
    return form_class(data=_data(given, form_class.base_fields), initial=given)


def empty_form(profile: Profile) -> BaseForm:
    """Return the form as it is first shown, filled in and not yet judged."""
    form_class = conf.registration_form()
    return form_class(initial=initial_values(form_class, profile))


def answered_form(request: HttpRequest, profile: Profile, asked: Collection[str]) -> BaseForm:
    """Return the form with what the visitor sent: of the fields asked, theirs; of the others, the profile's."""
    form_class = conf.registration_form()
    given = answers(form_class, profile)
    data = _data(given, [name for name in form_class.base_fields if name not in asked])
    for key, values in request.POST.lists():
        # A field of several inputs posts name_0, name_1, ... (django.forms.MultiWidget).
        if key in asked or re.sub(r"_\d+$", "", key) in asked:
            data.setlist(key, values)
    return form_class(data=data, files=request.FILES, initial=given)


def _data(given: Mapping[str, Any], names: Iterable[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name in names:
        if name in given:
            data[name] = str(given[name])
    return data
