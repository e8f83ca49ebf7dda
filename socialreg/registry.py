"""``providers["twitter"]``: the enabled providers, made from the settings when first asked for.

Works the way Django's ``storages["default"]`` does. A provider that comes with socialreg is found by its slug; a site's
own by the dotted name in ``PROVIDER``. Nothing is registered anywhere.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import threading
from collections.abc import Iterator, Mapping
from types import ModuleType

from django.conf import settings
from django.core.signals import setting_changed
from django.core.validators import slug_re
from django.utils.module_loading import import_string

from . import conf
from .exceptions import ConfigurationError, UnknownProvider
from .http import Client
from .provider import Provider

SHIPPED = "socialreg_providers"


class Providers:
    """The enabled providers by slug. Made once per process and kept, with the connections that they share."""

    #: Not a setting: only ``socialreg.testing.site`` switches it, for the time of a test.
    plain_http_for_tests = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: dict[str, Provider] = {}
        self._told: set[str] = set()
        self._client: Client | None = None

    def __getitem__(self, slug: str) -> Provider:
        """Return the provider.

        :raises ConfigurationError: it is not enabled, not to be found, or has unknown options.
        """
        with self._lock:
            if slug not in self._made:
                self._made[slug] = self._make(slug)
            return self._made[slug]

    def __iter__(self) -> Iterator[str]:
        try:
            return iter(conf.provider_settings())
        except ConfigurationError:  # pages of the site's own ask for all; whoever asks for one is told what is wrong
            return iter(())

    def __contains__(self, slug: object) -> bool:
        return slug in tuple(self)

    def clear(self) -> None:
        """Forget what was made, because settings changed."""
        with self._lock:
            self._made.clear()
            self._told.clear()
            if self._client is not None:
                self._client.close()
            self._client = None

    def is_news(self, slug: str) -> bool:
        """Whether nobody has asked this of ``slug`` since the settings changed: a page in demand says a thing once."""
        with self._lock:
            fresh = slug not in self._told
            self._told.add(slug)
            return fresh

    @property
    def client(self) -> Client:
        """The one outbound client of this process."""
        with self._lock:
            if self._client is None:
                self._client = Client(private_hosts=conf.private_hosts(), plain_http=self.plain_http)
            return self._client

    @property
    def plain_http(self) -> bool:
        """Whether a stand-in on this machine may be spoken to over plain http.

        It follows ``DEBUG``, so that a site in production cannot be pointed at a stand-in by mistake.
        """
        return bool(settings.DEBUG) or self.plain_http_for_tests

    def _make(self, slug: str) -> Provider:
        given = _entry(slug)
        found = find_class(slug, given)
        _refuse_second(slug, found)
        options = {name: value for name, value in given.items() if name != "PROVIDER"}
        client = self.client
        try:
            made = found(options, client)
            _check_addresses(slug, made)
        except ConfigurationError:
            raise
        except Exception as error:
            # A class of the site's own can fail in any way; its button is left out, and the page around it stays.
            raise ConfigurationError(
                f"The provider {slug!r} cannot be made",
                cause=f"{type(error).__name__}: {error}",
                remedy=f'Mend {found.__name__}, or its entry in SOCIALREG["PROVIDERS"]',
                code="provider",
            ) from error
        return made

    def usable(self, slug: str) -> Provider:
        """Return the provider, ready to be used.

        :raises ConfigurationError: as for ``providers[slug]``, or it lacks one of its ``required_options``.
        """
        provider = self[slug]
        missing = [name for name in provider.required_options if not getattr(provider, name.lower()).strip()]
        if missing:
            raise ConfigurationError(
                f"The provider {slug!r} has no {' and no '.join(missing)}",
                cause="it is missing or empty in the settings",
                remedy=f'Set {" and ".join(missing)} in SOCIALREG["PROVIDERS"]["{slug}"] to what the provider gave you',
                code="credentials",
            )
        return provider


providers = Providers()


def _entry(slug: str) -> Mapping[str, object]:
    given = conf.provider_settings().get(slug)
    if given is None:
        raise UnknownProvider(
            f"There is no provider {slug!r} here",
            cause='SOCIALREG["PROVIDERS"] has no such entry',
            remedy=f"Enable it, or use one of: {', '.join(map(str, providers)) or '(none is enabled)'}",
        )
    if not isinstance(slug, str) or not slug_re.fullmatch(slug):
        raise ConfigurationError(
            f"The slug {slug!r} cannot stand in an address",
            cause="it is no text of letters, digits, hyphens and underscores alone",
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


def find_class(slug: str, given: Mapping[str, object]) -> type[Provider]:
    """Return the class for an entry of ``PROVIDERS``: a dotted ``PROVIDER``, or the one that ships under a slug.

    :raises ConfigurationError: there is none, it is no provider, or there are two.
    """
    named = given.get("PROVIDER", slug)
    try:
        found = named if not isinstance(named, str) else import_string(named) if "." in named else _shipped(named)
    except ConfigurationError:
        raise
    except Exception as error:
        # Not ImportError alone: a module can fail in any way while it is being imported.
        missing = isinstance(error, ModuleNotFoundError) and str(error.name).startswith(SHIPPED)
        cause = "no provider of this name ships with socialreg" if missing else f"{type(error).__name__}: {error}"
        raise _not_found(slug, named, cause) from error
    if not (inspect.isclass(found) and issubclass(found, Provider)):
        raise _not_found(slug, named, "it is no subclass of socialreg.provider.Provider")
    return found


def _shipped(name: str) -> object:
    module = importlib.import_module(f"{SHIPPED}.{name.replace('-', '_')}")
    classes = classes_in(module, name)
    if len(classes) > 1:
        raise _two(name, f"{module.__name__} holds {' and '.join(each.__name__ for each in classes)}")
    return classes[0] if classes else None


def _shipped_slugs() -> str:
    modules = pkgutil.iter_modules(importlib.import_module(SHIPPED).__path__)
    return ", ".join(sorted(each.name.replace("_", "-") for each in modules if not each.name.startswith("_")))


def classes_in(module: ModuleType, slug: str) -> list[type[Provider]]:
    """Return the provider classes of a module that go by ``slug``, each once."""
    members = (member for _, member in inspect.getmembers(module, inspect.isclass) if issubclass(member, Provider))
    return [member for member in dict.fromkeys(members) if member.__dict__.get("slug") == slug]


def _refuse_second(slug: str, found: type[Provider]) -> None:
    """Refuse an entry beside one that it could be taken for.

    :raises ConfigurationError: their names differ in case alone, or this class calls itself what another's is called.
    """
    entries = conf.provider_settings()
    twin = next((each for each in entries if each != slug and str(each).casefold() == str(slug).casefold()), None)
    if twin is not None:
        raise _two(slug, f"there is {twin!r} as well, and no database need tell them apart")
    claimed = getattr(found, "slug", slug)
    if claimed != slug and claimed in entries and _class_of(claimed) is not found:
        raise _two(claimed, f"the class of {slug!r} goes by it too")


def _check_addresses(slug: str, provider: Provider) -> None:
    """See that every address is one, before a browser or a request is sent there.

    :raises ConfigurationError: one is not.
    """
    for name in provider.option_names():
        value = getattr(provider, name.lower())
        optional = not getattr(type(provider), name.lower())
        if name.endswith("_URL") and not (_ADDRESS.fullmatch(value) or (optional and not value)):
            raise ConfigurationError(
                f"{name} of the provider {slug!r} is no address",
                cause="it is not of the form https://host/path, or names a user",
                remedy=f'Give {name}, and the hosts in it, in the form "https://host/path", or leave them out',
                code="address",
            )


_ADDRESS = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[!-\[\]-~]*)?", re.IGNORECASE | re.ASCII)


def _class_of(slug: str) -> type[Provider] | None:
    try:
        return find_class(slug, _entry(slug))
    except ConfigurationError:  # told where that one is asked for
        return None


def _two(slug: str, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"Two providers go by the slug {slug!r}", cause=cause, remedy="Rename one of them", code="two-providers"
    )


def _not_found(slug: str, named: object, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"The provider {slug!r} cannot be found",
        cause=f"{named!r}: {cause}",
        remedy=f'Use the slug of one that ships ({_shipped_slugs()}), or name your own class in "PROVIDER"',
        code="unknown-provider",
    )


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"SOCIALREG", "DEBUG"}:
        providers.clear()


setting_changed.connect(_forget, dispatch_uid="socialreg.registry")
