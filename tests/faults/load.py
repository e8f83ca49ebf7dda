"""People who use a site of real workers: some log in, others read a page, all at a steady pace.

::

    with Provider(BODIES, pause=0.05) as provider, served(provider) as site, Load(site) as load:
        ...
        load.logins    # what became of each, and when
"""

from __future__ import annotations

import http.client
import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests import caches, stores
from tests.faults.asking import Provider
from tests.fleets import PATIENCE, Fleet, fleet, site_on
from tests.roaming import HOST, Answer, Browser

#: Each with one request at a time.
WORKERS = 4
#: Per second, all people together.
LOGINS, PAGES = 20, 20
#: Those who log in, and those who read.
BROWSERS, READERS = 8, 4
#: A token for forms; with the cookie of the same name a browser's form is its own.
_CSRF = "f" * 32
#: So that every login has a code of its own, by which it is known at the provider.
_NUMBERS = itertools.count()


@contextmanager
def served(provider: Provider) -> Iterator[Fleet]:
    """Serve a site whose people come by ``provider``, its sessions and its cache being in Redis."""
    sessions = "django.contrib.sessions.backends.cache"
    with (
        stores.other_database("sqlite://") as database,
        caches.in_redis() as cache,
        fleet(site_on(database, cache, _socialreg(provider), SESSION_ENGINE=sessions), WORKERS) as site,
    ):
        assert read(site).status == 200  # who comes early queues, and that is no load
        yield site


def _socialreg(provider: Provider) -> dict[str, object]:
    acme = {
        "PROVIDER": "oauth2",
        "LABEL": "Acme",
        "CLIENT_ID": "the-id",
        "CLIENT_SECRET": "the-s3cret",
        "ISSUER": "https://acme.example",
        "AUTHORIZE_URL": f"{provider.base}/authorize",
        "TOKEN_URL": f"{provider.base}/token",
        "PROFILE_URL": f"{provider.base}/profile",
        "PROFILE_MAP": {"uid": "id", "full_name": "name"},
    }
    return {
        "BASE_URL": f"http://{HOST}",
        "PROVIDERS": {"acme": acme},
        "PRIVATE_HOSTS": [provider.netloc],
        "WORKERS": WORKERS,
        "RATE_LIMITS": {"callback": {"account": None}},  # one person alone comes here
        "EVENTS": "off",
    }


@dataclass(frozen=True)
class Visit:
    """What somebody got last, and when: ``began`` by :func:`time.monotonic`, and the seconds that it took.

    ``code`` is what they came back with, ``""`` if they did not get as far.
    """

    answer: Answer
    began: float
    seconds: float
    code: str = ""

    @classmethod
    def of(cls, ask: Callable[[], Answer], code: str = "") -> Visit:
        """Ask for something, and look at the clock."""
        began = time.monotonic()
        answer = ask()
        return cls(answer, began, time.monotonic() - began, code)

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def retry_after(self) -> str | None:
        return self.answer.headers.get("Retry-After")

    @property
    def is_refusal(self) -> bool:
        """Whether it is our page for a provider that is left alone."""
        title = "<h1>Acme is not available just now</h1>"
        return self.status == 503 and self.retry_after is not None and title in self.answer.page

    @property
    def ended(self) -> float:
        return self.began + self.seconds


def log_in(site: Fleet) -> Visit:
    """Press the button and come back; return the last answer."""
    browser = Browser()
    browser.cookies["csrftoken"] = _CSRF
    visit = Visit.of(lambda: browser.post(site, "/accounts/acme/start/", {"csrfmiddlewaretoken": _CSRF}))
    if visit.status != 302:
        return visit
    state = parse_qs(urlsplit(visit.answer.location).query)["state"][0]
    code = f"code-{next(_NUMBERS)}"
    return Visit.of(lambda: browser.get(site, f"/accounts/acme/callback/?state={state}&code={code}"), code)


def read(site: Fleet) -> Visit:
    """Open the home page."""
    return Visit.of(lambda: Browser().get(site, "/home/"))


@dataclass
class Load:
    """People at a steady pace, from ``with`` to the end of it."""

    site: Fleet
    logins: list[Visit] = field(default_factory=list)
    pages: list[Visit] = field(default_factory=list)
    #: Requests that got no answer at all.
    errors: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._threads = [
            *self._pace(BROWSERS, LOGINS, lambda: self.logins.append(log_in(self.site))),
            *self._pace(READERS, PAGES, lambda: self.pages.append(read(self.site))),
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _pace(self, people: int, each_second: int, act: Callable[[], None]) -> list[threading.Thread]:
        turns, begin = itertools.count(), time.monotonic()

        def go_on() -> None:
            for turn in turns:
                # Who is late, because everybody waits, comes at once.
                if self._ended.wait(max(0.0, begin + turn / each_second - time.monotonic())):
                    return
                try:
                    act()
                except (OSError, http.client.HTTPException) as error:
                    self.errors.append(repr(error))

        threads = [threading.Thread(target=go_on, daemon=True) for _ in range(people)]
        for thread in threads:
            thread.start()
        return threads

    def wait(self, seconds: float) -> tuple[float, float]:
        """Let some time pass; return its beginning and its end."""
        began = time.monotonic()
        self._ended.wait(seconds)
        return began, time.monotonic()


def p95(visits: list[Visit]) -> float:
    """Return the seconds in which 95 of 100 were answered."""
    return sorted(each.seconds for each in visits)[int(len(visits) * 0.95)]


def codes(provider: Provider) -> set[str]:
    """Return the codes that have reached a provider."""
    return {found[1].decode() for each in provider.requests if (found := re.search(rb"\bcode=([\w-]+)", each))}


def worked(site: Fleet) -> float:
    """Return the seconds for which the workers have had a processor."""
    after_names = [Path(f"/proc/{each}/stat").read_text("ascii").rpartition(")")[2] for each in site.workers()]
    ticks = [int(tick) for each in after_names for tick in each.split()[11:13]]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def said(site: Fleet, pattern: str) -> list[str]:
    """Return the lines of the log that match."""
    return [line for line in site.log().splitlines() if re.search(pattern, line)]
