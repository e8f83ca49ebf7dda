"""The providers' settings from the environment, for sites that keep them there with django-environ."""

from __future__ import annotations

from collections.abc import Iterable

import environ  # type: ignore[import-untyped] # it comes without types

_OPTIONS = ("CLIENT_ID", "CLIENT_SECRET")


def providers(env: environ.Env, slugs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what ``SOCIALREG["PROVIDERS"]`` needs for the named providers.

    ``twitter`` is read from ``TWITTER_CLIENT_ID`` and ``TWITTER_CLIENT_SECRET``, ``my-corp`` from ``MY_CORP_CLIENT_ID``
    and ``MY_CORP_CLIENT_SECRET``. A variable that is not set becomes ``""``: the provider stays in the list, so that
    ``manage.py check`` names what is missing (socialreg.E005) and no button vanishes in silence.

    :param env: after ``read_env()``, if the variables stand in a file.
    :param slugs: the providers' names, in the order of their buttons.
    """
    return {slug: {option: env.str(f"{_stem(slug)}_{option}", default="") for option in _OPTIONS} for slug in slugs}


def _stem(slug: str) -> str:
    return slug.upper().replace("-", "_")
