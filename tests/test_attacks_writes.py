"""F07 for every step that writes after the registration: a database that fails at any write leaves all or nothing.

And whoever does the same once more, after that, ends where they would have ended at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.background import background
from socialreg.models import SocialAccount, UserAddress
from tests import owning, test_confirmation, test_sync
from tests.conftest import Browser
from tests.holding import held
from tests.owners_app.models import Organisation
from tests.parsed import Page
from tests.test_attacks_accounts import PROVE, log_in
from tests.test_connections import account_of
from tests.test_register import FailingWrite
from tests.test_way import MARA

#: What is undone is undone by a transaction of ours, and not by one of the test's.
pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "mara@elsewhere.example"


@dataclass
class World:
    """A site, a browser, and what a step needs to know of what was made before it."""

    browser: Browser
    site: Callable[..., None]
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.browser.client

    def user(self, **values: Any) -> User:
        """Return Mara, who is logged in."""
        user = User.objects.create_user("mara", values.pop("email", MARA["email"]), "secret", **values)
        self.client.force_login(user)
        return user


Step = tuple[Callable[[World], None], Callable[[World], HttpResponse]]


def with_a_change_that_waits(world: World) -> None:
    UserAddress.objects.create(user=world.user(), address=OTHER, replaces=MARA["email"], secret="s3cret")


def connect(world: World) -> HttpResponse:
    return world.browser.log_in("maralind", intent="connect")


def keep(world: World) -> HttpResponse:
    return world.browser.log_in("maralind", intent="prefill", keep="1", next="/home/")


def with_two_accounts(world: World) -> None:
    user = world.user()
    world.made["accounts"] = [account_of(user, each).pk for each in "12"]


def disconnect(world: World) -> HttpResponse:
    return world.client.post(reverse("socialreg:disconnect", args=[world.made["accounts"][0]]))


def with_an_organisation(world: World) -> None:
    world.site(MAY_CONNECT=owning.HOOK)
    world.made["member"], world.made["organisation"] = owning.member_of()
    world.client.force_login(world.made["member"])


def with_an_organisation_that_has_one(world: World) -> None:
    with_an_organisation(world)
    world.made["organisation"].twitter = owning.account("7")
    world.made["organisation"].save()


def attach(world: World) -> HttpResponse:
    return owning.connect(world.browser, world.made["member"], world.made["organisation"])


def detach(world: World) -> HttpResponse:
    return owning.disconnect(world.browser, world.made["member"], world.made["organisation"])


def with_a_stranger_in_the_account(world: World) -> None:
    """Somebody connected an account of theirs to Mara's; she comes by X, and has proved that she is Mara."""
    user = world.user()
    account_of(user, "666")
    UserAddress.objects.create(user=user, address=OTHER, replaces=MARA["email"], secret="s3cret")
    world.client.cookies.clear()
    world.browser.log_in("maralind", next="/home/")
    back = world.client.post(PROVE, {"prove": "1"})["Location"].partition("next=")[2]
    world.made["question"] = log_in(world.client, unquote(back))["Location"]


def link(world: World) -> HttpResponse:
    return world.client.post(world.made["question"], {"link": "1"})


def with_a_link_in_the_mail(world: World) -> None:
    """Mara asked for another address, and has the accounts of before."""
    world.site(EMAIL_CONFIRMATION="send")
    account_of(world.user(), "1")
    test_confirmation.press(world.browser, test_confirmation.EMAIL, change="1", email=OTHER)
    world.made["link"] = test_confirmation.link(OTHER)


def confirm(world: World) -> HttpResponse:
    return world.client.post(world.made["link"], {"confirm": "1"})


def registered_by_somebody_else(world: World) -> None:
    """Somebody typed an address that is Mara's, and connected an account; she opens the link in her own browser."""
    world.site(EMAIL_CONFIRMATION="send")
    test_confirmation.register(world.browser, "tomas_ok", OTHER)
    account_of(User.objects.get(), "1")
    world.made["link"] = test_confirmation.link(OTHER)
    world.client.cookies.clear()


def confirm_and_disconnect(world: World) -> HttpResponse:
    return world.client.post(world.made["link"], {"confirm": "1", "disconnect": "1"})


