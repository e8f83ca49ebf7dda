"""A21: an address is verified by JSON ``true`` alone, or as a provider's own class documents; and opens no account."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import Response
from socialreg.types import Email, email
from tests.parsed import Page
from tests.security.walking import come_back, start
from tests.world import World, go, is_register

pytestmark = pytest.mark.django_db

REGISTER, PROVE = reverse("socialreg:register"), reverse("socialreg:prove")
ADDRESS = "mara.lindqvist@example.com"
#: Those that say of an address whether it is verified, over OAuth 1.0a, OAuth 2.0 and OpenID Connect.
SAYING = [
    *("photos", "bitbucket", "discord", "github"),
    *("apple", "corp", "gitlab", "google", "linkedin", "slack", "twitch"),
]
#: Those that document the string as well.
STRINGS = {"apple", "linkedin"}
#: What is not JSON ``true``, and true for a computer in one language or another. ``...``: it is not said.
ENCODINGS: list[object] = [
    *("true", "True", "TRUE", " true", "1", "yes", "on", "t", "verified"),
    *(1, 1.0, -1, [True], ["true"], {"verified": True}, {"value": "true"}),
    *("false", "False", "0", "", 0, False, None, [], {}, ...),
]


def counts(slug: str, said: object) -> bool:
    return said is True or (slug in STRINGS and said == "true")


@pytest.mark.parametrize("said", [True, *ENCODINGS], ids=repr)
@pytest.mark.parametrize("slug", SAYING)
def test_a21_what_is_not_true_is_not_verified(photos: StandIn, slug, said):
    """Not on the page, not in what is stored."""
    photos.tell(slug, {"email_verified": said})
    client = Client()
    assert come_back(client, photos.approve(start(client, slug), "maralind"))["Location"] == REGISTER
    page = client.get(REGISTER)
    assert f'value="{ADDRESS}"' in page.content.decode()
    assert ("socialreg-verified" in page.content.decode()) is counts(slug, said)
    form = Page(page).form(username="mara", first_name="M", last_name="L")
    assert client.post(REGISTER, form).status_code == 302
    account = SocialAccount.objects.get()
    assert (account.email, account.email_verified) == (ADDRESS, counts(slug, said))


@pytest.mark.parametrize("said", [True, *ENCODINGS], ids=repr)
@pytest.mark.parametrize("slug", ["photos", "github", "corp", "apple"])
def test_a21_no_encoding_opens_the_account_of_whoever_has_the_address(photos: StandIn, slug, said):
    owner = User.objects.create_user("owner", ADDRESS, "secret")
    photos.tell(slug, {"email_verified": said})
    client = Client()
    assert come_back(client, photos.approve(start(client, slug), "maralind"))["Location"] == PROVE
    assert "_auth_user_id" not in client.session
    for data in ({"link": "1"}, {"prove": ""}, {"register": ""}):
        client.post(PROVE, data)
    assert "_auth_user_id" not in client.session
    assert not owner.social_accounts.exists()


@pytest.mark.parametrize("slug", [*SAYING, "facebook", "microsoft", "spotify", "x", "twitter"])
def test_a21_a_provider_that_the_site_does_not_trust_verifies_nothing(photos: StandIn, settings, slug):
    entries = settings.SOCIALREG["PROVIDERS"]
    changed = {**entries, slug: {**entries[slug], "TRUST_EMAILS": False}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": changed}
    client = Client()
    assert come_back(client, photos.approve(start(client, slug), "maralind"))["Location"] == REGISTER
    assert "socialreg-verified" not in client.get(REGISTER).content.decode()


@pytest.mark.parametrize("said", [True, *ENCODINGS], ids=repr)
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a21_nor_is_it_where_the_flag_stands_beside_the_address(world: World, slug, said):
    """As a site's own map has it, and in the claims of an ID token."""
    document = {"acme": "acme-profile", "corp": "corp-person"}[slug]
    world.answers["/emails"] = Response.json([])
    world.fields |= {(document, "email"): ADDRESS, (document, "email_verified"): said}
    client = Client()
    assert is_register(go(world, slug, client))
    page = client.get(REGISTER).content.decode()
    assert f'value="{ADDRESS}"' in page
    assert ("socialreg-verified" in page) is (said is True)


@pytest.mark.parametrize("said", [True, *ENCODINGS], ids=repr)
def test_a21_nor_in_a_list_of_addresses(world: World, said):
    world.fields = {("acme-emails", "email"): ADDRESS, ("acme-emails", "verified"): said}
    world.fields["acme-emails", "primary"] = True
    client = Client()
    assert is_register(go(world, "acme", client))
    assert ("socialreg-verified" in client.get(REGISTER).content.decode()) is (said is True)


@pytest.mark.parametrize("flag", [{"email_verified": True}, {"email_verified": False}, {}], ids=str)
def test_a21_whether_one_address_is_verified_says_nothing_of_another(world: World, flag):
    """An ID token with an address of which it says nothing, UserInfo with a verified one."""
    world.fields["corp-person", "preferred_username"] = ...  # so that UserInfo is asked
    world.fields["corp-person", "email"] = "unproven@example.com"
    world.fields["corp-person", "email_verified"] = flag.get("email_verified", ...)
    world.fields["corp-userinfo", "email"] = ADDRESS
    world.fields["corp-userinfo", "email_verified"] = True
    client = Client()
    assert is_register(go(world, "corp", client))
    assert world.peer.asked()[-1] == "/userinfo"
    page = client.get(REGISTER).content.decode()
    assert 'value="unproven@example.com"' in page
    assert ("socialreg-verified" in page) is (flag.get("email_verified") is True)


@pytest.mark.parametrize("said", ENCODINGS, ids=repr)
def test_a21_nor_by_a_class_that_hands_on_what_its_provider_said(said):
    assert email(ADDRESS, verified=said) == Email(ADDRESS, verified=False)
    assert email(ADDRESS, verified=True) == Email(ADDRESS, verified=True)
