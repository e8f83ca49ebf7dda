"""The providers that ship with the package, however many there are: found in its folder, as settings find them."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import socialreg_providers
from socialreg.lookup import find_class
from socialreg.provider import Provider

#: Those that are nobody's by themselves: a site makes any number of them by settings alone.
GENERIC = {"oidc": "corp", "oauth2": "acme"}
#: Twitter over OAuth 1.0a, the fifteen of issue 3, and one of each generic class.
PROMISED = 18
#: One of each protocol: OAuth 1.0a, OAuth 2.0, OpenID Connect, and that with an answer that is posted.
PROTOCOLS = ["twitter", "github", "google", "apple"]


def slugs() -> list[str]:
    """Return the slugs of all that ship."""
    names = (each.name for each in pkgutil.iter_modules(socialreg_providers.__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


#: What they are called in tests: by slugs, or by the names under which the generic ones are set.
NAMES = frozenset({*slugs(), *GENERIC.values()})


def everything() -> dict[str, dict[str, Any]]:
    """Return ``SOCIALREG["PROVIDERS"]`` with all that ships enabled, the generic ones under names of a site's own."""
    return {
        GENERIC.get(slug, slug): {**entry(slug), **({"PROVIDER": slug} if slug in GENERIC else {})} for slug in slugs()
    }


def entry(slug: str) -> dict[str, Any]:
    """Return options with which the provider is ready to be used, but for the secrets, which are worthless."""
    kind = find_class(slug, {})
    wanted = kind.required_options if isinstance(kind.required_options, tuple) else Provider.required_options
    return {name: _worthless(name, getattr(kind, name.lower())) for name in wanted}


def _worthless(name: str, default: object) -> object:
    if name == "PRIVATE_KEY":
        return _key()
    if isinstance(default, Mapping):
        return {"uid": "id"}
    if isinstance(default, tuple):
        return ("worthless",)
    if isinstance(default, str) and name.endswith(("_URL", "HOST", "ISSUER")):
        return default or "https://login.example.com"
    return f"worthless {name.lower()}" if isinstance(default, str) else default


@cache
def _key() -> str:
    """Return a key as Apple hands them out (PKCS #8 in PEM), of nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode()
