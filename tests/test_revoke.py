"""Tokens are taken back at the provider: by each that has a way, over real HTTP, and not at the visitor's cost."""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.background import background
from socialreg.disconnecting import forget
from socialreg.exceptions import ProviderError
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.tokens import FORM
from socialreg.types import Credentials
from tests.holding import held
from tests.servers import PATIENCE, Peer, Server, answer
from tests.shipped import GENERIC, slugs
from tests.test_way import register

#: Those that document no way; the page of each in the documentation says so.
WITHOUT = {"bitbucket", "linkedin", "microsoft", "spotify", "acme"}
WITH = sorted({GENERIC.get(slug, slug) for slug in slugs()} - WITHOUT)
SERVER = "one.example"
#: The revocation is done after the commit, so there has to be one.
committed = pytest.mark.django_db(transaction=True)


def connected(standin: StandIn, client: Client, slug: str) -> SocialAccount:
    """Let somebody with a password connect an account, and return it."""
    client.force_login(User.objects.create_user("mara", password="secret"))
    began = client.post(reverse("socialreg:start", args=[slug]), {"intent": "connect", "server": SERVER})
    back = standin.approve(began["Location"], "maralind")
    fields = getattr(back, "fields", None)
    if fields is None:
        client.get(back)
    else:
        client.get(client.post(back, urlencode(fields), content_type=FORM)["Location"])
    return SocialAccount.objects.get()


def disconnect(client: Client, account: SocialAccount) -> None:
    with held():
        response = client.post(reverse("socialreg:disconnect", args=[account.pk]))
    assert response["Location"].endswith("/connections/")


def is_alive(slug: str, credentials: Credentials) -> bool:
    """Ask the provider who the token belongs to."""
    try:
        providers[slug].check_alive(credentials)
    except ProviderError:
        return False
    return True


def revocations(standin: StandIn) -> list[Any]:
    return [each for each in standin.api_requests if "revoke" in each.path or "invalidate" in each.path]


@committed
@pytest.mark.parametrize("slug", WITH)
def test_a_disconnected_accounts_tokens_are_good_for_nothing(standin, client, slug):
    account = connected(standin, client, slug)
    before = account.credentials
    assert before is not None
    assert is_alive(slug, before) or slug == "apple"  # which is asked by a refresh alone
    disconnect(client, account)
    assert not SocialAccount.objects.exists()
    assert len(revocations(standin)) == 1
    assert not is_alive(slug, before)
    assert providers[slug].revoke(before)  # and once more: what is dead already is no error


@committed
@pytest.mark.parametrize(
    "slug", sorted(WITHOUT & {GENERIC.get(slug, slug) for slug in slugs()} - {"microsoft", "linkedin"})
)
def test_where_there_is_no_way_nothing_is_asked_and_the_account_goes_all_the_same(standin, client, slug, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    disconnect(client, connected(standin, client, slug))
    assert not SocialAccount.objects.exists()
    assert revocations(standin) == []
    assert "has no way to be told" in caplog.text


@committed
@pytest.mark.parametrize("fault", ["unavailable", "reset", "redirect"])
def test_a_provider_in_trouble_keeps_no_account_and_the_log_says_so(browser, x, fault, caplog):
    account = own(browser)
    x.fault(fault, path="/1.1/oauth/invalidate_token.json")
    disconnect(browser.client, account)
    assert not SocialAccount.objects.exists()
    assert "Revoking the tokens of a removed account of 'twitter' did not work" in caplog.text


@committed
def test_nobody_waits_for_a_provider_that_is_silent(browser, site, settings):
    """The provider answers once the visitor has been answered, and not before."""
    answered = threading.Event()

    def handle(peer: Peer) -> None:
        if peer.request() and answered.wait(PATIENCE):
            peer.say(answer())

    account = own(browser)
    with Server(handle) as server:
        entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "INVALIDATE_TOKEN_URL": server.url}
        hosts = [*settings.SOCIALREG["PRIVATE_HOSTS"], server.netloc]
        site(PROVIDERS={"twitter": entry}, PRIVATE_HOSTS=hosts)
        assert browser.client.post(reverse("socialreg:disconnect", args=[account.pk])).status_code == 302
        assert not SocialAccount.objects.exists()
        answered.set()
        background.drain()
        assert len(server.requests) == 1


