"""A19 and A20: who somebody is, is an issuer's own number; names pass from one to another, and lead to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.lookup import find_class, shipped_slugs
from socialreg.models import SocialAccount
from socialreg.testing import Person, StandIn
from socialreg.testing.odd_values import NAMES
from socialreg_providers.microsoft import Microsoft
from socialreg_providers.slack import Slack
from tests import shipped
from tests.security.walking import EVERY, come_back, register, start
from tests.world import World, begin

pytestmark = pytest.mark.django_db

REGISTER, PROVE = reverse("socialreg:register"), reverse("socialreg:prove")
TENANTS = ["11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"]
FORM = {"first_name": "M", "last_name": "L"}


def arrive(standin: StandIn, slug: str, who: str = "maralind", **data: str) -> tuple[Client, str]:
    """Come back as somebody; return the browser, and where it is sent."""
    client = Client()
    return client, come_back(client, standin.approve(start(client, slug, **data), who))["Location"]


def fill_in(client: Client, name: str) -> User:
    form = {**FORM, "username": name, "email": f"{name}@example.org"}
    assert client.post(REGISTER, form).status_code == 302
    return User.objects.get(username=name)


def test_a19_one_number_at_every_issuer_is_as_many_people(standin: StandIn):
    """X over OAuth 1.0a and over OAuth 2.0 is one issuer, and so one person."""
    for slug in EVERY:
        standin.tell(slug, {"uid": "7777"})
        client, location = arrive(standin, slug)
        if slug == "x":
            assert location == "/home/"
        else:
            assert location == REGISTER, slug
            fill_in(client, slug)
    assert User.objects.count() == SocialAccount.objects.values("issuer").distinct().count() == len(EVERY) - 1


@pytest.mark.parametrize("servers", [("one.example", "two.example"), ("one.example", "one.example.two.example")])
def test_a19_at_two_servers_of_one_class_too(standin: StandIn, servers):
    standin.tell("mastodon", {"uid": "7"})
    for number, server in enumerate(servers):
        client, location = arrive(standin, "mastodon", server=server)
        assert location == REGISTER, server
        fill_in(client, f"user{number}")
    assert {account.subject for account in SocialAccount.objects.all()} == {"7"}


@pytest.fixture
def moved(standin: StandIn) -> Iterator[Callable[[str], None]]:
    """``moved(tenant)`` lets everybody who comes by Microsoft be of that tenant from now on."""

    def move(tenant: str) -> None:
        standin.play("microsoft", Microsoft, {"TENANT": tenant})
        standin.tell("microsoft", {"uid": "same"})

    standin.tell("microsoft", {"uid": "same"})
    yield move
    standin.play("microsoft", Microsoft)


def test_a19_and_in_two_tenants_of_one_entry(standin: StandIn, moved):
    """Microsoft's ``sub`` means something within a tenant, and an entry for all of them has people of each."""
    for tenant in ("", *TENANTS):
        if tenant:
            moved(tenant)
        client, location = arrive(standin, "microsoft")
        assert location == REGISTER
        fill_in(client, f"user{tenant[:8]}")
    issuers = set(SocialAccount.objects.values_list("issuer", flat=True))
    assert len(issuers) == User.objects.count() == 3
    assert all(any(tenant in issuer for issuer in issuers) for tenant in TENANTS)


def test_a19_or_of_two_entries(standin: StandIn, settings):
    entries = settings.SOCIALREG["PROVIDERS"]
    for number, tenant in enumerate(TENANTS):
        slug = f"tenant{number}"
        entry = {"PROVIDER": "microsoft", **standin.play(slug, Microsoft, {"TENANT": tenant})}
        settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, slug: entry}}
        standin.tell(slug, {"uid": "same"})
        client, location = arrive(standin, slug)
        assert location == REGISTER
        fill_in(client, slug)
    assert SocialAccount.objects.values("issuer").distinct().count() == User.objects.count() == 2


@pytest.mark.parametrize("field", ["team", "uid"])
def test_a19_and_in_two_workspaces(standin: StandIn, field):
    """Slack's issuer is one, its users are numbered by team."""
    assert Slack.profile_map["uid"] == "sub"
    for number, value in enumerate(("T1", "T2")):
        standin.tell("slack", {"team": "T0", "uid": "U0"} | {field: value})
        client, location = arrive(standin, "slack")
        assert location == REGISTER, value
        fill_in(client, f"user{number}")
    assert SocialAccount.objects.count() == 2


def test_a19_a_provider_that_names_anothers_issuer_in_its_claims_is_not_it(world: World):
    world.fields["corp-claims", "iss"] = "https://accounts.google.com"
    client = Client()
    path, query = begin(world, "corp", client)
    assert client.get(path, query).status_code == 502


@pytest.mark.parametrize("address", ["the first one's", "another", "none"])
@pytest.mark.parametrize("slug", EVERY)
def test_a20_who_takes_over_a_name_gets_nothing_of_its_old_owner(standin: StandIn, slug, address):
    register(standin, Client(), slug, "nobodys-business")
    mara = standin.people.pop("maralind")
    User.objects.update(email=mara.email)
    owner = User.objects.get()
    before = SocialAccount.objects.values("subject", "sealed_credentials").get()
    standin.people["mara_new"] = replace(mara, screen_name="mara_new")
    mail = {"the first one's": mara.email, "another": "other@example.com", "none": None}[address]
    standin.people["maralind"] = Person("1400000000000000999", "maralind", mara.name, mail, mara.picture)
    client, location = arrive(standin, slug)
    assert location in {REGISTER, PROVE}
    assert "_auth_user_id" not in client.session
    assert owner.username not in client.get(location).content.decode()
    assert SocialAccount.objects.values("subject", "sealed_credentials").get() == before
    if location == REGISTER:
        fill_in(client, "other")
        assert SocialAccount.objects.exclude(user=owner).get().subject != before["subject"]
    known, location = arrive(standin, slug, "mara_new")
    assert location == "/home/"
    assert known.session["_auth_user_id"] == str(owner.pk)


@pytest.mark.parametrize("slug", EVERY)
def test_a20_somebody_who_is_renamed_back_and_forth_stays_who_they_are(standin: StandIn, slug):
    register(standin, Client(), slug)
    mara = standin.people.pop("maralind")
    for name in ("one", "two", "maralind"):
        standin.people[name] = replace(mara, screen_name=name, name=name.title(), email=f"{name}@example.net")
        assert arrive(standin, slug, name)[1] == "/home/"
        del standin.people[name]
    assert User.objects.count() == SocialAccount.objects.count() == 1


@pytest.mark.parametrize("slug", shipped_slugs())
def test_a20_no_provider_knows_people_by_a_claim_that_changes_hands(slug):
    """Every class says by which claim it does; the generic OAuth 2.0 one leaves that to the site."""
    provider = find_class(slug, {})(shipped.entry(slug), None)  # type: ignore[arg-type]
    assert provider.uid_claim
    assert not NAMES & {provider.uid_claim.rpartition(".")[2].lower(), provider.uid_claim.lower()}
