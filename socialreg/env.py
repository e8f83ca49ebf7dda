"""The providers' settings from the environment, for sites that keep them there with django-environ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import environ  # type: ignore[import-untyped] # it comes without types

_CREDENTIALS = ("CLIENT_ID", "CLIENT_SECRET")
_NOTHING_BESIDES: Mapping[str, Iterable[str]] = MappingProxyType({})


def providers(
    env: environ.Env, slugs: Iterable[str], besides: Mapping[str, Iterable[str]] = _NOTHING_BESIDES
) -> dict[str, dict[str, str]]:
    """Return what ``SOCIALREG["PROVIDERS"]`` needs for the named providers.

    ``twitter`` is read from ``TWITTER_CLIENT_ID`` and ``TWITTER_CLIENT_SECRET``, ``my-corp`` from ``MY_CORP_CLIENT_ID``
    and ``MY_CORP_CLIENT_SECRET``. One of these that is not set becomes ``""``: the provider stays in the list, so that
    ``manage.py check`` names what is missing (socialreg.E005) and no button vanishes in silence.

    No other variable is read unless ``besides`` names it: a ``GITHUB_TOKEN`` that is there for something else is not
    taken for an option.

    :param env: after ``read_env()``, if the variables stand in a file.
    :param slugs: the providers' names, in the order of their buttons.
    :param besides: options that are texts, by provider: ``{"apple": ["TEAM_ID", "KEY_ID", "PRIVATE_KEY"]}`` reads
        ``APPLE_TEAM_ID`` and so on. One that is not set, or is empty, is left to the provider's class.
    """
    return {slug: _read(env, slug, _CREDENTIALS) | _set(_read(env, slug, besides.get(slug, ()))) for slug in slugs}


def _read(env: environ.Env, slug: str, options: Iterable[str]) -> dict[str, str]:
    stem = slug.upper().replace("-", "_")
    return {option: env.str(f"{stem}_{option}", default="") for option in options}


def _set(found: Mapping[str, str]) -> dict[str, str]:
    return {option: value for option, value in found.items() if value}