def ready_to_ask_for_a_change(world: World) -> None:
    world.site(EMAIL_CONFIRMATION="send")
    world.user()


def ask_for_a_change(world: World) -> HttpResponse:
    return world.client.post(test_confirmation.EMAIL, {"change": "1", "email": OTHER})


def registered_a_day_ago(world: World) -> None:
    world.site(SYNC={"first_name": "always", "last_name": "always"})
    world.browser.log_in("maralind")
    world.client.post(reverse("socialreg:register"), MARA)
    test_sync.later()
    world.client.cookies.clear()
    world.browser.x.tell("twitter", {"full_name": "Maria Lind", "first_name": "Maria", "last_name": "Lind"})


def come_back(world: World) -> HttpResponse:
    return world.browser.log_in("maralind")


def asked_about_changes(world: World) -> None:
    registered_a_day_ago(world)
    world.site(SYNC={"first_name": "ask", "last_name": "ask"})
    come_back(world)
    page = Page(world.client.get(test_sync.CHANGES))
    world.made["answer"] = {**page.form(), "take": "1", "field": ["first_name", "last_name"]}


def take_over(world: World) -> HttpResponse:
    return world.client.post(test_sync.CHANGES, world.made["answer"])


#: What is made before, what is done, and where that leads.
STEPS: dict[str, Step] = {
    "connect": (with_a_change_that_waits, connect),
    "prefill that keeps": (with_a_change_that_waits, keep),
    "disconnect": (with_two_accounts, disconnect),
    "attach": (with_an_organisation, attach),
    "attach another": (with_an_organisation_that_has_one, attach),
    "detach": (with_an_organisation_that_has_one, detach),
    "link": (with_a_stranger_in_the_account, link),
    "confirm": (with_a_link_in_the_mail, confirm),
    "confirm and disconnect": (registered_by_somebody_else, confirm_and_disconnect),
    "ask for a change": (ready_to_ask_for_a_change, ask_for_a_change),
    "sync": (registered_a_day_ago, come_back),
    "take over": (asked_about_changes, take_over),
}


def stored() -> list[tuple[Any, ...]]:
    """Return what the tables say, but for keys, tokens and times."""
    accounts = SocialAccount.objects.order_by("username").values_list("username", "user__username", "full_name")
    addresses = UserAddress.objects.order_by("address").values_list("address", "secret", "confirmed_at", "sent")
    users = [
        (user.username, user.email, user.first_name, user.last_name, user.has_usable_password())
        for user in User.objects.order_by("username")
    ]
    owners = Organisation.objects.values_list("name", "twitter__username")
    waiting = [(address, bool(secret), bool(at), sent) for address, secret, at, sent in addresses]
    return [tuple(accounts), tuple(waiting), tuple(users), tuple(owners)]


@pytest.fixture
def anew(browser, site, x, settings) -> Callable[[Callable[[World], None]], World]:
    """Make a world as if nothing had been before."""
    settings.ROOT_URLCONF = "tests.test_confirmation"  # which lets people ask for a new password
    plain = settings.SOCIALREG

    def make(prepare: Callable[[World], None]) -> World:
        background.drain()
        for model in (Organisation, User, SocialAccount, UserAddress):
            model._base_manager.all().delete()
        background.drain()
        x.reset()
        cache.clear()
        settings.SOCIALREG = plain
        world = World(Browser(Client(raise_request_exception=False), x), site)
        prepare(world)
        background.drain()
        return world

    return make


@pytest.mark.parametrize("name", STEPS)
def test_f07_a_database_that_fails_at_any_write_leaves_all_or_nothing_and_a_retry_succeeds(anew, name):
    prepare, act = STEPS[name]
    world = anew(prepare)
    with held():
        act(world)
    done = stored()

    k, failed = 0, True
    while failed:
        k += 1
        world = anew(prepare)
        before = stored()
        assert before != done
        with held(), connection.execute_wrapper(failing := FailingWrite(k)):
            response = act(world)
        failed = failing.writes >= k
        assert stored() in ([before, done] if failed else [done]), f"write {k}: {response.status_code}"
        if failed and stored() == before:
            with held():
                act(world)
            assert stored() == done, f"once more after write {k}"
    assert k > 2, "nothing failed that matters"
