"""F04 for a whole site: a provider that is down is said to be at once, nobody is sent there, and it comes back.

By OAuth 1.0a, OAuth 2.0 and OpenID Connect. With real workers and a real load: :mod:`tests.faults.test_load`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse

from socialreg import bulkheads, circuits, upkeep
from socialreg.breakers import FAILURES, MEMORY_SECONDS, OPEN_SECONDS, Breakers, Circuit, State
from socialreg.circuits import FINAL_SECONDS
from socialreg.deadlines import TOTAL_SECONDS, deadline
from socialreg.disconnecting import revoke
from socialreg.exceptions import NotAsked, Unavailable
from socialreg.models import SocialAccount
from socialreg.rests import _PATIENCE
from socialreg.testing.messages import Response
from tests.faults.asking import Counting
from tests.faults.test_answers import nothing_written
from tests.faults.wire import Site
from tests.keep import expire, make_account, store, stored
from tests.parsed import Page
from tests.statements import recorded
from tests.test_maintain import maintain
from tests.world import SERVER, go, is_register

pytestmark = pytest.mark.django_db

DOWN = Response(503, b"", headers={"Retry-After": "120"})
#: The endpoint of each protocol that is down, by its provider's slug.
PATHS = {"twitter": "/oauth/request_token", "acme": "/token", "corp": "/oidc-token"}
LABELS = {"twitter": "X", "acme": "Acme", "corp": "Acme"}


class Visitors:
    """People who log in by one provider, each with a browser of their own."""

    def __init__(self, site: Site, slug: str) -> None:
        self.site = site
        self.slug = slug

    def go_down(self) -> None:
        self.site.x.fault("unavailable", path=PATHS["twitter"])
        self.site.world.answers[PATHS[self.slug]] = DOWN

    def come_back(self) -> None:
        self.site.x.reset()
        self.site.world.answers.clear()

    def asked(self) -> int:
        return len(self.site.x.api_requests) + len(self.site.world.peer.requests)

    def start(self) -> HttpResponse:
        return Client().post(reverse("socialreg:start", args=[self.slug]))

    def log_in(self) -> HttpResponse:
        return self.site.log_in(self.slug, Client())

    def open(self) -> None:
        """Let it fail until nobody asks any more."""
        self.go_down()
        for _ in range(FAILURES):
            assert self.log_in().status_code == 503


@pytest.fixture
def site(protocols: Site) -> Site:
    return protocols


@pytest.fixture(params=PATHS)
def visitors(request, site: Site) -> Visitors:
    return Visitors(site, request.param)


def is_told(response: HttpResponse, slug: str) -> bool:
    """Whether a visitor reads that somebody is not available just now, and when to come back."""
    page = response.content.decode()
    assert response.status_code == 503
    assert 1 <= int(response["Retry-After"]) <= OPEN_SECONDS
    assert "Try again" in page
    assert "socialreg-reference" in page
    return f"<h1>{LABELS[slug]} is not available just now</h1>" in page


def test_f04_a_provider_that_is_down_is_said_to_be_at_once_and_nobody_is_sent_there(visitors, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    visitors.open()
    before, seconds = visitors.asked(), []
    caplog.clear()
    for _ in range(20):
        client, began = Client(), time.perf_counter()
        response = client.post(reverse("socialreg:start", args=[visitors.slug]))
        seconds.append(time.perf_counter() - began)
        assert is_told(response, visitors.slug)
        nothing_written(client)
    assert visitors.asked() == before
    assert median(seconds) < 0.05
    assert {each.levelname for each in caplog.records} == {"INFO"}, "it was said loudly when it began"
    assert all("was not asked [circuit-open]. Cause: " in each.getMessage() for each in caplog.records)


def test_f04_whoever_comes_back_from_a_provider_that_went_down_meanwhile_is_told_so(visitors):
    """They were sent there while it was well. Nothing waits for them, and they may begin again."""
    visitors.site.world.serve()
    client = Client()
    began = client.post(reverse("socialreg:start", args=[visitors.slug]))
    back = visitors.site.back(visitors.slug, began)
    visitors.open()
    before = visitors.asked()
    assert is_told(client.get(back), visitors.slug)
    assert visitors.asked() == before
    nothing_written(client)


def test_f04_a_script_that_begins_is_told_so_too(visitors):
    visitors.open()
    before = visitors.asked()
    response = Client().post(reverse("socialreg:api-start", args=[visitors.slug]), {}, content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "circuit-open")
    assert response["Retry-After"] == str(OPEN_SECONDS)
    assert visitors.asked() == before


def test_f04_it_comes_back_with_the_first_who_gets_through(visitors, clock, caplog):
    visitors.open()
    visitors.come_back()
    assert is_told(visitors.start(), visitors.slug)
    clock.forward(OPEN_SECONDS + 1)
    assert [is_register(visitors.log_in()) for _ in range(3)] == [True] * 3
    assert [each.levelname for each in caplog.records if each.name == "socialreg.circuits"] == ["WARNING", "WARNING"]


def test_f04_while_it_stays_down_one_asks_every_ten_seconds(visitors, clock):
    """Also after a minute, when all is forgotten that nobody asked for."""
    visitors.open()
    path = PATHS[visitors.slug]
    for _ in range(MEMORY_SECONDS // OPEN_SECONDS + 1):
        clock.forward(OPEN_SECONDS + 1)
        before = paths(visitors).count(path)
        for _ in range(4):
            assert visitors.log_in().status_code == 503
        assert paths(visitors).count(path) == before + 1


def paths(visitors: Visitors) -> list[str]:
    return [*(each.path for each in visitors.site.x.api_requests), *visitors.site.world.peer.asked()]


def test_f04_the_others_log_in_as_ever(visitors):
    visitors.open()
    visitors.site.world.answers.clear()
    for slug in set(PATHS) - {visitors.slug}:
        if slug == "twitter":
            visitors.site.x.reset()
        assert is_register(visitors.site.log_in(slug, Client()))


def test_f04_as_many_as_may_wait_and_nobody_more(visitors, monkeypatch):
    """Somebody has waited in vain, and somebody waits: there is no worker for a second one."""
    monkeypatch.setattr(circuits, "PATIENCE_SECONDS", 0.0)
    visitors.go_down()
    visitors.log_in()
    assert bulkheads.take(visitors.slug)
    before = paths(visitors).count(PATHS[visitors.slug])
    response = visitors.log_in()
    assert is_told(response, visitors.slug)
    assert paths(visitors).count(PATHS[visitors.slug]) == before


#: Endpoints that a login can do without.
SPARED = {"twitter": "/2/users/me", "acme": "/emails", "corp": "/userinfo"}


def test_f04_what_a_login_can_do_without_shuts_nobody_out_and_is_left_alone(visitors):
    path = SPARED[visitors.slug]
    for each in (path, "/1.1/account/verify_credentials.json"):
        visitors.site.x.fault("unavailable", path=each)
    visitors.site.world.answers[path] = DOWN
    for _ in range(FAILURES + 3):
        assert is_register(visitors.log_in())
    assert paths(visitors).count(path) == FAILURES
    assert visitors.start().status_code == 302
    assert "not available" not in rendered("{% login_buttons status=True %}")


COSTS = {
    "twitter": (["get_many", "add", "delete"], ["add", "get_many", "add", "add", "delete"]),
    "acme": (["get_many"], ["add", "get_many", "add", "add", "delete"]),
}


@pytest.mark.parametrize("slug", COSTS)
def test_f04_a_login_asks_the_cache_little_for_it(site, operations, slug):
    """A start that makes no call: once. The rest of a callback: the claim, and a count for the account."""
    site.world.serve()
    client = Client()
    began = client.post(reverse("socialreg:start", args=[slug]))
    start = list(operations)
    operations.clear()
    assert is_register(client.get(site.back(slug, began)))
    assert (start, operations) == COSTS[slug]


def test_f04_a_refused_start_makes_no_query_and_asks_the_cache_once(visitors, operations):
    visitors.open()
    operations.clear()
    with recorded(connection) as statements:
        assert is_told(visitors.start(), visitors.slug)
    assert operations == ["get_many"]
    assert statements.queries == []


# Servers that visitors name


def mastodon(world, server: str = SERVER) -> HttpResponse:
    """Press the button with a server's name; that of ``two.example`` is down."""
    world.serve()
    world.peer.answers["/two.example/api/v1/apps"] = DOWN
    return Client().post(reverse("socialreg:start", args=["mastodon"]), {"server": server})


