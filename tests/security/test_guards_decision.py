"""The guards of who somebody is here, and of what follows from that."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest

from socialreg.decision import Attach, Connect, Known, Prefill, Refuse, Visitor, decide, recognise
from socialreg.models import SocialAccount
from socialreg.types import Email, Profile

ADDRESS = "mara@example.com"
NOBODY, ANN, BOB, CLOSED = Known(), Known("ann"), Known("bob"), Known("ann", active=False)


def mara(address: str | None = ADDRESS) -> Profile:
    return Profile("7", "maralind", email=Email(address, verified=False) if address else None)


def test_of_whom_nothing_is_known_nothing_is_said():
    assert Known() == Known(owner=None, active=True, found=False, by_address=False)
    assert Visitor("login", None, None).errand is False


class TestUser:
    @pytest.mark.parametrize("known", [NOBODY, ANN, BOB, CLOSED])
    def test_a_form_is_filled_in_for_whoever_is_here_whosesoever_the_account_is(self, known):
        assert decide(known, Visitor("prefill", "ann", "ann")) == Prefill()
        assert decide(known, Visitor("prefill", "ann", "ann", errand=True)) == Prefill()

    @pytest.mark.parametrize("known", [NOBODY, ANN, BOB, CLOSED])
    def test_an_errand_is_no_connection(self, known):
        assert decide(known, Visitor("connect", "ann", "ann", errand=True)) == Attach()

    @pytest.mark.parametrize("intent", ["connect", "prefill"])
    @pytest.mark.parametrize("errand", [True, False])
    @pytest.mark.parametrize(("started_by", "here"), [(None, None), ("ann", None), (None, "ann"), ("bob", "ann")])
    def test_neither_is_anything_for_nobody_or_somebody_else(self, intent, errand, started_by, here):
        for known in (NOBODY, ANN, BOB):
            decided = decide(known, Visitor(intent, started_by, here, errand))
            assert isinstance(decided, Refuse)
            assert decided.notice == "changed"

    def test_what_is_anothers_is_not_connected(self):
        assert decide(NOBODY, Visitor("connect", "ann", "ann")) == Connect()
        assert decide(ANN, Visitor("connect", "ann", "ann")) == Connect()
        decided = decide(BOB, Visitor("connect", "ann", "ann"))
        assert isinstance(decided, Refuse)
        assert decided.notice == "taken"


@pytest.mark.django_db
class TestRecognise:
    @pytest.fixture
    def ask(self, site):
        """``ask(profile, visitor)`` with a finder that finds ``found``; and how often it was asked."""

        def ask(found: User | None, profile: Profile, visitor: Visitor, account: SocialAccount | None = None) -> Known:
            def find(given: Profile, request: HttpRequest) -> User | None:
                ask.asked.append(given)
                return found

            site(FINDERS=[find])
            return recognise(HttpRequest(), profile, account, visitor)

        ask.asked = []
        return ask

    @pytest.mark.parametrize(
        ("kept", "told", "is_theirs"),
        [
            (ADDRESS, ADDRESS, True),
            (ADDRESS.upper(), ADDRESS, True),
            (ADDRESS, ADDRESS.upper(), True),
            ("other@example.com", ADDRESS, False),
            ("", ADDRESS, False),
            ("", None, False),
            (ADDRESS, None, False),
        ],
    )
    def test_a_page_may_name_the_address_only_where_it_is_theirs(self, ask, kept, told, is_theirs):
        user = User(username="mara", email=kept)
        found = ask(user, mara(told), Visitor("login", None, None))
        assert found == Known(None, found=True, by_address=is_theirs)

    def test_who_is_not_found_is_nobody(self, ask):
        assert ask(None, mara(), Visitor("login", None, None)) == Known()
        assert ask.asked == [mara()]

    @pytest.mark.parametrize(
        "visitor",
        [
            Visitor("connect", None, None),
            Visitor("prefill", None, None),
            Visitor("login", "1", None),
            Visitor("login", None, "1"),
        ],
    )
    def test_nobody_is_looked_for_where_it_cannot_matter(self, ask, visitor):
        assert ask(User(username="mara", email=ADDRESS), mara(), visitor) == Known()
        assert ask.asked == []

    @pytest.mark.parametrize("active", [True, False])
    def test_whose_account_it_is_is_known_without_looking(self, ask, active):
        user = User.objects.create(username="mara", is_active=active)
        account = SocialAccount(user=user)
        assert ask(user, mara(), Visitor("login", None, None), account) == Known(str(user.pk), active=active)
        assert ask.asked == []

    def test_an_account_that_is_nobodys_says_nothing(self, ask):
        found = ask(None, mara(), Visitor("login", None, None), SocialAccount(user=None))
        assert found == Known()
        assert len(ask.asked) == 1
