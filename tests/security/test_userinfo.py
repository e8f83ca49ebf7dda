"""A14 and A15: UserInfo and refreshed ID tokens tell of the one who logged in, or are not believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from socialreg import upkeep
from socialreg.exceptions import BadAnswer
from socialreg.lookup import find_class
from socialreg.models import SocialAccount
from socialreg.oidc import OIDCProvider
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.site import plain_http
from tests.keep import expire, opened, stored
from tests.security.walking import come_back, is_error_page, register, session_of, start, visitor
from tests.shipped import GENERIC
from tests.world import World, begin, is_register

pytestmark = pytest.mark.django_db

OIDC = ["apple", "corp", "gitlab", "google", "linkedin", "microsoft", "slack", "twitch"]
#: Of these it is asked: Apple has none, and what Twitch's ID tokens lack its UserInfo lacks as well.
ASKING = [slug for slug in OIDC if slug not in {"apple", "twitch"}]
INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])


@pytest.fixture(scope="module")
def _terse() -> Iterator[tuple[StandIn, dict[str, object]]]:
    with StandIn() as standin:
        entries: dict[str, object] = {}
        for slug in OIDC:
            shipped = {own: generic for generic, own in GENERIC.items()}.get(slug, slug)
            kind = {"PROVIDER": shipped} if shipped != slug else {}
            claims_in = "id_token" if slug == "slack" else "userinfo"  # without its team nobody is anybody there
            entries[slug] = {**kind, **standin.play(slug, find_class(slug, kind), kind, claims_in)}
        yield standin, entries


@pytest.fixture
def terse(_terse, settings) -> Iterator[StandIn]:
    """Providers whose ID tokens say who somebody is and nothing else, so that UserInfo is asked for the rest."""
    standin, entries = _terse
    standin.reset()
    standin.tell("slack", {"email": ...})
    cache.clear()
    host = standin.url.partition("//")[2]
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries, "PRIVATE_HOSTS": [host]}
    with plain_http():
        yield standin


def test_a14_these_ask_userinfo(terse: StandIn):
    found = {slug: providers.usable(slug) for slug in OIDC}
    assert [slug for slug, each in found.items() if isinstance(each, OIDCProvider) and each.may_ask_userinfo] == ASKING


@INTENTS
@pytest.mark.parametrize("fault", ["other-sub", "no-uid", "null-uid", "odd-uid"])
@pytest.mark.parametrize("slug", ASKING)
def test_a14_userinfo_of_somebody_else_or_of_nobody_ends_the_login(terse: StandIn, slug, fault, intent):
    client = visitor(intent)
    back = terse.approve(start(client, slug, intent=intent), "maralind")
    before = session_of(client)
    terse.fault(fault)
    assert is_error_page(come_back(client, back), 502)
    assert terse.requests_to(f"/{slug}/userinfo")
    assert session_of(client) == before
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("slug", [slug for slug in ASKING if slug != "slack"])
def test_a14_that_of_the_same_person_is_used(terse: StandIn, slug):
    client = Client()
    assert come_back(client, terse.approve(start(client, slug), "maralind")).status_code == 302
    assert b"mara.lindqvist@example.com" in client.get(reverse("socialreg:register")).content


@pytest.mark.parametrize("sub", ["8", "", "7 ", " 7", "07", 7, 7.0, None, True, ["7"], {"7": 1}, ...], ids=repr)
def test_a14_sub_is_compared_to_the_letter_and_to_the_type(world: World, sub):
    world.fields["corp-userinfo", "sub"] = sub
    client = visitor()
    path, query = begin(world, "corp", client)
    assert is_error_page(client.get(path, query), 502)
    assert world.peer.asked()[-1] == "/userinfo"
    assert "socialreg_pending" not in client.session
    world.fields["corp-userinfo", "sub"] = "7"
    path, query = begin(world, "corp", client)
    assert is_register(client.get(path, query))


#: Those whose refreshed tokens come with an ID token; the fault in it, of another sub by what is told of everybody.
REFRESHED = [slug for slug in OIDC if slug != "apple"]


@pytest.mark.parametrize(
    "fault", ["wrong-iss", "wrong-aud", "more-aud", "wrong-azp", "no-sub", "another-sub", "bad-signature", "alg-none"]
)
@pytest.mark.parametrize("slug", REFRESHED)
def test_a15_a_refreshed_id_token_of_another_is_refused_and_the_stored_token_stays(standin: StandIn, slug, fault):
    register(standin, Client(), slug)
    account = SocialAccount.objects.get()
    before = expire(account)
    if fault == "another-sub":
        standin.tell(slug, {"uid": "somebody-else"})
    else:
        standin.fault(fault)
    with pytest.raises(BadAnswer):
        upkeep.refresh(account.pk)
    assert opened(stored(account)) == before
