"""Who logged in a while ago logs in again before anything changes who can log in here as them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth import user_logged_in
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from socialreg import sessions
from socialreg.models import SocialAccount
from tests.test_way import register, shown

pytestmark = pytest.mark.django_db

AGAIN, CONNECTIONS = "/accounts/again/", "/accounts/connections/"


def grow_old(client: Client, seconds: int = 7300) -> None:
    """Let the login of this session have been so long ago."""
    session = client.session
    session["socialreg_since"] -= seconds
    session.save()


def back_from(response: Any) -> str:
    """See that a login is asked for, and return where it leads."""
    assert response.status_code == 302, response.content.decode()
    parts = urlsplit(response["Location"])
    assert parts.path == AGAIN
    return dict(parse_qsl(parts.query))["next"]


def is_recent(client: Client) -> bool:
    request = HttpRequest()
    request.session = client.session
    return sessions.is_recent(request)


@pytest.fixture
def old(browser):
    """A browser whose user registered by X more than two hours ago, and has a password."""
    register(browser)
    user = User.objects.get()
    user.set_password("secret")
    user.save()
    browser.client.logout()
    browser.log_in("maralind")
    grow_old(browser.client)
    return browser


class TestWhatAsksForIt:
    def test_connecting(self, old, x):
        x.requests.clear()
        assert back_from(old.start(intent="connect")) == CONNECTIONS
        assert back_from(old.start(intent="connect", next="/home/")) == "/home/"
        assert x.requests == [], "and nobody was sent to the provider"

    def test_a_prefill_that_keeps_the_account_and_no_other(self, old):
        assert back_from(old.start(intent="prefill", keep="1", next="/home/")) == "/home/"
        assert urlsplit(old.start(intent="prefill", next="/home/")["Location"]).path == "/oauth/authenticate"

    def test_disconnecting(self, old):
        account = SocialAccount.objects.get()
        assert back_from(old.client.post(reverse("socialreg:disconnect", args=[account.pk]))) == CONNECTIONS
        assert SocialAccount.objects.exists()

    def test_linking(self, old):
        assert back_from(old.client.get("/accounts/link/?proof=x")) == "/accounts/link/?proof=x"

    def test_not_logging_in(self, old):
        assert old.log_in("maralind", next="/home/")["Location"] == "/home/"

    @pytest.mark.parametrize(
        ("referer", "back"),
        [
            ("http://testserver/settings/?tab=2", "http://testserver/settings/?tab=2"),
            ("https://evil.example/settings/", "/home/"),
            ("http://testserver/accounts/twitter/callback/?oauth_token=x", "/home/"),
            ("http://testserver/accounts/twitter/start/", "/home/"),
        ],
    )
    def test_it_leads_back_to_the_page_with_the_button(self, old, referer, back):
        response = old.client.post(
            "/accounts/twitter/start/", {"intent": "connect", "next": "/home/"}, headers={"referer": referer}
        )
        assert back_from(response) == back


class TestWhatCountsAsRecent:
    def test_two_hours_by_default_and_what_the_site_says(self, browser, site):
        register(browser)
        grow_old(browser.client, 7000)
        assert is_recent(browser.client)
        site(RECENT_LOGIN=timedelta(minutes=5))
        assert not is_recent(browser.client)
        site(RECENT_LOGIN=None)
        assert is_recent(browser.client)

    def test_a_login_of_another_browser_proves_nothing_here(self, old, other_browser):
        other_browser.log_in("maralind")
        assert other_browser.user() == old.user()
        assert is_recent(other_browser.client)
        assert not is_recent(old.client)

    def test_a_login_by_any_way_of_the_site_counts(self, site, client):
        User.objects.create_user("mara", password="secret")
        client.post("/login/", {"username": "mara", "password": "secret"})
        assert is_recent(client)
        assert client.post("/accounts/twitter/start/", {"intent": "connect"})["Location"].startswith("http://127.0.0.1")

    def test_a_session_from_before_this_was_noted_does_not(self, old):
        session = old.client.session
        del session["socialreg_since"]
        session.save()
        assert not is_recent(old.client)

    @pytest.mark.parametrize("seconds", [-7300, -100])
    def test_nor_does_one_from_the_future(self, old, seconds):
        session = old.client.session
        session["socialreg_since"] = int(time.time()) - seconds
        session.save()
        assert not is_recent(old.client)

    def test_a_login_that_made_no_session_writes_into_none(self, old):
        """Packages for tokens send the signal of a login, too."""
        for user in (User.objects.get(), User.objects.create_user("other")):
            request = HttpRequest()
            user_logged_in.send(User, request=request, user=user)
            request.session = Client().session
            user_logged_in.send(User, request=request, user=user)
            assert dict(request.session) == {}
        user_logged_in.send(User, request=None, user=user)


class TestThePage:
    def test_it_says_who_is_here_and_offers_the_password_and_their_own_providers(self, old, standin_too):
        page = old.client.get(AGAIN, {"next": "/home/"}).content.decode()
        assert "You are logged in as <strong" in page
        assert "maralind" in page
        assert 'action="/accounts/twitter/start/"' in page
        assert 'action="/accounts/other/start/"' not in page
        assert 'type="password"' in page
        assert shown(page)["next"] == "/home/"

    @pytest.fixture
    def standin_too(self, site, settings):
        entry = settings.SOCIALREG["PROVIDERS"]["twitter"]
        site(PROVIDERS={"twitter": entry, "other": {**entry, "PROVIDER": "x"}})

    def test_the_password_makes_the_session_recent(self, old):
        key = old.client.session.session_key
        response = old.client.post(f"{AGAIN}?next=/home/", {"password": "secret"})
        assert response["Location"] == "/home/"
        assert is_recent(old.client)
        assert old.client.session.session_key != key
        assert "socialreg_account" not in old.client.session, "this login was by no account"

    def test_a_wrong_password_does_not_and_is_seen_by_what_counts_attempts(self, old, failures):
        response = old.client.post(AGAIN, {"password": "guess"})
        assert b"This is not your password" in response.content
        assert not is_recent(old.client)
        assert failures == [{"username": "maralind", "password": "********************"}]

    @pytest.fixture
    def failures(self):
        seen: list[Any] = []

        def note(credentials, **_):
            seen.append(credentials)

        user_login_failed.connect(note)
        yield seen
        user_login_failed.disconnect(note)

    def test_nobody_elses_name_and_password_do(self, old):
        User.objects.create_user("other", password="other's")
        response = old.client.post(AGAIN, {"username": "other", "password": "other's"})
        assert response.status_code == 200
        assert old.user().username == "maralind"
        assert not is_recent(old.client)

    def test_a_login_by_a_provider_makes_the_session_recent(self, old):
        key = old.client.session.session_key
        assert old.log_in("maralind", next="/home/")["Location"] == "/home/"
        assert is_recent(old.client)
        assert old.client.session.session_key != key, "whoever else may know the key does not profit"
        assert old.client.session["socialreg_account"] == SocialAccount.objects.get().pk

    def test_a_login_by_somebody_elses_account_is_refused_and_proves_nothing(self, old, other_browser):
        register(other_browser, "kestrel")
        assert old.log_in("kestrel").status_code == 403
        assert old.user().username == "maralind"
        assert not is_recent(old.client)

    def test_who_has_no_password_is_offered_none(self, browser):
        register(browser)
        grow_old(browser.client)
        assert 'type="password"' not in browser.client.get(AGAIN).content.decode()
        assert browser.client.post(AGAIN, {"password": ""}).status_code == 200

    @pytest.mark.parametrize(
        "backend", ["socialreg.backends.SocialBackend", "django.contrib.auth.backends.RemoteUserBackend"]
    )
    def test_where_no_backend_takes_passwords_none_is_asked_for(self, old, settings, backend):
        settings.AUTHENTICATION_BACKENDS = [backend]
        client = Client()
        client.force_login(User.objects.get(), backend)
        grow_old(client)
        assert 'type="password"' not in client.get(AGAIN).content.decode()

    def test_who_has_neither_is_sent_to_the_sites_login_page(self, site, client):
        client.force_login(User.objects.create(username="somebody", password="!"))
        grow_old(client)
        assert 'href="/login/?next=/home/"' in client.get(AGAIN, {"next": "/home/"}).content.decode()

    def test_who_is_recent_or_not_logged_in_has_no_business_there(self, old, client):
        assert Client().get(AGAIN, {"next": "/home/"})["Location"] == "/login/?next=/home/"
        grow_old(old.client, -7300)
        assert old.client.get(AGAIN, {"next": "/home/"})["Location"] == "/home/"

    @pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
    def test_it_leads_nowhere_else(self, old, next_url):
        assert old.client.post(f"{AGAIN}?next={next_url}", {"password": "secret"})["Location"] == CONNECTIONS

    def test_the_password_is_not_shown_again_nor_in_a_report(self, old):
        page = old.client.post(AGAIN, {"password": "gu3ss-me-not"})
        assert b"gu3ss-me-not" not in page.content
        assert page.wsgi_request.sensitive_post_parameters == ("password",)
