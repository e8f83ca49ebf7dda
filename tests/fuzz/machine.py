"""What visitors do, in any order: begin, consent, come back, and again, change browsers and users, wait, forget."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import reverse
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, multiple, precondition, rule

from tests.fuzz.visits import BROWSERS, PASSWORD, PEOPLE, TOKENS, Try, key_of
from tests.fuzz.ways import Ways
from tests.test_way import shown

#: The first browser most of all: what is scattered over all of them never meets.
numbers = st.sampled_from([number for number in range(BROWSERS) for _ in range(BROWSERS - number)])
names = st.sampled_from(PEOPLE)
users = st.sampled_from(("olga", "piet"))
intents = st.sampled_from(("login", "connect"))
slugs = st.sampled_from(sorted(TOKENS))


class Visits(Ways):
    """What a step can be. Every rule may be tried at any time."""

    #: Attempts whose visitors are at the provider; who can come back; and who did.
    begun: Bundle = Bundle("begun")
    ready: Bundle = Bundle("ready")
    spent: Bundle = Bundle("spent")

    # -- to the provider

    @rule(target=begun, number=numbers, slug=slugs, intent=intents)
    def begins(self, number: int, slug: str, intent: str) -> Any:
        data = {"intent": intent, "next": f"/home/?from={slug}"}
        return self.departed(number, slug, intent, reverse("socialreg:start", args=[slug]), data)

    @rule(target=begun, number=numbers, slug=slugs)
    def proves_by_another_account(self, number: int, slug: str) -> Any:
        path = reverse("socialreg:prove")
        here = self.site.pages[number] == path
        return self.departed(number, slug, "login", path, {"prove_by": slug}) if here else multiple()

    @rule(target=ready, attempt=consumes(begun), name=st.one_of(names, names, st.none()))
    def answers_there(self, attempt: Try, name: str | None) -> Try:
        """Consent as somebody, or cancel."""
        people = self.site.standin.people
        attempt.callback = self.site.standin.approve(attempt.url, name) if name else self.site.standin.deny(attempt.url)
        attempt.person, attempt.answered = people[name].id if name else "", self.site.clock()
        return attempt

    @rule(target=ready, number=numbers, slug=slugs, intent=intents, name=names)
    def begins_and_answers(self, number: int, slug: str, intent: str, name: str) -> Any:
        attempt = self.begins(number, slug, intent)
        return self.answers_there(attempt, name) if isinstance(attempt, Try) else attempt

    # -- and back

    @rule(target=spent, attempt=consumes(ready))
    def comes_back(self, attempt: Try) -> Try:
        self.returned(attempt, attempt.browser, attempt.callback)
        return attempt

    @rule(target=spent, attempt=consumes(ready), name=users)
    def comes_back_after_somebody_else(self, attempt: Try, name: str) -> Try:
        """Begun as one user, or as nobody, and another one sits there now."""
        self.logs_in_by_password(attempt.browser, name)
        return self.comes_back(attempt)

    @rule(target=spent, number=numbers, slug=slugs, intent=intents, name=names)
    def goes_the_whole_way(self, number: int, slug: str, intent: str, name: str) -> Any:
        attempt = self.begins_and_answers(number, slug, intent, name)
        if isinstance(attempt, Try):
            self.comes_back(attempt)
            self.goes_on(number)
        return attempt

    @rule(attempt=spent, number=numbers, with_cookie=st.booleans())
    def is_replayed(self, attempt: Try, number: int, with_cookie: bool) -> None:
        """By a reload, or by the thief of a cookie, to whom a spent one is good for nothing."""
        if with_cookie and attempt.calls:
            self.site.browsers[number].cookies[attempt.cookie[0]] = attempt.cookie[1]
        self.returned(attempt, number, attempt.callback)

    @rule(attempt=ready, number=numbers)
    def is_opened_elsewhere(self, attempt: Try, number: int) -> None:
        """The link of somebody else, in a mail."""
        if number != attempt.browser:
            self.returned(attempt, number, attempt.callback)

    @rule(attempt=ready, slug=slugs)
    def is_brought_to_another_provider(self, attempt: Try, slug: str) -> None:
        if slug != attempt.slug:
            address = attempt.callback.replace(f"/{attempt.slug}/", f"/{slug}/")
            asked = self.site.asked()
            self.site.arrived(attempt.browser, self.site.browsers[attempt.browser].get(address))
            assert self.site.asked() == asked
            self.site.judge(attempt.browser)

    @rule(target=ready, attempt=ready, number=numbers, name=names)
    def brings_what_another_attempt_was_given(self, attempt: Try, number: int, name: str) -> Any:
        """One's own state, and the code that somebody just got: injected, as RFC 9700 section 4.5 calls it."""
        other = self.begins_and_answers(number, attempt.slug, "login", name)
        if isinstance(other, Try) and attempt.person:
            ours, theirs = (quote_plus(key_of(each.callback, each.slug)) for each in (attempt, other))
            self.returned(attempt, attempt.browser, other.callback.replace(theirs, ours), is_own=False)
        return other

    # -- on the site

    @rule(number=numbers)
    def goes_on(self, number: int) -> None:
        """Open the page that the browser was sent to, and press its first button: register, prove, link, confirm."""
        site, browser, path = self.site, self.site.browsers[number], self.site.pages[number]
        if not path.startswith(reverse("socialreg:login")):
            return
        page = site.arrived(number, browser.get(path))
        site.judge(number)
        if page.status_code == 200 and "socialreg_whose" in (fields := shown(page.content.decode())):
            site.arrived(number, browser.post(path, fields))
            site.judge(number, ends=path.startswith(reverse("socialreg:link")))

    @rule(number=numbers, name=users)
    def logs_in_by_password(self, number: int, name: str) -> None:
        """On the page that asks for it, if the browser was sent there."""
        page = self.site.pages[number] if self.site.pages[number].startswith("/login/") else "/login/"
        data = {"username": name, "password": PASSWORD, **dict(parse_qsl(urlsplit(page).query))}
        self.site.arrived(number, self.site.browsers[number].post("/login/", data))
        self.site.judge(number, named=str(User.objects.get(username=name).pk))

    @rule(number=numbers, what=st.sampled_from(("logs out", "loses attempts", "loses all")))
    def forgets(self, number: int, what: str) -> None:
        browser = self.site.browsers[number]
        if what == "logs out":
            browser.session.flush()
        for name in {"logs out": [], "loses attempts": self.site.attempts(number)}.get(what, [*browser.cookies]):
            del browser.cookies[name]
        self.site.judge(number)
        assert self.site.users[number] is None or what == "loses attempts"

    # -- and time goes by

    @rule(seconds=st.sampled_from((5, 301, 602, 1900)))
    def waits(self, seconds: int) -> None:
        self.site.clock.waited += seconds

    @precondition(lambda self: not settings.SECRET_KEY_FALLBACKS and not self.site.key)
    @rule(keeps_the_old_one=st.booleans())
    def the_key_is_changed(self, keeps_the_old_one: bool) -> None:
        """With the old one as a fallback, nobody notices; without, all is lost and nothing is taken for anything."""
        fallbacks = [self.key] if keeps_the_old_one else []
        keys = override_settings(SECRET_KEY=secrets.token_urlsafe(40), SECRET_KEY_FALLBACKS=fallbacks)
        self._ends.enter_context(keys)
        if not keeps_the_old_one:
            self.site.forget()

    @invariant()
    def all_is_well(self) -> None:
        self.site.check()
