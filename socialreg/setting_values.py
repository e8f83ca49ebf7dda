"""What the value of a setting may be: judged by its shape. Which setting is what, :mod:`conf` says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.utils.module_loading import import_string

from .exceptions import ConfigurationError

_ORIGIN = re.compile(
    r"https?://([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", re.IGNORECASE | re.ASCII
)
#: Characters of a secret of the site's own: as random text they are more than anybody can guess.
KEY_LENGTH = 32


def is_origin(value: str) -> bool:
    """Whether ``value`` is a scheme and a host, with a port perhaps, and nothing else but a slash."""
    try:
        return bool(_ORIGIN.fullmatch(value)) and urlsplit(value).port != 0
    except ValueError:  # a port above 65535, an IPv6 address that is none
        return False


def why_no_origin(value: object) -> str:
    """Say why a value is no origin, in words that may stand in a log."""
    if not value:
        return "it is empty"
    if isinstance(value, str) and "@" in value:  # not repeated: what stands before it may be a password
        return "it holds a user name"
    return f"{value!r} is not a scheme and a host, with a port perhaps, and nothing else"


def duration(name: str, value: object, remedy: str) -> timedelta:
    """Return how long a setting says: a timedelta, or a number of seconds."""
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, int | float):
            return timedelta(seconds=value)
    except (ValueError, OverflowError):
        pass  # no number at all, or more than a timedelta holds
    raise wrong(name, f"it is {value!r}", remedy)


def choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return which of a few words a setting is."""
    if isinstance(value, str) and value in choices:
        return value
    words = ", ".join(f'"{each}"' for each in choices)
    raise wrong(name, f"it is {value!r}", f"Set it to one of {words}")


def function(name: str, value: object) -> object:
    """Return the function that a setting names, or is.

    :raises ConfigurationError: it is none. So with all that is judged here.
    """
    found = resolve(name, value)
    if not callable(found):
        raise wrong(name, f"{found!r} cannot be called", "Name a function, or give the function itself")
    return found


def functions(name: str, value: object) -> list[object]:
    """Return the functions that a setting lists."""
    return [function(name, entry) for entry in entries(name, value)]


def entries(name: str, value: object) -> list[object]:
    """Return what a setting lists."""
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
        raise wrong(name, f"it is {type(value).__name__}, not a list", "Put what it names into a list")
    return list(value)


def are_secrets(value: object) -> bool:
    """Whether a setting lists texts that are long enough to derive keys from.

    It raises nothing: the variables of every function that an error comes through may be shown to somebody.
    """
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(each, str | bytes) and len(each) >= KEY_LENGTH for each in value)
    )


def resolve(name: str, entry: object) -> object:
    """Return what a dotted name names; what is no text is the thing itself."""
    if not isinstance(entry, str):
        return entry
    try:
        return import_string(entry)
    except Exception as error:
        # Not ImportError alone: a module can fail in any way while it is being imported.
        raise ConfigurationError(
            f'SOCIALREG["{name}"] names {entry!r}, which cannot be imported',
            cause=f"{type(error).__name__}: {error}",
            remedy="Correct the dotted name, or give the object itself",
            code="import",
        ) from error


def wrong(name: str, cause: str, remedy: str) -> ConfigurationError:
    """Return the error for a setting that cannot be what it is."""
    return ConfigurationError(f'SOCIALREG["{name}"] is wrong', cause=cause, remedy=remedy, code="setting")
