"""The conformance suite's other plans: configuration, refresh, and what the comprehensive one adds."""

from __future__ import annotations

import pytest

from socialreg import steps
from socialreg.exceptions import (
    BadAnswer,
    ConfigurationError,
)
from tests.op import DISCOVERY, GONE, JWKS, MARA, OP, TOKEN, USERINFO, ec_key, half_hash, rsa_key
from tests.security.plans import BARE, READ, UNREAD, Acme, Plan, Unsigned, query
from tests.servers import Server, keep_alive


class TestConfig(Plan):
    """oidcc-client-config-certification-test-plan."""

    def test_oidcc_client_test_discovery_openid_config(self, rp, op):
        assert (rp.authorize_url, rp.token_url, rp.userinfo_url, rp.jwks_url) == ("", "", "", "")
        op.claims = BARE
        assert steps.fetch_profile(rp, self.accepted(rp, op)).full_name == "Mara Lindqvist"
        assert op.paths == [DISCOVERY, TOKEN, JWKS, USERINFO]

    def test_oidcc_client_test_discovery_jwks_uri_keys(self, rp, op, later):
        self.accepted(rp, op)
        later(3700)
        op.requests.clear()
        op.metadata = {"jwks_uri": f"{op.issuer}/jwks-of-today"}
        op.serve_keys("/jwks-of-today", rsa_key(2))
        op.key = rsa_key(2)
        self.accepted(rp, op, [DISCOVERY, TOKEN, "/jwks-of-today"])

    def test_a11_oidcc_client_test_discovery_issuer_mismatch(self, rp, op):
        op.metadata = {"issuer": f"{op.issuer}/other"}
        with pytest.raises(ConfigurationError) as raised:
            self.start(rp)
        assert raised.value.code == "issuer"
        assert op.paths == [DISCOVERY]

    def test_a13_oidcc_client_test_idtoken_sig_none(self, rp, op):
        op.key = Unsigned("none", "none", None)
        op.keys = [rsa_key().jwk()]
        self.rejected(rp, op, UNREAD)

    def test_oidcc_client_test_signing_key_rotation_just_before_signing(self, rp, op):
        redirect = self.start(rp)
        assert rp.metadata.keys(op.issuer + JWKS).current()
        op.key = rsa_key(2)
        assert steps.verify(rp, redirect.pending, op.approve(redirect.url)).uid == MARA["sub"]
        assert op.paths == [DISCOVERY, JWKS, TOKEN, JWKS]

    @pytest.mark.parametrize("kid", ["named", GONE])
    def test_oidcc_client_test_signing_key_rotation(self, rp, op, kid):
        if kid is GONE:
            op.header, op.keys = {"kid": GONE}, [rsa_key().jwk(kid=GONE)]
        self.accepted(rp, op)
        op.key = rsa_key(2)
        op.keys = op.keys and [rsa_key(2).jwk(kid=GONE)]
        self.accepted(rp, op, [*READ, TOKEN, JWKS])
        self.accepted(rp, op, [*READ, TOKEN, JWKS, TOKEN])


class TestRefresh(Plan):
    """oidcc-client-refreshtoken-test-plan."""

    def refused(self, rp: Acme, op: OP, **claims: object) -> None:
        credentials = self.log_in(rp, op)
        op.requests.clear()
        op.claims = claims
        with pytest.raises(BadAnswer):
            rp.refresh(credentials)
        assert op.paths == [TOKEN]

    def test_oidcc_client_test_refresh_token(self, rp, op):
        credentials = self.log_in(rp, op)
        op.requests.clear()
        fresh = rp.refresh(credentials)
        assert op.paths == [TOKEN]
        assert (fresh.uid, fresh.issuer) == (credentials.uid, credentials.issuer)
        assert len({fresh.token, credentials.token, fresh.refresh_token, credentials.refresh_token}) == 4
        assert rp.refresh(fresh).token

    def test_a15_oidcc_client_test_refresh_token_invalid_issuer(self, rp, op):
        self.refused(rp, op, iss="https://evil.example")

    def test_a15_oidcc_client_test_refresh_token_invalid_sub(self, rp, op):
        self.refused(rp, op, sub="another")

    @pytest.mark.parametrize(
        "claims", [{"aud": "x"}, {"aud": ["x"]}, {"azp": "x"}, {"exp": 1}, {"at_hash": "x"}, {"sub": GONE}]
    )
    def test_a15_any_other_claim_is_checked_as_at_the_login(self, rp, op, claims):
        """OpenID Connect Core section 12.2."""
        self.refused(rp, op, **claims)

    @pytest.mark.parametrize("token", [GONE, None])
    def test_an_id_token_may_be_left_out(self, rp, op, token):
        """Core section 12.2."""
        credentials = self.log_in(rp, op)
        op.tokens = {"id_token": token}
        assert rp.refresh(credentials).uid == credentials.uid

    @pytest.mark.parametrize("token", ["", 7, [], "eyJhbGciOiJub25lIn0.e30."])
    def test_a15_one_that_comes_must_be_right(self, rp, op, token):
        credentials = self.log_in(rp, op)
        op.tokens = {"id_token": token}
        with pytest.raises(BadAnswer):
            rp.refresh(credentials)