def test_f04_nobody_shuts_a_server_to_others_by_naming_another_one(world):
    for _ in range(2 * FAILURES):
        mastodon(world, "two.example")
    assert is_told_of_mastodon(mastodon(world, "https://TWO.example"))
    assert mastodon(world).status_code == 302
    assert is_register(go(world, "mastodon", Client()))


#: What people type who all mean the same server.
NAMES = ("@mara@two.example", "https://two.example/@mara", "two.example/", "Two.example.", "tomas@two.example")


def test_f04_however_people_name_a_server_it_is_one(world):
    """A handle is what they know: each of theirs is another text."""
    for name in NAMES:
        mastodon(world, name)
    before = len(world.peer.requests)
    for number in range(3):
        assert is_told_of_mastodon(mastodon(world, f"@person{number}@two.example"))
    assert len(world.peer.requests) == before


def test_f04_what_somebody_typed_writes_no_line_of_theirs_into_the_log(world, caplog):
    for _ in range(FAILURES):
        mastodon(world, "two.example/\nCRITICAL all is lost, call mallory@x.example")
    (said,) = [each.getMessage() for each in caplog.records if each.name == "socialreg.circuits"]
    assert said.startswith("Mastodon is left alone at two.example for now. Cause: ")
    assert not [each for each in caplog.messages if "\n" in each or "mallory" in each]


