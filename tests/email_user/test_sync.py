"""Fields that follow the profile where people are known by their address."""

from __future__ import annotations

import pytest

from socialreg import sync
from socialreg.models import SocialAccount
from socialreg.types import Email, Profile

from .models import Member

pytestmark = pytest.mark.django_db

OLD, NEW = "mara.lindqvist@example.com", "mara@islands.example"


@pytest.fixture
def account(settings) -> SocialAccount:
    """The account of somebody whose name and address follow it."""
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"full_name": "always", "email": "always"}}
    mara = Member.objects.create_user(OLD, "Mara")
    return SocialAccount.objects.create(user=mara, provider="twitter", issuer="i", subject="1", identity="1")


def test_the_address_follows_the_profile_that_vouches_for_it(account):
    after = Profile("1", full_name="Mara Ek", email=Email(NEW, verified=True))
    assert sync.apply(account, account.stored_profile(), after).written == ("full_name", "email")
    assert Member.objects.values_list("full_name", "email").get() == ("Mara Ek", NEW)


@pytest.mark.parametrize("taken", [NEW, NEW.upper()])
def test_an_address_that_somebody_else_is_known_by_is_left_out(account, taken):
    Member.objects.create_user(taken)
    after = Profile("1", full_name="Mara Ek", email=Email(NEW, verified=True))
    assert sync.apply(account, account.stored_profile(), after).written == ("full_name",)


def test_an_address_that_nobody_vouches_for_is_left_out(account):
    after = Profile("1", email=Email(NEW, verified=False))
    assert sync.apply(account, account.stored_profile(), after) == sync.Changes()
