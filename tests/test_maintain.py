"""``manage.py socialreg_maintain``: every account in its turn, whatever is the matter with one, or with a provider."""

from __future__ import annotations

import io
import os
import re
import signal
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.timezone import now

from docs.examples import upkeep as example
from socialreg import upkeep
from socialreg.exceptions import RateLimited
from socialreg.models import SocialAccount, identity_digest
from socialreg.rests import Rests
from socialreg.rounds import Order, Round
from socialreg.signals import credentials_lost
from socialreg.testing.messages import Response
from socialreg.types import Credentials
from tests.keep import expire, make_account, store, stored
from tests.statements import recorded

pytestmark = pytest.mark.django_db

PROFILE = "/x/profile"


def maintain(*options: str) -> tuple[str, str]:
    """Run the command; return what it said, and what it showed."""
    said, shown = io.StringIO(), io.StringIO()
    call_command("socialreg_maintain", *options, stdout=said, stderr=shown)
    return said.getvalue(), shown.getvalue()


@pytest.fixture
def crowd(standin) -> list[SocialAccount]:
    """Five people's accounts at X, alive."""
    names = ("maralind", "tomas_ok", "junofox", "kestrel", "ines_moreau")
    made = [make_account(standin, "x", name, user=name) for name in names]
    standin.requests.clear()
    return made


def checked(accounts: list[SocialAccount]) -> list[bool]:
    return [stored(each).checked_at is not None for each in accounts]


# -- what it does


def test_without_a_task_it_asks_whether_everybody_is_alive(crowd, standin):
    said, _ = maintain()
    assert "Looked after 5 accounts: 5 alive." in said
    assert [record.path for record in standin.api_requests] == [PROFILE] * 5
    assert all(checked(crowd))


def test_tokens_that_have_ended_are_refreshed_and_no_others(crowd, standin):
    expire(crowd[1])
    expire(crowd[3])
    said, _ = maintain("--refresh")
    assert "Looked after 2 accounts: 2 refreshed." in said
    assert len(standin.requests_to("/x/token")) == 2
    assert [stored(each).expires_at > now() for each in crowd] == [True] * 5


def test_all_tasks_at_once_make_no_call_too_many(crowd, standin, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"first_name": "always"}}
    expire(crowd[0])
    said, _ = maintain("--refresh", "--sync", "--verify")
    assert "5 accounts: 1 refreshed, 5 synced." in said
    assert len(standin.api_requests) == 6
    assert stored(crowd[0]).user.first_name == "Mara"


def test_one_provider_alone(crowd, standin):
    other = make_account(standin, "github")
    assert "Looked after 1 accounts" in maintain("--provider", "github")[0]
    assert stored(other).checked_at is not None
    assert not any(checked(crowd))
    with pytest.raises(CommandError, match="'nobody' is not enabled"):
        maintain("--provider", "nobody")


def test_who_is_lost_is_left_out(crowd, standin):
    SocialAccount.objects.filter(pk=crowd[2].pk).update(lost_at=now())
    assert "Looked after 4 accounts: 4 alive." in maintain()[0]
    assert checked(crowd) == [True, True, False, True, True]


def test_who_has_no_token_any_more_and_no_way_to_one_is_left_out(crowd, standin):
    store(crowd[0], expires_at=int(time.time()) - 10, refresh_token="")
    assert "Looked after 4 accounts: 4 alive." in maintain()[0]
    assert stored(crowd[0]).lost_at is None


def test_who_is_dead_is_marked_and_the_others_go_on(crowd, standin):
    standin.people.pop("tomas_ok")
    assert "Looked after 5 accounts: 4 alive, 1 lost." in maintain()[0]
    assert [stored(each).lost_at is None for each in crowd] == [True, False, True, True, True]


@pytest.mark.django_db(transaction=True)
def test_three_queries_for_an_account_at_most(crowd, standin, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"first_name": "always"}}
    for task, most in (("--verify", 1), ("--refresh", 2), ("--sync", 2)):
        for account in crowd:
            if task == "--refresh":
                expire(account)
        with recorded(connection) as statements:
            maintain(task, "--older-than", "0s", "--quiet")
        chunk = 2
        assert len(statements.queries) == most * len(crowd) + chunk, "\n".join(sql for sql, _ in statements.queries)


# -- going on


def test_it_goes_on_where_it_stopped(crowd, standin):
    assert "Looked after 2 accounts" in maintain("--limit", "2")[0]
    assert checked(crowd) == [True, True, False, False, False]
    assert "Looked after 3 accounts" in maintain()[0]
    assert all(checked(crowd))
    assert "Looked after 0 accounts: nothing to do." in maintain()[0]


