"""Looking after one account: refresh, sync, verify, mark as lost. Over real HTTP, every provider being played."""

from __future__ import annotations

import itertools
import logging
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.utils.timezone import now

from socialreg import flights, upkeep
from socialreg.deadlines import deadline
from socialreg.exceptions import BadAnswer, ConfigurationError, NotAllowed, ProviderError, Refused, Revoked, Unavailable
from socialreg.models import SocialAccount
from socialreg.signals import credentials_lost
from socialreg_providers.x import X
from tests import keep, stores
from tests.keep import expire, make_account, opened, stored
from tests.shipped import GENERIC, slugs
from tests.statements import recorded

pytestmark = pytest.mark.django_db

TOKEN = "/x/token"
EVERY = [GENERIC.get(slug, slug) for slug in slugs()]


@pytest.fixture
def account(standin) -> SocialAccount:
    """Mara's account at X over OAuth 2.0, whose access token has ended."""
    made = make_account(standin, user="mara")
    expire(made)
    standin.requests.clear()
    return made


@pytest.fixture
def lost():
    """What ``credentials_lost`` told."""
    told = []

    def listen(*, account, code, error, **rest):
        told.append((account.pk, code, type(error)))

    credentials_lost.connect(listen)
    yield told
    credentials_lost.disconnect(listen)


