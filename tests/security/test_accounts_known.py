"""Attacks on accounts that are there already: cases A22 to A29, and whoever planted what before its owner came."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import Client
from django.urls import reverse

from socialreg import accounts, disconnecting, session_ends
from socialreg.background import background
from socialreg.exceptions import NotAllowed
from socialreg.lookup import find_class
from socialreg.models import SocialAccount, UserAddress
from tests import stores
from tests.holding import held
from tests.owners_app.models import Organisation
from tests.security.visiting import user_of
from tests.test_connections import account_of, arrival, at_once
from tests.test_way import MARA, register, shown

CONNECTIONS, PROVE = "/accounts/connections/", "/accounts/prove/"
#: What is done in the background is done after a commit, so there has to be one.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def github(site, settings, x) -> None:
    """A second provider, by which kestrel is somebody with another address."""
    entry = x.play("github", find_class("github", {}))
    site(PROVIDERS={**settings.SOCIALREG["PROVIDERS"], "github": entry})


@pytest.fixture
def owner(site) -> User:
    """Whose address Mara has at X, and a password."""
    return User.objects.create_user("mara", MARA["email"], "secret")


def log_in(client: Client, following: str = "/home/") -> HttpResponse:
    return client.post("/login/", {"username": "mara", "password": "secret", "next": following})


def come_with(browser: Any, slug: str, screen_name: str, **data: str) -> HttpResponse:
    return browser.client.get(browser.x.approve(browser.start(slug, **data)["Location"], screen_name))


def link(browser: Any) -> HttpResponse:
    """Come by X, prove the old account by its password, link, and let everything be done that follows."""
    with held():
        return link_at_once(browser)


def link_at_once(browser: Any) -> HttpResponse:
    browser.log_in("maralind", next="/home/?on")
    question = log_in(browser.client, _following(browser.client.post(PROVE, {"prove": "1"})))["Location"]
    return browser.client.post(question, {"link": "1"})


def link_by(browser: Any, slug: str, screen_name: str) -> HttpResponse:
    """Come by X, prove the old account by another one of it, link."""
    browser.log_in("maralind", next="/home/?on")
    sent = browser.client.post(PROVE, {"prove_by": slug})
    question = browser.client.get(browser.x.approve(sent["Location"], screen_name))["Location"]
    with held():
        return browser.client.post(question, {"link": "1"})


def _following(response: HttpResponse) -> str:
    return QueryDict(response["Location"].partition("?")[2])["next"]


@pytest.mark.django_db
class TestKnownAddress:
    def test_a22_a_known_address_links_nothing_and_says_log_in_first(self, owner, browser):
        User.objects.update(username="nobodys-business")
        response = browser.log_in("maralind")
        assert response["Location"] == PROVE
        page = browser.client.get(PROVE).content.decode()
        assert "Log in to my account" in page
        assert "nobodys-business" not in page
        assert user_of(browser.client) is None
        assert not SocialAccount.objects.exists()

    def test_a22_an_address_that_nobody_vouches_for_neither(self, owner, browser, x):
        x.tell("twitter", {"email_verified": False})
        browser.log_in("maralind")
        assert user_of(browser.client) is None
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("path", [PROVE, "/accounts/register/", "/accounts/link/", "/accounts/link/?proof="])
    @pytest.mark.parametrize("data", [{"link": "1"}, {"prove": ""}, MARA])
    def test_a23_the_owner_never_lands_in_an_account_that_somebody_made_for_them(self, owner, browser, path, data):
        browser.log_in("maralind")
        browser.client.post(path, data)
        assert user_of(browser.client) is None
        assert not SocialAccount.objects.filter(user=owner).exists()

    def test_a23_who_says_that_it_is_not_them_gets_an_account_of_their_own(self, owner, browser):
        browser.log_in("maralind")
        form = browser.client.post(PROVE, {"register": "1"})["Location"]
        fields = shown(browser.client.get(form).content.decode())
        browser.client.post(form, {**fields, "email": "mara@elsewhere.example"})
        account = SocialAccount.objects.get()
        assert account.user is not None
        assert account.user != owner
        assert user_of(browser.client) == account.user


@pytest.mark.django_db
class TestLeftInTheBrowser:
    """An identity of somebody's who sat here before is attached by no ordinary login."""

    @pytest.fixture
    def left(self, owner, browser) -> Any:
        """A browser in which somebody came by X and went off to prove that they are Mara."""
        browser.log_in("maralind")
        browser.client.post(PROVE, {"prove": "1"})
        return browser

    def attached(self, client: Client) -> bool:
        for query in ("", "?proof=", "?proof=guess", "?proof=%00", "?proof=é"):
            assert client.get(f"/accounts/link/{query}").status_code == 400
            assert client.post(f"/accounts/link/{query}", {"link": "1"}).status_code == 400
        return SocialAccount.objects.filter(username="maralind").exists()

    def test_not_by_a_password(self, left):
        log_in(left.client)
        assert user_of(left.client) is not None
        assert not self.attached(left.client)

    @pytest.fixture
    def kestrel(self, github, other_browser) -> None:
        """Somebody else, who is registered by GitHub."""
        come_with(other_browser, "github", "kestrel")
        form = shown(other_browser.client.get("/accounts/register/").content.decode())
        other_browser.client.post("/accounts/register/", form)

    @pytest.mark.parametrize("following", ["/home/", "/accounts/link/?proof=guess", "/accounts/link/"])
    def test_not_by_a_login_with_a_provider_which_drops_it(self, kestrel, left, following):
        assert come_with(left, "github", "kestrel", next=following)["Location"] == following
        assert user_of(left.client).username == "kestrel"
        assert "socialreg_pending" not in left.client.session
        assert not self.attached(left.client)

    def test_not_by_coming_to_the_question_alone(self, left):
        following = _following(left.client.post(PROVE, {"prove": "1"}))
        question = log_in(left.client, following)["Location"]
        left.client.get(question)
        left.client.get(question)
        assert not SocialAccount.objects.exists()

    def test_not_without_the_csrf_token(self, left):
        question = log_in(left.client, _following(left.client.post(PROVE, {"prove": "1"})))["Location"]
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = left.client.cookies
        assert strict.post(question, {"link": "1"}).status_code == 403
        assert not SocialAccount.objects.exists()

    def test_not_in_another_session(self, left, owner):
        following = _following(left.client.post(PROVE, {"prove": "1"}))
        other = Client()
        other.force_login(owner)
        assert other.post(following, {"link": "1"}).status_code == 400

    def test_not_by_a_no_which_forgets_it_and_goes_on(self, owner, browser):
        browser.log_in("maralind", next="/home/?on")
        question = log_in(browser.client, _following(browser.client.post(PROVE, {"prove": "1"})))["Location"]
        assert browser.client.post(question, {"cancel": "1"})["Location"] == "/home/?on"
        assert browser.client.post(question, {"link": "1"}).status_code == 400
        assert not SocialAccount.objects.exists()

    def test_a_yes_is_taken_once(self, owner, browser):
        browser.log_in("maralind")
        question = log_in(browser.client, _following(browser.client.post(PROVE, {"prove": "1"})))["Location"]
        browser.client.post(question, {"link": "1"})
        SocialAccount.objects.all().delete()
        assert browser.client.post(question, {"link": "1"}).status_code == 400
        assert not SocialAccount.objects.exists()

    def test_connecting_drops_it_and_changes_the_key_of_the_session(self, left, owner):
        log_in(left.client)
        before = left.client.session.session_key
        left.log_in("kestrel", intent="connect")
        assert left.client.session.session_key != before
        assert "socialreg_pending" not in left.client.session
        assert user_of(left.client) == owner

    def test_the_question_names_who_asks_and_to_whom(self, left):
        question = log_in(left.client, _following(left.client.post(PROVE, {"prove": "1"})))["Location"]
        page = left.client.get(question).content.decode()
        assert "Link @maralind to this account?" in page
        assert "mara</strong>" in page