def test_a_daily_timer_finds_everybody_whatever_minute_they_were_asked_in_the_day_before(crowd, standin):
    SocialAccount.objects.update(checked_at=now() - timedelta(hours=23, minutes=30))
    assert "Looked after 5 accounts" in maintain()[0]


def test_a_token_that_is_refreshed_by_day_does_not_keep_its_profile_from_being_read_at_night(crowd, standin):
    expire(crowd[0])
    assert "1 refreshed" in maintain("--refresh")[0]
    assert "Looked after 5 accounts: 5 synced." in maintain("--sync")[0]


def test_how_long_ago_is_said_by_an_option(crowd, standin):
    for hours, account in enumerate(crowd):
        SocialAccount.objects.filter(pk=account.pk).update(checked_at=now() - timedelta(hours=hours, minutes=1))
    assert "Looked after 3 accounts" in maintain("--older-than", "2h")[0]
    assert "Looked after 5 accounts" in maintain("--older-than", "0s")[0]
    for wrong in ("2 hours", "h", "2w", ""):
        with pytest.raises(CommandError, match="no duration"):
            maintain("--older-than", wrong)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_account_in_hand(crowd, standin, monkeypatch, number):
    """The second one is still asked, stored and counted; the handlers are as they were afterwards."""
    before = signal.getsignal(number)
    asked = []
    check = upkeep.verified

    def interrupted(account):
        asked.append(account)
        if len(asked) == 2:
            os.kill(os.getpid(), number)
        return check(account)

    monkeypatch.setattr(upkeep, "verified", interrupted)
    said, _ = maintain()
    assert "Looked after 2 accounts: 2 alive." in said
    assert "it goes on where it stopped" in said
    assert checked(crowd) == [True, True, False, False, False]
    assert signal.getsignal(number) is before


# -- what goes wrong


def test_a_provider_that_is_down_is_left_alone_and_the_others_go_on(crowd, standin):
    other = make_account(standin, "github")
    standin.fault("server-error", path=PROFILE)
    said, _ = maintain()
    assert "1 alive, 3 without an answer, 2 left alone." in said
    assert re.search(r"Left alone: 2 of x, until \d{4}-", said)
    assert stored(other).checked_at is not None
    assert not any(checked(crowd)), "they would not be asked again"
    standin.clear()
    assert "Looked after 5 accounts: 5 alive." in maintain()[0]


def test_something_of_the_sites_own_is_told_by_the_exit_status(crowd, standin, settings, caplog):
    entries = settings.SOCIALREG["PROVIDERS"]
    other = make_account(standin, "github")
    wrong = {**entries, "x": {**entries["x"], "CLIENT_SECRET": ""}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": wrong}
    with pytest.raises(CommandError, match="5 accounts could not") as caught:
        maintain()
    assert caught.value.returncode == 1
    assert caplog.text.count("CLIENT_SECRET in SOCIALREG") == 1, "one reason, told once"
    assert stored(other).checked_at is not None


def test_a_class_that_falls_over_does_not_end_it(crowd, standin, monkeypatch, caplog):
    other = make_account(standin, "github")

    def fall(account):
        raise ZeroDivisionError("the-t0ken-of-somebody")

    work = upkeep.verified
    monkeypatch.setattr(upkeep, "verified", lambda each: fall(each) if each.provider == "x" else work(each))
    with pytest.raises(CommandError, match="5 accounts could not"):
        maintain()
    assert stored(other).checked_at is not None
    assert "ZeroDivisionError" in caplog.text
    assert "the-t0ken-of-somebody" not in caplog.text


def test_an_account_that_was_removed_meanwhile_does_not_end_it(crowd, standin):
    order = Order(refresh=False, sync=True, verify=False, slugs=("x",), before=None)
    round_ = Round(order)
    for _ in round_.run():
        SocialAccount.objects.filter(pk=crowd[2].pk).delete()
    assert (round_.tally.synced, round_.tally.unanswered, round_.tally.failed) == (4, 1, 0)


# -- rate limits


def at_acme(number: int) -> SocialAccount:
    issuer, uid = "https://acme.example", str(number)
    account = SocialAccount(provider="acme", issuer=issuer, subject=uid, identity=identity_digest(issuer, uid))
    account.credentials = Credentials(uid, token="t0ken", issuer=issuer)
    account.save()
    return account


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "{then}"}),
        (200, {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "600"}),
        (200, {"RateLimit-Remaining": "0", "Retry-After": "600"}),
        (429, {"Retry-After": "600"}),
        (429, {}),
    ],
)
def test_a_provider_that_wants_no_more_calls_is_left_alone_until_it_does(world, status, headers):
    made = [at_acme(number) for number in range(4)]
    world.serve()
    then = str(int(time.time()) + 600)
    headers = {name: value.format(then=then) for name, value in headers.items()}
    world.peer.answers["/profile"] = Response(status, b"{}", "application/json").with_headers(headers)
    said, _ = maintain()
    asked = [request for request in world.peer.requests if request.path == "/profile"]
    assert len(asked) == 1
    left = 3 if status == 200 else 4
    assert f"Left alone: {left} of acme, until" in said
    assert checked(made) == [status == 200, False, False, False]
    assert not any(stored(each).lost_at for each in made)


