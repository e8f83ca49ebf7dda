"""F05 and F06: whoever comes first comes in several processes at once, and the database says who was first.

Every worker of a real gunicorn takes one request at a time, and the provider keeps its last answer back until all of
them have asked for it: so as many processes as there are visitors have looked for the account, and found none. By
OAuth 1.0a on every database, F05 on PostgreSQL with all rounds; by OAuth 2.0 and OpenID Connect, which share what comes
after, on PostgreSQL with few. At night each protocol on each database (:mod:`tests.effort`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from socialreg.models import SocialAccount
from socialreg.testing.people import Person
from tests import caches, stores
from tests.effort import either
from tests.fleets import Fleet, fleet, site_on
from tests.gates import NAMING, TOKEN, Gate
from tests.project import forms_of
from tests.roaming import REGISTER, Answer, Browser

pytestmark = pytest.mark.slow

T = TypeVar("T")

VISITORS = 8
#: The last call before anything is written, by one provider of each protocol, and GitLab. (Google's keys are kept.)
#: By X and Google it says who somebody is: there the account is looked for right after it, by all of them at once.
LAST = {"twitter": "/2/users/me", "x": "/x/profile", "google": "/google/token", NAMING: "/gitlab/userinfo"}
#: By OAuth 1.0a. PostgreSQL is what sites run that have so many visitors.
ROUNDS = {"postgresql": 100, "mysql": either(5, at_night=25), "sqlite": either(5, at_night=25)}
#: By OAuth 2.0 and OpenID Connect, and with forms.
FEW = either(3, at_night=10)


@pytest.fixture
def serve(database, gate, tmp_path) -> Callable[..., Any]:
    """Return what serves the site with one worker for each of so many visitors."""

    def with_workers(workers: int, **changes: object) -> Any:
        # Among so many that all who come here may wait for the provider.
        socialreg = {**gate.play_all(), "WORKERS": 4 * workers, **changes}
        return fleet(site_on(database, caches.in_files(tmp_path), socialreg), workers)

    return with_workers


def at_once(acts: list[Callable[[], T]]) -> list[T]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


@dataclass(frozen=True)
class Place:
    """Where people come: a site, and the provider from which they come back."""

    site: Fleet
    gate: Gate
    slug: str

    def come(self, browser: Browser, person: Person, **data: str) -> Answer:
        """Press the button, consent, come back."""
        address = browser.start(self.site, self.slug, **data)
        return browser.get(self.site, self.gate.approve(address, person.screen_name))

    def shown_form(self, browser: Browser, person: Person) -> dict[str, str]:
        """Come back from the provider; return the fields of the form that is shown."""
        assert self.come(browser, person).location == REGISTER
        (form,) = [form for form in forms_of(browser.get(self.site, REGISTER).page) if "username" in form.fields]
        return form.fields


def user_of(browser: Browser) -> int:
    """Return the key of who is logged in, by what the session in the database says."""
    return int(SessionStore(browser.cookies["sessionid"])[SESSION_KEY])


# Google tells no user name: who comes from there fills a form in.
@stores.on_with("slug", "twitter", "x", NAMING)
def test_f05_of_eight_simultaneous_first_callbacks_one_registers_and_all_are_logged_in(database, gate, serve, slug):
    people = gate.crowd(rounds := ROUNDS[database.vendor] if slug == "twitter" else FEW)
    browsers = [Browser() for _ in range(VISITORS)]
    gate.hold(LAST[slug], VISITORS)
    with serve(VISITORS, ASK_FOR="missing") as site:
        place = Place(site, gate, slug)
        for person in people:
            came = at_once([partial(place.come, browser, person) for browser in browsers])
            assert [(each.status, each.location) for each in came] == [(302, "/home/")] * VISITORS, site.log()
            assert {user_of(browser) for browser in browsers} == {User.objects.get(username=person.screen_name).pk}
            for browser in browsers:
                browser.forget("sessionid")
        assert site.complaints() == []
    assert User.objects.count() == SocialAccount.objects.count() == rounds
    assert len(gate.requests_to(LAST[slug])) == rounds * VISITORS


@stores.on_with("slug", *TOKEN)
def test_f05_of_eight_forms_of_one_person_sent_at_once_one_registers_and_all_are_logged_in(database, gate, serve, slug):
    """Eight tabs, each with another name and address: nothing but the identity says that they are one person."""
    people = gate.crowd(rounds := FEW)
    with serve(VISITORS) as site:
        place = Place(site, gate, slug)
        for person in people:
            browsers = [Browser() for _ in range(VISITORS)]
            forms = at_once([partial(place.shown_form, browser, person) for browser in browsers])
            told = [{"username": f"{person.screen_name}-{each}", "email": f"{each}{person.email}"} for each in range(8)]
            ways = zip(browsers, forms, told, strict=True)
            came = at_once([partial(browser.post, site, REGISTER, {**form, **each}) for browser, form, each in ways])
            assert [(each.status, each.location) for each in came] == [(302, "/home/")] * VISITORS, site.log()
            assert {user_of(browser) for browser in browsers} == {SocialAccount.objects.get(subject=person.id).user_id}
        assert site.complaints() == []
    assert User.objects.count() == SocialAccount.objects.count() == rounds


def logged_in(site: Fleet, user: User) -> Browser:
    """Return the browser of somebody who logged in with their password."""
    browser = Browser()
    (form,) = forms_of(browser.get(site, "/login/").page)
    answer = browser.post(site, "/login/", {**form.fields, "username": user.username, "password": "secret"})
    assert answer.status == 302, answer
    return browser


@stores.on_with("slug", *LAST)
def test_f06_of_two_users_who_connect_one_account_at_once_one_gets_it(database, gate, serve, slug):
    people = gate.crowd(rounds := either(10 if slug == "twitter" else FEW, at_night=25))
    gate.hold(LAST[slug], 2)
    with serve(2) as site:
        place = Place(site, gate, slug)
        for person in people:
            users = [User.objects.create_user(f"{person.screen_name}-{each}", password="secret") for each in "ab"]
            acts = [partial(place.come, logged_in(site, user), person, intent="connect") for user in users]
            came = dict(zip(users, at_once(acts), strict=True))
            winner, loser = sorted(users, key=lambda user: came[user].status)
            won, lost = came[winner], came[loser]
            assert (won.status, won.location) == (302, "/accounts/connections/"), site.log()
            assert lost.status == 403
            assert "Already in use" in lost.page
            assert not any(user.username in lost.page for user in users)
            assert SocialAccount.objects.get(subject=person.id).user == winner, "who was told so has it"
        assert site.complaints() == []
    assert SocialAccount.objects.count() == rounds
