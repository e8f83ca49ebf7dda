"""X as it is played from the start: its calls, its pages, what it tells, and what sends a site to it."""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.provider import Provider

from .consent import AUTHENTICATE, Consent
from .oauth1_desk import Desk
from .oauth2.part import X_ISSUER, is_oauth1
from .people import Person
from .x import ACCESS_TOKEN, INVALIDATE_TOKEN, REQUEST_TOKEN, VERIFY_CREDENTIALS, X
from .x_callers import Bearers, Callers
from .x_posts import Post, Posts

#: Known to everybody who reads this file, and good for nothing but a stand-in on one's own machine.
CONSUMER_KEY = "socialreg-sandbox"
CONSUMER_SECRET = "worthless-outside-this-machine"  # noqa: S105
#: The name of the entry for the class that ships.
SLUG = "twitter"
_PATHS = {
    "request_token_url": REQUEST_TOKEN,
    "authorize_url": AUTHENTICATE,
    "access_token_url": ACCESS_TOKEN,
    "invalidate_token_url": INVALIDATE_TOKEN,
    "profile_url": VERIFY_CREDENTIALS,
}


def is_x(provider: type[Provider]) -> bool:
    """Return whether a class speaks OAuth 1.0a to X: it is then sent to X's own addresses, and reads X's profiles."""
    return is_oauth1(provider) and getattr(provider, "issuer", "") == X_ISSUER


class XPart:
    """X, for one application.

    :param url: where the stand-in listens.
    :param desk: where its tokens are handed out, for one application.
    :param people: the cast, looked at anew with every request.
    :param bearers: finds the tokens that X has handed out over OAuth 2.0, by whatever name it is played.
    """

    def __init__(self, url: str, desk: Desk, people: Mapping[str, Person], bearers: Bearers) -> None:
        self._url = url
        self._consumer = desk.consumer
        self._told: dict[str, object] = {}
        #: What was posted, the oldest first.
        self.posts: list[Post] = []
        callers = Callers(desk, people, bearers)
        #: The calls that applications make.
        self.api = X(desk, callers, Posts(callers, self.posts), self._told)
        #: The pages that people see.
        self.pages = Consent(desk.consumer.key, people, desk.tokens).routes
        #: The entries of a site's settings that lead here.
        self.slugs = {SLUG}

    def play(self, slug: str, provider: type[Provider], given: Mapping[str, object]) -> dict[str, object]:
        """Return the entry that sends a class here, and tell the truth again."""
        self.slugs.add(slug)
        self.tell({})
        return {**given, **self.options(provider)}

    def options(self, provider: type[Provider] | None = None) -> dict[str, object]:
        """Return the options that send a class here; without one, those of the class that ships."""
        credentials: dict[str, object] = {"CLIENT_ID": self._consumer.key, "CLIENT_SECRET": self._consumer.secret}
        if provider is None or (hasattr(provider, "api_host") and hasattr(provider, "login_host")):
            return {**credentials, "API_HOST": self._url, "LOGIN_HOST": self._url}
        named = {name: path for name, path in _PATHS.items() if getattr(provider, name, "")}
        return {**credentials, **{name.upper(): self._url + path for name, path in named.items()}}

    def tell(self, values: Mapping[str, object]) -> None:
        """Tell this of everybody, in place of what was told before."""
        self._told.clear()
        self._told.update(values)
