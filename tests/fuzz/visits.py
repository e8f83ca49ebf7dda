"""A site, three browsers, one stand-in and a clock: what happens in one example, and what must be true after each step.

Nothing here knows how the site decides. It looks at what can be seen from outside: who is logged in where, whose the
accounts are, what the stand-in was asked, which cookies wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from socialreg.attempt import LIFETIME, MOST_ATTEMPTS
from socialreg.models import Kept, SocialAccount, UserAddress
from socialreg.registry import providers
from socialreg.testing import StandIn

BROWSERS = 3
#: OAuth 1.0a, OAuth 2.0 and OpenID Connect, and where each takes what a callback brings.
TOKENS = {"twitter": "/oauth/access_token", "acme": "/acme/token", "corp": "/corp/token"}
#: What a callback names its attempt by.
KEYS = {"twitter": "oauth_token", "acme": "state", "corp": "state"}
PEOPLE = ("maralind", "junofox", "kestrel")
PASSWORD = "correct horse battery"

#: Who somebody is: the issuer, and the identifier there.
Identity = tuple[str, str]


class Clock:
    """The time, as the site and the stand-in have it: this machine's, and what was waited."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.waited = 0.0

    def __call__(self) -> float:
        return self._time() + self.waited


@dataclass
class Try:
    """A way to a provider and back, in one browser."""

    slug: str
    browser: int
    intent: str
    user: str | None
    url: str
    #: When it was begun, and under which key of the site's.
    began: tuple[float, int]
    #: The name of its cookie, and what was in it.
    cookie: tuple[str, str]
    callback: str = ""
    person: str = ""
    answered: float = 0
    #: How often the provider was asked for tokens for it.
    calls: int = 0

    @property
    def identity(self) -> Identity | None:
        return (providers[self.slug].issuer, self.person) if self.person else None


@dataclass
class Site:
    """What one example knows: ``users`` is who is logged in, by browser, ``owners`` whose each account is."""

    standin: StandIn
    clock: Clock
    browsers: list[Client] = field(default_factory=lambda: [Client() for _ in range(BROWSERS)])
    users: list[str | None] = field(default_factory=lambda: [None] * BROWSERS)
    owners: dict[Identity, str] = field(default_factory=dict)
    #: Who came back from a provider in each browser, by an attempt that was begun there.
    brought: list[set[Identity]] = field(default_factory=lambda: [set() for _ in range(BROWSERS)])
    #: The page of the site that each browser was sent to last.
    pages: list[str] = field(default_factory=lambda: ["/home/"] * BROWSERS)
    #: How often the key was changed for good.
    key: int = 0
    #: What was stored of each browser's session when it was last read.
    read: list[str] = field(default_factory=lambda: [""] * BROWSERS)

    def attempts(self, number: int) -> dict[str, str]:
        """Return the attempts that wait in a browser."""
        cookies = self.browsers[number].cookies
        return {name: each.value for name, each in cookies.items() if "attempt" in name and each.value}

    def user(self, number: int) -> str | None:
        """Return who is logged in, by what the session says."""
        request, browser = HttpRequest(), self.browsers[number]
        request.session = browser.session
        user = get_user(request)
        if request.session.modified:  # one of before the key was changed gets another name
            request.session.save()
            browser.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
        return str(user.pk) if user.is_authenticated else None

    def sessions(self) -> list[str]:
        """Return what is stored of each browser's session, unread."""
        keys = [browser.cookies.get(settings.SESSION_COOKIE_NAME) for browser in self.browsers]
        names = [each.value if each else "" for each in keys]
        stored = dict(Session.objects.filter(pk__in=names).values_list("pk", "session_data"))
        return [f"{name} {stored.get(name)}" for name in names]

    def asked(self) -> int:
        return len(self.standin.api_requests)

    def token_calls(self, slug: str) -> int:
        return len(self.standin.requests_to(TOKENS[slug]))

    def is_waiting(self, attempt: Try, number: int) -> bool:
        """Whether a browser has an attempt that is neither spent nor late."""
        name, value = attempt.cookie
        moment, key = attempt.began
        in_time = self.clock() - moment <= LIFETIME and key == self.key
        return in_time and not attempt.calls and self.attempts(number).get(name) == value

    def arrived(self, number: int, response: HttpResponse) -> HttpResponse:
        """Note where a browser was sent, and that it was no error of the site's."""
        assert response.status_code != 500, response.content.decode()
        if response.status_code == 302 and not urlsplit(response["Location"]).netloc:
            self.pages[number] = response["Location"]
        return response

    def judge(self, number: int, *, came: Identity | None = None, named: str | None = None, ends: bool = False) -> None:
        """Assert that a step in one browser changed what it may, and nothing else; and take over what it changed.

        :param came: who came back from a provider just now, by an attempt of this browser.
        :param named: the user who has just given their password here.
        :param ends: whether accounts may go that nobody proved, and sessions elsewhere with them.
        """
        owners = {(each.issuer, each.subject): str(each.user_id) for each in SocialAccount.objects.all()}
        new = owners.keys() - self.owners.keys()
        assert new <= self.brought[number], "an account of somebody who was not here"
        for identity, owner in self.owners.items():
            assert owners.get(identity, owner if not ends else None) in ({owner, None} if ends else {owner})
            assert identity in owners or ends, "an account went away"
        now = self._now(everywhere=ends)
        for each in range(BROWSERS):
            if each != number:
                assert now[each] == self.users[each] or (ends and now[each] is None), "somebody else's session"
        may_be = {self.users[number], None, named, *(owners[each] for each in new)}
        may_be |= {owners.get(came)} if came else set()
        assert now[number] in may_be, "logged in as somebody who was not here"
        self.users, self.owners = now, owners

    def _now(self, *, everywhere: bool) -> list[str | None]:
        """Return who is logged in in each browser; read anew where something is stored that was not there before."""
        before, self.read = self.read, self.sessions()
        same = [not everywhere and was == now for was, now in zip(before, self.read, strict=True)]
        found = [user if same[each] else self.user(each) for each, user in enumerate(self.users)]
        self.read = self.sessions() if not all(same) else self.read
        return found

    def forget(self) -> None:
        """Take it that the key is another, and the old one gone: nobody is logged in, and no attempt waits."""
        self.users, self.key = [None] * BROWSERS, self.key + 1
        assert [self.user(each) for each in range(BROWSERS)] == self.users

    def check(self) -> None:
        """Assert what must be true at any time."""
        assert all(len(self.attempts(number)) <= MOST_ATTEMPTS for number in range(BROWSERS))

    def check_rows(self) -> None:
        """Assert that nothing is left in the end but accounts, and what is known of their users' addresses."""
        assert SocialAccount.objects.count() == len(self.owners)
        assert not Kept.objects.exists()
        assert UserAddress.objects.count() <= User.objects.count()


def key_of(address: str, slug: str) -> str:
    return parse_qs(urlsplit(address).query)[KEYS[slug]][0]


@contextmanager
def clean_site(standin: StandIn, clock: Clock) -> Iterator[Site]:
    """Return a site as new, with two users who have passwords, one of them the address of somebody at the stand-in."""
    cache.clear()
    standin.reset()
    clock.waited = 0.0
    with transaction.atomic():
        User.objects.create_user("olga", "mara.lindqvist@example.com", PASSWORD)
        User.objects.create_user("piet", "", PASSWORD)
        yield Site(standin, clock)
        transaction.set_rollback(True)
