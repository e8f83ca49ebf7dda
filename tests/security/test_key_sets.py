"""A13: what a provider publishes as its keys verifies what it should, or nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from socialreg.testing.messages import Response
from tests.op import ec_key, rsa_key
from tests.security.tokens import reissue
from tests.security.walking import is_error_page, visitor
from tests.world import JWKS, World, begin, go, is_register

pytestmark = pytest.mark.django_db

KEY = rsa_key().jwk()
#: Key sets that hold no key by which the token could be right.
KEY_SETS: list[object] = [
    *({}, [], None, True, 7, "x", {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": []}, {"keys": [None]}),
    *({"keys": [[]]}, {"keys": [7]}, {"keys": [{}]}, {"keys": [{"kty": "RSA", "kid": "rsa-1"}]}, {"key": [KEY]}),
    *({"keys": [{**KEY, name: value}]} for name in "ne" for value in ("", "AA", "*", "é", None, 7, [], "_" * 9000)),
    *({"keys": [{**KEY, "kty": value}]} for value in ("EC", "oct", "OKP", "", None, ["RSA"], {"RSA": 1})),
    *({"keys": [{**KEY, "alg": value}]} for value in ("RS512", "none", "HS256", None, 7)),
    *({"keys": [{**KEY, "use": value}]} for value in ("enc", "", None)),
    *({"keys": [{**KEY, "key_ops": value}]} for value in (["sign"], [], "verify", None)),
    {"keys": [{**KEY, "kid": "RSA-1"}]},
    {"keys": [KEY, {**rsa_key(2).jwk(), "kid": "rsa-1"}]},
    {"keys": [{"kty": "oct", "kid": "rsa-1", "k": "AAAA"}]},
    {"keys": [rsa_key(bits=1024).jwk()]},
    {"keys": [ec_key().jwk(kid="rsa-1")]},
]


@pytest.mark.parametrize("keys", KEY_SETS)
def test_a13_keys_that_are_none_are_a_page_and_no_login(world: World, caplog, keys):
    world.answers[JWKS] = Response.json(keys)
    client = visitor()
    response = go(world, "corp", client)
    assert is_error_page(response, 502)
    assert "socialreg_pending" not in client.session
    assert "raised" not in caplog.text, "an error of ours, not of a library's"


def test_a13_one_damaged_key_is_in_no_other_ones_way(world: World):
    world.answers[JWKS] = Response.json({"keys": [None, {**KEY, "kid": "x", "n": "*"}, {}, KEY]})
    assert is_register(go(world, "corp", Client()))


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS384", "PS512"])
def test_a13_a_key_that_leaves_its_algorithm_open_opens_no_other_than_ours(world: World, alg):
    world.fields["corp-key", "alg"] = ...
    path, query = begin(world, "corp", client := Client())
    reissue(world, rsa_key(alg=alg).sign)
    assert is_error_page(client.get(path, query), 502)
    path, query = begin(world, "corp", client)
    reissue(world, rsa_key(alg="PS256").sign)
    assert is_register(client.get(path, query))


@pytest.mark.filterwarnings("ignore")  # as on a site: a warning stops nobody
@pytest.mark.parametrize(("bits", "status"), [(1024, 502), (2040, 502), (2048, 302)])
def test_a13_a_key_that_somebody_can_compute_proves_nothing(world: World, bits, status):
    """RFC 7518 section 3.3: RSA keys have 2048 bits at least."""
    world.answers[JWKS] = Response.json({"keys": [rsa_key(bits=bits).jwk()]})
    path, query = begin(world, "corp", client := Client())
    reissue(world, rsa_key(bits=bits).sign)
    assert client.get(path, query).status_code == status
