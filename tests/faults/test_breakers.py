"""F04, one request at a time: what opens a circuit and what closes it, and who may wait for a provider.

Over real HTTP, by way of the client that every provider is asked with.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction

from socialreg import breakers, bulkheads, circuits, doing_without, passages, throttling
from socialreg.breakers import FAILURES, OPEN_SECONDS, WINDOW_SECONDS, Circuit
from socialreg.deadlines import deadline
from socialreg.exceptions import ConfigurationError, NotAsked, SocialRegError
from socialreg.http import Client
from tests import caches, stores
from tests.faults.asking import ACME, Asker, Clock, Counting, Provider, until
from tests.servers import Peer, Server

DOWN = "503 Service Unavailable"
ONE, OTHER = (Circuit("mastodon", host, is_strangers=True) for host in ("one.example", "other.example"))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def apart(settings, request) -> None:
    """A cache of each test's own. (One that is kept in a server may be others' as well: it is never cleared.)"""
    memory = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": memory, "LOCATION": request.node.name}}


@pytest.fixture
def ask(provider: Provider) -> Iterator[Asker]:
    with closing(Client(private_hosts=frozenset({"127.0.0.1"}), plain_http=True)) as client:
        yield Asker(provider, client)


def fail(ask: Asker, times: int = FAILURES, path: str = "/token", circuit: Circuit = ACME) -> None:
    """Let it be asked in vain, so many times."""
    ask.provider.how[path] = DOWN
    assert [ask(path, circuit) for _ in range(times)] == ["503"] * times


# What opens it


def test_f04_after_five_failures_nobody_asks(ask, provider):
    fail(ask)
    assert {ask() for _ in range(20)} == {"circuit-open"}
    assert provider.asked() == FAILURES


def test_f04_four_failures_are_not_enough(ask, provider):
    fail(ask, FAILURES - 1)
    provider.how.clear()
    assert ask() == "200"


@pytest.mark.parametrize("how", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout", "reset"])
def test_f04_what_no_visitor_can_bring_about_is_a_failure(ask, provider, how):
    provider.at_first = how
    for _ in range(FAILURES):
        ask()
    assert ask() == "circuit-open"


NO_FAILURES = [400, 401, 403, 404, 405, 408, 409, 410, 413, 414, 418, 421, 422, 429, 431, 451, 500, 501, 505, 520, 599]
REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", [200, 204, *REDIRECTS, *NO_FAILURES])
def test_f04_what_anybody_can_bring_about_is_none(ask, provider, status):
    """Nonsense is answered by errors of many kinds, 500 among them: nobody shuts a provider to others by that."""
    provider.at_first = f"{status} X"
    for _ in range(3 * FAILURES):
        assert ask() == ("redirect" if status in REDIRECTS else str(status))
    assert provider.asked() == 3 * FAILURES


@pytest.mark.parametrize("body", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"])
def test_f04_an_answer_that_nobody_can_use_is_none_but_for_none_at_all(ask, body):
    with Server(lambda peer: peer.request() and peer.say(body)) as server:
        ask.provider.base = server.url.removesuffix("/path")
        found = [ask() for _ in range(2 * FAILURES)]
    assert (found[-1] == "circuit-open") is (body == b"")


def test_f04_no_address_of_our_own_making_is_a_failure(ask):
    """A host that may not be reached is a mistake in the settings, or of a visitor's: nobody was asked."""
    ask.provider.base = "http://10.0.0.1"
    assert {ask() for _ in range(2 * FAILURES)} == {"not-https"}


def test_f04_a_success_in_between_forgives(ask, provider):
    for _ in range(3):
        fail(ask, FAILURES - 1)
        provider.how.clear()
        assert ask() == "200"


def test_f04_a_success_elsewhere_does_not(ask, provider):
    """A login that fails at its last step is none, however well its first one goes."""
    provider.how["/profile"] = DOWN
    for _ in range(FAILURES):
        assert ask.in_one_step("/token", "/profile") == ["200", "503"]
    assert ask.in_one_step("/token", "/profile") == ["200", "circuit-open"]
    assert provider.asked() == 2 * FAILURES + 1


def test_f04_what_steps_can_do_without_is_asked_no_more_and_the_rest_is(ask, provider):
    provider.how["/emails"] = DOWN
    for _ in range(FAILURES):
        assert ask.in_one_step("/emails") == ["503"]
    with circuits.login_through(ACME, "Acme", at_once=True):
        assert [ask_here(ask, path) for path in ("/token", "/emails", "/profile")] == ["200", "circuit-open", "200"]
    assert ask("/token") == "200"