@pytest.fixture
def committed_now(django_capture_on_commit_callbacks):
    """A block after which is done what waits for a commit: a test's own transaction never comes to one."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def calls(standin, path: str = TOKEN) -> int:
    return len(standin.requests_to(path))


# -- refresh


def test_an_ended_token_is_refreshed_and_stored(account, standin):
    before = opened(account)
    after = upkeep.refresh(account.pk)
    assert calls(standin) == 1
    found = stored(account)
    assert opened(found) == opened(after)
    assert opened(found).token != before.token
    assert opened(found).refresh_token not in {"", before.refresh_token}
    assert found.expires_at > now()
    assert found.refresh_begun_at is None


def test_tokens_that_live_for_five_minutes_in_all_are_not_refreshed_over_and_over(account, standin):
    SocialAccount.objects.filter(pk=account.pk).update(expires_at=now() + timedelta(minutes=4))
    before = stored(account)
    assert upkeep.refresh(account.pk).sealed_credentials == before.sealed_credentials
    assert calls(standin) == 0


def test_a_token_that_is_good_for_a_while_is_left_as_it_is(account, standin):
    fresh = upkeep.refresh(account.pk)
    assert upkeep.refresh(account.pk).sealed_credentials == fresh.sealed_credentials
    assert calls(standin) == 1


def test_a_token_that_ends_within_a_minute_is_refreshed_already(account, standin):
    keep.store(account, expires_at=int(time.time()) + 60)
    upkeep.refresh(account.pk)
    assert calls(standin) == 1


def test_a_token_that_never_ends_is_left_as_it_is(standin):
    made = make_account(standin, "twitter")
    before = len(standin.requests)
    assert upkeep.refresh(made.pk) == made
    assert len(standin.requests) == before


def test_an_ended_token_without_a_refresh_token_is_refused_without_a_call(account, standin, lost):
    keep.store(account, refresh_token="")
    for act in (upkeep.refresh, upkeep.verify_alive, upkeep.sync_profile):
        with recorded(connection) as statements, pytest.raises(Refused, match="no-refresh-token"):
            act(account.pk)
        assert len(statements.queries) == 1
    assert not standin.api_requests
    assert stored(account).lost_at is None


def test_a_token_that_was_refused_is_refreshed_before_its_end_and_only_that_one(account, standin):
    fresh = opened(upkeep.refresh(account.pk))
    assert opened(upkeep.refresh(account.pk, dead_token="another")).token == fresh.token
    assert calls(standin) == 1
    assert opened(upkeep.refresh(account.pk, dead_token=fresh.token)).token != fresh.token
    assert calls(standin) == 2


def test_an_account_that_is_not_there_is_a_clear_error(standin):
    for act in (upkeep.refresh, upkeep.verify_alive, upkeep.sync_profile):
        with pytest.raises(NotAllowed, match="There is no social account 4711") as caught:
            act(4711)
        assert caught.value.code == "gone"


def test_credentials_that_cannot_be_opened_are_a_clear_error(account, standin, settings):
    settings.SECRET_KEY = "another and as worthless 0123456789abcdefghijklmnopqrstuvwxyz"
    with pytest.raises(ConfigurationError, match="SECRET_KEY_FALLBACKS"):
        upkeep.refresh(account.pk)
    assert not standin.api_requests
    assert stored(account).refresh_begun_at is None


def test_a_provider_that_is_not_enabled_any_more_is_a_clear_error(account, standin, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {}}
    with pytest.raises(ConfigurationError, match="no provider 'x'"):
        upkeep.refresh(account.pk)


def test_a_dead_refresh_token_marks_the_account_and_tells_it_once(account, standin, lost, committed_now):
    standin.fault("code-refused", path=TOKEN)
    for _ in range(2):
        with committed_now(), pytest.raises(Revoked, match="invalid_grant"):
            upkeep.refresh(account.pk)
    found = stored(account)
    assert (found.lost_code, found.refresh_begun_at) == ("invalid_grant", None)
    assert found.lost_at is not None
    assert lost == [(account.pk, "invalid_grant", Revoked)]
    assert calls(standin) == 1, "a token that is known to be dead was sent again"


def test_an_account_that_is_lost_is_of_no_use_before_its_token_has_ended(account, standin):
    upkeep.mark_lost(upkeep.refresh(account.pk), Revoked("Dead"))
    before = len(standin.requests)
    for act in (upkeep.refresh, upkeep.sync_profile):
        with pytest.raises(Revoked, match="revoked"):
            act(account.pk)
    assert len(standin.requests) == before


def test_a_login_mends_an_account_that_was_lost(account, standin):
    standin.fault("code-refused", path=TOKEN)
    with pytest.raises(Revoked):
        upkeep.refresh(account.pk)
    standin.clear()
    keep.log_in_again(standin, account)
    assert stored(account).lost_at is None
    assert upkeep.verify_alive(account.pk).lost_code == ""


@pytest.mark.parametrize(
    ("fault", "kind"), [("client-refused", Refused), ("server-error", Unavailable), ("slow-down", ProviderError)]
)
def test_a_refusal_that_is_not_the_tokens_changes_nothing(account, standin, lost, fault, kind, committed_now):
    before = stored(account)
    if fault == "slow-down":
        standin.fault("code-refused", path=TOKEN, code="temporarily_unavailable")
    else:
        standin.fault(fault, path=TOKEN)
    with committed_now(), pytest.raises(kind):
        upkeep.refresh(account.pk)
    found = stored(account)
    assert (found.sealed_credentials, found.lost_at, found.refresh_begun_at) == (before.sealed_credentials, None, None)
    assert not lost
    standin.clear()
    assert upkeep.refresh(account.pk).expires_at > now()


@pytest.mark.parametrize("fault", ["wrong-iss", "wrong-aud", "no-sub", "another-sub"])
def test_a15_a_refreshed_id_token_of_somebody_else_is_refused_and_the_stored_token_kept(standin, fault):
    made = make_account(standin, "google")
    before = expire(made)
    if fault == "another-sub":
        standin.tell("google", {"uid": "somebody-else"})
    else:
        standin.fault(fault)
    with pytest.raises(BadAnswer):
        upkeep.refresh(made.pk)
    assert opened(stored(made)) == before


@pytest.mark.parametrize("fault", ["server-error", "rate-limited"])
def test_a15_keys_that_cannot_be_had_are_no_reason_to_believe_the_token(standin, fault):
    """Nor is it forgotten that the token was spent."""
    made = make_account(standin, "google")
    before = expire(made)
    cache.clear()  # where the keys were
    standin.fault(fault, path="/google/jwks")
    with pytest.raises(BadAnswer):
        upkeep.refresh(made.pk)
    assert opened(stored(made)) == before
    assert stored(made).refresh_begun_at is not None


# -- a refresh that is cut off


def cut_off(account: SocialAccount) -> None:
    """Leave the row as a process leaves it that dies after it has sent the token."""
    long_ago = now() - flights.LONGEST - timedelta(seconds=1)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=long_ago)


def test_after_a_refresh_that_was_cut_off_the_former_token_is_tried_once_and_may_work(account, standin, caplog):
    cut_off(account)
    with caplog.at_level(logging.ERROR, "socialreg"):
        assert upkeep.refresh(account.pk).expires_at > now()
    assert calls(standin) == 1
    assert "was cut off" in caplog.text
    assert "Remedy" in caplog.text
    assert stored(account).refresh_begun_at is None


def test_after_a_refresh_that_was_cut_off_a_dead_token_is_lost(account, standin, lost, caplog, committed_now):
    standin.fault("code-refused", path=TOKEN)
    cut_off(account)
    with committed_now(), pytest.raises(Revoked, match="interrupted"):
        upkeep.refresh(account.pk)
    assert calls(standin) == 1
    assert stored(account).lost_code == "interrupted"
    assert lost == [(account.pk, "interrupted", Revoked)]
    assert "was cut off" in caplog.text


@pytest.mark.parametrize("fault", ["truncated", "reset", "no-access-token"])
def test_an_answer_that_is_lost_on_the_way_is_known_to_be(account, standin, caplog, fault):
    """X has spent the token, or may have: the next one says so, and does not wait for anybody."""
    standin.fault(fault, path=TOKEN)
    with pytest.raises(ProviderError):
        upkeep.refresh(account.pk)
    standin.clear()
    with pytest.raises(Revoked, match="interrupted"):
        upkeep.refresh(account.pk)
    assert calls(standin) == 2
    assert "was cut off" in caplog.text


def test_a_refresh_that_died_is_not_forgotten_by_one_that_did_not_get_through(account, standin, caplog):
    cut_off(account)
    standin.fault("client-refused", path=TOKEN)
    with pytest.raises(Refused):
        upkeep.refresh(account.pk)
    caplog.clear()
    standin.clear()
    upkeep.refresh(account.pk)
    assert "was cut off" in caplog.text


def test_whoever_comes_too_late_sends_no_token_that_is_known_to_be_dead(account, standin):
    """They read the row before it was marked, and find the mark when they want to put theirs there."""
    seen = stored(account)
    standin.fault("code-refused", path=TOKEN)
    with pytest.raises(Revoked):
        upkeep.refresh(account.pk)
    with pytest.raises(Revoked):
        flights.renew(seen)
    assert calls(standin) == 1


def test_whoever_finds_somebody_at_it_sends_nothing(account, standin, monkeypatch):
    """They wait, here until nobody can be at it any more."""
    begun, looks = now(), itertools.count()
    monkeypatch.setattr(flights, "now", lambda: begun + next(looks) * flights.LONGEST * 2 / 3)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=begun)
    with pytest.raises(Unavailable, match="refresh-failed"):
        upkeep.refresh(account.pk)
    assert not standin.api_requests
    assert stored(account).refresh_begun_at == begun


def test_nobody_waits_longer_than_for_a_provider_for_a_process_that_died(account, standin, monkeypatch):
    monkeypatch.setattr(flights, "TOTAL_SECONDS", 0.2)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=now())
    began = time.monotonic()
    with pytest.raises(Unavailable, match="refresh-failed"):
        upkeep.refresh(account.pk)
    assert time.monotonic() - began < 5
    assert not standin.api_requests


def test_nor_any_longer_than_the_request_around_may_take(account, standin):
    expire(account)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=now())
    before = time.monotonic()
    with deadline(0.1), pytest.raises(Unavailable, match="were not refreshed"):
        upkeep.refresh(account.pk)
    assert time.monotonic() - before < flights.TOTAL_SECONDS / 2
    assert calls(standin) == 0


def test_nobody_waits_for_a_mark_that_a_wrong_clock_has_put_there(account, standin):
    """Two hours ahead of ours: it would not be old before that."""
    expire(account)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=now() + timedelta(hours=2))
    assert opened(upkeep.refresh(account.pk)) == opened(stored(account))
    assert calls(standin) == 1


def test_whoever_comes_too_late_gets_what_was_brought(account, standin):
    seen = stored(account)
    fresh = upkeep.refresh(account.pk)
    assert opened(flights.renew(seen)) == opened(fresh)
    assert calls(standin) == 1


# -- a login in between


class LogsInMeanwhile(X):
    """X, where the account's person logs in while their token is being refreshed."""

    meanwhile = staticmethod(lambda: None)

    def refresh(self, credentials):
        fresh = super().refresh(credentials)
        type(self).meanwhile()
        return fresh


