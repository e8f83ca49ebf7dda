"""The sandbox's providers: all that ship, real where ``.env`` holds credentials, played by the stand-in else."""

from __future__ import annotations

import environ

from socialreg.env import providers
from socialreg.lookup import shipped_slugs

#: Classes that become a provider by settings alone, as Acme SSO is one.
_GENERIC = frozenset({"oauth2", "oidc"})
#: Nobody hands out keys for these: the site becomes an application of each server by itself.
_KEYLESS = frozenset({"mastodon"})
#: What is read beside client id and secret.
_BESIDES = {"apple": ["TEAM_ID", "KEY_ID", "PRIVATE_KEY"], "microsoft": ["TENANT"], "reddit": ["USER_AGENT"]}


def shipped() -> list[str]:
    """Return the slugs of the providers that ship. None is imported."""
    return [slug for slug in shipped_slugs() if slug not in _GENERIC]


def real(env: environ.Env) -> dict[str, dict[str, str]]:
    """Return the entries of those whose credentials are in the environment; half of them is enough to count."""
    slugs = [slug for slug in shipped() if slug not in _KEYLESS]
    return {slug: entry for slug, entry in providers(env, slugs, _BESIDES).items() if any(entry.values())}
