"""The guards of what waits in a session: for whom, for how long, and whose answer is taken for it."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, QueryDict

from socialreg import pending
from socialreg.exceptions import Expired, Mismatch, NotAllowed
from socialreg.pending import Pending
from socialreg.types import Arrival, Credentials, Email, Profile, Resume

pytestmark = pytest.mark.django_db

LINK = "/accounts/link/?proof="


def waiting(uid: str = "1", **more: object) -> Pending:
    profile = Profile(uid, "maralind", email=Email("mara@example.com", verified=True))
    arrived = Arrival("twitter", "https://x.com", Credentials(uid, "maralind", "token"), profile, fetched=True)
    return Pending(arrived, "register", "/home/", **more)  # type: ignore[arg-type]


@pytest.fixture
def visit() -> HttpRequest:
    request = HttpRequest()
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def refused(visit: HttpRequest) -> NotAllowed:
    with pytest.raises(NotAllowed) as raised:
        pending.load_for_nobody(visit)
    return raised.value


def test_what_is_not_said_is_not_so():
    found = waiting()
    assert (found.asked, found.by_address, found.proof) == ((), False, "")
    assert abs(found.since - time.time()) < 5


def test_who_begins_again_begins_a_login_where_they_were():
    assert waiting().resume() == Resume("twitter", "login", "/home/")


class TestLoad:
    def test_half_an_hour_is_counted_from_the_beginning_whatever_was_answered_since(self, visit, monkeypatch):
        monkeypatch.setattr(pending, "time", SimpleNamespace(time=lambda: 2_000_001_800.0))
        pending.keep(visit, waiting(since=2_000_000_000.0))
        assert pending.load(visit).since == 2_000_000_000.0
        pending.keep(visit, waiting(since=1_999_999_999.9))
        with pytest.raises(Expired) as raised:
            pending.load(visit)
        assert raised.value.notice == "nothing-waits"

    def test_what_is_over_does_not_lie_about(self, visit):
        pending.keep(visit, waiting(since=time.time() - 1801))
        assert pending.waits(visit)
        with pytest.raises(Expired):
            pending.load(visit)
        assert not pending.waits(visit)


class TestNobody:
    def test_what_waits_is_for_who_is_not_logged_in(self, visit):
        pending.keep(visit, waiting())
        assert pending.load_for_nobody(visit) == pending.load(visit)
        visit.user = User(username="somebody")
        error = refused(visit)
        assert (error.code, error.notice, error.resume) == ("changed", "changed", waiting().resume())

    def test_a_page_about_this_very_identity_is_heard_and_no_other(self, visit):
        pending.keep(visit, waiting())
        visit.POST = QueryDict(mutable=True)
        visit.POST["socialreg_whose"] = waiting().whose
        assert pending.load_for_nobody(visit).whose == waiting().whose
        for other in (waiting("2").whose, ""):
            visit.POST["socialreg_whose"] = other
            error = refused(visit)
            assert (error.code, error.notice, error.resume) == ("other-tab", "other-tab", waiting().resume())

    def test_that_nothing_waits_comes_first(self, visit):
        visit.user = User(username="somebody")
        with pytest.raises(Expired):
            pending.load_for_nobody(visit)


class TestProof:
    def test_a_login_that_nobody_began_here_is_no_proof(self, visit):
        assert pending.is_proof(visit, LINK) is False
        pending.keep(visit, waiting())
        for guess in (LINK, "", "/home/", f"{LINK}\udc80"):
            assert pending.is_proof(visit, guess) is False
        with pytest.raises(Mismatch):
            pending.load_proven(visit, "")

    def test_one_that_took_too_long_is_none_and_no_error(self, visit):
        back = pending.begin_proof(visit, waiting(since=time.time() - 1801))
        assert pending.is_proof(visit, back) is False

    def test_it_is_this_one_to_the_letter_and_long_enough_not_to_be_guessed(self, visit):
        back = pending.begin_proof(visit, waiting())
        assert back.startswith(LINK)
        assert len(back) == len(LINK) + 22  # 16 bytes
        assert pending.is_proof(visit, back) is True
        for other in (back[:-1], f"{back}\udc80", f"https://testserver{back}"):
            assert pending.is_proof(visit, other) is False
        assert pending.load_proven(visit, back.removeprefix(LINK)).whose == waiting().whose
        with pytest.raises(Mismatch):
            pending.load_proven(visit, f"{back.removeprefix(LINK)}\udc80")
