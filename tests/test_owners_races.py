"""Two at once, on every database: an organisation ends with one account, an account with no row too many."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from socialreg import attaching, disconnecting
from socialreg.attaching import Task
from socialreg.exceptions import NotAllowed
from socialreg.models import SocialAccount
from socialreg.ownership import owner_of
from socialreg.types import Arrival, Credentials, Errand, Profile
from tests import stores
from tests.effort import either
from tests.owners_app.models import Organisation
from tests.owning import account
from tests.together import at_once

everywhere = stores.on("sqlite", "postgres", "mysql")
ROUNDS = either(2, at_night=6)


@pytest.fixture(scope="module")
def database(request, django_db_blocker):
    """One database for all tests: to make one takes longer than any of them."""
    with django_db_blocker.unblock(), stores.other_database(request.param) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _empty(database, django_db_blocker):
    with django_db_blocker.unblock():
        yield
        clean()


def arrival(subject: str) -> Arrival:
    return Arrival("twitter", "https://x.com", Credentials(subject, token="new"), Profile(subject), fetched=True)


def giving(organisation: Organisation, subject: str) -> Callable[[], object]:
    """Return what a callback does that brings this account for an organisation."""
    found = Organisation.objects.get(pk=organisation.pk)
    task = Task(Errand("1", "it"), owner_of(found, "twitter"), None)
    return lambda: attaching.attach(task, arrival(subject))


def taking(organisation: Organisation) -> Callable[[], object]:
    """Return what the button that disconnects does."""
    found = Organisation.objects.select_related("twitter").get(pk=organisation.pk)
    task = Task(Errand("1", "it"), owner_of(found, "twitter"), found.twitter)
    return lambda: attaching.detach(task)


def consistent() -> None:
    """Every account is had by somebody, and every organisation's account is there."""
    owned = set(Organisation.objects.exclude(twitter=None).values_list("twitter_id", flat=True))
    rows = set(SocialAccount.objects.values_list("pk", flat=True))
    users = set(SocialAccount.objects.exclude(user=None).values_list("pk", flat=True))
    assert owned <= rows
    assert rows == owned | users
    assert SocialAccount.objects.values("identity").distinct().count() == len(rows)


def clean() -> None:
    Organisation.objects.all().delete()
    SocialAccount.objects.all().delete()
    User.objects.all().delete()


@everywhere
def test_two_people_who_connect_one_organisation_leave_one_account(database):
    for _ in range(ROUNDS):
        organisation = Organisation.objects.create(name="one")
        done = at_once(*[giving(organisation, subject) for subject in "123"])
        assert not [each for each in done if isinstance(each, Exception)]
        assert SocialAccount.objects.count() == 1
        consistent()
        clean()


@everywhere
def test_one_new_account_for_several_organisations_is_one_row(database):
    for _ in range(ROUNDS):
        organisations = [Organisation.objects.create(name=name) for name in "abcd"]
        done = at_once(*[giving(each, "1") for each in organisations])
        assert not [each for each in done if isinstance(each, Exception)]
        assert SocialAccount.objects.count() == 1
        assert Organisation.objects.filter(twitter=None).count() == 0
        clean()


@everywhere
def test_two_organisations_that_swap_their_accounts_wait_for_each_other_and_not_for_ever(database):
    for _ in range(ROUNDS):
        first = Organisation.objects.create(name="a", twitter=account("1"))
        second = Organisation.objects.create(name="b", twitter=account("2"))
        done = at_once(giving(first, "2"), giving(second, "1"))
        assert not [each for each in done if isinstance(each, Exception)]
        consistent()
        clean()


@everywhere
@pytest.mark.parametrize("way", ["detach", "delete", "queryset"])
def test_the_last_two_owners_that_let_go_at_once_leave_nothing_behind(database, way):
    for _ in range(ROUNDS):
        shared = account("1")
        owners = [Organisation.objects.create(name=name, twitter=shared) for name in "ab"]
        works = {
            "detach": taking,
            "delete": lambda owner: owner.delete,
            "queryset": lambda owner: Organisation.objects.filter(pk=owner.pk).delete,
        }
        done = at_once(*[works[way](owner) for owner in owners])
        assert not [each for each in done if isinstance(each, Exception)]
        assert not SocialAccount.objects.exists()
        clean()


@everywhere
def test_an_account_that_one_lets_go_of_while_another_takes_it_is_there_for_the_other(database):
    for _ in range(ROUNDS):
        first = Organisation.objects.create(name="a", twitter=account("1"))
        second = Organisation.objects.create(name="b")
        done = at_once(taking(first), giving(second, "1"))
        assert not [each for each in done if isinstance(each, Exception)]
        second.refresh_from_db()
        assert second.twitter.subject == "1"
        consistent()
        clean()


@everywhere
def test_an_organisation_that_is_deleted_while_it_is_connected_leaves_no_account(database):
    for _ in range(ROUNDS):
        organisation = Organisation.objects.create(name="a")
        read_before = Organisation.objects.get()
        deleted, given = at_once(read_before.delete, giving(organisation, "1"))
        assert not isinstance(deleted, Exception)
        assert isinstance(given, NotAllowed | tuple)
        assert not SocialAccount.objects.exists()
        clean()


@everywhere
def test_a_user_who_disconnects_an_account_while_an_organisation_takes_it_leaves_it_to_the_organisation(database, rf):
    for _ in range(ROUNDS):
        user = User.objects.create_user("somebody", password="x")
        mine = account("1", user)
        organisation = Organisation.objects.create(name="a")
        done = at_once(lambda: disconnecting.disconnect(rf.post("/"), user, mine.pk), giving(organisation, "1"))  # noqa: B023
        assert not [each for each in done if isinstance(each, Exception)]
        organisation.refresh_from_db()
        assert (organisation.twitter.subject, organisation.twitter.user) == ("1", None)
        clean()
