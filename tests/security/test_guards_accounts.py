"""The guards of what is written for an account: all or nothing, for this very person, and never over what is newer."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connection
from django.db.models.signals import pre_save
from django.forms import ModelForm
from django.test import RequestFactory
from django.utils import timezone

from socialreg import account_rows, accounts
from socialreg.exceptions import LostRace, NotAllowed
from socialreg.models import SocialAccount, UserAddress, identity_digest
from socialreg.sign_in_events import SignInEvent
from socialreg.signals import connected, registered
from socialreg.types import Arrival, Credentials, Email, Profile
from tests.statements import locked

pytestmark = pytest.mark.django_db

ISSUER, UID = "https://x.com", "7"
ADDRESS = "mara@example.com"
#: Anything but what was there: columns that a login may change, and those that it may not.
OTHER = timezone.now() - timedelta(days=400)


class Form(ModelForm):
    """A site's form that asks for a name and an address."""

    class Meta:
        model = User
        fields = ("username", "email")


class HastyForm(Form):
    """One that validates nothing in time: the name is taken by when it is written."""

    def validate_unique(self) -> None:
        pass


def form(kind: type[Form] = Form, username: str = "mara", email: str = ADDRESS) -> Form:
    filled = kind({"username": username, "email": email})
    assert filled.is_valid(), filled.errors
    return filled


def arrival(
    uid: str = UID, *, slug: str = "twitter", issuer: str = ISSUER, verified: bool | None = None, **changes: object
) -> Arrival:
    """Return somebody's arrival: ``changes`` are of the credentials, ``fetched`` and ``ownerless`` of the arrival."""
    told = {name: bool(changes.pop(name, False)) for name in ("fetched", "ownerless")}
    credentials = Credentials(uid, **{"username": "maralind", "token": "new-t0ken", **changes})  # type: ignore[arg-type]
    address = None if verified is None else Email(ADDRESS, verified=verified)
    return Arrival(slug, issuer, credentials, Profile(uid, "maralind", "Mara", email=address), **told)


def kept(user: User | None = None, **changes: object) -> SocialAccount:
    """Keep an account that may write and whose token lives, with a refresh token."""
    given = {"token": "old-t0ken", "refresh_token": "old-refresh", "scope": "read write", **changes}
    return account_rows.insert(user, arrival(**given))  # type: ignore[arg-type]


def tokens(account: SocialAccount) -> tuple[str, str]:
    account.refresh_from_db()
    found = account.credentials
    assert found is not None
    return found.token, found.refresh_token


@pytest.fixture
def user(site) -> User:
    return User.objects.create(username="somebody", email=ADDRESS)


@pytest.fixture
def request_():
    return RequestFactory().get("/")


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """What receivers of ``registered`` and ``connected`` are told, once the transaction is in the database."""
    heard: list[dict[str, object]] = []

    def hear(sender: object, **facts: object) -> None:
        heard.append(facts)

    for signal in (registered, connected):
        signal.connect(hear)
    yield lambda: (django_capture_on_commit_callbacks, heard)
    for signal in (registered, connected):
        signal.disconnect(hear)


class TestRegister:
    @pytest.mark.parametrize(("verified", "address"), [(True, ADDRESS), (True, "other@example.com"), (False, ADDRESS)])
    def test_an_address_is_confirmed_unless_the_provider_vouches_for_this_very_one(
        self, site, request_, told, verified, address
    ):
        capture, heard = told()
        arrived = arrival(verified=verified)
        with capture(execute=True):
            found = accounts.register(request_, arrived, form(email=address))
        is_vouched = verified and address == ADDRESS
        assert UserAddress.objects.filter(user=found.user).exists() is not is_vouched
        assert heard[0]["email_verified"] is is_vouched
        assert [heard[0][name] for name in ("request", "user", "account")] == [request_, found.user, found.account]
        assert heard[0]["profile"] == arrived.profile
        assert (found.new, found.account.user, found.account.subject) == (True, found.user, UID)

    def test_who_was_first_is_found_by_issuer_and_subject_and_no_second_user_is_left(self, user, request_):
        first = kept(user)
        found = accounts.register(request_, arrival(), form())
        assert (found.user, found.account, found.new) == (user, first, False)
        assert list(User.objects.all()) == [user]

    def test_a_name_that_is_taken_meanwhile_hands_nobodys_account_over(self, user, request_):
        kept(user)
        with pytest.raises(LostRace):
            accounts.register(request_, arrival("8"), form(HastyForm, username="somebody"))
        assert SocialAccount.objects.count() == User.objects.count() == 1

    def test_an_account_that_is_nobodys_is_nobody_who_was_first(self, site, request_):
        kept(None)
        with pytest.raises(LostRace):
            accounts.register(request_, arrival(), form())
        assert not User.objects.exists()

    def test_an_account_that_served_owners_alone_gets_its_user(self, site, request_):
        before = kept(None)
        found = accounts.register(request_, arrival(ownerless=True), form())
        assert (found.account, found.account.user, found.new) == (before, found.user, True)
        assert SocialAccount.objects.get().user == found.user

    def test_one_that_is_somebodys_by_now_leaves_no_user_behind(self, user, request_):
        kept(user)
        with pytest.raises(LostRace):
            accounts.register(request_, arrival(ownerless=True), form())
        assert list(User.objects.all()) == [user]
        assert SocialAccount.objects.get().user == user


