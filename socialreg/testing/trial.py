"""One provider's class, put to the test: the stand-in plays the provider, over real HTTP, and somebody logs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from socialreg import steps
from socialreg.http import Client
from socialreg.provider import Provider
from socialreg.types import Credentials, Profile, Redirect

from .standin import StandIn
from .visitor import Posted

CALLBACK = "https://site.example/accounts/it/callback/"


@dataclass
class Trial:
    """One provider, played by the stand-in, and the way there and back.

    ``options`` is what the start form sends along.
    """

    slug: str
    standin: StandIn
    provider: Provider
    options: Mapping[str, str]

    def begin(self) -> Redirect:
        """Press the button."""
        return steps.authorize(self.provider, CALLBACK, "login", self.options)

    def back(self, redirect: Redirect, screen_name: str) -> dict[str, str]:
        """Consent as somebody; return what the browser brings back."""
        return _params(self.standin.approve(redirect.url, screen_name))

    def cancel(self, redirect: Redirect) -> dict[str, str]:
        """Press "cancel"; return what the browser brings back."""
        return _params(self.standin.deny(redirect.url))

    def credentials(self, screen_name: str = "maralind") -> Credentials:
        """Go the whole way to the credentials."""
        redirect = self.begin()
        return steps.verify(self.provider, redirect.pending, self.back(redirect, screen_name))

    def profile(self, screen_name: str = "maralind") -> Profile:
        """Go the whole way to the profile."""
        return steps.fetch_profile(self.provider, self.credentials(screen_name))

    def calls(self) -> int:
        """Return how many calls the provider's class has made so far."""
        return len(self.standin.api_requests)

    def paths(self) -> list[str]:
        """Return which addresses it has called so far, each once."""
        return list(dict.fromkeys(record.path for record in self.standin.api_requests))

    def tell(self, values: Mapping[str, object]) -> None:
        """Let the provider tell other things of everybody, see :meth:`StandIn.tell`."""
        self.standin.tell(self.slug, values)


@contextmanager
def begin(provider: type[Provider], options: Mapping[str, object], start_options: Mapping[str, str]) -> Iterator[Trial]:
    """Let the stand-in play a provider, as new, for as long as the block takes.

    :param options: what the entry in the settings says besides what the stand-in gives.
    :param start_options: what the start form sends along.
    """
    with StandIn() as standin:
        played = standin.play(provider.slug, provider, options)
        settings = {name: value for name, value in played.items() if name != "PROVIDER"}
        client = Client(private_hosts=frozenset({urlsplit(standin.url).netloc}), plain_http=True)
        try:
            yield Trial(provider.slug, standin, provider(settings, client), start_options)
        finally:
            client.close()


def _params(back: str) -> dict[str, str]:
    if isinstance(back, Posted):
        return {**dict(parse_qsl(urlsplit(back).query)), **back.fields}
    return dict(parse_qsl(urlsplit(back).query, keep_blank_values=True))
