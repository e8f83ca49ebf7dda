"""What is known of an address, whose word counts for it, and that one known to be unconfirmed counts for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from socialreg import finders
from socialreg.address_status import is_confirmed
from socialreg.models import SocialAccount, UserAddress, identity_digest
from socialreg.types import Email, Profile
from tests.parsed import Page
from tests.statements import recorded

pytestmark = pytest.mark.django_db

MARA = "mara.lindqvist@example.com"
OTHER = "other@example.com"
REGISTER = "/accounts/register/"


def user_of(address: str, name: str = "mara") -> User:
    return User.objects.create_user(name, address)


def row(user: User, address: str, *, confirmed: bool = False, replaces: str = "") -> UserAddress:
    at = timezone.now() if confirmed else None
    return UserAddress.objects.create(user=user, address=address, confirmed_at=at, replaces=replaces, secret="x")


def account(user: User, address: str, *, verified: bool = True, slug: str = "twitter") -> SocialAccount:
    return SocialAccount.objects.create(
        user=user,
        provider=slug,
        issuer="https://x.com",
        subject="1",
        identity=identity_digest("https://x.com", "1"),
        email=address,
        email_verified=verified,
    )


class Hook:
    """A site's own records."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    def __call__(self, user: User) -> bool | None:
        return self.answer


# What is known


def test_of_a_user_from_before_nothing_is_known():
    assert is_confirmed(user_of(MARA)) is None


def test_of_a_user_without_an_address_nothing_is_known_whatever_the_rows_say():
    user = user_of("")
    row(user, MARA, confirmed=True)
    assert is_confirmed(user) is None


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_row_of_the_address_says_it(confirmed):
    user = user_of(MARA)
    row(user, MARA, confirmed=confirmed)
    assert is_confirmed(user) is confirmed


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_that_was_changed_by_other_means_is_unconfirmed(confirmed):
    user = user_of(OTHER)
    row(user, MARA, confirmed=confirmed)
    assert is_confirmed(user) is False


def test_a_change_that_is_asked_for_says_nothing_of_the_address_of_now():
    user = user_of(MARA)
    row(user, OTHER, replaces=MARA)
    assert is_confirmed(user) is None
    row(user, MARA, confirmed=True)
    assert is_confirmed(user) is True


def test_a_change_of_another_address_than_that_of_now_does_not_hide_that_it_was_changed():
    user = user_of("third@example.com")
    row(user, OTHER, replaces=MARA)
    assert is_confirmed(user) is False


def test_the_host_may_differ_in_case_and_nothing_else():
    user = user_of(MARA)
    row(user, "mara.lindqvist@EXAMPLE.com", confirmed=True)
    assert is_confirmed(user) is True
    user.email = MARA.upper()
    assert is_confirmed(user) is False


def test_a_letter_that_only_looks_like_the_confirmed_one_confirms_nothing():
    """Lower case makes a K of the Kelvin sign: CVE-2019-19844."""
    user = user_of("\N{KELVIN SIGN}im@example.com")
    row(user, "Kim@example.com", confirmed=True)
    assert is_confirmed(user) is False


@pytest.mark.parametrize(
    ("address", "verified", "slug", "expected"),
    [
        (MARA, True, "twitter", True),
        (MARA, False, "twitter", None),
        (OTHER, True, "twitter", None),
        (MARA, True, "gone", None),
    ],
)
def test_an_account_whose_provider_vouches_for_this_very_address_says_it(site, address, verified, slug, expected):
    user = user_of(MARA)
    account(user, address, verified=verified, slug=slug)
    assert is_confirmed(user) is expected


def test_a_provider_that_vouches_comes_before_a_mail_that_was_never_answered(site):
    user = user_of(MARA)
    row(user, MARA)
    account(user, MARA)
    assert is_confirmed(user) is True


def test_a_provider_whose_word_is_not_taken_vouches_for_nobody_from_that_moment(site, x):
    user = user_of(MARA)
    account(user, MARA)
    site(PROVIDERS={"twitter": {**x.provider_settings(), "TRUST_EMAILS": False}})
    assert is_confirmed(user) is None


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize(("answer", "expected"), [(True, True), (False, False), ("yes", False)])
def test_the_sites_own_records_come_first(site, stored, answer, expected):
    user = user_of(MARA)
    row(user, MARA, confirmed=stored)
    site(IS_EMAIL_CONFIRMED=Hook(answer))
    assert is_confirmed(user) is expected