@committed
class TestLiveSession:
    @pytest.fixture
    def attackers(self, owner) -> list[Client]:
        """Three browsers that are logged in to Mara's account."""
        clients = [Client() for _ in range(3)]
        for client in clients:
            log_in(client)
        return clients

    @pytest.mark.parametrize("engine", ["db", "cached_db"])
    def test_a24_linking_ends_every_other_session_of_somebody_with_a_password(self, owner, browser, settings, engine):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
        attackers, bystander = [Client() for _ in range(3)], Client()
        for client in attackers:
            log_in(client)
        bystander.force_login(User.objects.create(username="bystander"))
        assert link(browser)["Location"] in {"/home/?on", CONNECTIONS}
        assert [user_of(client) for client in attackers] == [None] * 3
        assert user_of(browser.client) == owner
        assert user_of(bystander) is not None
        owner.refresh_from_db()
        assert owner.check_password("secret"), "which is theirs"

    def test_a24_a_login_after_that_stays(self, owner, browser):
        """Whoever proves who they are while sessions are being looked through keeps theirs."""
        later = Client()
        with held():
            link_at_once(browser)
            log_in(later)
            session = later.session
            session["socialreg_since"] += 10  # and not within the same second
            session.save()
        assert user_of(later) == owner

    def test_a24_sessions_are_looked_through_a_few_at_a_time(self, attackers, browser, monkeypatch):
        monkeypatch.setattr(session_ends, "CHUNK", 2)
        link(browser)
        assert [user_of(client) for client in attackers] == [None] * 3
        assert user_of(browser.client) is not None

    def test_a24_it_ends_at_once_for_somebody_without_a_password(self, github, browser, other_browser, x):
        x.tell("github", {"email": MARA["email"]})
        come_with(other_browser, "github", "kestrel")
        form = shown(other_browser.client.get("/accounts/register/").content.decode())
        other_browser.client.post("/accounts/register/", {**form, "email": MARA["email"]})
        user = user_of(other_browser.client)
        assert user is not None
        link_by(browser, "github", "kestrel")
        assert user_of(other_browser.client) is None
        assert user_of(browser.client) == user

    @pytest.mark.parametrize("engine", ["cache", "signed_cookies"])
    def test_a24_where_sessions_cannot_be_looked_through_the_log_says_it(
        self, owner, browser, settings, caplog, engine
    ):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
        link(browser)
        assert "A user's other sessions go on" in caplog.text
        assert "cached_db" in caplog.text

    def test_a24_a_damaged_session_of_somebody_stops_nothing(self, attackers, browser, caplog):
        caplog.set_level(logging.CRITICAL, "django.security.SuspiciousSession")
        Session.objects.create(session_key="0" * 32, session_data="damaged", expire_date="2099-01-01T00:00Z")
        link(browser)
        assert [user_of(client) for client in attackers] == [None] * 3

    def test_a24_a_password_that_is_set_in_this_very_moment_is_not_undone(self, site, rf):
        user = User.objects.create(username="mara", password="!old")
        User.objects.filter(pk=user.pk).update(password="!newer")
        request = rf.post("/")
        request.user, request.session = user, Client().session
        session_ends.end_others(request, user)
        background.drain()
        assert User.objects.get().password == "!newer"


