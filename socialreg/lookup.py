"""Which class an entry of ``SOCIALREG["PROVIDERS"]`` means. Nothing is registered anywhere, and Django is not needed.

A provider that ships with socialreg is found by its slug, which is the name of its module; any other by the dotted name
of its class.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import ModuleType

from .exceptions import ConfigurationError
from .provider import Provider

_SHIPPED = "socialreg_providers"


def shipped_slugs() -> list[str]:
    """Return the slugs of the providers that ship, in the order of their names. None of them is imported."""
    modules = pkgutil.iter_modules(importlib.import_module(_SHIPPED).__path__)
    return sorted(each.name.replace("_", "-") for each in modules if not each.name.startswith("_"))


def find_class(slug: str, given: Mapping[str, object]) -> type[Provider]:
    """Return the class for an entry of ``PROVIDERS``: a dotted ``PROVIDER``, or the one that ships under a slug.

    :raises ConfigurationError: there is none, it is no provider, or there are two.
    """
    named = given.get("PROVIDER", slug)
    try:
        found = named if not isinstance(named, str) else _dotted(named) if "." in named else _shipped(named)
    except ConfigurationError:
        raise
    except Exception as error:
        # Not ImportError alone: a module can fail in any way while it is being imported.
        missing = isinstance(error, ModuleNotFoundError) and error.name == _module(str(named))
        cause = "no provider of this name ships with socialreg" if missing else f"{type(error).__name__}: {error}"
        raise _not_found(slug, named, cause) from error
    if not (inspect.isclass(found) and issubclass(found, Provider)):
        raise _not_found(slug, named, "it is no subclass of socialreg.provider.Provider")
    return found


def classes_in(module: ModuleType, slug: str) -> list[type[Provider]]:
    """Return the provider classes of a module that go by ``slug``, each once."""
    members = (member for _, member in inspect.getmembers(module, inspect.isclass) if issubclass(member, Provider))
    return [member for member in dict.fromkeys(members) if member.__dict__.get("slug") == slug]


def two_providers(slug: str, cause: str) -> ConfigurationError:
    """Return the error for two classes, or two entries, that could be taken for each other."""
    return ConfigurationError(
        f"Two providers go by the slug {slug!r}", cause=cause, remedy="Rename one of them", code="two-providers"
    )


def _dotted(name: str) -> object:
    module, _, found = name.rpartition(".")
    return getattr(importlib.import_module(module), found)


def _shipped(name: str) -> object:
    module = importlib.import_module(_module(name))
    classes = classes_in(module, name)
    if len(classes) > 1:
        raise two_providers(name, f"{module.__name__} holds {' and '.join(each.__name__ for each in classes)}")
    return classes[0] if classes else None


def _module(name: str) -> str:
    return f"{_SHIPPED}.{name.replace('-', '_')}"


def _not_found(slug: str, named: object, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"The provider {slug!r} cannot be found",
        cause=f"{named!r}: {cause}",
        remedy=f'Use the slug of one that ships ({", ".join(shipped_slugs())}). Or say in "PROVIDER" what it is: '
        '"oidc", "oauth2", another one that ships; or name your own class there, with dots',
        code="unknown-provider",
    )
