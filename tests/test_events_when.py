"""When an event is written down: after the answer, before it, never; and that whatever fails there keeps nobody out.

Statements are counted before and after the body of an answer is given out, as a web server gives it out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections, connection, connections, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path, reverse

from socialreg import events
from socialreg.background import background
from socialreg.floods import Flood
from socialreg.models import SocialAccount
from socialreg.pages import page
from socialreg.sign_in_events import Event, SignInEvent
from socialreg.signals import connected
from tests import urls
from tests.statements import Statements, recorded
from tests.test_way import register

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

TABLE = "socialreg_signinevent"


@page
def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """Note something, then answer piece by piece; each piece says how many events are written down."""
    events.note(Event("login", "twitter"))
    return StreamingHttpResponse(str(SignInEvent.objects.count()) for _ in range(2))


urlpatterns = [path("streamed/", streamed), *urls.urlpatterns]


def replaced(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware of a site's that gives other answers than it was given."""
    return lambda request: HttpResponse(get_response(request).content, status=200)


@pytest.fixture(autouse=True)
def _new_minute(monkeypatch):
    monkeypatch.setattr(events, "_failures", Flood())


@pytest.fixture
def known(browser, site):
    """Somebody who has registered, in a new browser; what comes is written down after the answer."""
    register(browser)
    background.drain()
    browser.client = Client()
    site(EVENTS="afterwards")
    return browser


def served(client: Client, address: str) -> Any:
    """Let a web server ask the site; return the answer, of which nothing has been given out yet."""
    factory = RequestFactory()
    factory.cookies = client.cookies
    statuses: list[str] = []
    request_started.disconnect(close_old_connections)  # to open one anew is a statement on some databases
    try:
        answer = WSGIHandler()(factory.get(address).environ, lambda status, *_: statuses.append(status))
    finally:
        request_started.connect(close_old_connections)
    assert statuses[0].startswith("302"), statuses
    return answer


def inserts(statements: Statements) -> list[str]:
    return [sql for sql, _ in statements.queries if sql.startswith("INSERT") and TABLE in sql]


@contextmanager
def failing() -> Iterator[None]:
    """Let the database refuse all statements about events, in words that nobody shall repeat."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if TABLE in sql:
            raise OperationalError("planted-4711")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


# When ----------------------------------------------------------------------------------------------------------------


def test_a_returning_login_makes_six_statements_and_one_more_when_the_answer_is_out(known):
    callback = known.approve("maralind")
    with recorded(connection) as statements:
        answer = served(known.client, callback)
        assert len(statements.queries) == 6
        assert b"".join(answer) == b""
        assert len(statements.queries) == 6
        answer.close()
    assert len(statements.queries) == 7
    assert inserts(statements) == [statements.queries[-1][0]]


def test_at_once_it_is_the_seventh_before_the_answer(known, site):
    site(EVENTS="at-once")
    callback = known.approve("maralind")
    with recorded(connection) as statements:
        answer = served(known.client, callback)
        assert len(statements.queries) == 7
        assert len(inserts(statements)) == 1
        answer.close()
    assert len(statements.queries) == 7


def test_switched_off_there_are_six_and_no_more(known, site):
    site(EVENTS="off")
    callback = known.approve("maralind")
    with recorded(connection) as statements:
        served(known.client, callback).close()
    assert len(statements.queries) == 6


@pytest.mark.parametrize("when", ["afterwards", "at-once"])
def test_all_that_one_page_does_is_one_insert(known, site, when):
    """A form that is filled in from an account that is kept: two events."""
    known.client.force_login(User.objects.get())
    site(EVENTS=when)
    callback = known.approve("kestrel", intent="prefill", keep="1", next="/home/")
    with recorded(connection) as statements:
        known.client.get(callback)
    assert sorted(row.event for row in SignInEvent.objects.all()) == ["connect", "prefill"]
    assert len(inserts(statements)) == 1


def test_a_page_on_which_nothing_happens_writes_nothing(known):
    with recorded(connection) as statements:
        assert known.client.get(reverse("socialreg:login")).status_code == 200
        assert known.start().status_code == 302
    assert not inserts(statements)


def test_an_answer_that_streams_is_given_out_first(site):
    site(EVENTS="afterwards")
    response = Client().get("/streamed/")
    assert b"".join(response.streaming_content) == b"00"
    assert SignInEvent.objects.count() == 1


def test_what_django_closes_with_a_request_is_closed_all_the_same(rf, site):
    site(EVENTS="afterwards")
    request = rf.post("/", {"picture": SimpleUploadedFile("me.png", b"...")})
    picture = request.FILES["picture"]
    with events.noting(request):
        events.note(Event("login", "twitter"))
    request.close()
    assert SignInEvent.objects.count() == 1
    assert picture.closed
    request.close()
    assert SignInEvent.objects.count() == 1


def test_an_answer_that_a_sites_middleware_puts_another_in_the_place_of_is_told_all_the_same(known, settings):
    settings.MIDDLEWARE = [f"{__name__}.replaced", *settings.MIDDLEWARE]
    assert known.client.get("/accounts/nobody/callback/").status_code == 200
    assert SignInEvent.objects.get().code == "unknown-provider"


@pytest.mark.parametrize("when", ["afterwards", "at-once"])
def test_a_page_that_ends_in_an_error_of_the_sites_own_tells_what_had_happened(browser, site, when):
    """Registered, and then a receiver of Django's own signal fails: the account is there, and so is the event."""
    site(EVENTS=when)

    def fail(**_: object) -> None:
        raise ZeroDivisionError

    browser.client.raise_request_exception = False
    user_logged_in.connect(fail)
    try:
        assert register(browser).status_code == 500
    finally:
        user_logged_in.disconnect(fail)
    assert SocialAccount.objects.exists()
    assert SignInEvent.objects.get().event == "register"