def test_f04_what_a_login_cannot_do_without_shuts_its_provider(ask, provider):
    fail(ask)
    with pytest.raises(NotAsked):
        log_in(ask)
    before = provider.asked()
    with pytest.raises(NotAsked), circuits.login_through(ACME, "Acme", at_once=True):
        raise AssertionError("nobody is to be sent there")
    assert ask("/profile") == "circuit-open", "nor asked at another endpoint"
    assert provider.asked() == before


def log_in(ask: Asker) -> None:
    with circuits.login_through(ACME, "Acme"):
        ask.client.send("POST", f"{ask.provider.base}/token")


def ask_here(ask: Asker, path: str) -> str:
    """Ask within the step that is under way."""
    try:
        return str(ask.client.send("POST", f"{ask.provider.base}{path}").status)
    except SocialRegError as error:
        return error.code


def test_f04_failures_are_counted_over_thirty_seconds_and_no_longer(ask, provider, clock):
    for _ in range(FAILURES * 2):
        fail(ask, 1)
        clock.forward(WINDOW_SECONDS / (FAILURES - 1) + 0.1)  # four at most within any thirty seconds
    assert ask() == "503"


def test_f04_the_window_slides(ask, provider, clock):
    """No clock cuts five failures that follow one another into two and three."""
    for pause in (25, 1, 1, 1, 1):
        fail(ask, 1)
        clock.forward(pause)
    assert ask() == "circuit-open"


# What closes it


@pytest.fixture
def opened(ask: Asker, provider: Provider) -> Asker:
    """A provider whose circuit is open."""
    fail(ask)
    assert ask() == "circuit-open"
    provider.requests.clear()
    return ask


def test_f04_it_is_left_alone_for_ten_seconds(opened, clock):
    clock.forward(OPEN_SECONDS - 0.5)
    assert opened() == "circuit-open"
    clock.forward(0.6)
    assert opened() == "503"


def test_f04_one_success_closes_it_for_all(opened, provider, clock):
    clock.forward(OPEN_SECONDS + 1)
    provider.how.clear()
    assert [opened() for _ in range(3)] == ["200"] * 3
    fail(opened, FAILURES - 1)  # and nothing is remembered of before
    provider.how.clear()
    assert opened() == "200"


def test_f04_one_failure_opens_it_again(opened, provider, clock):
    for _ in range(3):
        clock.forward(OPEN_SECONDS + 1)
        assert [opened() for _ in range(3)] == ["503", "circuit-open", "circuit-open"]
    assert provider.asked() == 3


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Internal Server Error", "302 Found"])
def test_f04_any_answer_of_its_own_closes_it(opened, provider, clock, status):
    clock.forward(OPEN_SECONDS + 1)
    provider.how["/token"] = status
    opened()
    provider.how.clear()
    assert opened() == "200"


def test_f04_each_endpoint_is_closed_by_an_answer_of_its_own(opened, provider, clock):
    clock.forward(OPEN_SECONDS + 1)
    assert [opened("/profile") for _ in range(3)] == ["200"] * 3
    assert [opened("/token"), opened("/token")] == ["503", "circuit-open"]


def test_f04_a_provider_that_was_shut_may_be_tried_after_ten_seconds(opened, provider, clock):
    with pytest.raises(NotAsked):
        log_in(opened)
    clock.forward(OPEN_SECONDS - 0.5)
    assert opened("/profile") == "circuit-open"
    clock.forward(1)
    with circuits.login_through(ACME, "Acme", at_once=True):
        pass
    assert opened("/token") == "503"


def test_f04_who_is_refused_keeps_nothing_shut_for_longer(opened, provider, clock):
    """Nor who was under way when it was shut, and comes to what is open some seconds later."""
    with pytest.raises(NotAsked):
        late_log_in(opened, clock)
    clock.forward(OPEN_SECONDS - 6)
    provider.how.clear()
    log_in(opened)


def late_log_in(ask: Asker, clock: Clock) -> None:
    with circuits.login_through(ACME, "Acme"):
        assert ask_here(ask, "/profile") == "200"
        with suppress(NotAsked):
            log_in(ask)
        clock.forward(6.5)
        ask.client.send("POST", f"{ask.provider.base}/token")


