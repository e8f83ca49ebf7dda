"""A user name that is free, made from what a provider tells."""

from __future__ import annotations

import secrets
import unicodedata

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify

from .types import Profile

_NUMBERS = range(2, 11)
#: What most databases hold, for a field that names no length.
_LENGTH = 150


def can_be_suggested() -> bool:
    """Whether people here are known by a text of their choice, not by an address or a number."""
    field = _field()
    return isinstance(field, models.CharField | models.TextField) and not isinstance(field, models.EmailField)


def free_username(wanted: str, profile: Profile) -> str:
    """Return ``wanted`` if nobody has it, else one like it that is free. One query, by the unique index.

    :param wanted: may be empty or unfit; then the profile's names or the address are made into one.
    :returns: ``""`` if the user model takes none of them.
    """
    address = profile.email.address if profile.email else ""
    stems = (_fit(text) for text in (wanted, profile.full_name, address.partition("@")[0], "user"))
    stem = next(filter(None, stems), "")
    return _free(stem) if stem else ""


def _free(stem: str) -> str:
    limit = _field().max_length or _LENGTH
    numbers = [*map(str, _NUMBERS), f"{secrets.randbelow(10**6):06}"]
    candidates = [stem, *(f"{stem[: limit - len(number)]}{number}" for number in numbers)]
    model = get_user_model()
    name = model.USERNAME_FIELD
    # Lower case as well: nobody should become Kestrel where a kestrel is.
    like = {spelling for candidate in candidates for spelling in (candidate, candidate.lower())}
    users = model._default_manager.filter(**{f"{name}__in": like})  # noqa: SLF001 - Django's own way
    taken = {_folded(found) for found in users.values_list(name, flat=True)}
    return next((candidate for candidate in candidates if _folded(candidate) not in taken), candidates[-1])


def _folded(name: str) -> str:
    """Return a name without case and accents, which many a collation does not tell apart."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))


def _fit(wanted: str) -> str:
    """Return ``wanted`` if the user model takes it; else its letters and digits, or nothing."""
    field = _field()
    composed = unicodedata.normalize("NFKC", wanted)  # as AbstractBaseUser.normalize_username() does on saving
    for attempt in (composed, slugify(composed), slugify(composed, allow_unicode=True)):
        name = attempt.replace("-", "_") if attempt != composed else composed
        name = name[: field.max_length or _LENGTH]
        try:
            field.run_validators(name)
        except ValidationError:
            continue
        if name:
            return name
    return ""


def _field() -> models.Field[str, str]:
    model = get_user_model()
    field: models.Field[str, str] = model._meta.get_field(model.USERNAME_FIELD)  # type: ignore[assignment] # noqa: SLF001
    return field