def test_f04_nor_does_one_whose_provider_says_nothing_of_names(caplog):
    """A class of the site's own, that takes for a server's name whatever was typed."""
    cache.clear()
    circuit = Circuit("own", "two.example\nCRITICAL forged", is_strangers=True)
    for _ in range(FAILURES):
        Breakers(circuit, "Own").note_failure(circuit.host, State.CLOSED)
    (said,) = caplog.messages
    assert "\n" not in said


def is_told_of_mastodon(response: HttpResponse) -> bool:
    assert response.status_code == 503
    assert response["Retry-After"] == str(OPEN_SECONDS)
    return "<h1>Mastodon is not available just now</h1>" in response.content.decode()


def test_f04_whoever_cannot_be_served_is_not_asked_for_another_server(world):
    """Nothing is wrong with the name of theirs: there are no workers left to wait."""
    assert bulkheads.take("mastodon")
    cache.set(Circuit("mastodon").key("slow"), "other.example", 30)
    response = mastodon(world)
    assert response.status_code == 503
    assert "not available just now" in response.content.decode()


# What is done with accounts


TOKEN, PROFILE = "/x/token", "/x/profile"


@pytest.fixture
def account(standin) -> SocialAccount:
    made = make_account(standin)
    standin.requests.clear()
    return made


def fails(act: Callable[[], object], times: int) -> list[str]:
    found = []
    for _ in range(times):
        with pytest.raises(Unavailable) as caught:
            act()
        found.append(caught.value.code)
    return found


def test_f04_a_refresh_and_a_login_learn_from_each_other(account, standin):
    """They ask the same endpoint. That people cannot log in without it, somebody who tries finds out."""
    standin.fault("unavailable", path=TOKEN)
    expire(account)
    assert fails(lambda: upkeep.refresh(account.pk), FAILURES + 1)[-1] == "circuit-open"
    client = Client()
    back = standin.approve(client.post(reverse("socialreg:start", args=["x"]))["Location"], "maralind")
    assert client.get(back).status_code == 503
    assert len(standin.requests_to(TOKEN)) == FAILURES
    assert Client().post(reverse("socialreg:start", args=["x"])).status_code == 503
    with pytest.raises(NotAsked):
        upkeep.verify_alive(account.pk)


def test_f04_looking_after_accounts_does_too(account, standin):
    standin.fault("unavailable", path=PROFILE)
    assert fails(lambda: upkeep.verify_alive(account.pk), FAILURES + 1)[-1] == "circuit-open"
    with pytest.raises(NotAsked):
        upkeep.sync_profile(account.pk)
    assert len(standin.requests_to(PROFILE)) == FAILURES


