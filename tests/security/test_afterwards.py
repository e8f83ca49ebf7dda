"""What a hostile or broken provider, a bad network and a curious colleague can do to the tokens of kept accounts."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils.timezone import now
from django.views.debug import ExceptionReporter

from socialreg import api_errors, disconnecting, rests, upkeep
from socialreg.answer import Answer
from socialreg.background import MOST_WAITING, Background
from socialreg.exceptions import BadAnswer, NotAllowed, ProviderError, RateLimited, Revoked, SocialRegError
from socialreg.models import SocialAccount, identity_digest
from socialreg.registry import providers
from socialreg.rounds import Order, Round
from socialreg.testing.messages import Response
from socialreg.types import Credentials
from tests.keep import expire, make_account, opened, stored
from tests.shipped import GENERIC, slugs
from tests.using import kept

pytestmark = pytest.mark.django_db

EVERY = [GENERIC.get(slug, slug) for slug in slugs()]
LIST = "/admin/socialreg/socialaccount/"


def secrets_of(account: SocialAccount) -> set[str]:
    """Return all that an account and its provider keep secret, at this moment."""
    credentials = opened(stored(account))
    own = {credentials.token, credentials.secret, credentials.refresh_token}
    return (own | {providers[account.provider].client_secret}) - {""}


def address_of(account: SocialAccount) -> str:
    """Return an address of the account's own provider."""
    provider = providers[account.provider].bound_to(opened(account))
    return getattr(provider, "profile_url", "") or provider.endpoints()[0]


#: All that talks to a provider about an account that is kept.
ACTS: dict[str, Callable[[SocialAccount], object]] = {
    "session": lambda account: account.session().post(address_of(account), data={"a": "b"}),
    "refresh": lambda account: upkeep.refresh(account.pk),
    "sync": lambda account: upkeep.sync_profile(account.pk),
    "verify": lambda account: upkeep.verify_alive(account.pk),
    "revoke": lambda account: disconnecting.revoke(gone(account)),
}


def gone(account: SocialAccount) -> SocialAccount:
    """Return the account as it is after its row was removed."""
    SocialAccount.objects.filter(pk=account.pk).delete()
    return account


def debug_page(act: Callable[[], object]) -> str:
    """Return what Django shows with DEBUG, and mails to ADMINS, of what ``act`` raises: each variable of each frame."""
    try:
        act()
    except SocialRegError:
        return ExceptionReporter(None, *sys.exc_info()).get_traceback_html()
    return ""


# -- A38, afterwards


@pytest.mark.parametrize("fault", ["reset", "server-error", "not-json"])
@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize("slug", EVERY)
def test_a38_an_error_that_nobody_catches_shows_no_secret_on_a_debug_page(standin, slug, act, fault, settings):
    """Nor to an error tracker: those, too, take every variable of every frame."""
    settings.DEBUG = True
    account = make_account(standin, slug)
    if opened(account).refresh_token:
        expire(account)
    secrets = secrets_of(account)
    standin.fault(fault)
    page = debug_page(lambda: ACTS[act](stored(account)))
    assert not [secret for secret in secrets if secret in page]


def test_a38_a_token_that_is_refused_is_on_no_debug_page(standin, settings):
    """It may live all the same: one address refused it."""
    settings.DEBUG = True
    account = make_account(standin)
    standin.fault("profile-refused", path="/x/profile")
    standin.fault("server-error", path="/x/token")
    page = debug_page(lambda: account.session().get(providers["x"].profile_url))
    assert "server_error" in page
    assert not [secret for secret in secrets_of(account) if secret in page]