def test_a_hook_that_does_not_know_leaves_it_to_our_rows(site):
    user = user_of(MARA)
    row(user, MARA, confirmed=True)
    site(IS_EMAIL_CONFIRMED=Hook(None))
    assert is_confirmed(user) is True


def test_it_is_one_query():
    user = user_of(MARA)
    row(user, MARA)
    account(user, OTHER)
    with recorded(connection) as statements:
        is_confirmed(user)
    assert len(statements.queries) == 1


# Whom it counts for


def found(address: str) -> User | None:
    return finders.by_email(Profile("1", email=Email(address)), HttpRequest())


def test_an_unconfirmed_address_finds_nobody_and_the_next_one_who_has_it_is_looked_at():
    squatter = user_of(MARA, "squatter")
    row(squatter, MARA)
    assert found(MARA) is None
    owner = user_of(MARA.upper(), "owner")
    assert found(MARA) == owner


def test_many_squatters_do_not_hide_the_owner():
    for number in range(15):
        row(user_of(MARA, f"squatter{number}"), MARA)
    owner = user_of(MARA, "owner")
    row(owner, MARA, confirmed=True)
    assert found(MARA) == owner
    assert finders.taken("free", MARA) == (False, True)


def test_an_unconfirmed_address_is_not_taken_and_a_user_name_beside_it_is():
    row(user_of(MARA, "squatter"), MARA)
    assert finders.taken("free", MARA) == (False, False)
    assert finders.taken("squatter", MARA) == (True, False)


@pytest.mark.parametrize("confirmed", [True, None])
def test_a_confirmed_address_and_one_of_which_nothing_is_known_are_taken(confirmed):
    user = user_of(MARA, "owner")
    if confirmed:
        row(user, MARA, confirmed=True)
    assert finders.taken("free", MARA.upper()) == (False, True)
    assert found(MARA) == user


def test_nobody_found_costs_nothing_and_somebody_found_one_query():
    with recorded(connection) as statements:
        finders.taken("free", MARA)
    assert len(statements.queries) == 1
    user_of(MARA)
    with recorded(connection) as statements:
        finders.taken("free", MARA)
    assert len(statements.queries) == 2


def test_a23_a_squatter_does_not_keep_the_owner_of_an_address_out_nor_gets_them(browser, other_browser):
    """Somebody registers with a stranger's address; the stranger comes, and gets an account of their own."""
    page = Page(other_browser.client.get(other_browser.log_in("tomas_ok")["Location"]))
    other_browser.client.post(REGISTER, page.form(email=MARA))
    squatter = other_browser.user()
    assert squatter.email == MARA
    assert is_confirmed(squatter) is False
    response = browser.log_in("maralind")
    assert response["Location"] == REGISTER
    page = Page(browser.client.get(REGISTER))
    assert browser.client.post(REGISTER, page.form()).status_code == 302
    assert browser.user() != squatter
    assert is_confirmed(browser.user()) is True
    assert browser.user().email == MARA


def test_whoever_is_known_to_have_confirmed_it_is_asked_to_prove_it(browser):
    row(user_of(MARA), MARA, confirmed=True)
    assert browser.log_in("maralind")["Location"] == reverse("socialreg:prove")


def test_the_word_of_a_provider_that_is_not_trusted_counts_nowhere(site, x, browser):
    site(PROVIDERS={"twitter": {**x.provider_settings(), "TRUST_EMAILS": False}})
    page = Page(browser.client.get(browser.log_in("maralind")["Location"]))
    assert page.named("email")["value"] == MARA
    assert "Verified" not in page.text
    browser.client.post(REGISTER, page.form())
    assert is_confirmed(browser.user()) is False
    assert not SocialAccount.objects.get().email_verified


def test_an_address_in_another_case_than_the_provider_vouches_for_is_unconfirmed(browser, x):
    x.people["maralind"] = replace(x.people["maralind"], email=MARA)
    page = Page(browser.client.get(browser.log_in("maralind")["Location"]))
    browser.client.post(REGISTER, page.form(email=MARA.capitalize()))
    assert is_confirmed(browser.user()) is False