@pytest.mark.parametrize("when", ["afterwards", "at-once"])
def test_under_atomic_requests_it_is_the_same(known, site, monkeypatch, when):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    site(EVENTS=when)
    assert known.log_in("maralind")["Location"] == "/home/"
    start = reverse("socialreg:api-start", args=["nobody"])
    assert known.client.post(start, {}).status_code == 404
    assert known.client.get(reverse("socialreg:confirm-email", args=["bad"])).status_code == 400
    found = list(SignInEvent.objects.order_by("pk").values_list("event", "code"))
    assert found == [("login", "ok"), ("failure", "unknown-provider"), ("failure", "address-link")]


# What fails ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["afterwards", "at-once"])
@pytest.mark.parametrize("atomic", [False, True])
def test_a_database_that_does_not_take_it_keeps_nobody_out(known, site, caplog, monkeypatch, when, atomic):
    """And the log says so, without the words of the database, which may hold the statement."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    site(EVENTS=when)
    with failing():
        assert known.log_in("maralind")["Location"] == "/home/"
    assert known.user() == User.objects.get()
    assert not SignInEvent.objects.exists()
    told = [record for record in caplog.records if record.name == "socialreg.events"]
    assert [(each.levelname, "not written down: OperationalError" in each.getMessage()) for each in told] == [
        ("ERROR", True)
    ]
    assert "planted-4711" not in caplog.text


def test_an_error_page_is_given_out_though_its_event_is_not_taken(known, site):
    site(EVENTS="at-once")
    with failing():
        response = known.client.get("/accounts/twitter/callback/?oauth_token=x")
    assert response.status_code == 400
    assert b"reference" in response.content


def test_a_transaction_around_it_survives_an_insert_that_fails(site):
    """As in a test case of Django's, or a view of a site's own that makes calls in a transaction."""
    site(EVENTS="at-once")
    with transaction.atomic(), failing():
        events.note(Event("lost", "twitter"))
        User.objects.create_user("still_there")
    assert User.objects.get().username == "still_there"


@pytest.mark.parametrize("when", ["afterwards", "at-once"])
def test_a_function_of_the_sites_that_fails_keeps_nobody_out(known, site, caplog, when):
    """The one that says where a request comes from; it is asked for the limits first."""
    callback = known.approve("maralind")
    asked: list[HttpRequest] = []

    def fails_later(request: HttpRequest) -> str:
        asked.append(request)
        return "" if len(asked) == 1 else str(1 / 0)

    site(EVENTS=when, CLIENT_ADDRESS=fails_later)
    assert known.client.get(callback)["Location"] == "/home/"
    assert len(asked) == 2
    assert "1 events were not written down: ZeroDivisionError" in caplog.text


def test_a_setting_that_is_none_of_the_three_keeps_nobody_out(known, site, caplog):
    site(EVENTS="sometimes")
    assert known.client.get(reverse("socialreg:login")).status_code == 200
    assert not caplog.records
    assert known.log_in("maralind")["Location"] == "/home/"
    assert 'SOCIALREG["EVENTS"]' in caplog.text
    assert not SignInEvent.objects.exists()


# ASGI ----------------------------------------------------------------------------------------------------------------


async def log_in(client: AsyncClient, approve: Callable[[str], str]) -> HttpResponse:
    start = await client.post(reverse("socialreg:start", args=["twitter"]))
    callback = await sync_to_async(approve)(start["Location"])
    try:
        return await client.get(callback)
    finally:
        await sync_to_async(connections.close_all)()  # of the thread in which it was made


def test_under_asgi_a_login_is_written_down_once(known, x):
    response = asyncio.run(log_in(AsyncClient(), lambda address: x.approve(address, "maralind")))
    assert response["Location"] == "/home/"
    assert [row.event for row in SignInEvent.objects.all()] == ["login"]


def test_under_asgi_whoever_hangs_up_before_the_answer_is_written_down_all_the_same(known):
    """Nothing is closed for them, so nothing could be done then. Their account is connected: it must not be unseen."""
    known.client.force_login(User.objects.get())
    callback = known.approve("kestrel", intent="connect")
    gone, inside = threading.Event(), threading.Event()

    def wait_for_them(**_: object) -> None:
        inside.set()
        assert gone.wait(10)

    connected.connect(wait_for_them)
    try:
        asyncio.run(hang_up(known.client, callback, inside, gone))
    finally:
        connected.disconnect(wait_for_them)
    assert SocialAccount.objects.filter(username="kestrel").exists()
    assert [row.event for row in SignInEvent.objects.all()] == ["connect"]


async def hang_up(client: Client, address: str, inside: threading.Event, gone: threading.Event) -> None:
    """Ask for a page, and close the connection while it is being made."""
    factory = RequestFactory()
    factory.cookies = client.cookies
    asked = factory.get(address)
    headers = [(b"host", b"testserver"), (b"cookie", asked.environ["HTTP_COOKIE"].encode())]
    scope = {"type": "http", "method": "GET", "path": asked.path, "headers": headers}
    scope["query_string"] = asked.META["QUERY_STRING"].encode()
    messages = [{"type": "http.request", "body": b""}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        assert await asyncio.to_thread(inside.wait, 10)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError("somebody who is gone was answered")

    async def noticed(**_: object) -> None:
        gone.set()

    request_finished.connect(noticed)
    try:
        await ASGIHandler()(scope, receive, send)
    finally:
        request_finished.disconnect(noticed)