@committed
class TestTrojanLink:
    @pytest.fixture
    def planted(self, owner, other_browser) -> SocialAccount:
        """Somebody was in Mara's account, and connected an account of theirs."""
        other_browser.client.force_login(owner)
        other_browser.log_in("kestrel", intent="connect")
        return SocialAccount.objects.get()

    def test_a25_the_first_proof_of_the_address_removes_every_other_account(self, planted, owner, browser, x):
        response = link(browser)
        assert response["Location"] == f"{CONNECTIONS}?next=%2Fhome%2F%3Fon"
        assert [account.username for account in owner.social_accounts.all()] == ["maralind"]
        assert len(x.requests_to("/1.1/oauth/invalidate_token.json")) == 1

    def test_a25_the_page_says_what_was_removed_once_and_leads_on(self, planted, owner, browser):
        page = browser.client.get(link(browser)["Location"]).content.decode()
        assert "we removed whatever could be somebody else" in page
        assert "kestrel" in page
        assert 'href="/home/?on"' in page
        assert "kestrel" not in browser.client.get(CONNECTIONS).content.decode()

    def test_a25_a_password_stays_if_it_was_the_proof(self, planted, owner, browser):
        link(browser)
        owner.refresh_from_db()
        assert owner.check_password("secret")

    def test_a25_a_password_that_was_not_the_proof_does_not(self, owner, browser, other_browser, github, x):
        other_browser.client.force_login(owner)
        come_with(other_browser, "github", "junofox", intent="connect")
        SocialAccount.objects.update(email_verified=False)
        response = link_by(browser, "github", "junofox")
        assert response["Location"].startswith(CONNECTIONS)
        owner.refresh_from_db()
        assert not owner.has_usable_password()
        assert {account.provider for account in owner.social_accounts.all()} == {"twitter", "github"}
        assert user_of(browser.client) == owner
        assert user_of(other_browser.client) is None
        assert "the old password" in browser.client.get(CONNECTIONS).content.decode()

    @pytest.fixture(params=["confirmed before", "not verified", "another address", "provider not trusted"])
    def no_first_proof(self, request, owner, site, settings, x) -> None:
        changes = {"FINDERS": [lambda _profile, _request: owner]}
        if request.param == "confirmed before":
            changes = {"IS_EMAIL_CONFIRMED": lambda _user: True}
        elif request.param == "not verified":
            x.tell("twitter", {"email": ...})
        elif request.param == "another address":
            x.tell("twitter", {"email": "mara@elsewhere.example"})
        else:
            changes["PROVIDERS"] = {"twitter": {**settings.SOCIALREG["PROVIDERS"]["twitter"], "TRUST_EMAILS": False}}
        site(**changes)

    def test_a25_nothing_is_removed_where_nobody_proves_the_address_now(self, planted, no_first_proof, owner, browser):
        assert link(browser)["Location"] == "/home/?on"
        assert {account.username for account in owner.social_accounts.all()} == {"maralind", "kestrel"}

    def test_a25_an_account_that_serves_something_else_loses_the_user_alone(self, planted, owner, browser):
        Organisation.objects.create(name="Growers", twitter=planted)
        link(browser)
        planted.refresh_from_db()
        assert planted.user is None