@pytest.fixture
def meanwhile(account, standin, settings):
    entries = settings.SOCIALREG["PROVIDERS"]
    changed = {**entries, "x": {**entries["x"], "PROVIDER": f"{__name__}.LogsInMeanwhile"}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": changed}

    def do(act):
        LogsInMeanwhile.meanwhile = staticmethod(act)

    yield do
    do(lambda: None)


def test_a_login_during_a_refresh_wins(account, standin, meanwhile):
    brought = []

    def log_in():
        keep.log_in_again(standin, account)
        brought.append(opened(stored(account)))

    meanwhile(log_in)
    after = upkeep.refresh(account.pk)
    assert [opened(after), opened(stored(account))] == brought * 2
    spent = [record for record in standin.api_requests if record.path == TOKEN]
    assert len(spent) == 2  # the refresh, and the login's
    upkeep.verify_alive(account.pk)


def test_a_login_during_a_refresh_that_fails_wins(account, standin, meanwhile, lost, committed_now):
    def log_in_then_fail():
        keep.log_in_again(standin, account)
        raise Revoked("The token is dead", code="invalid_grant")

    meanwhile(log_in_then_fail)
    with committed_now():
        assert upkeep.refresh(account.pk).lost_at is None
    assert stored(account).lost_at is None
    assert not lost


def test_an_account_that_is_removed_during_a_refresh_is_gone(account, standin, meanwhile):
    meanwhile(lambda: SocialAccount.objects.filter(pk=account.pk).delete())
    with pytest.raises(NotAllowed, match="gone"):
        upkeep.refresh(account.pk)


# -- the database


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 2])
def test_a_save_that_fails_is_tried_twice_and_never_silent(account, standin, caplog, times):
    before, failed = opened(account), []

    def fail(execute, sql, params, many, context):
        column = connection.ops.quote_name("sealed_credentials")
        if sql.startswith("UPDATE") and f"{column} =" in sql.partition("WHERE")[0] and len(failed) < times:
            failed.append(sql)
            raise OperationalError("the connection is closed")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        if times == 1:
            assert opened(upkeep.refresh(account.pk)).token != before.token
        else:
            with pytest.raises(Unavailable, match="database"):
                upkeep.refresh(account.pk)
    found = stored(account)
    assert len(failed) == times
    assert (opened(found) == before) is (times == 2)
    assert (found.refresh_begun_at is not None) is (times == 2), "nobody would know what was lost"
    assert ("were not stored" in caplog.text) is (times == 2)
    assert opened(found).token not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_each_unit_of_work_sends_three_queries_at_most(account, standin, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"first_name": "always"}}
    most = {upkeep.refresh: 3, upkeep.verify_alive: 2, upkeep.sync_profile: 3}
    for act, queries in most.items():
        with recorded(connection) as statements:
            act(account.pk)
        assert len(statements.queries) == queries, "\n".join(sql for sql, _ in statements.queries)
    assert User.objects.get(username="mara").first_name == "Mara"


