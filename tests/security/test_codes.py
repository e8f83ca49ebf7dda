"""A09: what was issued to one session is of no use in another, and nothing but a code is taken from a callback."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client

from socialreg.models import SocialAccount
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.security.walking import (
    EVERY,
    changed,
    come_back,
    fields_of,
    is_error_page,
    register,
    session_of,
    start,
    untouched,
    visitor,
)
from tests.security.worlds import SLUGS
from tests.world import World, begin

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
#: OAuth 1.0a binds its verifier to the request token: see the tests of that protocol.
CODES = [slug for slug in EVERY if slug != "twitter"]
#: Neither take a code challenge, nor do their ID tokens carry a nonce: their classes say why.
BARE = ["facebook", "linkedin"]
PKCE = [slug for slug in CODES if slug not in {*BARE, "slack"}]
NONCE = ["apple", "corp", "gitlab", "google", "microsoft", "slack", "twitch"]


def sent(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def asking(location: str, **values: str | None) -> str:
    """Return the provider's address with other parameters: whoever holds it can change it."""
    fields = {name: value for name, value in {**sent(location), **values}.items() if value is not None}
    return f"{location.partition('?')[0]}?{urlencode(fields)}"


def is_nobody(client: Client, before: object) -> bool:
    """Whether a browser is as before, and nobody has an account."""
    return session_of(client) == before and not SocialAccount.objects.exists()


@INTENTS
@pytest.mark.parametrize("slug", [slug for slug in CODES if slug not in BARE])
def test_a09_a_code_of_another_session_logs_nobody_in_and_links_nothing(standin: StandIn, slug, intent):
    """PKCE stops it at the provider, or the nonce here."""
    attacker, victim = Client(), visitor(intent)
    stolen = fields_of(standin.approve(start(attacker, slug), "maralind"))
    own = standin.approve(start(victim, slug, intent=intent), "maralind")
    before = session_of(victim)
    assert is_error_page(come_back(victim, changed(own, code=stolen["code"])), 502)
    assert is_nobody(victim, before)


@INTENTS
@pytest.mark.parametrize("slug", NONCE)
def test_a09_neither_does_one_that_was_issued_to_the_victims_challenge(standin: StandIn, slug, intent):
    """So that PKCE lets it through: the nonce in the ID token is the attacker's, whose attempt is waiting still."""
    attacker, victim = Client(), visitor(intent)
    location = start(victim, slug, intent=intent)
    own = standin.approve(location, "maralind")
    theirs = asking(start(attacker, slug), code_challenge=sent(location).get("code_challenge"))
    stolen = fields_of(standin.approve(theirs, "maralind"))
    before = session_of(victim)
    assert is_error_page(come_back(victim, changed(own, code=stolen["code"])), 502)
    assert is_nobody(victim, before)


@INTENTS
@pytest.mark.parametrize("nonce", ["another session's", "another tab's", "made up", "none"])
@pytest.mark.parametrize("slug", NONCE)
def test_a09_an_id_token_with_another_nonce_is_refused(standin: StandIn, slug, nonce, intent):
    """Also with one that another attempt is waiting for at this moment, in this browser or elsewhere."""
    other, client = Client(), visitor(intent)
    live = sent(start(client if nonce == "another tab's" else other, slug))["nonce"]
    said = {"made up": "made-up", "none": None}.get(nonce, live)
    location = start(client, slug, intent=intent)
    back = standin.approve(asking(location, nonce=said), "maralind")
    before = session_of(client)
    assert is_error_page(come_back(client, back), 502)
    assert is_nobody(client, before)


@pytest.mark.parametrize("slug", PKCE)
def test_a09_the_verifier_is_the_attempts_own_whatever_the_addresses_say(standin: StandIn, slug):
    """Neither the callback brings one, nor does it adapt to another challenge (RFC 9700 section 2.1.1)."""
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, changed(back, code_verifier="a" * 43)).status_code == 302
    victim = visitor()
    back = standin.approve(asking(start(victim, slug), code_challenge="A" * 43), "maralind")
    before = session_of(victim)
    assert is_error_page(come_back(victim, back), 502)
    assert is_nobody(victim, before)


#: What some have taken for the proof of who somebody is, because it stood in the address.
CLAIMED = {
    "access_token": "stolen",
    "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmlsIn0.",
    "token_type": "bearer",
    "expires_in": "3600",
    "oauth_token_secret": "stolen",
    "user_id": "evil",
    "uid": "evil",
    "sub": "evil",
    "screen_name": "evil",
    "email": "evil@evil.example",
}


@pytest.mark.parametrize("slug", EVERY)
def test_a09_a_token_in_the_place_of_a_code_is_nothing(standin: StandIn, slug):
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    with untouched(standin, client):
        assert is_error_page(come_back(client, changed(back, **CLAIMED, code=None, oauth_verifier=None)))


@pytest.mark.parametrize("slug", EVERY)
def test_a09_a_token_and_claims_beside_a_code_are_ignored(standin: StandIn, slug):
    register(standin, Client(), slug)
    ((uid, name),) = SocialAccount.objects.values_list("subject", "username")
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, changed(back, **CLAIMED))["Location"] == "/home/"
    account = SocialAccount.objects.get()
    assert (account.subject, account.username) == (uid, name)
    assert account.credentials is not None
    assert "stolen" not in {account.credentials.token, account.credentials.secret}


@pytest.mark.parametrize(
    ("fault", "status"), [("odd-token-type", 502), ("shouted-token-type", 302), ("no-token-type", 302)]
)
@pytest.mark.parametrize("slug", CODES)
def test_a_token_of_another_kind_than_bearer_is_refused_in_whatever_case_that_is_written(
    standin: StandIn, slug, fault, status
):
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    standin.fault(fault)
    assert come_back(client, back).status_code == status
    assert ("socialreg_pending" in client.session) is (status == 302)


def test_a09_every_provider_has_one_of_the_two_guards_but_those_whose_class_says_why(standin: StandIn):
    found = {slug: providers.usable(slug) for slug in CODES}
    pkce = [slug for slug, each in found.items() if isinstance(each, OAuth2Provider) and each.pkce]
    nonce = [slug for slug, each in found.items() if isinstance(each, OIDCProvider) and each.nonce_in_id_token]
    assert (sorted(pkce), sorted(nonce)) == (sorted(PKCE), sorted(NONCE))
    assert sorted({*CODES} - {*pkce, *nonce}) == BARE


@pytest.mark.parametrize(("error", "status"), [("access_denied", 200), ("server_error", 503), ("", 502)])
@pytest.mark.parametrize("slug", SLUGS)
def test_a_callback_with_an_error_and_a_code_is_an_error_and_spends_no_code(world: World, slug, error, status):
    client = Client()
    path, query = begin(world, slug, client)
    before = len(world.peer.requests)
    assert client.get(path, {**query, "error": error}).status_code == status
    assert client.get(path, query).status_code == 400  # it was claimed: a second try has to begin anew
    assert len(world.peer.requests) == before