def own(browser) -> SocialAccount:
    register(browser)
    user = User.objects.get()
    user.set_password("secret")
    user.save()
    browser.client.force_login(user)
    return SocialAccount.objects.get()


@committed
def test_who_is_connected_again_by_then_keeps_the_new_tokens(browser, x, caplog):
    """At X there is one grant for a person and an application: revoking the old tokens would end the new ones."""
    caplog.set_level(logging.INFO, "socialreg")
    account = own(browser)
    with held():
        browser.client.post(reverse("socialreg:disconnect", args=[account.pk]))
        browser.log_in("maralind", intent="connect")
    assert "is connected again: its tokens are not revoked" in caplog.text
    assert x.requests_to("/1.1/oauth/invalidate_token.json") == []
    assert is_alive("twitter", SocialAccount.objects.get().credentials)


@committed
def test_what_is_undone_is_not_revoked(browser, x, monkeypatch):
    account = own(browser)
    monkeypatch.setattr("socialreg.disconnecting.confirmation.void", None)  # fails within the transaction
    with pytest.raises(TypeError):
        browser.client.post(reverse("socialreg:disconnect", args=[account.pk]))
    background.drain()
    assert SocialAccount.objects.filter(pk=account.pk).exists()
    assert x.requests_to("/1.1/oauth/invalidate_token.json") == []


@committed
def test_an_account_that_nobody_has_any_more_is_forgotten_and_its_tokens_are_revoked(browser, x):
    account = own(browser)
    credentials = account.credentials
    forget(account)
    background.drain()
    assert not SocialAccount.objects.exists()
    assert not is_alive("twitter", credentials)


@committed
def test_tokens_that_cannot_be_opened_and_a_provider_that_is_gone_stop_nothing(browser, site, caplog):
    account = own(browser)
    SocialAccount.objects.update(sealed_credentials="not ours")
    disconnect(browser.client, account)
    assert "cannot be opened, nor revoked" in caplog.text
    browser.log_in("maralind", intent="connect")
    site(PROVIDERS={})
    disconnect(browser.client, SocialAccount.objects.get())
    assert not SocialAccount.objects.exists()
    assert "did not work" in caplog.text


@pytest.mark.django_db
class TestRFC7009:
    """``corp`` has its endpoint from the metadata, ``gitlab`` from its class."""

    @pytest.fixture
    def credentials(self, standin, client) -> Credentials:
        found = connected(standin, client, "gitlab").credentials
        assert found is not None
        return found

    def test_the_refresh_token_is_revoked_and_with_it_what_came_of_it(self, standin, credentials):
        assert providers["gitlab"].revoke(credentials)
        (record,) = revocations(standin)
        assert record.path == "/gitlab/revoke"
        assert not is_alive("gitlab", credentials)

    def test_a_refresh_token_of_a_kind_that_is_not_revoked_lets_the_access_token_be_revoked(self, standin, credentials):
        standin.fault("error-with-200", 1, path="/gitlab/revoke", code="unsupported_token_type")
        assert providers["gitlab"].revoke(credentials)
        assert len(revocations(standin)) == 2
        assert not is_alive("gitlab", credentials)

    def test_where_neither_is_revoked_there_is_no_way(self, standin, credentials):
        standin.fault("error-with-200", path="/gitlab/revoke", code="unsupported_token_type")
        assert not providers["gitlab"].revoke(credentials)

    def test_a_token_that_is_said_to_be_dead_is_no_error(self, standin, credentials):
        standin.fault("error-with-200", path="/gitlab/revoke", code="invalid_token")
        assert providers["gitlab"].revoke(credentials)

    def test_any_other_error_is_one(self, standin, credentials):
        standin.fault("error-with-200", path="/gitlab/revoke", code="invalid_client")
        with pytest.raises(ProviderError) as caught:
            providers["gitlab"].revoke(credentials)
        assert caught.value.code == "invalid_client"

    def test_without_tokens_nothing_is_asked(self, standin):
        assert not providers["gitlab"].revoke(Credentials("1"))
        assert revocations(standin) == []