class TestConnect:
    def test_a_new_one_is_told_and_what_waits_for_confirmation_dies(self, user, request_, told):
        capture, heard = told()
        UserAddress.objects.create(user=user, address="new@example.com", secret="a-l1nk")
        arrived = arrival()
        with capture(execute=True):
            account = accounts.connect(request_, user, arrived)
        assert UserAddress.objects.get().secret == ""
        facts = {"request": request_, "user": user, "account": account, "profile": arrived.profile}
        assert [{name: value for name, value in each.items() if name != "signal"} for each in heard] == [
            {**facts, "owner": None, "field": None}
        ]

    def test_ones_own_is_refreshed_which_no_signal_tells_but_the_trail(self, user, site, request_, told):
        site(EVENTS="afterwards")
        account = kept(user, scope="")
        capture, heard = told()
        with capture(execute=True):
            assert accounts.connect(request_, user, arrival()) == account
        assert tokens(account)[0] == "new-t0ken"
        assert heard == []
        event = SignInEvent.objects.get()
        assert (event.event, event.provider) == (SignInEvent.Kind.RECONNECT, "twitter")
        assert (event.user, event.account) == (str(user.pk), account.pk)

    def test_where_what_waits_cannot_be_ended_nothing_is_connected(self, user, request_):
        def fail(execute, sql, params, many, context):
            if sql.startswith("UPDATE") and UserAddress._meta.db_table in sql:
                raise OperationalError("the database is gone")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(fail), pytest.raises(OperationalError):
            accounts.connect(request_, user, arrival())
        assert not SocialAccount.objects.exists()

    def test_several_of_a_provider_are_fine_where_nothing_else_is_said(self, user, request_):
        accounts.connect(request_, user, arrival())
        accounts.connect(request_, user, arrival("8"))
        assert SocialAccount.objects.filter(user=user).count() == 2

    def test_one_that_is_nobodys_becomes_theirs_and_no_other(self, user, request_):
        account, other = kept(None), kept(None, uid="8")
        assert accounts.connect(request_, user, arrival()).user == user
        account.refresh_from_db()
        other.refresh_from_db()
        assert (account.user, other.user) == (user, None)

    def test_somebody_elses_stays_theirs(self, user, request_):
        account = kept(User.objects.create(username="first"))
        with pytest.raises(NotAllowed) as raised:
            accounts.connect(request_, user, arrival())
        assert (raised.value.code, raised.value.notice) == ("taken", "taken")
        account.refresh_from_db()
        assert account.user.username == "first"
        assert tokens(account)[0] == "old-t0ken"

    def test_what_the_database_refuses_for_another_reason_is_written_for_nobody(self, user, request_):
        def refuse(sender: object, **_: object) -> None:
            raise IntegrityError("a rule of the site's own")

        pre_save.connect(refuse, SocialAccount)
        try:
            with pytest.raises(NotAllowed):
                accounts.connect(request_, user, arrival())
        finally:
            pre_save.disconnect(refuse, SocialAccount)
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("second", [{"slug": "second"}, {"issuer": "https://other.example"}, {}])
    def test_a_second_one_of_a_provider_is_refused_where_one_is_allowed(self, user, site, request_, second):
        site(ACCOUNTS_PER_PROVIDER="one")
        kept(user)
        with pytest.raises(NotAllowed) as raised:
            accounts.connect(request_, user, arrival("8", **second))
        assert (raised.value.code, raised.value.notice) == ("one-per-provider", "one-per-provider")
        assert SocialAccount.objects.count() == 1

    def test_the_user_is_locked_before_it_is_asked_what_they_have(self, user, site, request_):
        """Of two requests at once the second one sees what the first one wrote."""
        site(ACCOUNTS_PER_PROVIDER="one")
        statements = []

        def note(execute, sql, params, many, context):
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            accounts.connect(request_, user, arrival())
        said = [each for each in statements if each.startswith(("UPDATE", "SELECT", "INSERT"))]
        assert locked(said[0]) == "auth_user"

    def test_another_providers_ones_own_and_other_peoples_are_no_second_one(self, user, site, request_):
        site(ACCOUNTS_PER_PROVIDER="one")
        kept(User.objects.create(username="first"), uid="9")
        kept(user, scope="")
        assert tokens(accounts.connect(request_, user, arrival()))[0] == "new-t0ken"
        accounts.connect(request_, user, arrival("8", slug="second", issuer="https://other.example"))
        assert SocialAccount.objects.filter(user=user).count() == 2

    def test_one_that_was_nobodys_is_no_way_around(self, user, site, request_):
        site(ACCOUNTS_PER_PROVIDER="one")
        kept(user, uid="8")
        nobodys = kept(None)
        with pytest.raises(NotAllowed):
            accounts.connect(request_, user, arrival())
        nobodys.refresh_from_db()
        assert nobodys.user is None

    def test_nor_is_what_another_tab_connects_while_the_lock_is_gone_with_what_was_rolled_back(
        self, user, site, request_
    ):
        site(ACCOUNTS_PER_PROVIDER="one")
        nobodys = kept(None)

        def slip_in(execute, sql, params, many, context):
            done = execute(sql, params, many, context)
            if sql.startswith("ROLLBACK TO"):
                kept(user, uid="8")
            return done

        with connection.execute_wrapper(slip_in), pytest.raises(NotAllowed) as raised:
            accounts.connect(request_, user, arrival())
        assert raised.value.code == "one-per-provider"
        nobodys.refresh_from_db()
        assert nobodys.user is None


