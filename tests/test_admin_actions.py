"""What staff can do with accounts in the admin: each with its result, within bounds, and not without the permission."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from socialreg import admin_actions
from socialreg.background import background
from socialreg.exceptions import ProviderError
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.keep import expire, make_account, opened, stored
from tests.owners_app.models import Organisation

pytestmark = pytest.mark.django_db

LIST = "/admin/socialreg/socialaccount/"


@pytest.fixture
def account(standin: StandIn) -> SocialAccount:
    """Mara's account at X over OAuth 2.0."""
    return make_account(standin, user="mara")


def act(client: Client, action: str, *accounts: SocialAccount, **more: str) -> list[tuple[str, str]]:
    """Do something with chosen accounts; return the messages about it, each with its level."""
    data = {"action": action, "_selected_action": [each.pk for each in accounts], **more}
    response = client.post(LIST, data)
    assert response.status_code in {200, 302}
    return [(message.level_tag, message.message) for message in get_messages(response.wsgi_request)]


def test_verify_asks_the_provider_of_each_and_says_what_it_said(staff, standin, account):
    other = make_account(standin, "github", "kestrel")
    standin.requests.clear()
    told = act(staff, "verify", account, other)
    assert told == [
        ("success", "github: kestrel: The provider takes its tokens"),
        ("success", "x: maralind: The provider takes its tokens"),
    ]
    assert len(standin.requests) == 2


def test_verify_finds_who_is_lost(staff, account):
    assert providers["x"].revoke(opened(account))
    ((level, text),) = act(staff, "verify", account)
    assert level == "warning"
    assert text.startswith("x: maralind: Lost (")
    assert stored(account).lost_at is not None


def test_a_provider_that_is_down_is_told_of_as_in_the_log_and_the_others_go_on(staff, standin, account):
    other = make_account(standin, "github", "kestrel")
    standin.fault("server-error", path="/x/profile")
    (good, bad) = act(staff, "verify", account, other)
    assert good[0] == "success"
    assert bad[0] == "error"
    assert "Cause: " in bad[1]
    assert stored(account).lost_at is None


def test_refresh_brings_a_new_token_to_those_that_have_ended(staff, standin, account):
    fresh = make_account(standin, "x", "kestrel")
    before = expire(account)
    told = act(staff, "refresh", account, fresh)
    assert told == [
        ("success", "x: kestrel: Its token does not end soon and was left as it is"),
        ("success", "x: maralind: Its token is new"),
    ]
    assert opened(stored(account)).token != before.token


@pytest.mark.parametrize("action", ["verify", "refresh", "delete_selected"])
def test_more_than_some_are_not_done_at_once(staff, standin, account, monkeypatch, action):
    monkeypatch.setattr(admin_actions, "AT_ONCE", 1)
    other = make_account(standin, "github", "kestrel")
    standin.requests.clear()
    ((level, text),) = act(staff, action, account, other, confirmed="yes")
    assert level == "error"
    assert "at most 1 at once" in text
    assert "socialreg_maintain" in text
    assert standin.requests == []
    assert SocialAccount.objects.count() == 2


def test_all_calls_of_an_action_share_one_deadline(staff, standin, account, monkeypatch):
    monkeypatch.setattr(admin_actions, "SECONDS", 0)
    standin.requests.clear()
    ((level, _text),) = act(staff, "verify", account)
    assert level == "error"
    assert standin.requests == []


def test_disconnect_asks_first_and_says_what_is_about_to_go(staff, account):
    Organisation.objects.create(name="Growers", twitter=account)
    User.objects.filter(username="mara").update(password="!")
    page = staff.post(LIST, {"action": "delete_selected", "_selected_action": account.pk}).content.decode()
    for words in ("x: maralind", "mara", "may be their last way in", "Organisation: Growers", 'value="Disconnect"'):
        assert words in page
    assert SocialAccount.objects.count() == 1
    assert act(staff, "delete_selected", account, confirmed="yes") == [("success", "x: maralind: Disconnected")]
    assert not SocialAccount.objects.exists()
    assert Organisation.objects.get().twitter is None
    assert LogEntry.objects.get(action_flag=DELETION).object_repr == "x: maralind"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["action", "page"])
def test_what_is_disconnected_is_revoked_at_the_provider(staff, account, way):
    credentials = opened(account)
    providers["x"].check_alive(credentials)
    if way == "action":
        act(staff, "delete_selected", account, confirmed="yes")
    else:
        assert staff.post(f"{LIST}{account.pk}/delete/", {"post": "yes"}).status_code == 302
    background.drain()
    assert not SocialAccount.objects.exists()
    with pytest.raises(ProviderError):
        providers["x"].check_alive(credentials)


@pytest.mark.parametrize(
    ("codename", "allowed"),
    [
        ("view_socialaccount", set()),
        ("change_socialaccount", {"verify", "refresh"}),
        ("delete_socialaccount", {"delete_selected"}),
    ],
)
def test_an_action_needs_its_permission(client, standin, account, codename, allowed):
    """To change is to ask the provider, to delete is to disconnect. Nothing else is offered, or done."""
    person = User.objects.create_user("staff", is_staff=True)
    wanted = Permission.objects.filter(codename__in={"view_socialaccount", codename})
    person.user_permissions.set(wanted)
    client.force_login(person)
    page = client.get(LIST).content.decode()
    offered = {action for action in ("verify", "refresh", "delete_selected") if f'value="{action}"' in page}
    assert offered == allowed
    assert "Delete selected" not in page  # Django's own, which revokes nothing
    standin.requests.clear()
    for action in {"verify", "refresh", "delete_selected"} - allowed:
        act(client, action, account, confirmed="yes")
    assert standin.requests == []
    assert SocialAccount.objects.count() == 1
    assert client.post(f"{LIST}{account.pk}/change/", {"username": "other"}).status_code == 403
