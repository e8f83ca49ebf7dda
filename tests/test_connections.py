"""The page of somebody's accounts: what it shows, what it takes away, and what it refuses to."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from docs.examples.connections import delete_everything, disconnect_all_of
from socialreg import accounts as writing
from socialreg import confirmation
from socialreg.exceptions import NotAllowed
from socialreg.lookup import find_class
from socialreg.models import SocialAccount, identity_digest
from socialreg.types import Arrival, Credentials, Profile
from tests import stores
from tests.owners_app.models import Organisation
from tests.statements import recorded
from tests.test_way import register, shown
from tests.together import at_once

CONNECTIONS = "/accounts/connections/"
BACKENDS = ["socialreg.backends.SocialBackend"]


def account_of(user: User | None, subject: str, **values: Any) -> SocialAccount:
    """Write an account, whichever way it came."""
    issuer = values.pop("issuer", "https://x.com")
    known = {"provider": "twitter", "username": f"handle{subject}", "identity": identity_digest(issuer, subject)}
    return SocialAccount.objects.create(user=user, issuer=issuer, subject=subject, **{**known, **values})


def disconnect(client: Client, account: SocialAccount) -> HttpResponse:
    return client.post(reverse("socialreg:disconnect", args=[account.pk]))


def page_of(client: Client) -> str:
    return client.get(CONNECTIONS).content.decode()


@pytest.fixture
def mara(site, client) -> User:
    """Somebody who is logged in, and has no password."""
    user = User.objects.create(username="mara", password="!")
    client.force_login(user)
    return user


@pytest.mark.django_db
class TestThePage:
    def test_it_shows_handle_picture_provider_since_and_last_used(self, browser):
        register(browser)
        day = timezone.now() - timedelta(days=400)
        SocialAccount.objects.update(created_at=day)
        page = page_of(browser.client)
        assert "@maralind" in page
        assert "Mara Lindqvist" in page
        assert SocialAccount.objects.get().picture in page
        account = SocialAccount.objects.get()
        assert f"Since {date_format(timezone.localtime(day))}" in page
        assert f"last used {date_format(timezone.localtime(account.used_at))}" in page

    def test_it_shows_nobody_elses(self, mara, client):
        account_of(User.objects.create(username="other"), "9", username="not-yours")
        SocialAccount.objects.create(user=None, issuer="i", subject="8", identity="8", username="nobodys")
        page = page_of(client)
        assert "not-yours" not in page
        assert "nobodys" not in page
        assert "None yet" in page

    def test_who_is_not_logged_in_logs_in_first(self, site, client):
        assert client.get(CONNECTIONS)["Location"] == f"/login/?next={CONNECTIONS}"

    def test_a_handle_that_is_no_user_name_has_no_at_sign(self, mara, client):
        account_of(mara, "1", username="", full_name="Mara Lindqvist")
        assert "@" not in page_of(client).partition("</ul>")[0].partition("<ul")[2]

    def test_an_account_whose_tokens_are_lost_can_be_connected_again(self, mara, client):
        account_of(mara, "1")
        assert "Connect it again" not in page_of(client)
        SocialAccount.objects.update(lost_at=timezone.now(), lost_code="revoked")
        page = page_of(client)
        assert "X does not let us in for this account any more" in page
        assert page.count('action="/accounts/twitter/start/"') == 2
        assert page.count('name="errand"') == 1  # this very account is to come back, and no other is added by mistake

    def test_connecting_it_again_mends_it(self, browser):
        register(browser)
        SocialAccount.objects.update(lost_at=timezone.now(), lost_code="revoked")
        browser.log_in("maralind", intent="connect")
        assert SocialAccount.objects.get().lost_at is None
        assert "Connect it again" not in page_of(browser.client)

    def test_an_account_of_a_provider_that_is_gone_says_so_and_has_no_button(self, mara, client):
        account_of(mara, "1", provider="gone")
        page = page_of(client)
        assert "You cannot log in with this account at the moment" in page
        assert "gone/start" not in page

    def test_it_makes_one_query_besides_session_and_user(self, mara, client):
        for subject in range(20):
            account_of(mara, str(subject))
        with recorded(connections["default"]) as statements:
            client.get(CONNECTIONS)
        assert len(statements.queries) == 3, [sql for sql, _ in statements.queries]

    def test_what_a_provider_told_is_escaped(self, mara, client):
        account_of(mara, "1", username="<b>x", full_name="<script>", provider="gone")
        page = page_of(client)
        assert "<script>" not in page
        assert "<b>x" not in page


@pytest.mark.django_db
class TestWaysIn:
    """Of all the ways to log in one is left, that works."""

    def test_another_account_is_one(self, mara, client):
        first, second = account_of(mara, "1"), account_of(mara, "2")
        assert disconnect(client, first)["Location"] == CONNECTIONS
        assert disconnect(client, second).status_code == 403
        assert SocialAccount.objects.get() == second

    def test_a_password_is_one(self, mara, client):
        mara.set_password("secret")
        mara.save()
        client.force_login(mara)
        assert disconnect(client, account_of(mara, "1")).status_code == 302

    def test_a_password_that_no_backend_takes_is_none(self, mara, client, settings):
        settings.AUTHENTICATION_BACKENDS = BACKENDS
        mara.set_password("secret")
        mara.save()
        client.force_login(mara, BACKENDS[0])
        assert disconnect(client, account_of(mara, "1")).status_code == 403

    def test_an_account_of_a_provider_that_is_gone_or_not_ready_is_none(self, mara, client, site, settings):
        entry = settings.SOCIALREG["PROVIDERS"]["twitter"]
        site(PROVIDERS={"twitter": entry, "broken": {**entry, "PROVIDER": "twitter", "CLIENT_SECRET": ""}})
        own = account_of(mara, "1")
        account_of(mara, "2", provider="gone")
        account_of(mara, "3", provider="broken")
        assert disconnect(client, own).status_code == 403

    def test_an_account_whose_tokens_are_lost_is_none(self, mara, client):
        """It may be suspended or deleted at the provider, for all that anybody knows."""
        own = account_of(mara, "1")
        account_of(mara, "2", lost_at=timezone.now())
        assert disconnect(client, own).status_code == 403

    def test_nor_is_somebody_elses(self, mara, client):
        account_of(User.objects.create(username="other"), "9")
        assert disconnect(client, account_of(mara, "1")).status_code == 403

    def test_whoever_came_by_the_account_is_logged_out_and_what_they_asked_for_dies(self, mara, client, site):
        """Else a stranger whose account was found and removed would stay, or come back by a mail."""
        site(EMAIL_CONFIRMATION="send")
        strange, _ = account_of(mara, "1"), account_of(mara, "2")
        stranger = Client()
        stranger.force_login(mara)
        assert confirmation.request_change(mara, "stranger@example.com") == "sent"
        assert disconnect(client, strange)["Location"] == CONNECTIONS
        assert stranger.get(CONNECTIONS).status_code == 302
        assert client.get(CONNECTIONS).status_code == 200
        assert confirmation.changes(mara) == []

    def test_what_is_refused_says_why(self, mara, client):
        assert b"This is your last way in" in disconnect(client, account_of(mara, "1")).content


@pytest.mark.django_db
class TestOwnersBesides:
    def test_an_account_that_serves_owners_stays_with_them_tokens_and_all(self, mara, client):
        account_of(mara, "1")
        serving = account_of(mara, "2")
        Organisation.objects.create(name="Growers", twitter=serving)
        before = serving.credentials
        assert disconnect(client, serving).status_code == 302
        serving.refresh_from_db()
        assert serving.user is None
        assert serving.credentials == before
        assert "handle2" not in page_of(client)


@pytest.mark.django_db
class TestOnePerProvider:
    @pytest.fixture(autouse=True)
    def one(self, site):
        site(ACCOUNTS_PER_PROVIDER="one")

    def test_a_second_one_is_refused_with_its_own_words(self, browser):
        register(browser)
        response = browser.log_in("kestrel", intent="connect")
        assert response.status_code == 403
        assert b"One X account is connected already" in response.content
        assert SocialAccount.objects.get().username == "maralind"

    def test_ones_own_is_refreshed(self, browser):
        register(browser)
        assert browser.log_in("maralind", intent="connect")["Location"] == CONNECTIONS

    def test_its_button_is_not_shown(self, browser):
        register(browser)
        assert 'action="/accounts/twitter/start/"' not in page_of(browser.client)

    def test_the_other_protocol_of_the_same_site_is_the_same_provider(self, mara):
        account_of(mara, "1", provider="x")
        with pytest.raises(NotAllowed) as caught:
            writing.connect(HttpRequest(), mara, arrival("2"))
        assert caught.value.code == "one-per-provider"

    def test_so_is_another_server_of_the_same_entry(self, mara):
        account_of(mara, "1", provider="twitter", issuer="https://elsewhere.example")
        with pytest.raises(NotAllowed):
            writing.connect(HttpRequest(), mara, arrival("2"))

    def test_an_account_that_was_nobodys_counts_too(self, mara):
        account_of(mara, "1")
        SocialAccount.objects.create(
            issuer="https://x.com", subject="2", identity=identity_digest("https://x.com", "2"), provider="twitter"
        )
        with pytest.raises(NotAllowed):
            writing.connect(HttpRequest(), mara, arrival("2"))

    def test_several_are_fine_by_default(self, browser, site):
        site(ACCOUNTS_PER_PROVIDER="several")
        register(browser)
        browser.log_in("kestrel", intent="connect")
        assert SocialAccount.objects.count() == 2


def arrival(subject: str) -> Arrival:
    return Arrival("twitter", "https://x.com", Credentials(subject, token="t"), Profile(subject), fetched=True)


class TestProof:
    """ "Prove it, then resume": with a password, or by another account."""

    pytestmark = pytest.mark.django_db

    @pytest.fixture
    def with_github(self, site, settings, x):
        github = x.play("github", find_class("github", {}))
        site(PROVIDERS={**settings.SOCIALREG["PROVIDERS"], "github": github})

    @pytest.fixture
    def ines(self, with_github, other_browser, x) -> User:
        """Somebody who registered by GitHub, with the address that Mara's X account has."""
        x.tell("github", {"email": "mara.lindqvist@example.com"})
        other_browser.client.get(x.approve(other_browser.start("github")["Location"], "kestrel"))
        form = shown(other_browser.client.get("/accounts/register/").content.decode())
        other_browser.client.post("/accounts/register/", {**form, "email": "mara.lindqvist@example.com"})
        return User.objects.get()

    def test_the_page_offers_the_other_providers_and_not_the_one_they_came_by(self, ines, browser):
        page = browser.client.get(browser.log_in("maralind")["Location"]).content.decode()
        assert 'name="prove_by" value="github"' in page
        assert 'name="prove_by" value="twitter"' not in page
        assert 'name="prove" value="1"' in page

    def test_more_than_three_of_them_are_folded_away_and_the_other_answers_stay_in_sight(
        self, ines, browser, site, settings, x
    ):
        slugs = ("bitbucket", "discord", "spotify")
        fold = '<summary class="socialreg-secondary">Log in another way</summary>'
        place = browser.log_in("maralind")["Location"]
        assert fold not in browser.client.get(place).content.decode()
        more = {slug: x.play(slug, find_class(slug, {})) for slug in slugs}
        site(PROVIDERS={**settings.SOCIALREG["PROVIDERS"], **more})
        before, folded, after = re.split("<details[^>]*>|</details>", browser.client.get(place).content.decode())
        assert fold in folded
        assert [f'value="{slug}"' in folded for slug in ("github", *slugs)] == [True] * 4
        assert 'name="prove" value="1"' in before
        assert 'name="register" value="1"' in after

    def test_a_login_by_another_provider_leads_to_the_question_and_on(self, ines, browser, x):
        browser.log_in("maralind", next="/home/?on")
        sent = browser.client.post("/accounts/prove/", {"prove_by": "github"})
        question = browser.client.get(x.approve(sent["Location"], "kestrel"))["Location"]
        assert question.startswith("/accounts/link/?proof=")
        assert b"Link @maralind to this account?" in browser.client.get(question).content
        assert SocialAccount.objects.count() == 1
        assert browser.client.post(question, {"link": "1"})["Location"] == "/home/?on"
        assert {account.user for account in SocialAccount.objects.all()} == {ines}
        assert SocialAccount.objects.count() == 2

    def test_an_account_that_nobody_has_here_proves_nothing_and_loses_nothing(self, ines, browser, x):
        browser.log_in("maralind", next="/home/?on")
        x.tell("github", {})
        sent = browser.client.post("/accounts/prove/", {"prove_by": "github"})
        response = browser.client.get(x.approve(sent["Location"], "junofox"))
        assert response.status_code == 403
        assert b"This account is not known here" in response.content
        assert b'href="/login/?next=/accounts/link/' in response.content
        assert User.objects.count() == 1
        sent = browser.client.post("/accounts/prove/", {"prove_by": "github"})
        question = browser.client.get(x.approve(sent["Location"], "kestrel"))["Location"]
        assert browser.client.post(question, {"link": "1"})["Location"] == "/home/?on"

    @pytest.mark.parametrize("slug", ["twitter", "nobody", "", "../x"])
    def test_no_other_name_starts_anything(self, ines, browser, slug):
        browser.log_in("maralind")
        response = browser.client.post("/accounts/prove/", {"prove_by": slug})
        assert response["Location"].startswith("/login/?next=")

    def test_without_a_user_name_the_question_has_no_at_sign(self, ines, browser, x):
        x.tell("twitter", {"username": "", "full_name": "Mara Lindqvist"})
        browser.log_in("maralind")
        session = browser.client.session
        assert session["socialreg_pending"]
        sent = browser.client.post("/accounts/prove/", {"prove_by": "github"})
        question = browser.client.get(x.approve(sent["Location"], "kestrel"))["Location"]
        page = browser.client.get(question).content.decode()
        assert "Link <bdi>Mara Lindqvist</bdi> to this account?" in page