@pytest.mark.parametrize("slug", EVERY)
def test_a38_whatever_is_done_afterwards_tells_no_secret(standin, slug, caplog, client):
    """Not to a log at DEBUG, not on a page of the admin, not by the command, not in an address, and not to the rows."""
    account = make_account(standin, slug, user="mara")
    secrets, said = secrets_of(account), io.StringIO()
    client.force_login(User.objects.create_superuser("root"))
    with caplog.at_level(logging.DEBUG):
        for name in ("session", "verify", "sync", "refresh"):
            if opened(stored(account)).refresh_token:
                expire(stored(account))
            try:
                ACTS[name](stored(account))
            except ProviderError as error:
                said.write(f"{error} {error!r} {vars(error)}")
            secrets |= secrets_of(account)
        for options in ([], ["--refresh", "--sync", "--older-than", "0s"]):
            call_command("socialreg_maintain", *options, stdout=said, stderr=said)
        secrets |= secrets_of(account)
        for action in ("verify", "refresh", "delete_selected"):
            chosen = {"action": action, "_selected_action": account.pk, "confirmed": "yes"}
            said.write(client.post(LIST, chosen, follow=True).content.decode())
        disconnecting.revoke(account)
    logged = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    everything = f"{said.getvalue()} {logged} {SocialAccount.objects.values()!r}"
    assert "The tokens of a removed account of" in logged
    for secret in secrets:
        assert secret not in everything
        assert not [each.path for each in standin.api_requests if secret in f"{each.path}?{each.query}"]


# -- answers that lie


@pytest.mark.parametrize("scope", ["read\0write", "read \ud800", ["read", "a\0b", 7], "\0", "read\u202ewrite"])
def test_a_scope_that_no_database_takes_is_left_out_and_the_token_kept(world, scope):
    account = kept("acme", Credentials("7", token="t0ken", refresh_token="ref-resh", scope="read"))
    expire(account)
    world.peer.answers["/token"] = Response.json({"access_token": "new", "expires_in": 60, "scope": scope})
    upkeep.refresh(account.pk)
    found = stored(account)
    assert (opened(found).token, found.scope) == ("new", "read")


@pytest.mark.parametrize("moment", [1_790_000_000_000, -(10**15), float("nan"), 1e300, 10**30])
def test_a_class_that_takes_milliseconds_for_seconds_stops_no_login(world, moment):
    assert kept("acme", Credentials("7", token="t0ken", expires_at=moment)).expires_at is None


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-8\\0", "unicode_escape", "rot13", "iso-8859-99", ""])
def test_an_answer_says_in_vain_that_it_is_in_a_codec_that_is_slow_or_raises(world, charset):
    account = kept("acme", Credentials("7", token="t0ken"))
    body = '{"said": "caf\u00e9-aaa"}'.encode()
    kind = f"application/json; charset={charset}" if charset else "application/octet-stream"
    world.peer.answers["/posts"] = Response(200, body, kind)
    answer = account.session().get(f"{world.peer.url}/posts")
    assert answer.json() == {"said": "caf\u00e9-aaa"}
    assert answer.encoding in {"utf-8", "iso-8859-99"}


@pytest.mark.parametrize(("scope", "kept_as"), [("a" * 1000, "a" * 1000), ("a" * 1001, ""), ("a\nb", "")])
def test_a_scope_that_no_button_can_carry_is_not_named(scope, kept_as):
    assert api_errors.forbidden(Answer(403, "GET x", {}, b""), scope).scope == kept_as


def test_a_class_that_falls_over_an_apis_answer_is_an_error_of_the_tree(world, monkeypatch):
    account = kept("acme", Credentials("7", token="t0ken"))
    world.peer.answers["/posts"] = Response.json({"error": 7})
    monkeypatch.setattr(type(providers["acme"]), "error_of", lambda self, answer: answer.json()["t0ken"])
    with pytest.raises(BadAnswer, match="provider"):
        account.session().get(f"{world.peer.url}/posts")


def test_a_file_of_text_is_sent_as_it_is(world):
    account = kept("acme", Credentials("7", token="t0ken"))
    world.peer.answers["/posts"] = Response.json({})
    account.session().post(f"{world.peer.url}/posts", data=io.StringIO("h\u00e9llo"))
    account.session().post(f"{world.peer.url}/posts", data=iter(["h\u00e9", b"llo"]))
    assert [sent.body for sent in world.peer.requests] == ["h\u00e9llo".encode(), "h\u00e9".encode() + b"llo"]


# -- the caller's own transaction and database