def test_f04_calls_of_the_sites_own_are_refused_when_their_host_is_down_and_no_login_is(account, standin):
    """Whatever they ask there: an API has as many addresses as it has things."""
    standin.fault("unavailable", path="/2/users/me")
    standin.fault("unavailable", path="/2/tweets")
    with account.session() as session:
        codes = [session.get("https://api.x.com/2/users/me").status_code for _ in range(FAILURES - 2)]
        codes += [session.post("https://api.x.com/2/tweets", json={"text": "a"}).status_code for _ in range(2)]
        with pytest.raises(NotAsked):
            session.get("https://api.x.com/2/users/me")
    assert codes == [503] * FAILURES
    assert Client().post(reverse("socialreg:start", args=["x"])).status_code == 302


def test_f04_what_spends_a_token_or_posts_something_is_never_cut_short(account, standin, monkeypatch):
    """Where others wait already it waits for its turn, and does not go out without one."""
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.1)
    place = bulkheads.take("x")
    assert place
    expire(account)
    assert fails(lambda: upkeep.refresh(account.pk), 1) == ["bulkhead"]
    assert stored(account).refresh_begun_at is None, "nothing was cut off"
    place.leave()
    upkeep.refresh(account.pk)
    assert bulkheads.take("x")
    with stored(account).session() as session:
        assert fails(lambda: session.post("https://api.x.com/2/tweets", json={"text": "a"}), 1) == ["bulkhead"]
        assert session.get("https://api.x.com/2/users/me").status_code == 200
    assert standin.requests_to("/2/tweets") == []


def test_f04_a_provider_that_is_down_is_not_told_of_each_token_that_goes(account, standin, caplog):
    """Two threads tell them all: two hundred that each wait for ten seconds would keep the process from ending."""
    standin.fault("unavailable", path="/x/revoke")
    assert fails(lambda: revoke(account_gone(account)), FAILURES + 1)[-1] == "circuit-open"
    assert len(standin.requests_to("/x/revoke")) == FAILURES


def test_f04_a_token_that_goes_is_told_of_though_others_have_all_places(account, standin, monkeypatch):
    """Nobody waits for it and no worker is held; what finds no place is never done."""
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.1)
    assert bulkheads.take("x")
    cache.set(Circuit("x").key("slow"), "POST x/token", 30)
    revoke(account_gone(account))
    assert len(standin.requests_to("/x/revoke")) == 1


def test_f02_what_must_not_be_cut_short_is_not_begun_with_little_time_left(account, standin):
    """A refresh that nobody hears the end of loses the account; a post may be there or not."""
    expire(account)
    with deadline(FINAL_SECONDS - 0.1):
        assert fails(lambda: upkeep.refresh(account.pk), 1) == ["too-late"]
    assert stored(account).refresh_begun_at is None, "nothing was cut off"
    with deadline(FINAL_SECONDS + 4):
        upkeep.refresh(account.pk)
    with stored(account).session() as session, deadline(FINAL_SECONDS - 0.1):
        assert fails(lambda: session.post("https://api.x.com/2/tweets", json={"text": "a"}), 1) == ["too-late"]
        assert session.get("https://api.x.com/2/users/me").status_code == 200
    assert standin.requests_to("/2/tweets") == []


def test_f04_the_log_says_what_to_do_about_a_call_that_was_not_begun(account, standin, monkeypatch):
    monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.1)
    post = partial(stored(account).session().post, "https://api.x.com/2/tweets", json={"text": "a"})
    with deadline(FINAL_SECONDS - 0.1), pytest.raises(NotAsked, match="Do it again, for nothing was sent"):
        post()
    assert bulkheads.take("x")
    with pytest.raises(NotAsked, match=r"Ask again, for nothing was sent.*WORKERS"):
        post()
    assert standin.requests_to("/2/tweets") == []


def test_f02_a_call_of_the_sites_own_holds_no_worker_for_longer_with_a_refresh_before_it(account, standin):
    """Everything comes in drips. The token lives for a while yet, so the call is worth a try; in what time is left."""
    store(account, expires_at=int(time.time()) + 20)
    standin.fault("drip", seconds=0.9)
    before = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        stored(account).session().get("https://api.x.com/2/users/me")
    assert time.monotonic() - before < TOTAL_SECONDS + 2, "and what a busy machine takes"
    assert caught.value.code == "timeout"


