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
from socialreg.lookup import find_class
from socialreg.models import Kept, SocialAccount, UserAddress
from tests import owning, test_confirmation, test_sync
from tests.conftest import Browser
from tests.holding import held
from tests.owners_app.models import Organisation
from tests.parsed import Page
from tests.security.test_accounts_known import PROVE, log_in
from tests.security.walking import SERVER, come_back, start
from tests.test_connections import account_of
from tests.test_register import FailingWrite
from tests.test_way import MARA

#: What is undone is undone by a transaction of ours, and not by one of the test's.
pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "mara@elsewhere.example"


@dataclass
class World:
    """A site, a browser, a provider, and what a step needs to know of what was made before it."""

    browser: Browser
    site: Callable[..., None]
    slug: str
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.browser.client

    def come(self, **data: str) -> HttpResponse:
        """Press the provider's button, consent as Mara, come back."""
        return come_back(self.client, self.browser.x.approve(start(self.client, self.slug, **data), "maralind"))

    def tell(self, **values: object) -> None:
        """Let the provider say something else of her from now on."""
        self.browser.x.tell(self.slug, values)

    def user(self, **values: Any) -> User:
        """Return Mara, who is logged in."""
        user = User.objects.create_user("mara", values.pop("email", MARA["email"]), "secret", **values)
        self.client.force_login(user)
        return user


Step = tuple[Callable[[World], None], Callable[[World], HttpResponse]]


def with_a_change_that_waits(world: World) -> None:
    UserAddress.objects.create(user=world.user(), address=OTHER, replaces=MARA["email"], secret="s3cret")


def as_somebody_new(world: World) -> None:
    world.site(EMAIL_CONFIRMATION="send")
    world.come()


def as_somebody_new_whose_account_is_here(world: World) -> None:
    """She is nobody here, and her account serves something else."""
    world.user()
    world.come(intent="connect")
    SocialAccount.objects.update(user=None)
    User.objects.all().delete()
    world.client.cookies.clear()
    as_somebody_new(world)


def register(world: World) -> HttpResponse:
    return world.client.post(reverse("socialreg:register"), {**MARA, "email": OTHER})


def with_nothing_to_ask(world: World) -> None:
    world.site(ASK_FOR="missing")


def connect(world: World) -> HttpResponse:
    return world.come(intent="connect")


def keep(world: World) -> HttpResponse:
    return world.come(intent="prefill", keep="1", next="/home/")


def with_two_accounts(world: World) -> None:
    """And a change of the address that waits."""
    user = world.user()
    UserAddress.objects.create(user=user, address=OTHER, replaces=MARA["email"], secret="s3cret")
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
    world.come(next="/home/")
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


def asked_for_a_change_a_while_ago(world: World) -> None:
    ready_to_ask_for_a_change(world)
    ask_for_a_change(world)
    test_confirmation.later(minutes=2)


def ask_again(world: World) -> HttpResponse:
    return world.client.post(test_confirmation.EMAIL, {"resend": "1", "address": OTHER})


def cancel(world: World) -> HttpResponse:
    return world.client.post(test_confirmation.EMAIL, {"cancel": "1", "address": OTHER})


def registered_long_ago(world: World) -> None:
    world.come()
    world.client.post(reverse("socialreg:register"), MARA)
    test_sync.later()
    world.client.cookies.clear()
    world.tell(full_name="Maria Lind", first_name="Maria", last_name="Lind")


def registered_where_values_follow(world: World) -> None:
    world.site(SYNC={"first_name": "always", "last_name": "always"})
    registered_long_ago(world)


def registered_where_people_are_asked(world: World) -> None:
    world.site(SYNC={"first_name": "ask", "last_name": "ask"})
    registered_long_ago(world)


def log_in_again(world: World) -> HttpResponse:
    return world.come()


def asked_about_changes(world: World) -> None:
    registered_where_people_are_asked(world)
    log_in_again(world)
    page = Page(world.client.get(test_sync.CHANGES))
    world.made["answer"] = {**page.form(), "take": "1", "field": ["first_name", "last_name"]}


def take_over(world: World) -> HttpResponse:
    return world.client.post(test_sync.CHANGES, world.made["answer"])