class TestComprehensive(Plan):
    """oidcc-client-test-plan: what it adds for the code flow, with a client secret and without request objects."""

    def test_a13_oidcc_client_test_missing_aud(self, rp, op):
        op.claims = {"aud": GONE}
        self.rejected(rp, op)

    def test_oidcc_client_test_userinfo_bearer_header(self, rp, op):
        op.claims = BARE
        credentials = self.log_in(rp, op)
        steps.fetch_profile(rp, credentials)
        request = op.requests[-1]
        assert (request.method, request.path, request.query, request.form) == ("GET", USERINFO, "", {})
        assert request.headers["authorization"] == f"Bearer {credentials.token}"

    def test_oidcc_client_test_nonce_unless_code_flow(self, rp, op):
        sent = [query(self.start(rp).url)["nonce"] for _ in range(3)]
        assert len(set(sent)) == 3
        assert all(len(nonce) >= 32 for nonce in sent)

    @pytest.mark.parametrize("value", [half_hash("another"), "", None])
    def test_a13_oidcc_client_test_invalid_athash(self, rp, op, value):
        op.claims = {"at_hash": value}
        self.rejected(rp, op)

    def test_a13_oidcc_client_test_invalid_sig_hs256(self, rp, op):
        op.key = Unsigned("secret", "HS256", op.client_secret.encode())
        op.keys = [rsa_key().jwk()]
        self.rejected(rp, op, UNREAD)

    def test_a13_oidcc_client_test_invalid_sig_es256(self, rp, op):
        op.key = ec_key()
        self.accepted(rp, op)
        op.keys = [ec_key(2).jwk(kid="ec-1")]
        fresh = Acme(op.settings(), op.client())
        op.requests.clear()
        self.rejected(fresh, op)

    def test_oidcc_client_test_aggregated_claims(self, rp, op):
        inside = rsa_key(2).sign({"sub": "another", "email": "another@example.com", "birthdate": "2000-01-01"})
        op.claims = {"_claim_names": {"email": "a", "sub": "a"}, "_claim_sources": {"a": {"JWT": inside}}}
        profile = steps.fetch_profile(rp, self.accepted(rp, op))
        assert (profile.uid, str(profile.email)) == (MARA["sub"], MARA["email"])
        assert op.paths == READ

    def test_oidcc_client_test_distributed_claims(self, rp, op):
        with Server(keep_alive()) as elsewhere:
            source = {"endpoint": elsewhere.url, "access_token": "ksj3n283dke"}
            op.claims = {"_claim_names": {"email": "a"}, "_claim_sources": {"a": source}}
            profile = steps.fetch_profile(rp, self.accepted(rp, op))
            assert str(profile.email) == MARA["email"]
            assert elsewhere.connections == 0

    def test_oidcc_client_test_userinfo_signed(self, rp, op, caplog):
        """We register no signed answer. One that comes is not read, and the login goes on with the ID token."""
        op.claims = BARE
        op.broken = {USERINFO: (200, rsa_key().sign(MARA).encode())}
        profile = steps.fetch_profile(rp, self.accepted(rp, op))
        assert (profile.uid, profile.full_name, profile.email) == (MARA["sub"], "", None)
        assert op.paths == [*READ, USERINFO]
        assert "the login goes on with the ID token alone" in caplog.text
