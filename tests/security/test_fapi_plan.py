"""The modules of the FAPI 2.0 plan that hold for every client, and the count of all modules that there are here."""

from __future__ import annotations

import re
import time

import pytest

from socialreg import steps
from socialreg.exceptions import (
    ConfigurationError,
    Mismatch,
)
from tests.op import DISCOVERY, GONE, MARA, OP, rsa_key
from tests.security import test_basic_plan, test_other_plans
from tests.security.plans import UNREAD, Acme, Plan


class TestFAPI2(Plan):
    """fapi2-security-profile-final-client-test-plan: the modules that hold for every client."""

    def stopped(self, rp: Acme, op: OP, **callback: object) -> None:
        """See that a callback is refused before any call."""
        redirect = self.start(rp)
        op.callback = callback
        with pytest.raises(Mismatch):
            steps.verify(rp, redirect.pending, op.approve(redirect.url))
        assert op.paths == [DISCOVERY]

    def test_a01_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails(
        self, rp, op
    ):
        self.stopped(rp, op, state="another")

    def test_a01_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails(  # noqa: E501
        self, rp, op
    ):
        self.stopped(rp, op, state=GONE)

    def test_a10_fapi2_security_profile_final_client_test_invalid_authorization_response_iss(self, rp, op):
        self.stopped(rp, op, iss="https://evil.example")

    def test_a10_fapi2_security_profile_final_client_test_remove_authorization_response_iss(self, rp, op):
        self.stopped(rp, op, iss=GONE)

    def test_a13_fapi2_security_profile_final_client_test_invalid_secondary_aud(self, rp, op):
        op.claims = {"aud": [op.client_id, "another-client"]}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_valid_aud_as_array(self, rp, op):
        op.claims = {"aud": [op.client_id]}
        self.accepted(rp, op)

    def test_a13_fapi2_security_profile_final_client_test_invalid_null_alg(self, rp, op):
        op.header = {"alg": "none"}
        self.rejected(rp, op, UNREAD)

    def test_a13_fapi2_security_profile_final_client_test_invalid_alternate_alg(self, op):
        rp = Acme(op.settings(ID_TOKEN_ALGORITHMS=["PS256"]), op.client())
        op.key = rsa_key(alg="RS256")
        self.rejected(rp, op, UNREAD)
        op.key = rsa_key(alg="PS256")
        assert self.log_in(rp, op).uid == MARA["sub"]

    def test_a13_fapi2_security_profile_final_client_test_invalid_missing_exp(self, rp, op):
        op.claims = {"exp": GONE}
        self.rejected(rp, op)

    def test_a13_fapi2_security_profile_final_client_test_invalid_expired_exp(self, rp, op):
        op.claims = {"exp": int(time.time()) - 300}
        self.rejected(rp, op)

    def test_a13_fapi2_security_profile_final_client_test_invalid_missing_aud(self, rp, op):
        op.claims = {"aud": GONE}
        self.rejected(rp, op)

    def test_a13_fapi2_security_profile_final_client_test_invalid_missing_iss(self, rp, op):
        op.claims = {"iss": GONE}
        self.rejected(rp, op)

    def test_a13_fapi2_security_profile_final_client_test_invalid_missing_nonce(self, rp, op):
        op.claims = {"nonce": GONE}
        self.rejected(rp, op)

    def test_a11_fapi2_security_profile_final_client_test_discovery_issuer_mismatch(self, rp, op):
        op.metadata = {"issuer": "https://evil.example"}
        with pytest.raises(ConfigurationError):
            self.start(rp)
        assert op.paths == [DISCOVERY]

    @pytest.mark.parametrize("kind", ["bearer", "BEARER", "bEaReR"])
    def test_fapi2_security_profile_final_client_test_token_type_case_insensitivity(self, rp, op, kind):
        op.tokens = {"token_type": kind}
        self.accepted(rp, op)

    def test_fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in(self, rp, op):
        op.tokens = {"expires_in": GONE}
        assert self.accepted(rp, op).expires_at is None


def test_every_module_has_its_case():
    """The plans as the suite lists them; what it lists for other flows and for logout is not ours."""
    others = (test_other_plans.TestConfig, test_other_plans.TestRefresh, test_other_plans.TestComprehensive)
    plans = (test_basic_plan.TestBasic, test_basic_plan.TestFormPostBasic, *others, TestFAPI2)
    cases = [{found[1] for name in dir(plan) if (found := _MODULE.match(name))} for plan in plans]
    assert [len(names) for names in cases] == [14, 15, 6, 3, 9, 16]
    assert len(set().union(*cases)) == 48


_MODULE = re.compile(r"test_(?:a\d\d_)?((?:oidcc|fapi2)_.+)")