@committed
class TestPendingChange:
    @pytest.fixture
    def waiting(self, owner) -> UserAddress:
        """A change of the address to one of somebody else's, which waits for its link to be opened."""
        return UserAddress.objects.create(
            user=owner, address="somebody@else.example", replaces=MARA["email"], secret="s3cret"
        )

    def test_a26_dies_when_an_account_is_linked(self, waiting, browser):
        link(browser)
        waiting.refresh_from_db()
        assert waiting.secret == ""

    def test_a26_dies_when_an_account_is_connected(self, waiting, owner, browser):
        browser.client.force_login(owner)
        browser.log_in("maralind", intent="connect")
        waiting.refresh_from_db()
        assert waiting.secret == ""

    def test_a26_dies_when_a_prefill_keeps_the_account(self, waiting, owner, browser):
        browser.client.force_login(owner)
        browser.log_in("maralind", intent="prefill", keep="1")
        assert owner.social_accounts.exists()
        waiting.refresh_from_db()
        assert waiting.secret == ""


@pytest.mark.django_db
class TestOtherIntentOrUser:
    def both(self) -> tuple[User, User]:
        return User.objects.create(username="one"), User.objects.create(username="two")

    def check(self, browser: Any, callback: str, user: User | None) -> None:
        assert browser.client.get(callback).status_code == 403
        assert user_of(browser.client) == user
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("intent", ["connect", "prefill"])
    def test_a27_who_began_as_one_user_does_not_end_as_another(self, browser, intent):
        one, two = self.both()
        browser.client.force_login(one)
        callback = browser.approve("maralind", intent=intent)
        browser.client.force_login(two)
        self.check(browser, callback, two)

    def test_a27_who_logged_out_meanwhile_connects_nothing(self, browser):
        one, _ = self.both()
        browser.client.force_login(one)
        callback = browser.approve("maralind", intent="connect")
        browser.client.session.flush()
        self.check(browser, callback, None)

    def test_a27_a_login_never_becomes_a_connection(self, browser):
        one, _ = self.both()
        callback = browser.approve("maralind")
        browser.client.force_login(one)
        self.check(browser, callback, one)

    def test_a27_a_login_never_switches_users(self, browser, other_browser):
        register(other_browser)
        one = User.objects.create(username="one")
        browser.client.force_login(one)
        assert browser.log_in("maralind").status_code == 403
        assert user_of(browser.client) == one
        assert SocialAccount.objects.get().user != one