@pytest.mark.parametrize("workers", [4, 40])
def test_f04_one_at_a_time_finds_out_whether_it_works_again(opened, provider, clock, settings, workers):
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": workers}
    clock.forward(OPEN_SECONDS + 1)
    provider.at_first = provider.how["/token"] = "silent"
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(opened)
        until(lambda: provider.asked() == 1)
        others = {opened() for _ in range(10)}
        provider.at_first = "200 OK"
        provider.how.clear()
        first.result()
    assert others <= {"circuit-open", "bulkhead"}
    assert provider.asked() == 1


def test_f04_who_was_to_find_out_and_never_asked_leaves_it_to_the_next(opened, provider, clock):
    """A header that cannot be sent: the request was let out, and went nowhere. It proves nothing."""
    clock.forward(OPEN_SECONDS + 1)
    with suppress(ConfigurationError), circuits.through(ACME, "Acme"):
        opened.client.send("POST", f"{provider.base}/token", headers={"X-Odd": "a\r\nb"})
    assert provider.asked() == 0
    assert [opened(), opened()] == ["503", "circuit-open"]


def test_f04_who_was_to_find_out_and_died_leaves_it_to_another_one_soon(opened, provider, clock):
    clock.forward(OPEN_SECONDS + 1)
    assert breakers.Breakers(ACME, "Acme").claim_probe(f"POST {provider.netloc}/token")  # and nothing more is heard
    provider.how.clear()
    assert opened() == "circuit-open"
    clock.forward(breakers.LEASE_SECONDS + 1)
    assert opened() == "200"


def test_f04_who_was_to_find_out_and_was_stopped_leaves_it_to_the_next(opened, provider, clock):
    """As a server stops a worker that has no more time."""
    clock.forward(OPEN_SECONDS + 1)
    provider.how.clear()
    with pytest.raises(SystemExit):
        stopped(lambda: opened.client.send("POST", f"{provider.base}/token"))
    assert opened() == "200"


def stopped(act: Callable[[], object]) -> None:
    """Do something by way of a circuit, and be stopped then."""
    with circuits.through(ACME, "Acme"):
        act()
        raise SystemExit


def test_f04_who_comes_a_minute_later_begins_anew(opened, provider, clock):
    """Nobody asked meanwhile, so nobody knows any more."""
    clock.forward(breakers.MEMORY_SECONDS + 1)
    assert [opened() for _ in range(FAILURES)] == ["503"] * FAILURES


def test_f04_the_log_says_once_that_it_is_left_alone_and_once_that_it_is_back(ask, provider, clock, caplog):
    caplog.set_level(logging.INFO, "socialreg.circuits")
    fail(ask)
    for _ in range(4):
        clock.forward(OPEN_SECONDS + 1)
        assert ask() == "503"
    clock.forward(OPEN_SECONDS + 1)
    provider.how.clear()
    assert [ask(), ask()] == ["200", "200"]
    said = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert [level for level, _ in said] == ["WARNING", "WARNING"]
    where = f"POST {provider.netloc}/token"
    assert re.match(rf"Acme is left alone at {where} for now\. Cause: it failed 5 times .+ Remedy: .+", said[0][1])
    assert said[1][1] == f"Acme answers again at {where}: it is asked as before"


# Whom it is about


def test_f04_one_provider_that_is_down_is_nothing_to_another(opened):
    assert opened("/other", Circuit("corp")) == "200"


def test_f04_servers_that_visitors_name_are_nothing_to_each_other(ask, provider):
    fail(ask, circuit=ONE)
    provider.how.clear()
    assert ask(circuit=ONE) == "circuit-open"
    assert ask(circuit=OTHER) == "200"


def test_f04_logins_and_the_sites_own_calls_are_nothing_to_each_other(opened):
    assert opened("/2/tweets", Circuit("acme", "api.acme.example")) == "200"


# Who may wait


@pytest.fixture
def places(settings) -> list[bulkheads.Place]:
    """All the places that there are, taken by others."""
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": 8}
    taken = [bulkheads.take("acme") for _ in range(3)]
    assert [each is None for each in taken] == [False, False, True]
    return [each for each in taken if each]


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (16, 4), (33, 8)])
def test_f04_a_quarter_of_the_workers_may_wait(ask, settings, workers, most):
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": workers}
    taken = [bulkheads.take("acme") for _ in range(workers)]
    assert len([each for each in taken if each]) == most
    assert bulkheads.take("corp")


def test_f04_beyond_them_a_provider_that_is_well_is_asked(ask, places):
    assert [ask() for _ in range(5)] == ["200"] * 5


