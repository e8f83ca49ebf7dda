"""A01, A02, A04 and A06: a callback belongs to one attempt of one browser, once, for ten minutes. At every provider."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.parsed import Page
from tests.security.walking import (
    BEGUN,
    EVERY,
    PROTOCOLS,
    attempts,
    changed,
    come_back,
    fields_of,
    is_error_page,
    key_of,
    register,
    start,
    untouched,
    visitor,
)

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
#: What a callback may carry in the place of its state.
WRONG: dict[str, Callable[[str], str | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: "",
    "made up": lambda _: "made-up",
    "longer": lambda right: f"{right}x",
    "shorter": lambda right: right[:-1],
    "of another case": lambda right: right.swapcase(),
    "with a NUL": lambda right: f"{right}\0",
    "half a character": lambda _: "\ud83e".encode("utf-8", "surrogatepass").decode("latin-1"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("slug", "intent"), BEGUN)
def test_a01_a_state_that_is_missing_or_wrong_ends_before_any_call(standin: StandIn, slug, wrong, intent):
    client = visitor(intent)
    back = standin.approve(start(client, slug, intent=intent), "maralind")
    key = key_of(back)
    with untouched(standin, client):
        assert is_error_page(come_back(client, changed(back, **{key: WRONG[wrong](fields_of(back)[key])})))
        assert is_error_page(client.get(reverse("socialreg:callback", args=[slug])))
    assert come_back(client, back).status_code == 302, "the attempt itself is good still"


@INTENTS
@pytest.mark.parametrize("slug", EVERY)
def test_a01_a_state_is_good_in_the_browser_that_it_was_made_for(standin: StandIn, slug, intent):
    """Somebody lets another open the address with which they came back: to log them in, or to get linked to them."""
    attacker, victim = Client(), visitor(intent)
    theirs = standin.approve(start(attacker, slug), "maralind")
    start(victim, slug, intent=intent)  # also while the victim is on the way to the same provider
    with untouched(standin, victim):
        assert is_error_page(come_back(victim, theirs))
    with untouched(standin):
        assert is_error_page(come_back(Client(), theirs))
    assert come_back(attacker, theirs).status_code == 302


@pytest.mark.parametrize("slug", [each for each in EVERY if each != "twitter"])
def test_a01_whether_state_is_checked_is_not_for_the_address_to_say(standin: StandIn, slug):
    """Whoever takes state and challenge out of the provider's address gets a callback that nobody waits for."""
    client = visitor()
    location = start(client, slug)
    bare = "&".join(each for each in location.split("&") if not each.startswith("state="))
    assert bare != location
    back = standin.approve(bare, "maralind")
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))


def test_a01_nor_is_it_over_oauth_1_whose_state_is_the_request_token(standin: StandIn):
    """A token that another attempt began with, in the same address: what comes back belongs to the other's browser."""
    client, other = visitor(), Client()
    location, theirs = start(client, "twitter"), start(other, "twitter")
    assert "state=" not in location
    swapped = location.partition("?")[0] + "?" + theirs.partition("?")[2]
    back = standin.approve(swapped, "maralind")
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))
        assert is_error_page(come_back(client, changed(back, oauth_token=None)))


@pytest.mark.parametrize("how", ["once more", "with the cookies of before", "after registering"])
@pytest.mark.parametrize("slug", EVERY)
def test_a02_a_callback_is_good_once(standin: StandIn, slug, how):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    cookies = attempts(client)
    assert come_back(client, back)["Location"] == reverse("socialreg:register")
    if how == "after registering":
        form = {"username": "mara", "email": "mara@example.org", "first_name": "M", "last_name": "L"}
        assert client.post(reverse("socialreg:register"), form).status_code == 302
    if how != "once more":
        client.cookies.update(cookies)
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))


@pytest.mark.parametrize("slug", EVERY)
def test_a02_a_callback_that_failed_is_spent_as_well(standin: StandIn, slug):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    cookies = attempts(client)
    standin.fault("unavailable")
    assert come_back(client, back).status_code == 503
    standin.clear()
    client.cookies.update(cookies)
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))


@pytest.fixture
def at(monkeypatch) -> Callable[[int], None]:
    """``at(seconds)`` stops this machine's clock, and the provider's with it, so many seconds from now."""
    began = time.time()
    return lambda seconds: monkeypatch.setattr("time.time", lambda: began + seconds)


@pytest.mark.parametrize(("slug", "intent"), BEGUN)
def test_a04_after_ten_minutes_and_a_second_there_is_a_page_to_begin_anew_from(standin: StandIn, at, slug, intent):
    client = visitor(intent)
    at(0)
    back = standin.approve(start(client, slug, intent=intent, next="/home/?a=b"), "maralind")
    at(601)
    with untouched(standin, client):
        response = come_back(client, back)
        assert is_error_page(response)
    page = Page(response)
    assert [form["action"] for _, form in page.of("form")] == [reverse("socialreg:start", args=[slug])]
    again = {name: value for name, (value,) in page.form().items()}
    assert (again["next"], again.get("intent", "login")) == ("/home/?a=b", intent)
    back = standin.approve(start(client, slug, **again), "maralind")
    assert come_back(client, back).status_code == 302


@pytest.mark.parametrize("slug", EVERY)
def test_a04_until_then_it_is_good(standin: StandIn, at, slug):
    client = visitor()
    at(0)
    location = start(client, slug)
    at(599)
    assert come_back(client, standin.approve(location, "maralind")).status_code == 302


SAID = {"error": "access_denied", "error_description": "<b>w0rds</b>", "error_uri": "https://w0rds.example/"}


@pytest.mark.parametrize("error", ["access_denied", "<b>w0rds</b>"])
@pytest.mark.parametrize("state", ["missing", "made up", "another browser's"])
@pytest.mark.parametrize("slug", EVERY)
def test_a06_an_error_without_a_valid_state_changes_nothing_and_is_not_repeated(standin: StandIn, slug, state, error):
    client, other = visitor(), Client()
    back = standin.approve(start(client, slug), "maralind")
    theirs = fields_of(standin.approve(start(other, slug), "maralind"))[key_of(back)]
    key = {"missing": None, "made up": "w0rds", "another browser's": theirs}[state]
    said = {**SAID, "error": error, "denied": key or "w0rds", key_of(back): key}
    with untouched(standin, client):
        response = come_back(client, changed(back, **said, code=None, oauth_verifier=None))
        assert is_error_page(response)
        assert b"w0rds" not in response.content
    assert come_back(client, back).status_code == 302, "the attempt itself is good still"


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a02_a_replay_logs_nobody_out_and_nobody_in(standin: StandIn, slug):
    """The address of a login that is long over, opened by its owner and by somebody else."""
    owner = Client()
    register(standin, owner, slug)
    known = Client()
    back = standin.approve(start(known, slug), "maralind")
    assert come_back(known, back)["Location"] == "/home/"
    stranger = visitor()
    with untouched(standin, known, stranger, owner):
        assert is_error_page(come_back(known, back))
        assert is_error_page(come_back(stranger, back))
    assert known.session["_auth_user_id"] == str(User.objects.get().pk)
    assert SocialAccount.objects.count() == 1