@pytest.mark.django_db
class TestSomebodyElsesAccount:
    def test_a28_it_is_refused_and_tells_nothing_of_whom_it_belongs_to(self, browser, other_browser):
        register(other_browser)
        before = SocialAccount.objects.values().get()
        one = User.objects.create(username="one")
        browser.client.force_login(one)
        response = browser.log_in("maralind", intent="connect")
        assert response.status_code == 403
        page = response.content.decode()
        assert "Already in use" in page
        for told in (MARA["username"], MARA["email"], MARA["first_name"], str(before["user_id"] + 10**6)):
            assert told not in page
        assert SocialAccount.objects.values().get() == before

    def test_a28_linking_by_proof_takes_it_from_nobody_either(self, owner, browser, other_browser):
        browser.log_in("maralind")
        browser.client.post(PROVE, {"prove": "1"})
        subject = browser.x.people["maralind"].id
        account = account_of(User.objects.create(username="faster"), subject)
        question = log_in(browser.client, _following(browser.client.post(PROVE, {"prove": "1"})))["Location"]
        assert browser.client.post(question, {"link": "1"}).status_code == 403
        account.refresh_from_db()
        assert account.user.username == "faster"


@pytest.mark.django_db
def test_a29_the_last_way_to_log_in_is_not_removed(browser):
    register(browser)
    response = browser.client.post(reverse("socialreg:disconnect", args=[SocialAccount.objects.get().pk]))
    assert response.status_code == 403
    assert b"This is your last way in" in response.content
    assert SocialAccount.objects.exists()


@stores.on("sqlite", "postgres", "mysql")
def test_a29_of_two_accounts_that_are_disconnected_at_once_one_stays(database, site):
    for turn in range(10):
        user = User.objects.create(username=f"user{turn}", password="!")
        keys = [account_of(user, f"{turn}-{each}").pk for each in range(2)]
        came = at_once(*[partial(disconnecting.disconnect, HttpRequest(), user, key) for key in keys])
        assert sorted(type(each).__name__ for each in came) == ["NotAllowed", "SocialAccount"], came
        assert user.social_accounts.count() == 1
    background.drain()


@stores.on("sqlite", "postgres", "mysql")
def test_f06_of_two_users_who_connect_one_account_at_once_one_gets_it(database, site):
    for turn in range(10):
        users = [User.objects.create(username=f"user{turn}-{each}", password="!") for each in range(2)]
        came = at_once(*[partial(accounts.connect, HttpRequest(), user, arrival(f"{turn}")) for user in users])
        assert sorted(type(each).__name__ for each in came) == ["NotAllowed", "SocialAccount"], came
        (refused,) = [each for each in came if isinstance(each, NotAllowed)]
        assert refused.notice == "taken"
        assert not any(user.username in str(refused) for user in users)
        (winner,) = [user for user, each in zip(users, came, strict=True) if isinstance(each, SocialAccount)]
        assert SocialAccount.objects.get(subject=f"{turn}").user == winner, "who was told so has it"