@stores.on("postgres", "mysql")
@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_what_was_refreshed_stays_refreshed(database, standin):
    made = make_account(standin)
    before = expire(made)
    with transaction.atomic(using=stores.ALIAS):
        after = opened(upkeep.refresh(made.pk))
        transaction.set_rollback(True, using=stores.ALIAS)
    assert opened(stored(made)) == after
    assert after.token != before.token
    assert calls(standin) == 2


@stores.on("postgres", "mysql")
@pytest.mark.django_db(transaction=True)
def test_a_row_that_the_callers_transaction_has_locked_is_an_error_and_no_deadlock(database, standin):
    made = make_account(standin)
    before = expire(made)
    with transaction.atomic(using=stores.ALIAS):
        SocialAccount.objects.select_for_update().get(pk=made.pk)
        with pytest.raises(Unavailable, match="locked"):
            upkeep.refresh(made.pk)
    assert opened(stored(made)) == before
    assert calls(standin) == 1
    assert upkeep.refresh(made.pk).expires_at > now()


# -- verify


@pytest.mark.parametrize("slug", EVERY)
def test_a_living_account_is_found_alive_whatever_the_provider(standin, slug):
    made = make_account(standin, slug)
    assert upkeep.verify_alive(made.pk).checked_at is not None
    assert stored(made).checked_at is not None
    assert stored(made).lost_at is None


@pytest.mark.parametrize("slug", EVERY)
def test_a_dead_account_is_found_dead_whatever_the_provider(standin, slug, lost, committed_now):
    made = make_account(standin, slug)
    standin.people.pop("maralind")
    with committed_now(), pytest.raises(Revoked):
        upkeep.verify_alive(made.pk)
    assert stored(made).lost_at is not None
    assert [pk for pk, _, _ in lost] == [made.pk]


