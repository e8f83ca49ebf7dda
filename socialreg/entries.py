"""An entry of ``SOCIALREG["PROVIDERS"]``, and the provider that was made of it: whether somebody can be sent there."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from django.core.validators import slug_re

from . import conf
from .exceptions import ConfigurationError, UnknownProvider
from .provider import Provider
from .store import Store
from .types import SUBJECT_LENGTH, subject

#: What the column of an account's slug holds.
SLUG_LENGTH = 100


def read(slug: str) -> Mapping[str, object]:
    """Return the entry of a provider: upper-case names of options.

    :raises UnknownProvider: there is none.
    :raises ConfigurationError: it is no dict of options, or its slug cannot be used.
    """
    enabled = conf.provider_settings()
    given = enabled.get(slug)
    if given is None:
        raise UnknownProvider(
            f"There is no provider {slug!r} here",
            cause='SOCIALREG["PROVIDERS"] has no such entry',
            remedy=f"Enable it, or use one of: {', '.join(map(str, enabled)) or '(none is enabled)'}",
        )
    if not isinstance(slug, str) or len(slug) > SLUG_LENGTH or not slug_re.fullmatch(slug):
        raise ConfigurationError(
            f"The slug {slug!r} cannot stand in an address",
            cause=f"it is no text of letters, digits, hyphens and underscores alone, {SLUG_LENGTH} at most",
            remedy='Rename this entry of SOCIALREG["PROVIDERS"], using letters, digits, hyphens and underscores',
            code="slug",
        )
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ConfigurationError(
            f"The entry of the provider {slug!r} is no dict of options",
            cause=f"it is {type(given).__name__}, or a name in it is no text",
            remedy=f'Set SOCIALREG["PROVIDERS"]["{slug}"] to a dict such as {{"CLIENT_ID": ...}}',
            code="entry",
        )
    return given


@contextmanager
def blamed_on(slug: str, found: type) -> Iterator[None]:
    """Make a configuration error of whatever a provider's class raises.

    A class of the site's own can fail in any way; its button is left out, and the page around it stays.
    """
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a class of the site's own may raise
        raise ConfigurationError(
            f"The provider {slug!r} cannot be made",
            cause=f"{type(error).__name__}: {error} ({_place(error)})",
            remedy=f'Mend {found.__name__}, or its entry in SOCIALREG["PROVIDERS"]',
            code="provider",
        ) from None


def _place(error: Exception) -> str:
    """Say where an error was raised: its frames, whose variables hold the settings, are not handed on."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"line {frame.lineno} of {frame.filename}"


def check_signature(slug: str, found: type[Provider]) -> None:
    """See that a class can be called as providers are.

    :raises ConfigurationError: it cannot: it was written when there was no store yet.
    """
    complaint = _complaint(found)
    if complaint:
        raise ConfigurationError(
            f"The provider {slug!r} cannot be made",
            cause=f"{found.__name__} does not take settings, transport and store: {complaint}",
            remedy=f"Let {found.__name__}.__init__ take (self, settings, transport, store=None), and hand on all three",
            code="provider",
        )


@cache
def _complaint(found: type[Provider]) -> str:
    try:
        inspect.signature(found).bind({}, None, Store)
    except TypeError as error:
        return str(error)
    return ""


def check(slug: str, provider: Provider) -> None:
    """See that a provider's addresses are some, and its issuer fit to be stored, before anybody is sent there.

    :raises ConfigurationError: they are not.
    """
    for name in provider.option_names():
        value = getattr(provider, name.lower())
        optional = not getattr(type(provider), name.lower())
        if name.endswith("_URL") and not (_ADDRESS.fullmatch(value) or (optional and not value)):
            raise _no_address(slug, name)
    for address in provider.endpoints():
        if address and not _ADDRESS.fullmatch(address):  # an empty one may be an option that is missing
            raise _no_address(slug, _option_of(provider, address))
    # Where the site has to give the map, the class or E005 says that it is missing.
    if not provider.uid_claim and "PROFILE_MAP" not in provider.required_options:
        raise ConfigurationError(
            f"The class of the provider {slug!r} does not say where the uid comes from",
            cause="without it nobody is told from anybody else",
            remedy=f'Give {type(provider).__name__} a "uid" in its profile_map, or a uid_claim over OAuth 1.0a',
            code="option-value",
        )
    # Empty for those who name one for each person.
    if provider.issuer and subject(provider.issuer) != provider.issuer:
        raise ConfigurationError(
            f"The issuer of the provider {slug!r} cannot be stored",
            cause=f"it is no printable text of at most {SUBJECT_LENGTH} characters",
            remedy="Give ISSUER exactly as the provider's documentation has it",
            code="issuer",
        )


def missing(provider: Provider) -> list[str]:
    """Return the names of the options that a provider needs and has not been given."""
    return [name for name in provider.required_options if _is_empty(getattr(provider, name.lower(), None))]


def _is_empty(value: object) -> bool:
    # A number says something, zero and False too.
    return not isinstance(value, int) and not (value.strip() if isinstance(value, str) else value)


def _option_of(provider: Provider, address: str) -> str:
    named = (name for name in provider.option_names() if getattr(provider, name.lower()) == address)
    return next(named, "An endpoint")


def _no_address(slug: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} of the provider {slug!r} is no address",
        cause="it is not of the form https://host/path, or names a user",
        remedy=f'Give {name}, and the hosts in it, in the form "https://host/path", or leave them out',
        code="address",
    )


_ADDRESS = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[!-\[\]-~]*)?", re.IGNORECASE | re.ASCII)
