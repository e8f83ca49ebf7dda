"""A27 and A28: whoever comes back is somebody else by now, wanted something else, or brings another user's account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client

from socialreg import attempt
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.keep import make_account
from tests.owning import HOOK, connect_url, member_of, request_of
from tests.security.visiting import CONNECTIONS, REGISTER, arrive, user_of, waiting_in
from tests.security.walking import EVERY, PROTOCOLS, changed, come_back, start

pytestmark = pytest.mark.django_db

#: What is begun, by whom, and who is here when the browser comes back.
CHANGES = [
    (intent, began, now)
    for intent in ("login", "connect", "prefill", "keep")
    for began, now in (("", "one"), ("one", ""), ("one", "two"))
    if began or intent == "login"
]
#: Whose account it is that comes: not yet here, nobody's any more, or a user's.
WHOSE = ["new", "", "one", "two", "third"]


@pytest.fixture
def users() -> dict[str, User | None]:
    people = {name: User.objects.create_user(name, f"{name}@private.example") for name in ("one", "two", "third")}
    return {"": None, **people}


def begin(client: Client, slug: str, intent: str) -> str:
    """Press a button; return where the browser is sent."""
    if intent == "keep":
        return start(client, slug, intent="prefill", keep="1", next="/home/")
    return start(client, slug, intent=intent)


def become(client: Client, user: User | None) -> None:
    """Let somebody log in, or out, in another tab."""
    if user is None:
        client.session.flush()
    else:
        client.force_login(user)


def rows() -> list[dict[str, Any]]:
    return list(SocialAccount.objects.order_by("pk").values())


def an_account(standin: StandIn, slug: str, user: User | None) -> None:
    account = make_account(standin, slug)
    account.user = user
    account.save()


@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize("change", CHANGES, ids="-".join)
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a27_who_is_not_who_began_links_nothing_and_is_nobody_else(standin: StandIn, users, slug, change, whose):
    intent, began, now = change
    if whose != "new":
        an_account(standin, slug, users[whose])
    client = Client()
    become(client, users[began])
    back = standin.approve(begin(client, slug, intent), "maralind")
    become(client, users[now])
    before = rows()
    response = come_back(client, back)
    if (intent, began, now, whose) == ("login", "", "one", "one"):  # a second tab of the very same person's
        assert response["Location"] == "/home/"
        assert user_of(client) == users["one"]
        return
    assert response.status_code == 403
    assert user_of(client) == users[now]
    assert rows() == before
    assert "socialreg_pending" not in client.session
    assert "socialreg_prefill" not in client.session


@pytest.mark.parametrize(("intent", "began", "now"), CHANGES)
@pytest.mark.parametrize("slug", EVERY)
def test_a27_whichever_provider_they_come_from(standin: StandIn, users, slug, intent, began, now):
    client = Client()
    become(client, users[began])
    back = standin.approve(begin(client, slug, intent), "maralind")
    become(client, users[now])
    assert come_back(client, back).status_code == 403
    assert user_of(client) == users[now]
    assert rows() == []


@pytest.mark.parametrize("slug", EVERY)
def test_a27_a_login_of_somebody_who_is_logged_in_adds_nothing_to_them(standin: StandIn, users, slug):
    client = Client()
    client.force_login(users["one"])
    assert arrive(standin, client, slug).status_code == 403
    assert user_of(client) == users["one"]
    assert rows() == []


@pytest.mark.parametrize("slug", EVERY)
def test_a27_a_callback_cannot_say_what_was_begun_or_by_whom(standin: StandIn, users, slug):
    wishes = {"intent": "connect", "user_id": str(users["one"].pk), "keep": "1", "next": "/admin/"}
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    client.force_login(users["one"])
    assert come_back(client, changed(back, **wishes)).status_code == 403
    assert rows() == []
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, changed(back, **wishes))["Location"] == REGISTER
    assert rows() == []


@pytest.mark.parametrize("intent", ["connect", "prefill"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a27_what_only_users_can_begin_is_nothing_if_nobody_began_it(standin: StandIn, users, slug, intent):
    """Such an attempt cannot come about here; if one did, it would add nothing to nobody."""
    client = Client()
    client.force_login(users["one"])
    sent = start(client, slug, intent=intent)
    request, response = HttpRequest(), HttpResponse()
    request.META.update(SERVER_NAME="testserver", SERVER_PORT="80")
    attempt.keep(request, response, replace(waiting_in(client), user_id=None))
    client.cookies.update(response.cookies)
    client.session.flush()
    assert come_back(client, standin.approve(sent, "maralind")).status_code == 403
    assert rows() == []


@pytest.mark.parametrize("now", ["", "two"])
@pytest.mark.parametrize("field", ["twitter", "second"])
def test_a27_nor_does_an_organisation_get_an_account_from_somebody_else(standin: StandIn, settings, users, field, now):
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": HOOK}
    member, organisation = member_of()
    organisation.members.add(users["two"])
    client = Client()
    client.force_login(member)
    sent = client.post(connect_url(request_of(member), organisation, field))["Location"]
    back = standin.approve(sent, "maralind")
    become(client, users[now])
    assert come_back(client, back).status_code == 403
    organisation.refresh_from_db()
    assert getattr(organisation, field) is None
    assert rows() == []


# -- A28


def tells_nothing(response: HttpResponse, user: User) -> None:
    """Assert that a refusal names nobody: no name, no address, no number of theirs."""
    assert response.status_code == 403
    page = response.content.decode()
    assert "Already in use" in page
    for told in (user.username, user.email, user.first_name, "maralind", "Mara", "lindqvist", f'"{user.pk}"'):
        assert told not in page


@pytest.fixture
def other() -> User:
    return User.objects.create_user("quentin", "quentin@private.example", first_name="Quentin", pk=7_031_337)


@pytest.mark.parametrize("intent", ["connect", "keep"])
@pytest.mark.parametrize("slug", EVERY)
def test_a28_an_account_of_another_users_is_refused_and_tells_nothing_of_them(
    standin: StandIn, users, other, slug, intent
):
    an_account(standin, slug, other)
    before = rows()
    client = Client()
    client.force_login(users["one"])
    tells_nothing(come_back(client, standin.approve(begin(client, slug, intent), "maralind")), other)
    assert rows() == before, "neither taken nor renewed"
    assert user_of(client) == users["one"]
    page = client.get(CONNECTIONS).content.decode()
    assert "quentin" not in page.lower()
    assert "maralind" not in page


@pytest.mark.parametrize("field", ["twitter", "second"])
def test_a28_an_organisation_that_uses_it_too_takes_it_from_nobody_and_learns_of_nobody(
    standin: StandIn, settings, other, field
):
    """Whoever is here has proved to be its person; whom it logs in here stays as it was, and is not told."""
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": HOOK}
    an_account(standin, {"twitter": "twitter", "second": "acme"}[field], other)
    member, organisation = member_of()
    client = Client()
    client.force_login(member)
    sent = client.post(connect_url(request_of(member), organisation, field))["Location"]
    assert come_back(client, standin.approve(sent, "maralind"))["Location"] == "/home/"
    organisation.refresh_from_db()
    assert getattr(organisation, field).user == other
    assert user_of(client) == member
    for path in ("/home/", CONNECTIONS):
        assert "quentin" not in client.get(path).content.decode().lower()
