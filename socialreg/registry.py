"""``providers["twitter"]``: the enabled providers, made from the settings when first asked for.

Works the way Django's ``storages["default"]`` does. Which class an entry means, :mod:`lookup` finds out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.signals import setting_changed

from . import conf, entries
from .exceptions import ConfigurationError
from .lookup import find_class, two_providers
from .provider import Provider
from .store import Store

if TYPE_CHECKING:
    from .http import Client


class Providers:
    """The enabled providers by slug. Made once per process and kept, with the connections that they share."""

    #: Not a setting: only ``socialreg.testing.site`` switches it, for the time of a test.
    plain_http_for_tests = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: dict[str, Provider] = {}
        self._told: set[str] = set()
        self._client: Client | None = None
        self._store: Store | None = None

    def __getitem__(self, slug: str) -> Provider:
        """Return the provider.

        :raises ConfigurationError: it is not enabled, not to be found, or has unknown options.
        """
        with self._lock:
            if slug not in self._made:
                try:
                    self._made[slug] = self._make(slug)
                except ConfigurationError as error:
                    # Without the frames below, whose variables hold the settings: it may go on through code of the
                    # site's own, to a debug page or an error tracker, which show every variable of every frame.
                    raise error.with_traceback(None) from None
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
            self._client = self._store = None

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
                kind = cast("type[Client]", conf.deferred("socialreg.http.Client"))
                self._client = kind(private_hosts=conf.private_hosts(), plain_http=self.plain_http)
            return self._client

    @property
    def store(self) -> Store:
        """What all providers remember, shared with the other processes of this site."""
        with self._lock:
            if self._store is None:
                self._store = cast("type[Store]", conf.deferred("socialreg.shared.SharedStore"))()
            return self._store

    @property
    def plain_http(self) -> bool:
        """Whether a stand-in on this machine may be spoken to over plain http.

        It follows ``DEBUG``, so that a site in production cannot be pointed at a stand-in by mistake.
        """
        return bool(settings.DEBUG) or self.plain_http_for_tests

    def _make(self, slug: str) -> Provider:
        given = entries.read(slug)
        found = find_class(slug, given)
        options = {name: value for name, value in given.items() if name != "PROVIDER"}
        client, store = self.client, self.store
        with entries.blamed_on(slug, found):
            _refuse_second(slug, found)
            entries.check_signature(slug, found)
            made = found(options, client, store)
            entries.check(slug, made)
        return made

    def usable(self, slug: str) -> Provider:
        """Return the provider, ready to be used.

        :raises ConfigurationError: as for ``providers[slug]``, or it lacks one of its ``required_options``.
        """
        provider = self[slug]
        with entries.blamed_on(slug, type(provider)):
            missing = entries.missing(provider)
        if missing:
            raise ConfigurationError(
                f"The provider {slug!r} has no {' and no '.join(missing)}",
                cause="it is missing or empty in the settings",
                remedy=f'Set {" and ".join(missing)} in SOCIALREG["PROVIDERS"]["{slug}"]{_source(missing)}',
                code="credentials",
            )
        return provider

    def is_usable(self, slug: str) -> bool:
        """Whether the provider is enabled, and has all that it needs."""
        try:
            self.usable(slug)
        except ConfigurationError:
            return False
        return True

    def label(self, slug: str) -> str:
        """Return the name that people know a provider by; its slug where it is not enabled any more."""
        try:
            return self[slug].label
        except ConfigurationError:
            return slug


def _source(options: list[str]) -> str:
    given = all(name.startswith("CLIENT_") for name in options)
    return " to what the provider gave you" if given else "; the provider's page in the documentation says to what"


providers = Providers()


def _refuse_second(slug: str, found: type[Provider]) -> None:
    """Refuse an entry beside one that it could be taken for.

    :raises ConfigurationError: their names differ in case alone, or this class calls itself what another's is called.
    """
    enabled = conf.provider_settings()
    twin = next((each for each in enabled if each != slug and str(each).casefold() == str(slug).casefold()), None)
    if twin is not None:
        raise two_providers(slug, f"there is {twin!r} as well, and no database need tell them apart")
    claimed = getattr(found, "slug", slug)
    if claimed != slug and claimed in enabled and _class_of(claimed) is not found:
        raise two_providers(claimed, f"the class of {slug!r} goes by it too")


def _class_of(slug: str) -> type[Provider] | None:
    try:
        return find_class(slug, entries.read(slug))
    except ConfigurationError:  # told where that one is asked for
        return None


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"SOCIALREG", "DEBUG"}:
        providers.clear()


setting_changed.connect(_forget, dispatch_uid="socialreg.registry")