def test_a_class_that_reads_limits_of_its_own_is_believed(crowd, standin, monkeypatch):
    """Also where no header says so."""

    def limited(account):
        error = RateLimited("Enough for today")
        error.reset = int(time.time()) + 600
        raise error

    monkeypatch.setattr(upkeep, "verified", limited)
    round_ = Round(Order(refresh=False, sync=False, verify=True, slugs=("x",), before=None))
    for _ in round_.run():
        monkeypatch.setattr(upkeep, "verified", lambda account: account)
    assert (round_.tally.alive, round_.tally.left) == (0, {"x": 5})


def test_a_provider_is_asked_again_once_it_takes_calls(world):
    made = [at_acme(number) for number in range(3)]
    world.serve()
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(time.time()) - 1)}
    world.peer.answers["/profile"] = Response(200, b"{}", "application/json").with_headers(headers)
    assert "Looked after 3 accounts: 3 alive." in maintain()[0]
    assert all(checked(made))


def test_a_provider_that_refuses_everybody_loses_ten_accounts_and_no_more(world, caplog):
    """An outage there, or keys of ours that were changed: that many people do not leave at once."""
    made = [at_acme(number) for number in range(13)]
    world.serve()
    world.peer.answers["/profile"] = Response(401, b"{}", "application/json")
    said, _ = maintain()
    assert "10 lost" in said
    assert "Left alone: 3 of acme, until" in said
    assert [stored(each).lost_at is not None for each in made] == [True] * 10 + [False] * 3
    assert "refused the tokens of one account after the other" in caplog.text
    assert "upkeep.verify_alive()" in caplog.text


def test_ten_that_are_lost_among_others_stop_nobody():
    """Ten in a row count, and not ten in all."""
    rests = Rests()
    for _ in range(3):
        assert not any(rests.note_loss(("x", "")) for _ in range(9))
        rests.note_life(("x", ""))
    assert not rests.covers(("x", ""))
    assert rests.note_loss(("y", "")) is False


# -- what it shows


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_plain_lines(crowd, standin, monkeypatch):
    shown = Terminal()
    call_command("socialreg_maintain", stdout=io.StringIO(), stderr=shown)
    assert re.search(r"\r\[#*\.*\] +\d+% \d/5 \d alive", shown.getvalue())
    assert shown.getvalue().endswith("\r\033[K"), "the bar is taken away"
    monkeypatch.setattr("socialreg.management.progress._LINE", 2)
    _, lines = maintain("--older-than", "0s")
    assert lines.splitlines() == ["2 of 5: 2 alive", "4 of 5: 4 alive"]


def test_quiet_says_nothing(crowd, standin):
    assert maintain("--quiet") == ("", "")


def test_the_help_says_what_it_does_by_itself(capsys):
    with pytest.raises(SystemExit):
        call_command("socialreg_maintain", "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert "asks the providers whether their tokens are alive" in told
    assert "exit status is 1" in told


# -- the examples of the documentation

credentials_lost.disconnect(example.ask_back)  # which it does to whoever imports it


@pytest.fixture
def asking_back():
    credentials_lost.connect(example.ask_back)
    yield
    credentials_lost.disconnect(example.ask_back)


@pytest.mark.django_db(transaction=True)
def test_the_example_asks_somebody_back_whose_account_is_lost(crowd, standin, mailoutbox, asking_back):
    User.objects.filter(username="tomas_ok").update(email="tomas@example.com")
    standin.people.pop("tomas_ok")
    standin.people.pop("junofox")
    maintain()
    assert [mail.to for mail in mailoutbox] == [["tomas@example.com"]]


def test_the_example_for_a_task_queue_looks_after_everybody_once(crowd, standin):
    assert [example.look_after(key) for key in example.stale()] == ["synced"] * 5
    assert list(example.stale()) == []
    assert example.look_after(4711) == "gone"
