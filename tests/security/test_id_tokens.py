"""A13: an ID token with anything wrong about it logs nobody in, at whichever provider, and leads us nowhere."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping

import pytest
from django.test import Client

from socialreg.exceptions import BadAnswer
from socialreg.jws import read_signed
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import Response
from socialreg.testing.oauth2.id_token_faults import ID_TOKEN_FAULTS
from tests.op import rsa_key
from tests.providers.grid import Peer
from tests.security.tokens import TOKENS, US, in_time, reissue, signed
from tests.security.walking import BEGUN, come_back, is_error_page, register, session_of, start, visitor
from tests.world import World, begin, is_register

pytestmark = pytest.mark.django_db

OIDC = ["apple", "corp", "gitlab", "google", "linkedin", "microsoft", "slack", "twitch"]
HARMLESS = {"no-at-hash", "no-kid"}
WRONG = [fault.name for fault in ID_TOKEN_FAULTS if fault.name not in HARMLESS]

#: What a login writes to an account that is known: new tokens, how long they last, and when.
RENEWED = {"sealed_credentials", "expires_at", "used_at"}


def expected_of(slug: str, fault: str) -> bool:
    """Whether a fault stops a login: LinkedIn sends no nonce, whatever is asked for; its class says so."""
    return (slug, fault) != ("linkedin", "no-nonce")


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.parametrize(("slug", "intent"), [each for each in BEGUN if each[0] in OIDC])
def test_a13_an_id_token_with_a_fault_logs_nobody_in_and_links_nothing(standin: StandIn, slug, fault, intent):
    client = visitor(intent)
    back = standin.approve(start(client, slug, intent=intent), "maralind")
    before = session_of(client)
    standin.fault(fault)
    if not expected_of(slug, fault):
        assert come_back(client, back).status_code == 302
        return
    assert is_error_page(come_back(client, back), 502)
    assert session_of(client) == before
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.parametrize("slug", OIDC)
def test_a13_nor_does_it_touch_somebody_who_is_known(standin: StandIn, slug, fault):
    register(standin, Client(), slug)
    before = SocialAccount.objects.values().get()
    client = visitor()
    back = standin.approve(start(client, slug), "maralind")
    standin.fault(fault)
    response = come_back(client, back)
    after = SocialAccount.objects.values().get()
    if not expected_of(slug, fault):
        assert response["Location"] == "/home/"
        assert {name for name in before if after[name] != before[name]} <= RENEWED
        return
    assert is_error_page(response, 502)
    assert "_auth_user_id" not in client.session
    assert after == before


@pytest.fixture
def evil() -> Iterator[Peer]:
    """A host that offers keys to whoever asks for them."""
    with Peer() as evil:
        evil.answers["/keys"] = Response.json({"keys": [rsa_key(2).jwk()]})
        yield evil


@pytest.mark.parametrize("wrong", TOKENS)
def test_a13_every_way_in_which_a_token_can_be_wrong(world: World, evil: Peer, wrong):
    client = visitor()
    path, query = begin(world, "corp", client)
    before = session_of(client)
    reissue(world, lambda claims: TOKENS[wrong](claims, evil.url))
    assert is_error_page(client.get(path, query), 502)
    assert session_of(client) == before
    assert evil.requests == []
    assert "/userinfo" not in world.peer.asked()


@pytest.mark.parametrize("size", [16 * 1024 + 1, 300_000, 1_000_000])
@pytest.mark.parametrize("letter", ["A", ".", "e30."])
def test_a13_a_token_of_a_megabyte_is_refused_unread(world: World, letter, size):
    path, query = begin(world, "corp", client := Client())
    reissue(world, lambda _: (letter * size)[:size])
    assert client.get(path, query).status_code == 502
    assert world.peer.asked()[-1] == "/oidc-token", "not even the keys are asked for"


class Unasked:
    """Keys that nobody may ask for."""

    def current(self) -> list[Mapping[str, object]]:
        raise AssertionError("a key was asked for")

    again = current


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


#: Half a million lists, within what is read of JSON: they take a parser its time.
_LISTS = ",".join(["[" * 20 + "]" * 20] * 19_400)
#: A mebibyte each.
MEBIBYTES = {
    "a header": _encoded(f'{{"alg": "RS256", "x": [{_LISTS}]}}') + ".e30.e30",
    "claims": _encoded('{"alg": "RS256"}') + "." + _encoded(f"[{_LISTS}]") + ".e30",
}


@pytest.mark.parametrize("token", MEBIBYTES.values(), ids=MEBIBYTES)
def test_a13_a_token_of_a_mebibyte_is_refused_in_less_than_five_milliseconds(token):
    """The best of many: what a busy machine does in between is not counted."""
    assert len(token) >= 2**20
    took = []
    for _ in range(20):
        began = time.perf_counter()
        with pytest.raises(BadAnswer):
            read_signed(token, ("RS256",), Unasked())
        took.append(time.perf_counter() - began)
    assert min(took) < 0.005


@pytest.mark.parametrize("right", ["as it is", "aud a list of us", "azp us", "exp 50 s ago", "iat in 50 s"])
def test_a13_what_is_right_still_gets_in(world: World, right):
    change = {
        "as it is": signed(),
        "aud a list of us": signed(aud=[US]),
        "azp us": signed(azp=US),
        "exp 50 s ago": in_time("exp", -50),
        "iat in 50 s": in_time("iat", 50),
    }[right]
    path, query = begin(world, "corp", client := Client())
    reissue(world, lambda claims: change(claims, ""))
    assert is_register(client.get(path, query))