#: What is made before, what is done: for each protocol.
STEPS: dict[str, Step] = {
    "register": (as_somebody_new, register),
    "register at once": (with_nothing_to_ask, log_in_again),
    "register with an account that is here": (as_somebody_new_whose_account_is_here, register),
    "log in": (registered_long_ago, log_in_again),
    "connect": (with_a_change_that_waits, connect),
    "prefill that keeps": (with_a_change_that_waits, keep),
    "link": (with_a_stranger_in_the_account, link),
    "sync": (registered_where_values_follow, log_in_again),
    "ask": (registered_where_people_are_asked, log_in_again),
    "take over": (asked_about_changes, take_over),
}
#: The same, where no provider is asked, or one that an owner's field names.
OTHER_STEPS: dict[str, Step] = {
    "disconnect": (with_two_accounts, disconnect),
    "attach": (with_an_organisation, attach),
    "attach another": (with_an_organisation_that_has_one, attach),
    "detach": (with_an_organisation_that_has_one, detach),
    "confirm": (with_a_link_in_the_mail, confirm),
    "confirm and disconnect": (registered_by_somebody_else, confirm_and_disconnect),
    "ask for a change": (ready_to_ask_for_a_change, ask_for_a_change),
    "ask for it again": (asked_for_a_change_a_while_ago, ask_again),
    "cancel it": (asked_for_a_change_a_while_ago, cancel),
}
ALL = [(name, slug) for name in STEPS for slug in ("twitter", "github", "gitlab")]
ALL += [(name, "twitter") for name in OTHER_STEPS]


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
def anew(browser, site, x, settings) -> Callable[[str, Callable[[World], None]], World]:
    """Make a world as if nothing had been before."""
    settings.ROOT_URLCONF = "tests.test_confirmation"  # which lets people ask for a new password
    plain = settings.SOCIALREG
    for slug in ("github", "gitlab"):
        plain = {**plain, "PROVIDERS": {**plain["PROVIDERS"], slug: x.play(slug, find_class(slug, {}))}}

    def make(slug: str, prepare: Callable[[World], None]) -> World:
        background.drain()
        for model in (Organisation, User, SocialAccount, UserAddress):
            model._base_manager.all().delete()
        background.drain()
        x.reset()
        cache.clear()
        settings.SOCIALREG = plain
        world = World(Browser(Client(raise_request_exception=False), x), site, slug)
        prepare(world)
        background.drain()
        return world

    return make


@pytest.mark.parametrize(("name", "slug"), ALL)
def test_f07_a_database_that_fails_at_any_write_leaves_all_or_nothing_and_a_retry_succeeds(anew, name, slug):
    prepare, act = {**STEPS, **OTHER_STEPS}[name]
    world = anew(slug, prepare)
    with held():
        act(world)
    done = stored()

    k, undone, failed = 0, 0, True
    while failed:
        k += 1
        world = anew(slug, prepare)
        before = stored()
        assert before != done
        with held(), connection.execute_wrapper(failing := FailingWrite(k)):
            response = act(world)
        failed = failing.writes >= k
        assert stored() in ([before, done] if failed else [done]), f"write {k}: {response.status_code}"
        if failed and stored() == before:
            undone += 1
            with held():
                act(world)
            assert stored() == done, f"once more after write {k}"
    assert undone, "nothing failed that matters"


def test_f07_a_start_that_registers_an_application_keeps_it_whole_or_not_at_all(standin, client):
    """At a server of Mastodon's: the one start that writes to a table, and the callback that does after it."""
    client.raise_request_exception = False
    k, failed = 0, True
    while failed:
        k += 1
        Kept.objects.all().delete()
        cache.clear()
        with connection.execute_wrapper(failing := FailingWrite(k)):
            begun = client.post(reverse("socialreg:start", args=["mastodon"]), SERVER)
            if begun.status_code == 302:
                come_back(client, standin.approve(begun["Location"], "maralind"))
        failed = failing.writes >= k
        assert Kept.objects.count() <= 2
        client.cookies.clear()
        again = come_back(client, standin.approve(start(client, "mastodon"), "maralind"))
        assert again["Location"] == reverse("socialreg:register"), f"once more after write {k}"
    assert k > 1, "nothing was written"
