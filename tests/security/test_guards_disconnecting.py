"""The guards of how an account is taken away: whose it is, what else they have, and what its provider is told."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test import RequestFactory

from socialreg import account_rows, bulkheads, circuits, disconnecting
from socialreg.breakers import Breakers, Circuit
from socialreg.exceptions import NotAllowed, NotAsked, SocialRegError
from socialreg.models import SocialAccount, UserAddress
from socialreg.sign_in_events import SignInEvent
from socialreg.signals import disconnected
from tests.owners_app.models import Organisation
from tests.security.test_guards_accounts import arrival
from tests.servers import Server, keep_alive
from tests.statements import locked

pytestmark = pytest.mark.django_db


def kept(user: User | None, uid: str = "7", **changes: object) -> SocialAccount:
    return account_rows.insert(user, arrival(uid, secret="its-s3cret", **changes))  # type: ignore[arg-type]


@pytest.fixture
def user(site) -> User:
    return User.objects.create_user("mara", "mara@example.com", "a-passw0rd")


@pytest.fixture
def request_():
    return RequestFactory().post("/")


@pytest.fixture
def heard(django_capture_on_commit_callbacks):
    """What receivers of ``disconnected`` are told; and what lets a transaction be in the database."""
    told: list[dict[str, object]] = []

    def hear(sender: object, signal: object, **facts: object) -> None:
        told.append(facts)

    disconnected.connect(hear)
    yield told, django_capture_on_commit_callbacks
    disconnected.disconnect(hear)


def refused(request: object, user: User, key: int) -> NotAllowed:
    with pytest.raises(NotAllowed) as raised:
        disconnecting.disconnect(request, user, key)  # type: ignore[arg-type]
    return raised.value


class TestDisconnect:
    def test_one_of_ones_own_goes_and_whoever_listens_is_told(self, user, request_, heard):
        told, capture = heard
        account, other = kept(user), kept(user, "8")
        key = account.pk
        with capture(execute=True):
            gone = disconnecting.disconnect(request_, user, key)
        assert list(SocialAccount.objects.all()) == [other]
        assert gone == account or gone.pk is None
        assert told == [{"request": request_, "user": user, "account": gone, "owner": None, "field": None}]

    def test_the_trail_knows_which_one_it_was(self, user, site, request_, heard):
        site(EVENTS="afterwards")
        _, capture = heard
        key = kept(user).pk
        with capture(execute=True):
            disconnecting.disconnect(request_, user, key)
        event = SignInEvent.objects.get()
        assert (event.event, event.user, event.account) == (SignInEvent.Kind.DISCONNECT, str(user.pk), key)

    def test_nobody_takes_what_is_anothers_or_nobodys(self, user, request_):
        others, nobodys = kept(User.objects.create(username="other")), kept(None, "8")
        for key in (others.pk, nobodys.pk, 0):
            error = refused(request_, user, key)
            assert (error.code, error.notice) == ("gone", "changed")
        assert SocialAccount.objects.count() == 2

    def test_nor_who_is_gone(self, user, request_):
        account = kept(user)
        here = User.objects.get()
        User.objects.all().delete()
        assert refused(request_, here, account.pk).code == "gone"

    @pytest.mark.parametrize("other", [None, {"slug": "gone"}, "lost", "others"])
    def test_the_last_way_in_stays(self, user, request_, other):
        user.set_unusable_password()
        user.save()
        account = kept(user)
        if other == "lost":
            second = kept(user, "8")
            SocialAccount.objects.filter(pk=second.pk).update(lost_at=second.created_at)
        elif other == "others":
            kept(User.objects.create(username="other"), "8")
        elif isinstance(other, dict):
            kept(user, "8", **other)
        error = refused(request_, user, account.pk)
        assert (error.code, error.notice) == ("last-login", "last-login")
        assert SocialAccount.objects.filter(pk=account.pk, user=user).exists()

    def test_another_account_is_a_way_in_and_so_is_a_password(self, user, request_):
        first, second = kept(user), kept(user, "8")
        user.set_unusable_password()
        user.save()
        disconnecting.disconnect(request_, user, first.pk)
        user.set_password("a-passw0rd")
        user.save()
        disconnecting.disconnect(request_, user, second.pk)
        assert not SocialAccount.objects.exists()

    def test_what_waits_for_a_confirmation_dies_with_it(self, user, request_):
        UserAddress.objects.create(user=user, address="new@example.com", secret="a-l1nk")
        disconnecting.disconnect(request_, user, kept(user).pk)
        assert UserAddress.objects.get().secret == ""

    def test_where_that_cannot_be_written_nothing_is_taken(self, user, request_):
        def fail(execute, sql, params, many, context):
            if sql.startswith("UPDATE") and UserAddress._meta.db_table in sql:
                raise OperationalError("the database is gone")
            return execute(sql, params, many, context)

        account = kept(user)
        with connection.execute_wrapper(fail), pytest.raises(OperationalError):
            disconnecting.disconnect(request_, user, account.pk)
        assert SocialAccount.objects.get().user == user

    def test_both_rows_are_locked_before_they_are_read(self, user, request_):
        account, statements = kept(user), []

        def note(execute, sql, params, many, context):
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            disconnecting.disconnect(request_, user, account.pk)
        tables = [locked(each) for each in statements if locked(each)]
        assert tables[:2] == ["auth_user", SocialAccount._meta.db_table]


class TestTake:
    def test_one_that_serves_owners_stays_with_them_and_no_other_does(self, user, request_, heard):
        told, capture = heard
        serving, plain = kept(user), kept(user, "8")
        Organisation.objects.create(name="it", twitter=serving)
        with capture(execute=True), transaction.atomic():
            disconnecting.take(request_, user, [serving, plain])
        assert [(each.pk, each.user) for each in SocialAccount.objects.all()] == [(serving.pk, None)]
        assert serving.user is None
        assert {id(each["account"]) for each in told} == {id(serving), id(plain)}

    def test_one_that_is_anothers_by_now_stays_theirs(self, user, request_):
        serving = kept(user)
        Organisation.objects.create(name="it", twitter=serving)
        other = User.objects.create(username="other")
        SocialAccount.objects.update(user=other)
        disconnecting.take(request_, user, [serving])
        assert SocialAccount.objects.get().user == other

    def test_what_else_they_have_is_not_touched(self, user, request_):
        serving, other = kept(user), kept(user, "8")
        Organisation.objects.create(name="it", twitter=serving)
        disconnecting.take(request_, user, [serving])
        assert SocialAccount.objects.get(pk=other.pk).user == user

    def test_of_none_nothing_is_asked(self, user, request_, django_assert_num_queries):
        with django_assert_num_queries(0):
            disconnecting.take(request_, user, [])


class TestRemove:
    @pytest.mark.parametrize("is_theirs", [True, False])
    def test_whoever_looks_after_the_site_removes_any_and_it_is_noted(self, user, site, heard, is_theirs):
        site(EVENTS="afterwards")
        _, capture = heard
        account, other = kept(user if is_theirs else None), kept(user, "8")
        key = account.pk
        with capture(execute=True):
            disconnecting.remove(key)
        assert list(SocialAccount.objects.all()) == [other]
        event = SignInEvent.objects.get()
        assert (event.event, event.provider, event.account) == (SignInEvent.Kind.DISCONNECT, "twitter", key)
        assert event.user == (str(user.pk) if is_theirs else "")

    def test_it_is_read_locked_and_in_the_transaction_that_removes_it(self, user):
        key, statements = kept(user).pk, []

        def note(execute, sql, params, many, context):
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            disconnecting.remove(key)
        assert statements[0].startswith("SAVEPOINT")
        assert locked(statements[1]) == SocialAccount._meta.db_table
        assert statements[-1].startswith("RELEASE SAVEPOINT")

    def test_one_that_is_gone_is_as_good_as_removed(self, user, site, heard):
        site(EVENTS="afterwards")
        _, capture = heard
        with capture(execute=True):
            disconnecting.remove(0)
        assert not SignInEvent.objects.exists()


class TestRevoke:
    @pytest.fixture
    def server(self, site, settings):
        """The provider, which says that all is well."""
        with Server(keep_alive()) as server:
            entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "INVALIDATE_TOKEN_URL": server.url}
            hosts = [*settings.SOCIALREG["PRIVATE_HOSTS"], server.netloc]
            site(PROVIDERS={"twitter": entry}, PRIVATE_HOSTS=hosts)
            yield server

    def test_the_tokens_of_a_removed_one_are_taken_back(self, user, server, caplog):
        caplog.set_level(logging.INFO, "socialreg")
        account = kept(user)
        SocialAccount.objects.all().delete()
        disconnecting.revoke(account)
        assert len(server.requests) == 1
        assert "The tokens of a removed account of 'twitter': revoked" in caplog.messages

    def test_a_provider_that_is_left_alone_is_not_asked(self, user, server):
        account = kept(user)
        SocialAccount.objects.all().delete()
        Breakers(Circuit("twitter"), "X").shut()
        with pytest.raises(NotAsked):
            disconnecting.revoke(account)
        assert server.requests == []

    def test_it_needs_no_place_and_is_never_cut_short(self, user, server, monkeypatch):
        """Nobody waits for it; and where all places are taken its answer may take longer than a visitor's could."""
        monkeypatch.setattr(circuits, "SHORT_SECONDS", 0.0)
        account = kept(user)
        SocialAccount.objects.all().delete()
        taken = list(iter(lambda: bulkheads.take("twitter", 0), None))
        disconnecting.revoke(account)
        assert (len(server.requests), len(taken) > 0) == (1, True)

    def test_not_while_the_same_person_is_connected(self, user, server):
        disconnecting.revoke(kept(user))
        assert server.requests == []

    def test_another_person_does_not_keep_them(self, user, server):
        account = kept(user)
        SocialAccount.objects.all().delete()
        kept(user, "8")
        disconnecting.revoke(account)
        assert len(server.requests) == 1

    def test_what_cannot_be_opened_is_not_sent(self, user, server):
        account = kept(user)
        SocialAccount.objects.all().delete()
        account.sealed_credentials = "of another key"
        disconnecting.revoke(account)
        assert server.requests == []

    def test_a_provider_that_is_not_enabled_is_not_asked(self, user, site, server):
        account = kept(user)
        SocialAccount.objects.all().delete()
        site(PROVIDERS={})
        with pytest.raises(SocialRegError):
            disconnecting.revoke(account)
        assert server.requests == []