@pytest.fixture
def used_long_ago(world) -> SocialAccount:
    account = kept("acme", Credentials("7", token="t0ken"))
    SocialAccount.objects.filter(pk=account.pk).update(used_at=now() - timedelta(days=2))
    world.peer.answers["/posts"] = Response.json({"id": 1}, 201)
    return stored(account)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_takes_no_answer_away_of_a_call_that_was_carried_out(used_long_ago, world):
    """Whoever is told of an error posts once more."""

    def fail(execute, sql, params, many, context):
        raise OperationalError("the database is locked")

    with connection.execute_wrapper(fail):
        assert used_long_ago.session().post(f"{world.peer.url}/posts").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_call_locks_no_row_for_as_long_as_the_callers_transaction_takes(used_long_ago, world):
    written: list[str] = []

    def watch(execute, sql, params, many, context):
        written.append(sql)
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(watch):
            used_long_ago.session().post(f"{world.peer.url}/posts")
        assert not written
    assert stored(used_long_ago).used_at > now() - timedelta(hours=1)


def test_an_account_that_is_removed_while_its_tokens_turn_out_to_be_dead_is_gone(standin, monkeypatch):
    account = make_account(standin)
    expire(account)

    def dead(account_id, *, dead_token=""):
        SocialAccount.objects.all().delete()
        raise Revoked("The tokens are dead")

    monkeypatch.setattr(upkeep, "refresh", dead)
    with pytest.raises(NotAllowed, match="gone"):
        stored(account).session().get(providers["x"].profile_url)


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=365 * 12)])
def test_nobody_waits_for_a_refresh_that_a_wrong_clock_says_is_to_come(standin, ahead):
    """A machine that started with such a clock, and died over it, would keep the account until then."""
    account = make_account(standin)
    before = expire(account)
    SocialAccount.objects.filter(pk=account.pk).update(refresh_begun_at=now() + ahead)
    assert opened(upkeep.refresh(account.pk)).token != before.token
    assert stored(account).refresh_begun_at is None


# -- what nobody waits for


@pytest.fixture
def busy():
    """The threads of a process, with as much to do as may wait."""
    threads, gate = Background(), threading.Event()
    for _ in range(MOST_WAITING):
        threads.after_commit("Something", gate.wait, "default")
    yield threads
    gate.set()
    threads.drain()


@pytest.mark.django_db(transaction=True)
def test_what_is_too_much_to_wait_is_left_undone_and_told(busy, caplog):
    done = threading.Event()
    busy.after_commit("Revoking", done.set, "default")
    assert "Revoking was left undone: 200 others wait already" in caplog.text
    assert not done.is_set()


@pytest.mark.django_db(transaction=True)
def test_what_waits_in_a_parent_keeps_a_forked_worker_from_nothing(busy, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr("socialreg.background.os.getpid", lambda: -1)
    busy.after_commit("Revoking", done.set, "default")
    assert done.wait(20)


@pytest.mark.django_db(transaction=True)
def test_a_process_without_threads_to_spare_answers_its_visitor(caplog, monkeypatch):
    def refuse(*arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("socialreg.background.ThreadPoolExecutor.submit", refuse)
    Background().after_commit("Revoking", lambda: None, "default")
    assert "Revoking was left undone" in caplog.text


# -- one provider, or one server of it, does not stop the others


def at(server: str, uid: str) -> SocialAccount:
    """Keep an account at a server of Mastodon's."""
    issuer = f"https://{server}"
    account = SocialAccount(provider="mastodon", issuer=issuer, subject=uid, identity=identity_digest(issuer, uid))
    account.credentials = Credentials(uid, token="t0ken", issuer=issuer)
    account.save()
    return account


def asked(world) -> list[str]:
    return [sent.path.split("/")[1] for sent in world.peer.requests]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "86400"}),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}),
        (503, {}),
    ],
)
def test_a_bad_server_of_mastodons_is_left_alone_and_the_others_are_not(world, status, headers):
    """Anybody may run one, and have accounts there."""
    for number in range(4):
        at("bad.example", str(number))
    good = [at("good.example", str(number)) for number in range(3)]
    profile = "/api/v1/accounts/verify_credentials"
    world.peer.answers[f"/bad.example{profile}"] = Response(status, b"{}", "application/json").with_headers(headers)
    world.peer.answers[f"/good.example{profile}"] = Response.json({"id": "1"})
    said = io.StringIO()
    call_command("socialreg_maintain", "--provider", "mastodon", stdout=said, stderr=said)
    assert asked(world).count("good.example") == 3
    assert asked(world).count("bad.example") == (3 if status == 503 else 1)
    assert "of mastodon, until 20" in said.getvalue()
    assert all(stored(each).checked_at for each in good)


