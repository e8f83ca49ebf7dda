"""A12: the modules of the OpenID Foundation's Basic plan for relying parties, by name, against :mod:`tests.op`.

In the suite a negative case passes when the client makes no further request. So each test says what was asked for as
well. Where the suite leaves a choice (a token without key id among many keys, an unsigned one in the code flow), we
refuse.
"""

from __future__ import annotations

from typing import ClassVar

import pytest

from socialreg import steps
from socialreg.exceptions import (
    BadAnswer,
    Denied,
    Refused,
    Unavailable,
)
from socialreg.types import Email, Redirect
from tests.op import DISCOVERY, GONE, MARA, USERINFO, ec_key, rsa_key
from tests.security.plans import BARE, READ, UNREAD, Acme, Plan, Unsigned, query


class TestBasic(Plan):
    """oidcc-client-basic-certification-test-plan."""

    def test_a12_oidcc_client_test(self, rp, op):
        op.claims = BARE
        credentials = self.accepted(rp, op)
        profile = steps.fetch_profile(rp, credentials)
        assert op.paths == [*READ, USERINFO]
        assert (profile.uid, profile.full_name, profile.username) == (MARA["sub"], "Mara Lindqvist", "maralind")
        assert profile.email == Email(str(MARA["email"]), verified=True)

    def test_a12_oidcc_client_test_invalid_iss(self, rp, op):
        op.claims = {"iss": f"{op.issuer}/other"}
        assert "iss" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_missing_sub(self, rp, op):
        op.claims = {"sub": GONE}
        assert "sub" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_invalid_aud(self, rp, op):
        op.claims = {"aud": "another-client"}
        assert "aud" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_missing_iat(self, rp, op):
        op.claims = {"iat": GONE}
        assert "iat" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_kid_absent_single_jwks(self, rp, op):
        op.header = {"kid": GONE}
        op.keys = [rsa_key().jwk(kid=GONE)]
        self.accepted(rp, op)

    def test_a12_oidcc_client_test_kid_absent_multiple_jwks(self, rp, op):
        op.header = {"kid": GONE}
        op.keys = [rsa_key().jwk(kid=GONE), rsa_key(2).jwk(kid=GONE), ec_key().jwk(kid=GONE)]
        assert "more than one" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_idtoken_sig_rs256(self, rp, op):
        op.keys = [ec_key().jwk(), rsa_key(2).jwk(), rsa_key().jwk()]
        self.accepted(rp, op)

    def test_a12_oidcc_client_test_idtoken_sig_none(self, rp, op):
        op.key = Unsigned("none", "none", None)
        op.keys = [rsa_key().jwk()]
        self.rejected(rp, op, UNREAD)

    def test_a12_oidcc_client_test_invalid_sig_rs256(self, rp, op):
        op.keys = [rsa_key(2).jwk(kid="rsa-1")]
        assert "signature" in self.rejected(rp, op).cause

    @pytest.mark.parametrize("sub", ["another", GONE, None, 248289761001])
    def test_a12_oidcc_client_test_userinfo_invalid_sub(self, rp, op, sub):
        op.claims, op.userinfo = BARE, {"sub": sub}
        credentials = self.accepted(rp, op)
        with pytest.raises(BadAnswer) as raised:
            steps.fetch_profile(rp, credentials)
        assert raised.value.code == "other-person"
        assert op.paths == [*READ, USERINFO]

    def test_a12_oidcc_client_test_nonce_invalid(self, rp, op):
        op.claims = {"nonce": "another"}
        assert "nonce" in self.rejected(rp, op).cause

    def test_a12_oidcc_client_test_scope_userinfo_claims(self, op):
        rp = Acme(op.settings(**self.options, SCOPE=["openid", "profile", "email", "phone", "address"]), op.client())
        assert query(self.start(rp).url)["scope"] == "openid profile email phone address"
        op.claims = BARE
        op.person |= {"phone_number": "+46 8 123456", "address": {"country": "SE"}, "locale": "sv-SE"}
        profile = steps.fetch_profile(rp, self.log_in(rp, op))
        assert op.paths == [*READ, USERINFO]
        assert (profile.first_name, profile.locale, str(profile.email)) == ("Mara", "sv-SE", MARA["email"])
        assert (profile.raw["phone_number"], profile.raw["address"]) == ("+46 8 123456", {"country": "SE"})

    def test_a12_oidcc_client_test_client_secret_basic(self, op):
        rp = Acme(op.settings(**self.options, TOKEN_ENDPOINT_AUTH_METHOD="client_secret_basic"), op.client())
        self.accepted(rp, op)
        request = op.requests[1]
        assert request.headers["authorization"].startswith("Basic ")
        assert not {"client_id", "client_secret"} & set(request.form)


class TestFormPostBasic(TestBasic):
    """oidcc-client-formpost-basic-certification-test-plan: the same, with an answer that the browser posts."""

    options: ClassVar[dict[str, object]] = {"RESPONSE_MODE": "form_post"}

    def start(self, rp: Acme) -> Redirect:
        redirect = super().start(rp)
        assert query(redirect.url)["response_mode"] == "form_post"
        assert rp.answers_by_post
        return redirect

    @pytest.mark.parametrize(
        ("error", "kind"), [("access_denied", Denied), ("invalid_request", Refused), ("server_error", Unavailable)]
    )
    def test_a12_oidcc_client_test_form_post_error(self, rp, op, error, kind):
        redirect = self.start(rp)
        op.callback = {"code": GONE, "error": error, "error_description": "<script>alert(1)</script>"}
        with pytest.raises(kind) as raised:
            steps.verify(rp, redirect.pending, op.approve(redirect.url))
        assert "script" not in str(raised.value)
        assert op.paths == [DISCOVERY]
