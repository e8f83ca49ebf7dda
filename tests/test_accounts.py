"""What is written, by whom, and what never is."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from django import VERSION as DJANGO_VERSION
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.forms import RegistrationForm
from socialreg.models import SocialAccount, identity_digest
from tests.test_way import MARA, register


def test_an_identity_is_the_exact_pair():
    pairs = [("https://x.com", "1"), ("https://x.com", "01"), ("https://x.co", "m1"), ("https://X.com", "1")]
    pairs += [("i", "AbC"), ("i", "abc"), ("i", "é"), ("i", "e\u0301"), ("1:i", "s"), ("i", "1:s"), ("1", "1:is")]
    assert len({identity_digest(*pair) for pair in pairs}) == len(pairs)
    assert {len(identity_digest(*pair)) for pair in pairs} == {64}


@pytest.mark.django_db
class TestWrites:
    def test_an_inactive_user_gets_no_session_and_no_new_token(self, browser, other_browser):
        register(browser)
        User.objects.update(is_active=False)
        before = SocialAccount.objects.values().get()
        response = other_browser.log_in("maralind")
        assert response.status_code == 403
        assert b"This account is closed" in response.content
        assert other_browser.user() is None
        assert SocialAccount.objects.values().get() == before

    def test_an_account_of_somebody_else_is_refused_without_telling_whose(self, browser, other_browser):
        register(browser)
        other_browser.client.force_login(User.objects.create(username="somebody-else"))
        response = other_browser.log_in("maralind", intent="connect")
        assert response.status_code == 403
        page = response.content.decode()
        assert "Already in use" in page
        assert MARA["username"] not in page
        assert MARA["email"] not in page
        assert SocialAccount.objects.get().user.username == MARA["username"]

    def test_connecting_ones_own_account_again_refreshes_it(self, browser, x):
        register(browser)
        SocialAccount.objects.update(full_name="Old", profile_at=None)
        sealed = SocialAccount.objects.get().sealed_credentials
        assert browser.log_in("maralind", intent="connect")["Location"] == reverse("socialreg:connections")
        account = SocialAccount.objects.get()
        assert account.full_name == "Mara Lindqvist"
        assert account.sealed_credentials != sealed

    def test_somebody_who_logs_in_elsewhere_meanwhile_is_neither_linked_nor_switched(self, browser):
        callback = browser.approve("maralind")
        bystander = User.objects.create(username="bystander")
        browser.client.force_login(bystander)
        response = browser.client.get(callback)
        assert response.status_code == 403
        assert browser.user() == bystander
        assert not SocialAccount.objects.exists()

    def test_a_connect_that_ends_in_another_users_session_links_nothing(self, browser):
        browser.client.force_login(User.objects.create(username="starter"))
        callback = browser.approve("maralind", intent="connect")
        browser.client.force_login(User.objects.create(username="other"))
        assert browser.client.get(callback).status_code == 403
        assert not SocialAccount.objects.exists()

    def test_a_logged_in_user_who_presses_log_in_is_not_switched(self, browser, other_browser):
        register(browser)
        somebody = User.objects.create(username="somebody")
        other_browser.client.force_login(somebody)
        assert other_browser.log_in("maralind").status_code == 403
        assert other_browser.user() == somebody

    def test_connecting_needs_somebody_who_is_logged_in_and_asks_no_provider(self, browser, x):
        response = browser.start(intent="connect")
        assert response["Location"].startswith("/login/?next=")
        assert x.requests == []

    def test_the_session_key_changes_with_login_registration_and_connecting(self, browser, other_browser):
        keys = [browser.client.session.session_key]
        register(browser)
        keys.append(browser.client.session.session_key)
        browser.log_in("kestrel", intent="connect")
        keys.append(browser.client.session.session_key)
        assert len(set(keys)) == 3
        other_browser.client.session["cart"] = 1
        before = other_browser.client.session.session_key
        other_browser.log_in("kestrel")
        assert other_browser.client.session.session_key != before

    def test_a_rename_at_the_provider_is_followed_and_a_reused_name_reaches_nobody(self, browser, other_browser, x):
        """Mara renames herself; Juno takes her old handle. Juno is a new visitor, not Mara."""
        register(browser)
        mara, juno = x.people["maralind"], x.people["junofox"]
        x.people["mara_new"] = replace(mara, screen_name="mara_new")
        x.people["maralind"] = replace(juno, screen_name="maralind")
        del x.people["junofox"]
        assert other_browser.log_in("maralind")["Location"] == reverse("socialreg:register")
        other_browser.client = Client()
        other_browser.log_in("mara_new")
        assert SocialAccount.objects.get().username == "mara_new"
        assert other_browser.user().username == MARA["username"]

    def test_disconnecting_removes_the_account_and_its_credentials(self, browser):
        register(browser)
        user = User.objects.get()
        user.set_password("x")
        user.save()
        browser.client.force_login(user)
        response = browser.client.post(reverse("socialreg:disconnect", args=[SocialAccount.objects.get().pk]))
        assert response["Location"] == reverse("socialreg:connections")
        assert not SocialAccount.objects.exists()

    def test_the_last_way_to_log_in_stays(self, browser):
        register(browser)
        response = browser.client.post(reverse("socialreg:disconnect", args=[SocialAccount.objects.get().pk]))
        assert response.status_code == 403
        assert b"last way in" in response.content
        assert SocialAccount.objects.exists()

    def test_of_two_accounts_one_can_go_and_the_other_stays(self, browser):
        register(browser)
        browser.log_in("kestrel", intent="connect")
        first, second = SocialAccount.objects.order_by("pk")
        assert browser.client.post(reverse("socialreg:disconnect", args=[first.pk])).status_code == 302
        assert browser.client.post(reverse("socialreg:disconnect", args=[second.pk])).status_code == 403

    def test_an_account_of_a_provider_that_is_not_enabled_any_more_is_no_way_in(self, browser):
        register(browser)
        browser.log_in("kestrel", intent="connect")
        first, second = SocialAccount.objects.order_by("pk")
        SocialAccount.objects.filter(pk=second.pk).update(provider="gone")
        assert browser.client.post(reverse("socialreg:disconnect", args=[first.pk])).status_code == 403

    @pytest.mark.parametrize("account_id", [0, 999_999])
    def test_nobody_disconnects_what_is_not_theirs(self, browser, other_browser, account_id):
        register(browser)
        user = User.objects.create_user("other", password="x")
        other_browser.client.force_login(user)
        for target in (account_id, SocialAccount.objects.get().pk):
            assert other_browser.client.post(reverse("socialreg:disconnect", args=[target])).status_code == 403
        assert SocialAccount.objects.exists()

    def test_disconnecting_is_not_done_by_a_link(self, browser):
        register(browser)
        assert (
            browser.client.get(reverse("socialreg:disconnect", args=[SocialAccount.objects.get().pk])).status_code
            == 405
        )

    def test_a_user_without_a_password_has_none_that_works(self, browser):
        register(browser)
        user = User.objects.get()
        assert not user.has_usable_password()
        assert not user.check_password("")


@pytest.mark.django_db
class TestFinders:
    def test_finders_are_asked_in_order_until_one_answers_and_only_for_strangers(self, browser, other_browser, site):
        asked = []
        somebody = User.objects.create(username="found")

        def never(profile, request):
            asked.append(("never", profile.username, request.path))

        def always(profile, request):
            asked.append(("always", profile.username, request.path))
            return somebody

        def unasked(profile, request):
            raise AssertionError("asked although another had answered")

        site(FINDERS=[never, always, unasked])
        assert browser.log_in("maralind")["Location"] == reverse("socialreg:prove")
        path = reverse("socialreg:callback", args=["twitter"])
        assert asked == [("never", "maralind", path), ("always", "maralind", path)]
        site(FINDERS=[])
        register(other_browser)
        site(FINDERS=[unasked])
        Client().post(reverse("socialreg:start", args=["twitter"]))
        browser.client = Client()
        assert browser.log_in("maralind").status_code == 302

    def test_what_a_finder_finds_is_never_logged_in_by_that_alone(self, browser):
        User.objects.create_user("mara", MARA["email"], "secret")
        browser.log_in("maralind")
        assert browser.user() is None
        assert not SocialAccount.objects.exists()

    def test_somebody_who_has_to_prove_an_account_cannot_register_past_the_question(self, browser):
        """Not even where the site's own form takes the address a second time."""
        User.objects.create_user("mara", MARA["email"], "secret")
        browser.log_in("maralind")
        response = browser.client.post(reverse("socialreg:register"), MARA)
        assert response["Location"] == reverse("socialreg:prove")
        assert User.objects.count() == 1
        browser.client.post(reverse("socialreg:prove"), {"register": "1"})
        assert browser.client.get(reverse("socialreg:prove"))["Location"] == reverse("socialreg:register")

    def test_the_page_that_asks_for_proof_tells_no_address_that_the_account_does_not_have(self, browser, site):
        somebody = User.objects.create(username="found", email="private@example.org")
        site(FINDERS=[lambda _profile, _request: somebody])
        page = browser.client.get(browser.log_in("maralind")["Location"]).content.decode()
        assert "Somebody like you is registered here" in page
        assert MARA["email"] not in page
        assert "private@example.org" not in page

    @pytest.mark.parametrize("address", ["MARA.Lindqvist@Example.com", "mara.lindqvist@example.com"])
    def test_upper_and_lower_case_are_the_same_address(self, browser, address):
        User.objects.create_user("mara", address)
        assert browser.log_in("maralind")["Location"] == reverse("socialreg:prove")

    @pytest.mark.parametrize(
        "address", ["mará.lindqvist@example.com", "mara.lindqvist@example.com ", "mara_lindqvist@example.com"]
    )
    def test_a_similar_address_is_another_address(self, browser, address):
        User.objects.create(username="similar", email=address)
        assert browser.log_in("maralind")["Location"] == reverse("socialreg:register")


class WaitingForm(RegistrationForm):
    """A form of a site whose users are activated by hand."""

    def save(self, commit: bool = True) -> User:
        self.instance.is_active = False
        return super().save(commit)


@pytest.mark.django_db
def test_a_user_who_must_be_activated_first_is_registered_told_so_and_not_logged_in(browser, site):
    site(REGISTRATION_FORM=WaitingForm)
    response = register(browser)
    assert b"You are registered" in response.content
    assert SocialAccount.objects.get().user.is_active is False
    assert browser.user() is None
    assert "_auth_user_id" not in browser.client.session


@pytest.mark.django_db
def test_a_providers_bad_hour_is_logged_once_and_mailed_to_nobody(browser, x, caplog, mailoutbox, settings):
    settings.ADMINS = [("Night", "night@example.com")] if DJANGO_VERSION < (6, 0) else ["night@example.com"]
    x.fault("unavailable", path="/oauth/request_token")
    assert browser.start().status_code == 503
    loud = [(record.name, record.levelname) for record in caplog.records if record.levelno > logging.INFO]
    assert loud == [("socialreg", "WARNING")]
    assert mailoutbox == []
