"""A11: metadata of another issuer are nobody's here, and are noticed before anybody is sent anywhere."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from socialreg.testing import StandIn
from tests.security.walking import come_back, fields_of, is_error_page, start, visitor
from tests.world import DISCOVERY, World, begin, go, is_register

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
#: Those whose endpoints, or some of them, come from metadata. Apple's are set in its class.
DISCOVERED = ["corp", "gitlab", "google", "linkedin", "microsoft", "slack", "twitch"]
EVIL = "https://evil.example"
#: What is not the issuer that was configured: compared to the letter (RFC 8414 section 3.3), ``{}`` being that.
OTHERS = [EVIL, "{}/", "{}/tenant", "{} ", " {}", "{}#", "{}?", "", None, ["{}"], {"{}": 1}, True, 7, ...]


@INTENTS
@pytest.mark.parametrize("slug", DISCOVERED)
def test_a11_metadata_of_another_issuer_send_nobody_anywhere(standin: StandIn, slug, intent):
    client = visitor(intent)
    standin.fault("other-issuer")
    response = client.post(reverse("socialreg:start", args=[slug]), {"intent": intent})
    assert is_error_page(response, 503)
    assert not [name for name in client.cookies if "attempt" in name]
    assert [record.path for record in standin.api_requests if "well-known" not in record.path] == []


@pytest.mark.parametrize("issuer", OTHERS, ids=repr)
def test_a11_the_issuer_is_compared_to_the_letter(world: World, issuer):
    said = issuer.format(world.peer.url) if isinstance(issuer, str) else issuer
    world.fields["corp-promises", "issuer"] = said
    client = visitor()
    response = go(world, "corp", client)
    assert response.status_code in {502, 503}
    assert is_error_page(response, response.status_code)
    assert set(world.peer.asked()) == {DISCOVERY}
    assert not [name for name in client.cookies if "attempt" in name]


@pytest.mark.parametrize("change", [str.upper, str.title, lambda url: url.replace("http:", "https:")])
def test_a11_also_where_case_or_scheme_alone_differ(world: World, change):
    world.fields["corp-promises", "issuer"] = change(world.peer.url)
    assert go(world, "corp", visitor()).status_code == 503
    assert set(world.peer.asked()) == {DISCOVERY}


def test_a11_what_waits_is_not_finished_with_metadata_that_became_anothers(world: World):
    """Between start and callback, where nobody has a copy any more: no code is brought to an endpoint of theirs."""
    client = visitor()
    path, query = begin(world, "corp", client)
    cache.clear()
    world.fields["corp-promises", "issuer"] = EVIL
    world.serve()
    before = len(world.peer.requests)
    assert is_error_page(client.get(path, query), 503)
    assert set(world.peer.asked()[before:]) == {DISCOVERY}


@pytest.mark.parametrize("slug", DISCOVERED)
def test_a11_one_that_is_right_again_is_asked_again(standin: StandIn, slug):
    """What was refused is not remembered, or everybody would be kept out for an hour."""
    client = Client()
    standin.fault("other-issuer")
    client.post(reverse("socialreg:start", args=[slug]))
    standin.clear()
    back = standin.approve(start(client, slug), "maralind")
    assert "code" in fields_of(back)
    assert come_back(client, back)["Location"] == reverse("socialreg:register")


def test_a11_metadata_of_one_tenant_are_never_taken_for_anothers(world: World, settings):
    """Two issuers of one host: a copy of one's metadata, also one with the other's issuer in it, serves that one."""
    entries = settings.SOCIALREG["PROVIDERS"]
    other = {**entries["corp"], "ISSUER": f"{world.peer.url}/other"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "other": other}}
    assert is_register(go(world, "corp", Client()))
    good = world.peer.answers[DISCOVERY]
    world.peer.answers[f"/other{DISCOVERY}"] = good
    client = visitor()
    assert client.post(reverse("socialreg:start", args=["other"])).status_code == 503
    before = len(world.peer.requests)
    assert client.post(reverse("socialreg:start", args=["corp"])).status_code == 302
    assert len(world.peer.requests) == before
