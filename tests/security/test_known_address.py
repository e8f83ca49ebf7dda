"""A22 and A23: somebody comes whose address an account here has already, over every provider that tells one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.security.visiting import (
    ADDRESS,
    ADDRESSED,
    LINK,
    PROVE,
    REGISTER,
    SAYING_WHETHER,
    arrive,
    fill_in,
    owner,
    question,
    register,
    user_of,
)
from tests.security.walking import PROTOCOLS, come_back

pytestmark = pytest.mark.django_db

#: By which provider somebody comes, and what that says of their address.
COMING = [(slug, how) for slug in ADDRESSED for how in ("vouched for", "not trusted")]
COMING += [(slug, "not verified") for slug in SAYING_WHETHER]


@pytest.fixture
def vouching(standin: StandIn, settings):
    """Let a provider vouch for addresses, or not, or let the site not believe it."""

    def vouch(slug: str, how: str) -> None:
        if how == "not verified":
            standin.tell(slug, {"email_verified": False})
        if how == "not trusted":
            entries = settings.SOCIALREG["PROVIDERS"]
            changed = {**entries, slug: {**entries[slug], "TRUST_EMAILS": False}}
            settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": changed}

    return vouch


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper()])
@pytest.mark.parametrize(("slug", "how"), COMING)
def test_a22_they_are_told_to_log_in_first_and_nothing_is_linked(standin: StandIn, vouching, slug, how, address):
    planted = owner("nobodys-business", address)
    vouching(slug, how)
    client = Client()
    assert arrive(standin, client, slug, next="/home/?on")["Location"] == PROVE
    page = client.get(PROVE).content.decode()
    assert "Log in to my account" in page
    assert "nobodys-business" not in page
    assert user_of(client) is None
    asked = question(client, "nobodys-business")
    assert not SocialAccount.objects.exists(), "a login alone links nothing"
    assert client.post(asked, {"link": "1"}).status_code == 302
    assert SocialAccount.objects.get().user == planted


@pytest.mark.parametrize(("slug", "how"), COMING)
def test_a23_they_land_in_no_account_that_somebody_else_made(standin: StandIn, vouching, slug, how):
    """Whatever they press and send on the way."""
    planted = owner("planted")
    vouching(slug, how)
    client = Client()
    arrive(standin, client, slug)
    for path in (PROVE, REGISTER, LINK, f"{LINK}?proof="):
        for data in ({"link": "1"}, {"prove": ""}, {"prove_by": slug}, {"username": "planted", "email": ADDRESS}):
            client.post(path, data)
            assert user_of(client) is None
    assert not planted.social_accounts.exists()
    client.post(PROVE, {"register": "1"})
    assert fill_in(client, username="maralind", email="mara@elsewhere.example").status_code == 302
    account = SocialAccount.objects.get()
    assert account.user == user_of(client) != planted
    assert account.email == "", "the address stays with the account that has it"


@pytest.mark.parametrize("slug", ADDRESSED)
def test_a23_who_typed_a_strangers_address_neither_keeps_them_out_nor_gets_them(standin: StandIn, slug):
    """The account was made by a provider as well, that told no address."""
    attacker, victim = Client(), Client()
    made = register(standin, attacker, "mastodon", "tomas_ok", username="attacker", email=ADDRESS)
    own = register(standin, victim, slug, username="maralind")
    assert own.email.lower() == ADDRESS
    assert own != made
    again = Client()
    arrive(standin, again, "mastodon", "tomas_ok")
    assert user_of(again) == made
    assert [account.provider for account in made.social_accounts.all()] == ["mastodon"]


@pytest.mark.parametrize("slug", [slug for slug in ADDRESSED if slug not in {"twitter", "x"}])
@pytest.mark.parametrize("first", PROTOCOLS)
def test_a23_an_account_of_another_provider_is_proved_and_not_presumed(standin: StandIn, first, slug):
    """The same address at two providers: the second one is asked for the first, and joins it on no word of its own."""
    if first == slug:
        slug = "discord"
    user = register(standin, Client(), first, username="maralind", email=ADDRESS)
    client = Client()
    assert arrive(standin, client, slug)["Location"] == PROVE
    assert user_of(client) is None
    sent = client.post(PROVE, {"prove_by": first, "server": "one.example"})["Location"]
    asked = come_back(client, standin.approve(sent, "maralind"))["Location"]
    assert user_of(client) == user
    assert user.social_accounts.count() == 1
    client.post(asked, {"link": "1"})
    assert {each.provider for each in user.social_accounts.all()} == {first, slug}
    assert User.objects.count() == 1
