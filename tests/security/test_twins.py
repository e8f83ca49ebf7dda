"""A18: uids and addresses that look alike, to people or to a database's collation, are two people's."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import assume, given
from hypothesis import strategies as st

from socialreg import accounts, finders
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.types import Arrival, Credentials, Email, Profile, email, subject
from tests.fuzz.profiles import dear
from tests.security.walking import EVERY, come_back, start
from tests.security.worlds import SAID, register
from tests.world import World, begin, go, is_register

pytestmark = pytest.mark.django_db

#: What looks alike, or is one to a collation, to a normal form, or to whoever reads a number.
TWINS = [
    ("AbC", "abc"),
    ("e\u0301", "\u00e9"),
    ("e\u0301", "e"),
    ("\uff21", "A"),
    ("\u0131", "i"),
    ("\u0130", "i\u0307"),
    ("\u0130", "I"),
    ("\u017f", "s"),
    ("\u212a", "K"),
    ("stra\u00dfe", "strasse"),
    ("\u00e6", "ae"),
    ("\ufb01", "fi"),
    ("a.", "a"),
    ("a\u200b", "a"),
    ("\u0430", "a"),
    ("7", "07"),
    ("7", "+7"),
    ("7", "7.0"),
    ("7", "7e0"),
    ("7", "\u0667"),
    ("\u2167", "VIII"),
    ("m\uff20x.example", "m@x.example"),
]
FORM = {"first_name": "M", "last_name": "L"}


@pytest.mark.parametrize("twins", TWINS, ids=ascii)
@pytest.mark.parametrize("slug", ["acme", "mastodon"])
def test_a18_two_uids_that_look_alike_are_two_people_or_nobody(world: World, slug, twins):
    logged_in = 0
    for uid in twins:
        world.fields[SAID[slug]] = uid
        response = go(world, slug, Client())
        assert response.status_code == 502 or is_register(response), "taken for the other"
        if is_register(response):
            register(world, slug)
            logged_in += 1
    assert SocialAccount.objects.count() == User.objects.count() == logged_in >= 1


#: In every provider's letters but Slack's, whose ids are letters and digits alone.
PLAIN = [("AbC", "abc"), ("ABC", "AbC"), ("7", "07")]
MARKED = [("a.", "a"), ("a-b", "a_b")]
PAIRED = [(slug, pair) for slug in EVERY for pair in [*PLAIN, *(MARKED if slug != "slack" else [])]]


@pytest.mark.whole
@pytest.mark.parametrize(("slug", "twins"), PAIRED)
def test_a18_two_uids_that_differ_in_case_or_in_a_dot_are_two_people(standin: StandIn, slug, twins):
    """At every provider, and each of them finds their own way back."""
    for number, uid in enumerate(twins):
        standin.tell(slug, {"uid": uid})
        client = Client()
        back = standin.approve(start(client, slug), "maralind")
        assert come_back(client, back)["Location"] == reverse("socialreg:register"), "taken for the other"
        form = {**FORM, "username": f"user{number}", "email": f"user{number}@example.org"}
        assert client.post(reverse("socialreg:register"), form).status_code == 302
    for number, uid in enumerate(twins):
        standin.tell(slug, {"uid": uid})
        client = Client()
        assert come_back(client, standin.approve(start(client, slug), "maralind"))["Location"] == "/home/"
        assert client.session["_auth_user_id"] == str(User.objects.get(username=f"user{number}").pk)


def test_a18_a_number_and_its_digits_are_one_person(world: World):
    """A provider that writes ``7`` today and ``"7"`` tomorrow has not changed who that is."""
    world.fields[SAID["acme"]] = 7
    register(world, "acme")
    world.fields[SAID["acme"]] = "7"
    client = Client()
    path, query = begin(world, "acme", client)
    assert client.get(path, query)["Location"] == "/home/"


# -- every pair that can be thought of

_LETTERS = st.sampled_from(
    "aAbBiIsSkKeE\u0131\u0130\u017f\u00df\u00e9\u00e6\uff41\u0430\ufb01\u03c3\u03c209.-_@\uff20\u0667"
)
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
_CHANGES = [
    *(str.upper, str.lower, str.swapcase, str.casefold, str.title),
    *((lambda text, form=form: unicodedata.normalize(form, text)) for form in _FORMS),
    *((lambda text, end=end: text + end) for end in (".", " ", "\u200b", "\u00a0", "\0", "/", "\u0301")),
    *((lambda text, start=start: start + text) for start in ("0", " ", "\u200b", "\ufeff", "+")),
    lambda text: text.replace("i", "\u0131"),
    lambda text: text.replace("@", "\uff20"),
    lambda text: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
    lambda text: text[:1] + "\u200b" + text[1:],
]
TEXTS = st.one_of(st.text(_LETTERS, min_size=1, max_size=12), st.text(min_size=1, max_size=12))
PAIRS = st.builds(lambda text, change: (text, change(text)), TEXTS, st.sampled_from(_CHANGES))


@dear
@given(PAIRS)
def test_a18_no_database_takes_one_subject_for_another(pair):
    """Whatever its collation folds: case, accents, width, blanks at the end."""
    one, other = (subject(text) for text in pair)
    assume(one and other and one != other)
    SocialAccount.objects.all().delete()
    assert one is not None
    assert other is not None
    accounts.insert(None, arrived(one))
    assert SocialAccount.objects.for_identity(ISSUER, other) is None
    accounts.insert(None, arrived(other))
    for uid in (one, other):
        found = SocialAccount.objects.for_identity(ISSUER, uid)
        assert found is not None
        assert found.subject == uid
    assert SocialAccount.objects.count() == 2


ISSUER = "https://acme.example"


def arrived(uid: str) -> Arrival:
    return Arrival("acme", ISSUER, Credentials(uid, token="t0ken"), Profile(uid, issuer=ISSUER), fetched=True)


@dear
@given(PAIRS)
def test_a18_no_database_takes_one_address_for_another(pair):
    """By an address nobody is logged in; but nobody is told either that another's account is theirs to prove."""
    one, other = (f"{text}@example.com" for text in pair)
    assume("\0" not in one and one.strip() == one and len(one) < 200)
    User.objects.all().delete()
    User.objects.create(username="mara", email=one)
    told = email(other, verified=True)
    profile = replace(Profile("7"), email=told)
    found = finders.by_email(profile, request=None)  # type: ignore[arg-type]
    assert (found is not None) is (told is not None and told.address.lower() == one.lower())


@pytest.mark.parametrize(
    "address",
    [
        "m\uff20example.com",
        "m@\u0435xample.com",
        "m@example.com.",
        "m@example.com ",
        "\u200bm@example.com",
        "M\u0131@x.example",
    ],
    ids=ascii,
)
def test_a18_an_address_in_other_letters_is_no_address(address):
    assert email(address, verified=True) is None
    assert email("m@example.com", verified=True) == Email("m@example.com", verified=True)
