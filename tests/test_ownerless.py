"""What becomes of an account whose last owner is gone, by whichever way: replaced, deleted, with a user or without."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from socialreg.background import background
from socialreg.fields import owned_elsewhere
from socialreg.models import SocialAccount
from socialreg.ownerless import release
from tests.owners_app.models import Bot, Club, Organisation, Sister
from tests.owning import HOOK, account, connect, member_of
from tests.statements import recorded
from tests.test_way import register

pytestmark = pytest.mark.django_db


def keys() -> set[str]:
    return set(SocialAccount.objects.values_list("subject", flat=True))


@pytest.mark.parametrize("kind", [Organisation, Club, Sister])
@pytest.mark.parametrize("way", ["instance", "queryset", "deferred", "read-before"])
def test_an_account_goes_with_its_owner_by_every_way_that_django_deletes(site, kind, way):
    before = kind.objects.create(name="Cartographers")
    kind.objects.filter(pk=before.pk).update(twitter=account("1"), second=account("2"))
    account("3", User.objects.create_user("somebody"))
    if way == "instance":
        kind.objects.get().delete()
    elif way == "queryset":
        kind.objects.filter(name="Cartographers").delete()
    elif way == "deferred":
        kind.objects.only("name").delete()
    else:
        before.delete()  # an instance that was read before anything was connected
    assert keys() == {"3"}


def test_an_account_goes_with_owners_that_are_deleted_in_a_cascade(site):
    organisation = Organisation.objects.create(name="Cartographers", twitter=account("1"))
    Bot.objects.create(name="b", organisation=organisation, voice=account("2"), ear_id=organisation.twitter_id)
    organisation.delete()
    assert keys() == set()


def test_an_account_that_somebody_has_still_stays(site):
    user = User.objects.create_user("somebody")
    first, second, third = account("1"), account("2", user), account("3")
    organisation = Organisation.objects.create(name="one", twitter=first)
    bot = Bot.objects.create(name="b", voice=first, ear=first)
    Organisation.objects.create(name="two", twitter=second).delete()
    organisation.delete()
    assert keys() == {"1", "2", "3"}  # nobody ever let go of the third
    bot.delete()
    assert keys() == {"2", "3"}
    assert third


def test_of_owners_deleted_together_the_last_one_takes_the_account_along(site):
    shared = account("1")
    for name in "abc":
        Organisation.objects.create(name=name, twitter=shared)
    Organisation.objects.all().delete()
    assert keys() == set()


def test_with_keep_it_stays_for_whoever_comes_back_with_it(site, browser):
    site(OWNERLESS="keep")
    Organisation.objects.create(name="one", twitter=account("1")).delete()
    assert keys() == {"1"}


def test_keep_holds_for_an_account_that_was_replaced_too(site, browser):
    site(OWNERLESS="keep", MAY_CONNECT=HOOK)
    user, organisation = member_of()
    browser.client.force_login(user)
    connect(browser, user, organisation)
    connect(browser, user, organisation, "kestrel")
    assert len(keys()) == 2


# A user who goes


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(("ownerless", "kept"), [("remove", {"1"}), ("keep", {"1", "2"})])
def test_what_an_organisation_has_stays_without_the_user_and_the_rest_as_the_setting_says(site, bulk, ownerless, kept):
    site(OWNERLESS=ownerless)
    user = User.objects.create_user("leaving")
    shared = account("1", user)
    account("2", user)
    organisation = Organisation.objects.create(name="one", twitter=shared)
    if bulk:
        User.objects.filter(pk=user.pk).delete()
    else:
        user.delete()
    assert keys() == kept
    organisation.refresh_from_db()
    assert (organisation.twitter.user, organisation.twitter.credentials.token) == (None, "token-1")
    organisation.delete()
    assert keys() == (kept if ownerless == "keep" else set())


def test_an_account_that_is_deleted_leaves_its_owners_empty(site):
    organisation = Organisation.objects.create(name="one", twitter=account("1"))
    SocialAccount.objects.all().delete()
    organisation.refresh_from_db()
    assert organisation.twitter is None


def test_a_person_who_comes_back_after_their_user_was_deleted_registers_anew_and_the_organisation_stays(
    site, browser, other_browser
):
    site(MAY_CONNECT=HOOK)
    user, organisation = member_of()
    register(other_browser, "ines_moreau")
    browser.client.force_login(user)
    connect(browser, user, organisation)
    other_browser.user().delete()
    other_browser.client.cookies.clear()
    register(other_browser, "ines_moreau")
    assert other_browser.user().social_accounts.get() == Organisation.objects.get().twitter


# The provider is told


@pytest.mark.django_db(transaction=True)
def test_the_provider_is_told_in_the_background_once_it_is_a_fact(site, x):
    told = partial(x.requests_to, "/1.1/oauth/invalidate_token.json")
    organisation = Organisation.objects.create(name="one", twitter=account("1"))
    with transaction.atomic():
        organisation.delete()
        transaction.set_rollback(True)
    background.drain()
    assert told() == []
    assert keys() == {"1"}
    Organisation.objects.all().delete()
    background.drain()
    assert len(told()) == 1


# What it costs, and whom it concerns


def test_models_without_such_a_field_are_deleted_as_before_and_an_empty_owner_costs_a_look(site):
    club = Organisation.objects.create(name="one")
    with recorded(connection) as statements:
        club.delete()
    assert not any("socialaccount" in sql for sql, _ in statements.queries)


def test_releasing_what_is_gone_or_somebodys_does_nothing(site):
    mine = account("1", User.objects.create_user("somebody"))
    with transaction.atomic():
        release(mine.pk)
        release(999_999)
    assert keys() == {"1"}


def test_who_owns_what_is_told_in_one_query_for_each_field(site):
    first, second = account("1"), account("2")
    Bot.objects.create(name="b", ear=first)
    with recorded(connection) as statements:
        assert owned_elsewhere(SocialAccount, [first.pk, second.pk]) == {first.pk}
    assert len(statements.queries) == 4