def test_an_ended_token_is_refreshed_to_see_whether_it_is_alive(account, standin):
    assert upkeep.verify_alive(account.pk).expires_at > now()
    assert [record.path for record in standin.api_requests] == [TOKEN]


def test_a_provider_that_does_not_say_loses_nobody(account, standin, lost):
    upkeep.refresh(account.pk)
    standin.fault("server-error", path="/x/profile")
    with pytest.raises(ProviderError):
        upkeep.verify_alive(account.pk)
    assert stored(account).lost_at is None
    assert not lost


def test_an_account_that_was_lost_by_mistake_is_found_again(account, standin):
    fresh = upkeep.refresh(account.pk)
    upkeep.mark_lost(fresh, Revoked("A mistake"))
    assert stored(account).lost_code == "revoked"
    upkeep.verify_alive(account.pk)
    assert (stored(account).lost_at, stored(account).lost_code) == (None, "")


def test_the_keys_of_the_app_being_wrong_loses_nobody(standin, settings, lost):
    made = make_account(standin, "twitter")
    entries = settings.SOCIALREG["PROVIDERS"]
    wrong = {**entries, "twitter": {**entries["twitter"], "CLIENT_SECRET": "wrong"}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": wrong}
    with pytest.raises(ProviderError):
        upkeep.verify_alive(made.pk)
    assert stored(made).lost_at is None
    assert not lost


def test_a_plan_that_does_not_cover_the_call_says_that_the_token_is_known(standin):
    made = make_account(standin, "twitter")
    standin.fault("error", path="/1.1/account/verify_credentials.json", code=453)
    assert upkeep.verify_alive(made.pk).checked_at is not None


def test_marking_as_lost_is_told_once_and_a_login_in_between_wins(account, standin, lost, committed_now):
    seen = stored(account)
    keep.log_in_again(standin, account)
    with committed_now():
        assert not upkeep.mark_lost(seen, Revoked("Dead"))
        assert upkeep.mark_lost(stored(account), Revoked("Dead"))
        assert not upkeep.mark_lost(stored(account), Revoked("Dead"))
    assert lost == [(account.pk, "revoked", Revoked)]


# -- sync


def test_a_profile_is_read_and_stored_and_the_user_follows_it(account, standin, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"first_name": "always", "last_name": "if_empty"}}
    User.objects.filter(username="mara").update(first_name="M", last_name="Old")
    mara = standin.people["maralind"]
    standin.people["maralind"] = replace(mara, name="Marina Lind")
    upkeep.sync_profile(account.pk)
    found, user = stored(account), User.objects.get(username="mara")
    assert (found.full_name, found.profile["data"]["name"]) == ("Marina Lind", "Marina Lind")
    assert found.checked_at is not None
    assert (user.first_name, user.last_name) == ("Marina", "Old")


def test_an_account_of_no_user_is_synced_too(standin):
    made = make_account(standin, "github")
    standin.people["maralind"] = replace(standin.people["maralind"], name="Marina Lind")
    assert upkeep.sync_profile(made.pk).full_name == "Marina Lind"


def test_somebody_elses_profile_is_refused_and_nothing_stored(account, standin):
    upkeep.refresh(account.pk)
    standin.fault("other-sub", path="/x/profile")
    with pytest.raises(BadAnswer, match="other-person"):
        upkeep.sync_profile(account.pk)
    assert stored(account).full_name == account.full_name


@pytest.mark.parametrize("slug", ["twitter", "google"])
def test_a_profile_that_tells_nothing_leaves_what_is_stored(standin, slug):
    made = make_account(standin, slug)
    if slug == "google":
        standin.fault("server-error", times=1, path="/google/userinfo")
    else:
        standin.fault("error", times=3, code=453)
    upkeep.sync_profile(made.pk)
    found = stored(made)
    assert (found.full_name, found.email, found.profile) == (made.full_name, made.email, made.profile)
    assert found.checked_at is not None


@pytest.mark.parametrize("slug", EVERY)
def test_a_dead_token_is_noticed_when_a_profile_is_read(standin, slug):
    """Also where the provider's class does without a profile that cannot be had."""
    made = make_account(standin, slug)
    standin.people.pop("maralind")
    with pytest.raises(Revoked):
        upkeep.sync_profile(made.pk)
    found = stored(made)
    assert found.lost_at is not None
    assert (found.full_name, found.email) == (made.full_name, made.email)
