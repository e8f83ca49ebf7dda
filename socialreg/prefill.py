"""A form of the site's own, filled in from an account that somebody has: nothing is saved before they save it.

The profile waits for the page that the button stood on, see :mod:`set_aside`, and is taken there once: by
``{% prefill_button %}``, or by :func:`fill` in the page's view.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.forms import BaseForm, ChoiceField, Field, FileField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from . import accounts, pending, set_aside, shelves
from .attempt import Attempt
from .forms import answers
from .redirects import after_login
from .sign_in_events import Event, SignInEvent
from .transactions import record
from .types import Arrival, Profile


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was filled in: by which provider's profile, and the labels of the fields that it answered."""

    form: BaseForm
    slug: str
    labels: tuple[str, ...]


def arrive(request: HttpRequest, arrival: Arrival, attempt: Attempt) -> HttpResponse:
    """Let the profile wait for the form, and send the user back to it.

    The account is kept if the button said so; else no table is written, and the tokens are forgotten here.

    :raises NotAllowed: it was to be kept, and belongs to somebody else.
    """
    if attempt.keep:
        accounts.connect(request, cast("AbstractBaseUser", request.user), arrival)
        pending.discard(request)
        request.session.cycle_key()
    record(Event(SignInEvent.Kind.PREFILL, arrival.slug, str(request.user.pk)))
    there = after_login(request, attempt.next)
    set_aside.keep(request, "prefill", asdict(_Waiting(arrival.slug, _page(there), arrival.profile)))
    return HttpResponseRedirect(there)


def fill(request: HttpRequest, form: BaseForm) -> bool:
    """Fill in the form of a page from what waits for that page, and return whether anything was filled in.

    For views; a template has ``{% prefill_button %}``. What a profile answers is found as for the registration form: by
    the names of the form's fields, or by its ``profile_map``. It comes before the values of a ``ModelForm``'s instance.
    Files, consents and, but for ``profile_map``, the user name are left alone.

    It happens once. A form that was sent (it is bound) is left as it is, and so is what waits for another page or for
    another user.

    :raises ConfigurationError: the ``profile_map`` names something that no profile has.
    """
    done = fill_once(request, form)
    return done is not None and bool(done.labels)


def fill_once(request: HttpRequest, form: BaseForm, slug: str | None = None) -> Filled | None:
    """Fill in a form if that has not happened yet; return what was done to it in this request, ``None`` for nothing.

    :param slug: take what this provider told, and nothing else; ``None`` for any.
    :raises ConfigurationError: the ``profile_map`` names something that no profile has.
    """
    done: Filled | None = vars(request).get(_DONE)
    if done is None and request.method == "GET" and not form.is_bound:
        done = _fill(request, form, slug)
        vars(request)[_DONE] = done
    return done if done and done.form is form and slug in {None, done.slug} else None


_DONE = "_socialreg_filled"


def _fill(request: HttpRequest, form: BaseForm, slug: str | None) -> Filled | None:
    waiting = _waiting(request)
    if waiting is None or waiting.page != _page(request.get_full_path()) or slug not in {None, waiting.slug}:
        return None
    values = _values(form, waiting.profile)
    shelves.clear(request, "prefill")
    # Not updated in place: a form keeps the very dict that its view gave it, which may be there for all requests.
    form.initial = {**form.initial, **values}
    return Filled(form, waiting.slug, tuple(str(form[name].label) for name in form.fields if name in values))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What a provider told, for one page."""

    slug: str
    page: str
    profile: Profile


def _waiting(request: HttpRequest) -> _Waiting | None:
    data = set_aside.find(request, "prefill")
    try:
        return None if data is None else _Waiting(**{**data, "profile": pending.restore_profile(data["profile"])})
    except (KeyError, TypeError):  # set aside by an older or a newer release
        return None


def _page(address: str) -> str:
    """Return what an address on this site has in common with others of the same page: neither host nor fragment."""
    parts = urlsplit(address)
    return unquote(f"{parts.path or '/'}?{parts.query}")


def _values(form: BaseForm, profile: Profile) -> dict[str, Any]:
    values = answers(form, profile)
    name = get_user_model().USERNAME_FIELD
    if name not in getattr(form, "profile_map", {}):
        values.pop(name, None)  # it is what they log in with: not changed by the way
    return {name: value for name, value in values.items() if _takes(form.fields[name], value)}


def _takes(field: Field, value: object) -> bool:
    """Whether a field can show the value. One that offers no such choice would show another than was chosen before."""
    if field.disabled or isinstance(field, FileField):
        return False
    try:
        return not isinstance(field, ChoiceField) or field.clean(value) not in field.empty_values
    except ValidationError:
        return False