def test_f04_beyond_them_a_provider_that_fails_at_once_is(ask, provider, places):
    """It keeps nobody waiting."""
    fail(ask, FAILURES - 1)
    assert provider.asked() == FAILURES - 1


def test_f04_beyond_them_one_that_has_kept_somebody_waiting_is_not(ask, provider, places, impatient):
    fail(ask, 1)
    assert {ask() for _ in range(5)} == {"bulkhead"}
    assert provider.asked() == 1
    places[0].leave()
    provider.how.clear()
    assert ask("/profile") == "200"
    assert ask() == "200", "there is a place"
    taken = bulkheads.take("acme")
    assert taken
    assert [ask() for _ in range(5)] == ["200"] * 5, "it has answered since"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait be one that was in vain."""
    monkeypatch.setattr(circuits, "PATIENCE_SECONDS", 0.0)


def test_f04_what_is_not_asked_any_more_keeps_nobody_waiting(ask, provider, settings, impatient):
    """While an endpoint that logins can do without is silent, and left alone, they are as many as ever."""
    provider.how["/emails"] = DOWN
    for _ in range(FAILURES):
        ask("/emails")
    assert bulkheads.take("acme")
    assert [ask("/token") for _ in range(5)] == ["200"] * 5


def test_f04_beyond_them_a_call_is_cut_short_and_opens_nothing(ask, provider, places, monkeypatch):
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.3)
    provider.at_first = "silent"
    assert ask() == "timeout"
    assert {ask() for _ in range(3 * FAILURES)} == {"bulkhead"}
    assert provider.asked() == 1
    places[0].leave()
    provider.at_first = "200 OK"
    assert ask() == "200", "the circuit is not open"


def test_f04_all_calls_of_a_step_beyond_them_have_two_seconds_together(ask, provider, places, monkeypatch):
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 2.0)
    with circuits.through(ACME, "Acme"):
        assert ask_here(ask, "/token") == "200"
        until(lambda: passages.current().begin("POST a/b") < 0.5)
        provider.at_first = "silent"
        began = time.monotonic()
        assert ask_here(ask, "/profile") == "timeout"
    assert time.monotonic() - began < 1.9, "it does not have two of its own"


def test_f04_what_cannot_be_taken_back_waits_for_a_place_and_then_has_all_its_time(
    ask, provider, operations, places, monkeypatch
):
    """A rotating token would be lost with an answer that nobody waited for."""
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 2.0)
    provider.pause = 2.2
    operations.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, is_final=True)
        until(lambda: operations.count("add") > 2)
        assert provider.asked() == 0, "it waits"
        places[0].leave()
        assert asked.result() == "200"
    assert provider.asked() == 1


def test_f04_its_wait_is_part_of_the_time_that_a_step_has(places, monkeypatch):
    monkeypatch.setattr(circuits, "TOTAL_SECONDS", 0.4)
    gone: list[float] = []
    monkeypatch.setattr(bulkheads.time, "sleep", lambda seconds: (gone.append(seconds), places[0].leave()))
    monkeypatch.setattr(circuits, "time", SimpleNamespace(monotonic=lambda: 5 * sum(gone)))
    with circuits.through(ACME, "Acme", is_final=True):
        assert passages.current().begin("POST a/b") == pytest.approx(0.4 - 5 * 0.05)
    assert gone == [0.05]


def test_f04_it_is_not_asked_where_none_comes_free(ask, provider, places, monkeypatch):
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.1)
    assert ask(is_final=True) == "bulkhead"
    assert provider.asked() == 0


def test_f04_nor_waits_once_somebody_has_waited_in_vain(ask, operations, places, impatient):
    fail(ask, 1)
    operations.clear()
    assert ask(is_final=True) == "bulkhead"
    assert operations.count("add") == 2, "one look at each of the places"


def test_f04_a_setting_that_is_wrong_is_said_to_be_and_is_no_cache_that_is_down(ask, provider, settings, caplog):
    """Else the log would send people to a cache that is well, and nobody would be counted meanwhile."""
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": "4"}
    assert ask() == "setting"
    assert not doing_without.is_at_rest()
    assert provider.asked() == 0
    assert caplog.messages == []


def test_f04_a_deadline_of_the_callers_own_is_no_failure(ask, provider):
    """Who allows for a tenth of a second has not been let down by anybody."""
    provider.at_first = "silent"
    for _ in range(2 * FAILURES):
        with deadline(0.05):
            assert ask() == "timeout"
    provider.at_first = "200 OK"
    assert ask() == "200"


def test_f04_servers_that_visitors_name_share_the_places_and_what_is_known_of_waiting(ask, provider, monkeypatch):
    """Whoever runs a server that is silent, or silent by turns, or a hundred of them, holds no worker by each."""
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.3)
    place = bulkheads.take("mastodon")
    assert place
    provider.at_first = "silent"
    assert ask(circuit=ONE) == "timeout"
    provider.at_first = "200 OK"
    assert ask(circuit=OTHER) == "bulkhead"
    place.leave()
    assert [ask(circuit=ONE), ask(circuit=OTHER)] == ["200", "200"]
    assert bulkheads.take("mastodon")
    assert ask(circuit=OTHER) == "bulkhead"


def test_f04_nor_by_servers_that_are_left_alone(ask, provider, impatient):
    fail(ask, FAILURES, circuit=ONE)
    assert bulkheads.take("mastodon")
    assert ask(circuit=OTHER) == "bulkhead"


def test_f04_a_server_that_only_answers_badly_keeps_nobody_from_others(ask, provider):
    assert bulkheads.take("mastodon")
    fail(ask, 2, circuit=ONE)
    provider.how.clear()
    assert ask(circuit=OTHER) == "200"


@pytest.mark.parametrize("ends", ["200 OK", "reset", "503 X", "302 Found"])
def test_f04_a_place_is_given_back_however_it_ends(ask, provider, ends):
    provider.at_first = ends
    ask()
    assert bulkheads.take("acme")


def test_f04_a_place_of_a_worker_that_was_stopped_is_given_back(ask, provider):
    with pytest.raises(SystemExit):
        stopped(lambda: [ask.client.send("POST", f"{provider.base}/token"), none_is_free()])
    assert bulkheads.take("acme")


def none_is_free() -> None:
    assert bulkheads.take("acme") is None


def test_f04_a_place_of_a_worker_that_died_is_free_again_soon(ask, clock):
    assert bulkheads.take("acme")
    assert bulkheads.take("acme") is None
    clock.forward(breakers.LEASE_SECONDS + 1)
    assert bulkheads.take("acme")


def test_f04_nobody_gives_back_a_place_that_is_somebody_elses_by_now(ask, clock):
    late = bulkheads.take("acme")
    assert late is not None
    clock.forward(breakers.LEASE_SECONDS + 1)
    assert bulkheads.take("acme")
    bulkheads.Place(late.key, late.ends - breakers.LEASE_SECONDS - 1).leave()
    assert bulkheads.take("acme") is None


def test_f04_a_site_with_hundreds_of_workers_looks_for_a_place_a_few_times_alone(ask, settings, operations):
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": 1000}
    for number in range(250):
        cache.add(Circuit("acme").key(f"place:{number}"), 1, 60)
    operations.clear()
    assert ask() == "200"
    assert operations.count("add") <= 8


# What it costs


def test_f04_a_step_costs_three_questions_to_the_cache_however_many_calls_it_makes(operations, ask):
    assert ask.in_one_step("/token", "/profile", "/emails") == ["200"] * 3
    assert operations == ["get_many", "add", "delete"]


def test_f04_a_step_without_a_call_costs_none(operations, ask):
    with circuits.through(ACME, "Acme"):
        pass
    assert operations == []


def test_f04_a_start_that_makes_no_call_costs_one(operations):
    with circuits.login_through(ACME, "Acme", at_once=True):
        pass
    assert operations == ["get_many"]


def test_f04_a_refusal_costs_two_questions_at_most_and_no_request(operations, opened, provider):
    operations.clear()
    assert opened() == "circuit-open"
    assert operations == ["get_many", "get_many"]
    with suppress(NotAsked):
        log_in(opened)
    operations.clear()
    assert opened() == "circuit-open"
    assert operations == ["get_many"], "it is shut"
    assert provider.asked() == 0


def test_f04_a_refusal_by_the_bulkhead_costs_three(operations, ask, provider, impatient):
    fail(ask, 1)
    assert bulkheads.take("acme")
    operations.clear()
    assert ask() == "bulkhead"
    assert operations == ["get_many", "get_many", "add"]


def test_f04_a_cache_that_is_down_keeps_nobody_out_and_is_asked_once(
    operations, ask, provider, monkeypatch, caplog, rest
):
    monkeypatch.setattr(Counting, "is_down", True)
    provider.how["/profile"] = DOWN
    for rested in (2.0, 0.0, 2.0, 0.5):
        operations.clear()
        rest.forward(rested)
        assert ask.in_one_step("/token", "/profile") == ["200", "503"]
        assert operations == (["get_many"] if rested == 2.0 else []), "for a second nobody asks again"
    told = [each for each in caplog.records if each.name == "socialreg.cache"]
    assert [each.levelname for each in told] == ["ERROR"], "once a minute"
    assert "The cache failed: ConnectionRefusedError. " in told[0].getMessage()
    assert "nobody knows which provider is down" in told[0].getMessage()


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Rest:
    """The clock by which a cache that failed is left alone, put forward."""
    return Rest(monkeypatch)


class Rest:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        patch.setattr(doing_without, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + self.ahead))

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


def test_f04_a_cache_that_is_silent_is_waited_for_once_and_counting_is_done_without(provider, ask, settings, caplog):
    """However many questions a request has for it: whose address it is, how the provider is, who is at it."""
    asked = []

    def silent(peer: Peer) -> None:
        asked.append(peer)
        peer.sock.recv(1000)
        peer.sock.recv(1000)

    with Server(silent) as server:
        options = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "retry": None}
        redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://{server.netloc}"}
        settings.CACHES = {"default": {**redis, "OPTIONS": options}}
        throttling.limit_account("start", "7")
        assert len(asked) == 1
        throttling.limit_account("callback", "7")
        assert ask() == "200"
        assert breakers.down_among(["acme"]) == frozenset()
        assert len(asked) == 1


@pytest.mark.parametrize("fails_at", range(1, 12))
def test_f04_a_cache_that_fails_at_any_moment_keeps_nobody_out(operations, opened, provider, monkeypatch, fails_at):
    """At each question of a call that finds out whether a provider works again, and of the one after it."""
    cache.delete(ACME.key("open", f"POST {provider.netloc}/token"))
    provider.how.clear()
    operations.clear()
    met: list[str] = []

    def count(self, name: str):
        if name in {"add", "set", "delete", "touch", "get_many", "set_many", "delete_many"}:
            met.append(name)
            if len(met) >= fails_at:
                raise ConnectionRefusedError
        return LocMemCache.__getattribute__(self, name)

    monkeypatch.setattr(Counting, "__getattribute__", count)
    assert [opened(), opened()] == ["200", "200"]


# Wherever it is kept


@pytest.fixture(params=["locmem", *caches.EVERY])
def kept(request, settings, django_db_blocker) -> Iterator[None]:
    """A site that keeps its cache in one of the places that there are; a table is in a database of its own."""
    if request.param == "locmem":  # as all the other tests here
        yield
        return
    with django_db_blocker.unblock(), caches.cache_at(request.param) as entry:
        settings.CACHES = {"default": entry}
        yield


def test_f04_every_kind_of_cache_keeps_it(kept, ask, provider, monkeypatch):
    monkeypatch.setattr(breakers, "OPEN_SECONDS", 1)
    fail(ask)
    assert [ask(), ask()] == ["circuit-open"] * 2
    until(lambda: ask() == "503")
    assert ask() == "circuit-open"
    provider.how.clear()
    until(lambda: ask() == "200")
    fail(ask, FAILURES - 1)
    provider.how.clear()
    assert ask() == "200"
    assert bulkheads.take("acme")
    assert bulkheads.take("acme") is None


def test_f04_every_kind_of_cache_forgets_a_failure_in_time(kept, ask, provider, monkeypatch):
    monkeypatch.setattr(breakers, "WINDOW_SECONDS", 1)
    fail(ask, FAILURES - 1)
    keys = [ACME.key(f"failure:{number}", f"POST {provider.netloc}/token") for number in range(FAILURES - 1)]
    until(lambda: not cache.get_many(keys))
    fail(ask, FAILURES - 1)
    provider.how.clear()
    assert ask() == "200"


@pytest.mark.parametrize("kept", caches.TABLES, indirect=True)
def test_f04_inside_a_transaction_a_cache_in_the_database_makes_nobody_wait(kept, ask, provider):
    """A place taken there would be held until the transaction ends, and whoever wants it would wait that long."""
    with transaction.atomic(using=stores.ALIAS):
        fail(ask, 2 * FAILURES)
        assert cache.get_many([ACME.key("ailing"), ACME.key("place:0")]) == {}