def account_gone(account: SocialAccount) -> SocialAccount:
    SocialAccount.objects.filter(pk=account.pk).delete()
    return account


def test_f04_no_account_is_lost_because_nobody_may_ask_whether_it_lives(account, standin):
    """A call was refused for its tokens, and what confirms that is left alone."""
    standin.fault("unavailable", path=PROFILE)
    fails(lambda: upkeep.verify_alive(account.pk), FAILURES)
    before = len(standin.requests_to(PROFILE))
    store(account, token="dead", refresh_token="")
    with pytest.raises(NotAsked):
        stored(account).session().get("https://api.x.com/2/users/me")
    assert len(standin.requests_to(PROFILE)) == before
    assert stored(account).lost_at is None


def test_f04_a_round_of_all_accounts_goes_by_an_open_circuit(standin):
    """It asks for nothing, takes no time, and leaves the provider alone after some, as one that does not answer."""
    for name in ("maralind", "tomas_ok", "junofox", "kestrel", "ines_moreau"):
        made = make_account(standin, "x", name)
    standin.fault("unavailable", path=PROFILE)
    fails(lambda: upkeep.verify_alive(made.pk), FAILURES)
    standin.requests.clear()
    said, shown = maintain("--verify")
    assert standin.api_requests == []
    assert f"{_PATIENCE} without an answer" in said
    assert "Left alone: 2 of x" in said
    assert "circuit-open" not in shown


def test_f04_a_round_alone_shuts_nothing_to_those_who_log_in(standin):
    """Wherever it runs, on a machine without a way out perhaps: it gives up before five in a row."""
    for name in ("maralind", "tomas_ok", "junofox", "kestrel", "ines_moreau"):
        make_account(standin, "x", name)
    standin.fault("unavailable", path=PROFILE)
    maintain("--verify")
    assert Client().post(reverse("socialreg:start", args=["x"])).status_code == 302


# What a button says


def rendered(tags: str) -> str:
    request = RequestFactory().get("/login/")
    return engines["django"].from_string("{% load socialreg %}" + tags).render({}, request)


def test_f04_a_button_says_so_where_its_page_wants_it_to(visitors):
    visitors.open()
    page = Page(HttpResponse(rendered(f'{{% login_button "{visitors.slug}" status=True %}}')))
    ((_, button),) = page.of("button")
    assert f"{LABELS[visitors.slug]} is not available just now" in page.text
    assert [attrs["id"] for _, attrs in page.of("p")] == [button["aria-describedby"]]
    assert "disabled" not in button


def test_f04_it_says_so_of_those_that_are_down_alone_and_not_for_ever(site, clock):
    acme = Visitors(site, "acme")
    acme.open()
    page = rendered("{% login_buttons status=True %}")
    assert page.count("is not available just now") == 1
    acme.come_back()
    clock.forward(OPEN_SECONDS + 1)
    assert is_register(acme.log_in())
    assert "not available" not in rendered("{% login_buttons status=True %}")


def test_f04_all_buttons_of_a_page_ask_the_cache_once_and_not_without_being_told_to(site, operations):
    tags = '{% login_buttons status=True %}{% login_button "acme" status=True %}{% connect_button "corp" status=True %}'
    rendered(tags)
    assert operations == ["get_many"]
    operations.clear()
    rendered('{% login_buttons %}{% login_button "acme" status=False %}')
    assert operations == []


def test_f04_each_that_says_so_has_an_id_of_its_own(visitors):
    visitors.open()
    page = rendered(f'{{% login_button "{visitors.slug}" status=True %}}' * 2)
    assert page.count('id="socialreg-down-1"') == page.count('id="socialreg-down-2"') == 1


def test_f04_a_page_is_whole_when_the_cache_is_down(site, operations, monkeypatch):
    monkeypatch.setattr(Counting, "is_down", True)
    page = rendered("{% login_buttons status=True %}")
    assert page.count("<button") == len(PATHS) + 1
    assert "not available" not in page


def test_f04_our_own_login_page_says_so(visitors):
    visitors.open()
    page = Client().get(reverse("socialreg:login")).content.decode()
    assert f"{LABELS[visitors.slug]} is not available just now" in page
    assert not User.objects.exists()
