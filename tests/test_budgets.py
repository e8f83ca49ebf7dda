"""What a login costs, counted and never timed.

Every statement that the site sends to its database is counted, the session's and the user's too: sessions are in the
database here. BEGIN, SAVEPOINT and their like are transaction control, look nothing up, and are counted apart, with a
bound of their own. (COMMIT goes past Django's cursors; there is one for every BEGIN.)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import User
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from socialreg.models import SocialAccount
from tests.statements import Statements, recorded

#: Not inside a transaction of the test's: the site's own ones are to be seen as they are.
pytestmark = pytest.mark.django_db(transaction=True)

MARA = {"username": "maralind", "email": "mara.lindqvist@example.com", "first_name": "Mara", "last_name": "Lindqvist"}
RETURNING = ["/oauth/request_token", "/oauth/access_token"]
NEW = [*RETURNING, "/2/users/me"]


class RecordingCache(LocMemCache):
    """A cache that writes down what is asked of it."""

    calls: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if name in {"add", "get", "set", "touch", "delete", "set_many", "incr", "has_key", "clear"}:
            RecordingCache.calls.append(name)
        return super().__getattribute__(name)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """Answer one question, as caches do that are asked over a network."""
        RecordingCache.calls.append("get_many")
        found = {key: LocMemCache.get(self, key, version=version) for key in keys}
        return {key: value for key, value in found.items() if value is not None}


#: What calls to a provider ask of the cache, however many they are: how the provider is, for a place among the workers
#: that may wait for it; and they give the place back. See :mod:`socialreg.circuits`.
CALL_OUT = ["get_many", "add", "delete"]
#: How often somebody did something of late, who is logged in or has been told apart: the first time, and later.
FIRST, LATER = ["add"], ["add", "incr"]


def in_cache() -> set[str]:
    return set(caches["default"]._cache)


@pytest.fixture
def cache_calls(settings) -> list[str]:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.RecordingCache"}}
    RecordingCache.calls.clear()
    return RecordingCache.calls


@pytest.fixture
def known(browser):
    """A visitor who has registered and whose browser was thrown away since; all that is lazy is made."""
    browser.client.get(browser.approve("maralind"))
    response = browser.client.post(reverse("socialreg:register"), MARA)
    assert response.status_code == 302, response.content.decode()
    browser.client.cookies.clear()
    browser.x.requests.clear()
    return browser


def spent(statements: Statements, most: int, control: int = 0) -> None:
    """Assert a budget; what was spent stands in the message."""
    assert len(statements.queries) <= most, "\n".join(sql for sql, _ in statements.queries)
    assert len(statements.control) <= control, [sql for sql, _ in statements.control]


def paths(browser) -> list[str]:
    return [record.path for record in browser.x.api_requests]


def test_a_start_makes_no_query(browser):
    with recorded(connection) as statements:
        assert browser.start().status_code == 302
    spent(statements, 0)


def test_a_returning_visitors_callback_makes_six_queries_at_most(known):
    callback = known.approve("maralind")
    with recorded(connection) as statements:
        assert known.client.get(callback)["Location"] == "/home/"
    spent(statements, 6, control=2)
    assert known.user().username == "maralind"


def test_a_returning_visitor_whose_profile_is_stale_costs_no_query_more(known):
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25))
    callback = known.approve("maralind")
    with recorded(connection) as statements:
        assert known.client.get(callback)["Location"] == "/home/"
    spent(statements, 6, control=2)


def test_a_new_visitors_callback_makes_four_queries_at_most(browser):
    callback = browser.approve("maralind")
    with recorded(connection) as statements:
        assert browser.client.get(callback)["Location"] == reverse("socialreg:register")
    spent(statements, 4, control=2)


def test_a_new_visitor_with_a_session_of_before_pays_for_its_new_key_and_no_more(browser):
    """Four for the way, and four for a session key that nobody can have planted: see decision 9."""
    session = browser.client.session
    session["cart"] = [1]
    session.save()
    browser.client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    callback = browser.approve("maralind")
    with recorded(connection) as statements:
        assert browser.client.get(callback)["Location"] == reverse("socialreg:register")
    spent(statements, 8, control=4)
    assert browser.client.session["cart"] == [1]


def test_asking_only_for_what_is_missing_costs_two_queries_more_where_an_answer_is_refused(browser, site):
    """The form judges the profile there, user name and address in one; and whoever has the name may be the visitor."""
    User.objects.create(username=MARA["username"])
    site(ASK_FOR="missing")
    callback = browser.approve("maralind")
    with recorded(connection) as statements:
        assert browser.client.get(callback)["Location"] == reverse("socialreg:register")
    spent(statements, 6, control=2)


def test_the_registration_form_makes_four_queries_at_most(browser):
    browser.log_in("maralind")
    with recorded(connection) as statements:
        assert browser.client.get(reverse("socialreg:register")).status_code == 200
    spent(statements, 4)


def test_the_form_makes_no_query_more_when_the_user_name_and_its_neighbours_are_taken(browser):
    User.objects.bulk_create(User(username=f"maralind{number}") for number in ("", *range(2, 12)))
    browser.log_in("maralind")
    with recorded(connection) as statements:
        page = browser.client.get(reverse("socialreg:register"))
    spent(statements, 4)
    suggested = page.context["form"].initial["username"]
    assert suggested.startswith("maralind")
    assert not User.objects.filter(username=suggested).exists()


def test_submitting_the_form_makes_ten_queries_at_most(browser):
    browser.log_in("maralind")
    with recorded(connection) as statements:
        assert browser.client.post(reverse("socialreg:register"), MARA)["Location"] == "/home/"
    spent(statements, 10, control=3)
    assert browser.user().username == "maralind"


def test_a_returning_visitor_causes_two_provider_requests(known):
    known.log_in("maralind")
    assert paths(known) == RETURNING


def test_a_new_visitor_causes_three_provider_requests(browser):
    browser.log_in("maralind")
    browser.client.get(reverse("socialreg:register"))
    browser.client.post(reverse("socialreg:register"), MARA)
    assert paths(browser) == NEW


def test_a_returning_visitor_whose_profile_is_stale_causes_three_provider_requests(known):
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25))
    known.log_in("maralind")
    assert paths(known) == NEW


def test_once_warm_no_login_opens_a_connection(known):
    before = known.x.connections
    for screen_name in ("maralind", "kestrel", "maralind"):
        known.client.cookies.clear()
        known.log_in(screen_name)
    assert known.x.connections == before
    assert len(known.x.api_requests) == 7


def test_all_logins_together_opened_one_connection(browser):
    before = browser.x.connections
    browser.log_in("maralind")
    browser.log_in("kestrel")
    assert browser.x.connections == before + 1


def test_a_start_leaves_nothing_in_any_store(known, cache_calls):
    before = in_cache()
    response = known.start()
    assert response.status_code == 302
    assert cache_calls == CALL_OUT
    assert in_cache() == before
    assert not response.wsgi_request.session.modified
    assert not response.wsgi_request.session.accessed or not response.wsgi_request.session.session_key
    assert [name for name in response.cookies if "attempt" not in name] == []


def test_a_start_of_somebody_with_a_session_reads_it_once_and_leaves_nothing(known, cache_calls):
    session = known.client.session
    session["basket"] = [1]
    session.save()
    known.client.cookies["sessionid"] = session.session_key
    before = in_cache()
    with recorded(connection) as statements:
        response = known.start()
    spent(statements, 1)
    assert reads_only(statements)
    assert cache_calls == CALL_OUT
    assert in_cache() == before
    assert not response.wsgi_request.session.modified


@pytest.mark.parametrize("intent", ["login", "connect"])
def test_a_start_of_a_user_reads_session_and_user_and_leaves_a_count_of_it(known, cache_calls, intent):
    known.client.force_login(User.objects.get())
    before = in_cache()
    with recorded(connection) as statements:
        response = known.start(intent=intent)
    assert response.status_code == 302
    spent(statements, 2)
    assert reads_only(statements)
    assert cache_calls == FIRST + CALL_OUT
    assert len(in_cache() - before) == 1
    assert not response.wsgi_request.session.modified


def reads_only(statements: Statements) -> bool:
    return all(sql.startswith("SELECT") for sql, _ in statements.queries)


def test_a_callback_asks_the_cache_for_a_claim_a_place_and_a_count(known, cache_calls):
    """A claim, which is what makes of two callbacks at once one; and how often this account came of late."""
    callback = known.approve("maralind")
    cache_calls.clear()
    known.client.get(callback)
    circuit, place, back = CALL_OUT[:1], CALL_OUT[1:2], CALL_OUT[2:]
    assert cache_calls == ["add", *circuit, *place, *LATER, *back]


@pytest.mark.parametrize("tag", ['login_button "twitter"', "login_buttons", 'connect_button "twitter"'])
@pytest.mark.parametrize("logged_in", [False, True])
def test_buttons_make_no_query(known, tag, logged_in):
    """Neither for nobody nor for a user whose session is not loaded yet: rendering does not even look."""
    client = Client()
    if logged_in:
        client.force_login(User.objects.get())
    page = engines["django"].from_string("{% load socialreg %}{% " + tag + " %}")
    request = RequestFactory().get("/")
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    SessionMiddleware(lambda _: None).process_request(request)
    AuthenticationMiddleware(lambda _: None).process_request(request)
    with recorded(connection) as statements:
        html = page.render({}, request)
    assert 'method="post"' in html
    spent(statements, 0)