@pytest.mark.django_db
class TestViewsOfASitesOwn:
    """The examples in the documentation."""

    def asked(self, rf: Any, client: Client, user: User) -> Any:
        request = rf.post("/")
        request.user, request.session = user, client.session
        return request

    def test_what_needs_a_recent_login_leads_to_one_first(self, mara, client, rf):
        request = self.asked(rf, client, mara)
        request.session["socialreg_since"] = 1
        assert delete_everything(request)["Location"] == "/accounts/again/?next=%2Fsettings%2F"
        assert delete_everything(self.asked(rf, client, mara))["Location"] == "/"
        assert not User.objects.exists()

    def test_all_but_the_last_way_in_can_be_taken(self, mara, client, rf):
        for subject in ("1", "2", "3"):
            account_of(mara, subject)
        response = disconnect_all_of(self.asked(rf, client, mara), "twitter")
        assert response.content == b"Not disconnected: last-login"
        assert mara.social_accounts.count() == 1


# Races


@stores.on("sqlite", "postgres", "mysql")
def test_of_two_accounts_of_one_provider_that_are_connected_at_once_one_stays_out(database, site):
    site(ACCOUNTS_PER_PROVIDER="one")
    for turn in range(10):
        user = User.objects.create(username=f"user{turn}", password="!")
        subjects = [f"{turn}-{each}" for each in range(2)]
        came = at_once(*[partial(writing.connect, HttpRequest(), user, arrival(uid)) for uid in subjects])
        assert sorted(type(each).__name__ for each in came) == ["NotAllowed", "SocialAccount"], came
        assert user.social_accounts.count() == 1


@stores.on("postgres")
def test_one_that_slips_in_while_another_is_taken_over_is_the_only_one(database, site):
    """PostgreSQL lets a lock go with what is rolled back, so another request gets in between; others keep it."""
    site(ACCOUNTS_PER_PROVIDER="one")
    user = User.objects.create(username="mara", password="!")
    nobodys = account_of(None, "nobodys")

    def slip_in(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if sql.startswith("ROLLBACK TO"):
            came.extend(at_once(partial(writing.connect, HttpRequest(), user, arrival("quick"))))
        return done

    came: list[object] = []
    with database.execute_wrapper(slip_in), pytest.raises(NotAllowed):
        writing.connect(HttpRequest(), user, arrival("nobodys"))
    nobodys.refresh_from_db()
    assert (nobodys.user, [each.subject for each in user.social_accounts.all()]) == (None, ["quick"]), came
