"""What no module of the conformance suite covers, and takes a whole provider and no site to show."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from socialreg import steps
from socialreg.exceptions import (
    BadAnswer,
    Mismatch,
    Refused,
    SocialRegError,
)
from socialreg.types import Email
from tests.op import DISCOVERY, GONE, JWKS, MARA, TOKEN, USERINFO, rsa_key
from tests.security.plans import BARE, CALLBACK, Acme, Plan, query
from tests.servers import Server, keep_alive


class TestRelyingParty(Plan):
    def test_a09_a_token_of_another_attempt_is_refused(self, rp, op):
        """Code injection. A thief's own attempt is brought somebody else's code, and the other way round."""
        mine, stolen = self.start(rp), self.start(rp)
        params = op.approve(stolen.url) | {"state": mine.key}
        with pytest.raises(Refused):  # by PKCE, at the provider
            steps.verify(rp, mine.pending, params)
        with pytest.raises(BadAnswer, match="nonce"):  # by the nonce, here, should the provider not look
            steps.verify(rp, {**stolen.pending, "nonce": mine.pending["nonce"]}, op.approve(stolen.url))

    def test_a09_an_id_token_is_good_for_one_attempt(self, rp, op):
        redirect = self.start(rp)
        nonce = redirect.pending["nonce"]
        op.id_token = rsa_key().sign(op.id_claims("", {"nonce": nonce, "at_hash": GONE}))
        assert steps.verify(rp, redirect.pending, op.approve(redirect.url)).uid == MARA["sub"]
        with pytest.raises(BadAnswer, match="nonce"):
            self.log_in(rp, op)

    @pytest.mark.parametrize("path", [DISCOVERY, JWKS, TOKEN, USERINFO])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a39_no_redirect_is_followed(self, rp, op, path, status):
        """And none is taken for an answer."""
        op.claims, op.broken = BARE, {path: (status, b'{"sub": "evil"}')}
        if path == USERINFO:  # no login depends on it
            profile = steps.fetch_profile(rp, self.log_in(rp, op))
            assert (profile.uid, profile.full_name) == (MARA["sub"], "")
        else:
            with pytest.raises(BadAnswer, match="redirect"):
                self.log_in(rp, op)
        assert op.paths[-1] == path

    @pytest.mark.parametrize("scheme", ["http", "ftp", "javascript"])
    @pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint", "jwks_uri"])
    def test_a39_no_endpoint_does_without_https(self, rp, op, name, scheme):
        """Plain http reaches a stand-in that was named in PRIVATE_HOSTS, and nobody else."""
        with Server(keep_alive()) as elsewhere:
            op.claims, op.metadata = BARE, {name: f"{scheme}://localhost:{elsewhere.port}/x"}
            if name == "userinfo_endpoint":  # no login depends on it
                assert steps.fetch_profile(rp, self.log_in(rp, op)).full_name == ""
            else:
                with pytest.raises(SocialRegError) as raised:
                    self.log_in(rp, op)
                assert raised.value.remedy
            assert elsewhere.connections == 0

    def test_nothing_secret_stands_in_an_address_and_nothing_but_codes_is_asked_for(self, rp, op):
        """On the wire, in both directions."""
        op.claims = BARE
        redirect = self.start(rp)
        sent = query(redirect.url)
        assert sent["response_type"] == "code"
        assert sent["code_challenge_method"] == "S256"
        assert sent["redirect_uri"] == CALLBACK
        credentials = steps.verify(rp, redirect.pending, op.approve(redirect.url))
        steps.fetch_profile(rp, credentials)
        form = op.requests[1].form
        assert form["redirect_uri"] == CALLBACK
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", form["code_verifier"])
        addresses = " ".join([redirect.url, *(request.path + "?" + request.query for request in op.requests)])
        secret = [op.client_secret, credentials.token, credentials.refresh_token, form["code_verifier"], form["code"]]
        assert not [each for each in secret if each in addresses]

    def test_two_starts_share_nothing(self, rp):
        one, other = (query(self.start(rp).url) for _ in range(2))
        own = {"state", "nonce", "code_challenge"}
        assert {name for name in one if one[name] != other[name]} == own

    def test_a10_iss_need_not_come_where_it_is_not_promised_and_must_be_right_if_it_does(self, rp, op):
        """RFC 9207 section 2.4; on errors too."""
        op.metadata, op.callback = {"authorization_response_iss_parameter_supported": GONE}, {"iss": GONE}
        assert self.log_in(rp, op).uid == MARA["sub"]
        for more in ({}, {"error": "access_denied", "code": GONE}):
            op.callback = {"iss": "https://evil.example", **more}
            with pytest.raises(Mismatch):
                self.log_in(rp, op)
        assert op.count(TOKEN) == 1

    @pytest.mark.parametrize("kind", ["mac", "DPoP", "N_A", "bearer2", ["bearer"], 7])
    def test_a_token_of_another_kind_is_refused_and_members_that_nobody_knows_are_not(self, rp, op, kind):
        """RFC 6749 sections 7.1 and 5.1."""
        op.tokens = {"token_type": kind}
        with pytest.raises(BadAnswer):
            self.log_in(rp, op)
        op.tokens = {"whatever": {"nested": ["x"]}, "ext_expires_in": "soon"}
        assert self.log_in(rp, op).uid == MARA["sub"]

    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_id_and_secret_of_any_characters_arrive(self, op, method):
        """RFC 6749 section 2.3.1: the id holds a colon and a percent sign, the secret a plus, a slash and an é."""
        rp = Acme(op.settings(TOKEN_ENDPOINT_AUTH_METHOD=method), op.client())
        assert self.log_in(rp, op).uid == MARA["sub"]
        wrong = Acme(op.settings(TOKEN_ENDPOINT_AUTH_METHOD=method, CLIENT_SECRET="wrong"), op.client())
        with pytest.raises(Refused) as raised:
            self.log_in(wrong, op)
        assert raised.value.code == "invalid_client"

    def test_a_hundred_logins_fetch_metadata_and_keys_once(self, rp, op):
        """And a returning login is one request."""
        for _ in range(100):
            self.log_in(rp, op)
        assert (op.count(DISCOVERY), op.count(JWKS), op.count(TOKEN), len(op.paths)) == (1, 1, 100, 102)

    def test_a13_a_hundred_unknown_keys_fetch_the_keys_twice(self, rp, op):
        self.log_in(rp, op)
        op.header = {"kid": "made-up"}
        for _ in range(100):
            with pytest.raises(BadAnswer):
                self.log_in(rp, op)
        assert op.count(JWKS) == 3

    def test_logins_go_on_while_nothing_but_the_token_endpoint_works(self, rp, op, later):
        self.log_in(rp, op)
        later(20 * 3600)
        op.broken = {DISCOVERY: (503, b""), JWKS: (503, b"")}
        for _ in range(5):
            assert self.log_in(rp, op).uid == MARA["sub"]
        assert (op.count(DISCOVERY), op.count(JWKS)) == (2, 2)

    def test_whether_an_address_is_verified_is_believed_of_that_address_alone(self, rp, op):
        """What the ID token says of its address, UserInfo does not say of its own."""
        other = {"email": "other@example.com", "email_verified": True}
        op.claims, op.userinfo = {**BARE, "email": "unproven@example.com"}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("unproven@example.com", verified=False)
        op.claims, op.userinfo = {**BARE, "email_verified": True}, {**other, "email_verified": GONE}
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=False)
        op.claims, op.userinfo = {**BARE, "email": "other@example.com"}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=True)
        op.claims, op.userinfo = {**BARE, "email": None, "email_verified": None}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=True)

    def test_a14_stored_credentials_are_not_taken_for_somebody_elses(self, rp, op):
        """Later: without the claims of the login at hand."""
        credentials = replace(self.log_in(rp, op), extra={})
        assert steps.fetch_profile(rp, credentials).full_name == "Mara Lindqvist"
        for sub in ("another", GONE, None):
            op.userinfo = {"sub": sub}
            with pytest.raises(BadAnswer):
                steps.fetch_profile(rp, credentials)