def test_a_provider_that_takes_its_time_over_each_answer_is_left_alone(standin, monkeypatch):
    """So that it costs the round seconds, and not days."""
    monkeypatch.setattr(rests, "_SLOW", 0.0)
    for name in ("maralind", "tomas_ok", "junofox", "kestrel", "ines_moreau"):
        make_account(standin, "x", name)
    for _ in (round_ := Round(Order(refresh=False, sync=False, verify=True, slugs=("x",), before=None))).run():
        pass
    assert (round_.tally.alive, round_.tally.left) == (3, {"x": 2})


def test_a_limit_that_is_said_to_be_over_is_believed_after_some_seconds(standin, monkeypatch):
    """With a clock that differs from ours, it is not: no provider is to be asked a thousand times over it."""
    tried = []

    def limited(account):
        tried.append(account.pk)
        error = RateLimited("Enough")
        error.reset = 1
        raise error

    for name in ("maralind", "tomas_ok", "junofox"):
        make_account(standin, "x", name)
    monkeypatch.setattr(upkeep, "verified", limited)
    for _ in (round_ := Round(Order(refresh=False, sync=False, verify=True, slugs=("x",), before=None))).run():
        pass
    assert (len(tried), round_.tally.left) == (1, {"x": 3})


def test_a_provider_that_is_set_up_wrongly_ends_no_round(standin, settings):
    make_account(standin)
    make_account(standin, "twitter", "tomas_ok")
    broken = {**settings.SOCIALREG["PROVIDERS"], "x": {"CLIENT_ID": 7}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": broken}
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("socialreg_maintain", stdout=said, stderr=said)
    assert "1 alive" in said.getvalue()


# -- headers and heads


@pytest.mark.parametrize("name", ["X-A\r\nCookie", "X-A\nHost", "X A", "X-\u00c4", ""])
def test_no_header_is_smuggled_in_by_its_name(world, name):
    account = kept("acme", Credentials("7", token="t0ken"))
    with pytest.raises((SocialRegError, ValueError)):
        account.session().get(f"{world.peer.url}/posts", headers={name: "b"})
    assert not world.peer.requests


@pytest.mark.parametrize("value", ["a\r\nCookie: b", "a\nb", "a\0b", "\u00e9", "a\x7f", b"a\r\nb"])
def test_nor_by_its_value(world, value):
    account = kept("acme", Credentials("7", token="t0ken"))
    with pytest.raises((SocialRegError, ValueError)):
        account.session().get(f"{world.peer.url}/posts", headers={"X-A": value})
    assert not world.peer.requests


# -- a colleague who may look


@pytest.fixture
def viewer(client):
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_socialaccount"))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "query",
    [
        "sealed_credentials__startswith=g",
        "sealed_credentials__regex=^g",
        "profile__private_note__startswith=r",
        "profile__contains=r",
        "identity__startswith=0",
        "refresh_begun_at__isnull=1",
        "user__password__startswith=p",
    ],
)
def test_the_list_is_not_filtered_by_what_it_does_not_show(viewer, world, query):
    """Whoever sees which accounts are left reads a secret that way, one character after the other."""
    kept("acme", Credentials("7", token="t0ken"))
    assert viewer.get(f"{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["user__id__exact=1", "lost_at__isnull=1", "subject=7", "scope__contains=a", "provider=%00"]
)
def test_what_it_shows_filters_it(viewer, world, query):
    assert viewer.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize("action", ["verify", "refresh", "delete_selected"])
def test_who_may_look_alone_can_do_nothing(viewer, standin, action):
    account = make_account(standin)
    standin.requests.clear()
    viewer.post(LIST, {"action": action, "_selected_action": account.pk, "confirmed": "yes", "post": "yes"})
    assert SocialAccount.objects.filter(pk=account.pk).exists()
    assert not standin.requests