class TestRefresh:
    def test_it_writes_one_row(self, user):
        account, other = kept(user, scope=""), kept(user, uid="8")
        account_rows.refresh(account, arrival())
        assert (tokens(account)[0], tokens(other)[0]) == ("new-t0ken", "old-t0ken")

    def test_one_that_was_removed_meanwhile_stays_removed(self, user):
        account = kept(user)
        SocialAccount.objects.all().delete()
        with pytest.raises(NotAllowed) as raised:
            account_rows.refresh(account, arrival())
        assert (raised.value.code, raised.value.notice) == ("gone", "changed")
        assert not SocialAccount.objects.exists()

    def test_whose_it_is_and_who_it_is_is_never_written_by_a_login(self, user):
        account = kept(user)
        changes = {"issuer": "i", "subject": "s", "identity": "d", "created_at": OTHER, "user_id": None}
        SocialAccount.objects.update(**changes)
        account_rows.refresh(account, arrival(fetched=True))
        assert SocialAccount.objects.values(*changes).get() == changes

    def test_of_tokens_that_may_do_more_nothing_is_touched_that_a_refresh_under_way_may_write(self, user):
        account = kept(user)
        changes = {
            "provider": "other",
            "sealed_credentials": "sealed",
            "scope": "more",
            "expires_at": OTHER,
            "refreshable": False,
            "lost_at": OTHER,
            "lost_code": "code",
            "refresh_begun_at": OTHER,
        }
        SocialAccount.objects.update(**changes)
        account_rows.refresh(account, arrival(scope="read", fetched=True))
        assert SocialAccount.objects.values(*changes).get() == changes
        assert SocialAccount.objects.get().full_name == "Mara"

    def test_new_tokens_end_a_refresh_under_way(self, user):
        account = kept(user)
        account.refresh_begun_at = OTHER
        account_rows.refresh(account, arrival(scope="read write", slug="second"))
        account.refresh_from_db()
        assert (account.refresh_begun_at, account.provider) == (None, "second")

    @pytest.mark.parametrize(
        ("before", "scope", "is_kept"),
        [
            ({}, "read", True),
            ({}, "", False),
            ({}, "read write", False),
            ({}, "write read more", False),
            ({"expires_at": 1}, "read", True),
            ({"expires_at": 1, "refresh_token": ""}, "read", False),
            ({"expires_at": 4_000_000_000, "refresh_token": ""}, "read", True),
            ({"refresh_token": ""}, "read", True),
            ({"slug": "gone"}, "read", False),
        ],
    )
    def test_tokens_that_live_and_may_do_more_are_kept(self, user, before, scope, is_kept):
        account = kept(user, **before)
        account_rows.refresh(account, arrival(scope=scope))
        here = account.credentials
        assert here is not None
        assert (here.token == "old-t0ken") is (tokens(account)[0] == "old-t0ken") is is_kept

    def test_a_token_that_ends_this_second_is_over(self, user, monkeypatch):
        account = kept(user, expires_at=2_000_000_000, refresh_token="")
        moment = account.expires_at
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        account_rows.refresh(account, arrival(scope="read"))
        assert tokens(account)[0] == "new-t0ken"

    @pytest.mark.parametrize("change", [{"lost_at": OTHER}, {"sealed_credentials": "of another key"}])
    def test_tokens_that_nobody_can_use_are_not_kept(self, user, change):
        account = kept(user)
        SocialAccount.objects.update(**change)
        account.refresh_from_db()
        account_rows.refresh(account, arrival(scope="read"))
        assert tokens(account)[0] == "new-t0ken"

    @pytest.mark.parametrize(
        ("before", "new", "expected"),
        [
            ({}, {}, "old-refresh"),
            ({}, {"refresh_token": "new-refresh"}, "new-refresh"),
            ({}, {"slug": "second"}, ""),
            ({"refresh_token": ""}, {}, ""),
        ],
    )
    def test_a_refresh_token_is_kept_where_none_came_along(self, user, before, new, expected):
        account = kept(user, **before)
        account_rows.refresh(account, arrival(scope="read write", **new))
        assert tokens(account) == ("new-t0ken", expected)

    def test_a_refresh_token_that_is_lost_is_not_kept(self, user):
        account = kept(user)
        account.lost_at = OTHER
        account_rows.refresh(account, arrival(scope="read write"))
        assert tokens(account) == ("new-t0ken", "")

    @pytest.mark.parametrize(
        ("new", "username", "full_name"),
        [
            ({"fetched": True}, "maralind", "Mara"),
            ({"username": "mara_new"}, "mara_new", ""),
            ({"username": ""}, "maralind", ""),
        ],
    )
    def test_a_handle_is_followed_and_never_lost(self, user, new, username, full_name):
        account = kept(user)
        account_rows.refresh(account, arrival(**new))
        account.refresh_from_db()
        assert (account.username, account.full_name) == (username, full_name)
        assert (timezone.now() - account.used_at).total_seconds() < 60

    def test_when_it_was_used_is_written(self, user):
        account = kept(user)
        account.used_at = OTHER
        account_rows.refresh(account, arrival())
        account.refresh_from_db()
        assert account.used_at.timestamp() > time.time() - 60


class TestRows:
    def test_a_new_one_is_this_persons_and_asks_nothing_to_say_whose(self, user, django_assert_num_queries):
        account = kept(user)
        assert (account.issuer, account.subject, account.identity) == (ISSUER, UID, identity_digest(ISSUER, UID))
        with django_assert_num_queries(0):
            assert account.user == user
        assert SocialAccount.objects.get().user == user

    def test_a_second_one_of_one_person_is_never_written(self):
        kept(None)
        with pytest.raises(IntegrityError):
            kept(None)

    @pytest.mark.parametrize("gone", [True, False])
    def test_one_that_is_somebodys_or_gone_is_adopted_by_nobody(self, user, gone):
        account = kept(User.objects.create(username="first"))
        if gone:
            account.delete()
        with pytest.raises(LostRace):
            account_rows.adopt(user, arrival())
        assert not SocialAccount.objects.filter(user=user).exists()

    def test_adopting_refreshes_and_asks_nothing_to_say_whose(self, user, django_assert_num_queries):
        kept(None, scope="")
        account = account_rows.adopt(user, arrival())
        with django_assert_num_queries(0):
            assert account.user == user
        assert tokens(account)[0] == "new-t0ken"
