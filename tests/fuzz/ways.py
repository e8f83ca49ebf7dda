"""The two ways that are walked in every example: from a button to the provider, and from there back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from hypothesis.stateful import RuleBasedStateMachine, multiple

from tests.fuzz.visits import Site, Try

#: Seconds for which a code is good everywhere.
PATIENCE = 20


class Ways(RuleBasedStateMachine):
    """One example: a site as new, which ``opened`` gives and takes away again."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Site]]) -> None:
        super().__init__()
        self._ends = ExitStack()
        self.site = self._ends.enter_context(opened())
        self.key = settings.SECRET_KEY

    def teardown(self) -> None:
        with self._ends:
            self.site.check_rows()

    def departed(self, number: int, slug: str, intent: str, path: str, data: dict[str, str]) -> Any:
        """Press a button; assert that nothing is written, and return the attempt that waits now, if one does."""
        site, before, rows = self.site, self.site.attempts(number), User.objects.count()
        response = site.arrived(number, site.browsers[number].post(path, data))
        site.judge(number)
        assert User.objects.count() == rows
        url = response.get("Location", "")
        if not urlsplit(url).netloc:
            return multiple()
        (cookie,) = set(site.attempts(number).items()) - set(before.items())
        return Try(slug, number, intent, site.users[number], url, (site.clock(), site.key), cookie)

    def returned(self, attempt: Try, number: int, address: str, *, is_own: bool = True) -> HttpResponse:
        """Open a callback; assert that the provider is asked once for an attempt that waits here, else not at all."""
        site, slug = self.site, attempt.slug
        waits = number == attempt.browser and site.is_waiting(attempt, number)
        asked, calls, before = site.asked(), site.token_calls(slug), site.users[number]
        response = site.arrived(number, site.browsers[number].get(address))
        if response.status_code != 429:
            assert site.token_calls(slug) - calls == (1 if waits and attempt.person else 0)
        if waits and is_own and site.clock() - attempt.answered < PATIENCE:
            assert response.status_code in ({302, 403, 429} if attempt.person else {200, 429})
        attempt.calls += site.token_calls(slug) - calls
        assert waits or site.asked() == asked
        came = attempt.identity if waits and is_own else None
        if came and response.status_code < 400:
            site.brought[number].add(came)
        site.judge(number, came=came)
        assert before is None or site.users[number] in {before, None}, "a login has switched users"
        if attempt.intent == "connect" and came and response.status_code < 400:
            assert site.owners[came] == attempt.user == site.users[number]
        return response
