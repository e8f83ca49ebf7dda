"""A05 and A10: whose answer it is. State and ``iss`` of one provider are nothing at the callback of another."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from socialreg.authorization_code import AuthorizationCode
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.messages import FORM
from tests.security.walking import (
    EVERY,
    attempts,
    changed,
    come_back,
    fields_of,
    is_error_page,
    start,
    untouched,
    visitor,
)
from tests.security.worlds import SLUGS
from tests.world import World, begin, is_register

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
ELSEWHERE = "https://evil.example"


@INTENTS
@pytest.mark.parametrize("slug", EVERY)
def test_a05_the_state_of_one_provider_is_nothing_at_anothers_callback(standin: StandIn, slug, intent):
    """At none of the others, by GET and by POST, with all the cookies that came to be on the way."""
    client = visitor(intent)
    mine = standin.approve(start(client, slug, intent=intent), "maralind")
    others = [other for other in EVERY if other != slug]
    for other in others[:3]:
        start(client, other, intent=intent)  # what waits for the other makes no difference
    cookies = attempts(client)
    for other in others:
        address = reverse("socialreg:callback", args=[other])
        with untouched(standin, client):
            assert is_error_page(client.get(address, fields_of(mine))), other
            client.cookies.update(cookies)
            posted = client.post(address, urlencode(fields_of(mine)), FORM)
            if posted.status_code == 303:
                assert is_error_page(client.get(posted["Location"])), other
            else:
                assert is_error_page(posted), other
            client.cookies.update(cookies)
    assert come_back(client, mine).status_code == 302, "where it belongs it is good"


@INTENTS
@pytest.mark.parametrize("slug", SLUGS)
def test_a05_two_entries_of_one_class_at_one_issuer_are_two(world: World, settings, slug, intent):
    entries = settings.SOCIALREG["PROVIDERS"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "twin": {"PROVIDER": slug, **entries[slug]}}}
    client = visitor(intent)
    path, query = begin(world, slug, client, intent=intent)
    cookies, before = attempts(client), len(world.peer.requests)
    assert client.get(reverse("socialreg:callback", args=["twin"]), query).status_code == 400
    assert len(world.peer.requests) == before
    client.cookies.update(cookies)
    assert client.get(path, query).status_code == 302


@INTENTS
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a05_an_issuer_that_was_changed_on_the_way_is_another(world: World, settings, slug, intent):
    """The settings name another issuer by now: what it said of somebody is not believed of the old one's people."""
    client = visitor(intent)
    path, query = begin(world, slug, client, intent=intent)
    before = len(world.peer.requests)
    entries = settings.SOCIALREG["PROVIDERS"]
    changed_entry = {**entries[slug], "ISSUER": ELSEWHERE}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, slug: changed_entry}}
    assert client.get(path, query).status_code == 400
    assert len(world.peer.requests) == before


#: Of these it is known what ``iss`` has to be: from the class, or from their metadata. The others are told apart by the
#: addresses of their callbacks alone (RFC 9700 section 4.4.2.2).
KNOWN = ["apple", "corp", "github", "gitlab", "google", "linkedin", "slack", "twitch"]
WITH_ERROR = {"code": None, "error": "access_denied"}


def test_a10_it_is_known_of_these_alone_what_iss_has_to_be(standin: StandIn):
    found = {slug: providers.usable(slug) for slug in EVERY}
    told = [slug for slug, each in found.items() if isinstance(each, AuthorizationCode) and each.callback_issuer()[0]]
    assert sorted(told) == KNOWN


@pytest.mark.parametrize("wrong", [ELSEWHERE, "{}/", "{} ", "x{}", "None"])
@pytest.mark.parametrize("more", [{}, WITH_ERROR], ids=["code", "error"])
@pytest.mark.parametrize("slug", KNOWN)
def test_a10_an_iss_that_is_not_the_providers_is_refused_before_any_call(standin: StandIn, slug, more, wrong):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    right = issuer(slug)
    with untouched(standin, client):
        assert is_error_page(come_back(client, changed(back, iss=wrong.format(right), **more)))


@pytest.mark.parametrize("slug", KNOWN)
def test_a10_the_right_iss_is_welcome(standin: StandIn, slug):
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, changed(back, iss=issuer(slug)))["Location"] == reverse("socialreg:register")


def issuer(slug: str) -> str:
    provider = providers.usable(slug)
    assert isinstance(provider, AuthorizationCode)
    return provider.callback_issuer()[0]


@pytest.mark.parametrize("more", [{}, {"error": "access_denied"}], ids=["code", "error"])
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a10_a_promised_iss_is_missed(world: World, settings, slug, more):
    """By the settings, over OAuth 2.0, and by metadata, over OpenID Connect."""
    entries = settings.SOCIALREG["PROVIDERS"]
    said = {"AUTHORIZATION_SERVER": world.peer.url, "AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED": True}
    changed_entry = {**entries["acme"], **said}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "acme": changed_entry}}
    world.fields["corp-promises", "authorization_response_iss_parameter_supported"] = True
    client = Client()
    for iss in ({}, {"iss": ""}, {"iss": ELSEWHERE}):
        path, query = begin(world, slug, client)
        before = len(world.peer.requests)
        assert is_error_page(client.get(path, {**query, **iss, **more}))
        assert len(world.peer.requests) == before
    path, query = begin(world, slug, client)
    assert is_register(client.get(path, {**query, "iss": world.peer.url}))


@pytest.mark.parametrize("server", ["two.example", "one.example.evil.example", "ONE.example", ""])
def test_a10_a_callback_of_one_server_is_never_taken_for_anothers(world: World, server):
    """Of many servers of one class, each has a callback address of its own."""
    client = Client()
    path, query = begin(world, "mastodon", client)
    before = len(world.peer.requests)
    assert is_error_page(client.get(path, {**query, "server": server}))
    assert len(world.peer.requests) == before
