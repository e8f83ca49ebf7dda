"""Signals are sent once, after the fact is in the database; a hook that says no comes before anything has happened."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.urls import reverse

from socialreg import disconnecting, signals
from socialreg.exceptions import Unavailable, Veto
from socialreg.models import SocialAccount
from tests.test_way import MARA, register

SIGNALS = ("registered", "logged_in", "connected", "disconnected", "failed")


@contextmanager
def heard():
    """Return what is sent in the block, with whether a transaction was open then."""
    calls: list[tuple[str, dict]] = []
    receivers = []
    for name in SIGNALS:

        def receive(sender, signal, _name=name, **values):
            assert sender is SocialAccount
            calls.append((_name, {**values, "in_transaction": connection.in_atomic_block}))

        receivers.append((getattr(signals, name), receive))
        getattr(signals, name).connect(receive)
    try:
        yield calls
    finally:
        for signal, receive in receivers:
            signal.disconnect(receive)


committed = pytest.mark.django_db(transaction=True)


@committed
def test_each_is_sent_once_and_after_the_commit_with_what_it_promises(browser, other_browser, client):
    with heard() as calls:
        register(browser)
        ((name, values),) = calls
        user, account = User.objects.get(), SocialAccount.objects.get()
        assert name == "registered"
        assert (values["user"], values["account"], values["email_verified"]) == (user, account, True)
        assert values["profile"].username == "maralind"
        calls.clear()

        other_browser.log_in("maralind")
        ((name, more),) = calls
        assert (name, more["user"], more["account"]) == ("logged_in", user, account)
        assert more["profile"].uid == account.subject
        calls.clear()

        browser.log_in("kestrel", intent="connect")
        ((name, third),) = calls
        assert (name, third["user"], third["account"].username) == ("connected", user, "kestrel")
        calls.clear()
        browser.log_in("kestrel", intent="connect")
        assert calls == []  # it was theirs already: nothing new happened

        browser.client.post(reverse("socialreg:disconnect", args=[third["account"].pk]))
        ((name, last),) = calls
        assert (name, last["user"], last["account"].username) == ("disconnected", user, "kestrel")
        assert last["account"].pk is None
    assert not any(each["in_transaction"] for each in (values, more, third, last))
    assert all(each["request"].path for each in (values, more, third, last))


@committed
def test_failed_is_sent_once_with_the_reference_on_the_page(browser, x):
    callback = browser.approve("maralind")
    x.fault("server-error")
    with heard() as calls:
        page = browser.client.get(callback).content.decode()
    ((name, values),) = calls
    assert (name, values["slug"], type(values["error"])) == ("failed", "twitter", Unavailable)
    assert f"<code>{values['reference']}</code>" in page


@pytest.mark.django_db
def test_an_address_that_was_edited_is_not_said_to_be_verified(browser):
    browser.log_in("maralind")
    with heard() as calls, transaction.atomic():
        browser.client.post(reverse("socialreg:register"), {**MARA, "email": "other@example.com"})
    ((_, values),) = run_commits(calls)
    assert values["email_verified"] is False


def run_commits(calls):
    """Inside the transaction of a test nothing is committed, so run what waits for it."""
    if not calls:
        with heard() as late:
            for _, run, _ in list(connection.run_on_commit):
                run()
        connection.run_on_commit.clear()
        return late
    return calls


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_sent_before_it_commits(browser, django_capture_on_commit_callbacks):
    with heard() as calls:
        with django_capture_on_commit_callbacks(execute=False) as waiting:
            register(browser)
        assert calls == []
        for run in waiting:
            run()
        assert [name for name, _ in calls] == ["registered"]


@committed
def test_what_is_undone_was_never_announced(browser, rf, client):
    register(browser)
    account = SocialAccount.objects.get()
    user = account.user
    user.set_password("secret")
    user.save()
    with heard() as calls:
        with transaction.atomic():
            disconnecting.disconnect(rf.post("/"), user, account.pk)
            transaction.set_rollback(True)
        assert calls == []
    assert SocialAccount.objects.exists()


@committed
@pytest.mark.parametrize("name", SIGNALS)
def test_a_receiver_that_fails_stops_nobody(browser, other_browser, x, name, caplog):
    def fail(**_):
        raise RuntimeError("receiver")

    signal = getattr(signals, name)
    signal.connect(fail)
    try:
        with heard() as calls:
            assert register(browser, next="/home/")["Location"] == "/home/"
            assert other_browser.log_in("maralind", next="/home/")["Location"] == "/home/"
            assert browser.log_in("kestrel", intent="connect").status_code == 302
            number = SocialAccount.objects.get(username="kestrel").pk
            assert browser.client.post(reverse("socialreg:disconnect", args=[number])).status_code == 302
            assert browser.client.get(x.deny(browser.start()["Location"])).status_code == 200
    finally:
        signal.disconnect(fail)
    assert [each for each, _ in calls] == list(SIGNALS)
    assert [record.name for record in caplog.records if "receiver" in str(record.exc_info)] == ["django.dispatch"]


ASKED: list[str] = []


def veto_login(request, user, profile):
    ASKED.append(profile.username)
    assert not request.user.is_authenticated
    raise Veto("Not <b>today</b>, Åsa & co")


def veto_registration(request, profile):
    ASKED.append(profile.username)
    raise Veto("Members <b>only</b>")


def veto_at_submit(request, profile):
    ASKED.append(request.method)
    if request.method == "POST":
        raise Veto("Too <b>late</b>")


def allow_login(request, user, profile):
    ASKED.append(f"{user.username} is {profile.username}")


@pytest.fixture
def asked():
    ASKED.clear()
    return ASKED


@pytest.mark.django_db
def test_a_veto_before_login_leaves_no_session_no_new_token_and_no_last_use(browser, other_browser, site, asked):
    register(browser)
    before = SocialAccount.objects.values().get()
    last_login = User.objects.get().last_login
    sessions = Session.objects.count()
    site(BEFORE_LOGIN=["tests.test_signals.veto_login"])
    with heard() as calls:
        response = other_browser.log_in("maralind", next="/home/")
    assert response.status_code == 403
    page = response.content.decode()
    assert "Not &lt;b&gt;today&lt;/b&gt;, Åsa &amp; co" in page
    assert "<b>" not in page
    assert asked == ["maralind"]
    assert "sessionid" not in other_browser.client.cookies
    assert SocialAccount.objects.values().get() == before
    assert User.objects.get().last_login == last_login
    assert Session.objects.count() == sessions
    assert [name for name, _ in run_commits(calls)] == ["failed"]


@pytest.mark.django_db
def test_a_hook_that_agrees_lets_them_in(browser, other_browser, site, asked):
    register(browser)
    site(BEFORE_LOGIN=[allow_login])
    assert other_browser.log_in("maralind", next="/home/")["Location"] == "/home/"
    assert asked == ["maralind is maralind"]


@pytest.mark.django_db
@pytest.mark.parametrize("ask_for", ["everything", "missing"])
def test_a_veto_before_registering_shows_no_form_and_writes_no_row(browser, site, asked, ask_for):
    site(BEFORE_REGISTER=[veto_registration], ASK_FOR=ask_for)
    response = browser.log_in("maralind", next="/home/")
    assert response.status_code == 403
    assert "Members &lt;b&gt;only&lt;/b&gt;" in response.content.decode()
    assert asked == ["maralind"]
    assert browser.client.get(reverse("socialreg:register")).status_code == 400  # nothing waits
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
    assert browser.user() is None


@pytest.mark.django_db
def test_a_veto_at_submit_writes_no_row(browser, site, asked):
    site(BEFORE_REGISTER=[veto_at_submit])
    assert browser.log_in("maralind")["Location"] == reverse("socialreg:register")
    response = browser.client.post(reverse("socialreg:register"), MARA)
    assert response.status_code == 403
    assert "Too &lt;b&gt;late&lt;/b&gt;" in response.content.decode()
    assert asked == ["GET", "POST"]
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
    assert browser.user() is None
