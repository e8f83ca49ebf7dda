"""What OpenID providers publish: metadata of the issuer that was configured, public keys, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from socialreg.id_token import check
from socialreg.metadata import KEYS, Metadata
from socialreg.store import Memory
from socialreg.testing.messages import Response
from tests.fuzz.altered import said
from tests.fuzz.claims import check_address, told
from tests.fuzz.hostile import TEXTS, statuses
from tests.fuzz.profiles import fuzz
from tests.fuzz.signing import EXPECTED, FOREIGN, GOOD, ISSUER, NOW, OURS
from tests.fuzz.wire import Wire
from tests.op import rsa_key

_COMPACT = OURS.sign(GOOD)


#: Sets like a provider's, and those of which one member of one key is odd.
_sets = st.one_of(
    said({"keys": [OURS.jwk(), rsa_key().jwk(), FOREIGN.jwk()]}),
    st.tuples(st.sampled_from((*sorted(rsa_key().jwk()), "crv", "x", "d", "key_ops")), st.sampled_from(TEXTS)).map(
        lambda odd: Response.json({"keys": [{**rsa_key().jwk(), **dict([odd])}, OURS.jwk()]}).body
    ),
)


@fuzz
@given(_sets, statuses)
def test_keys_are_public_few_and_bounded_and_damaged_ones_verify_nothing(body, status):
    wire = Wire()
    wire.answers["/jwks"] = Response(status, body)
    metadata = Metadata(wire, Memory())
    keys = told(lambda: metadata.key_set(f"{wire.url}/jwks"))
    if keys is None:
        return
    assert 200 <= status < 300
    assert 0 < len(keys) <= KEYS
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()
        assert key["kty"] in {"RSA", "EC", "OKP"}
        assert all(isinstance(value, str) and len(value) <= 2731 for name, value in key.items() if name != "key_ops")
    found = told(lambda: check(_COMPACT, metadata.keys(f"{wire.url}/jwks"), EXPECTED, NOW))
    assert found is None or found == GOOD


_DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/jwks",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "authorization_response_iss_parameter_supported": True,
}


@fuzz
@given(said(_DOCUMENT), statuses)
def test_metadata_are_the_configured_issuers_or_none(body, status):
    wire = Wire()
    wire.answers["/.well-known/openid-configuration"] = Response(status, body)
    address = f"{ISSUER}/.well-known/openid-configuration"
    found = told(lambda: Metadata(wire, Memory()).document(address, lambda issuer: issuer == ISSUER))
    if found is None:
        return
    assert found["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        check_address(str(found.get(name, "")))
    assert set(found.get("token_endpoint_auth_methods_supported", [])) <= {"client_secret_basic", "client_secret_post"}
    assert found["authorization_response_iss_parameter_supported"] in {True, False}
