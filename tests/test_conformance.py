"""The modules of the OpenID Foundation's conformance suite for relying parties, by name, against :mod:`tests.op`.

In the suite a negative case passes when the client makes no further request. So each test says what was asked for as
well. Where the suite leaves a choice (a token without key id among many keys, an unsigned one in the code flow), we
refuse.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import (
    BadAnswer,
    ConfigurationError,
    Denied,
    Mismatch,
    Refused,
    SocialRegError,
    Unavailable,
)
from socialreg.oidc import OIDCProvider
from socialreg.types import Credentials, Email, Redirect
from tests.op import DISCOVERY, GONE, JWKS, MARA, OP, TOKEN, USERINFO, Key, compact, ec_key, half_hash, rsa_key
from tests.servers import Server, keep_alive

CALLBACK = "https://site.example/accounts/acme/callback/"
#: An ID token that says who it is and nothing else.
BARE = {name: GONE for name in MARA if name != "sub"}
#: What is asked for until an ID token is read: nothing, if it is refused before a key is needed.
UNREAD, READ = [DISCOVERY, TOKEN], [DISCOVERY, TOKEN, JWKS]


class Acme(OIDCProvider):
    slug = "acme"
    label = "Acme"
    issuer = ""


@pytest.fixture(scope="module")
def _op() -> Iterator[OP]:
    with OP() as op:
        yield op


@pytest.fixture
def op(_op: OP) -> OP:
    _op.reset()
    return _op


@pytest.fixture
def later(monkeypatch) -> Callable[[float], None]:
    """``later(seconds)`` sets this machine's clock forward, and the provider's with it."""
    ahead, clock = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: clock() + ahead[0])

    def pass_by(seconds: float) -> None:
        ahead[0] += seconds

    return pass_by


class Plan:
    """What the plans share: a relying party, and the way through it as the site takes it."""

    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def rp(self, op: OP) -> Acme:
        return Acme(op.settings(**self.options), op.client())

    def start(self, rp: Acme) -> Redirect:
        return steps.authorize(rp, CALLBACK, "login", {})

    def log_in(self, rp: Acme, op: OP) -> Credentials:
        redirect = self.start(rp)
        return steps.verify(rp, redirect.pending, op.approve(redirect.url))

    def accepted(self, rp: Acme, op: OP, asked: list[str] = READ) -> Credentials:
        credentials = self.log_in(rp, op)
        assert (credentials.uid, credentials.issuer or rp.issuer) == (MARA["sub"], op.issuer)
        assert credentials.token
        assert op.paths == asked
        return credentials

    def rejected(self, rp: Acme, op: OP, asked: list[str] = READ) -> BadAnswer:
        """See that the ID token is refused, and that nothing is asked for with the access token."""
        with pytest.raises(BadAnswer) as raised:
            self.log_in(rp, op)
        assert raised.value.code == "id-token"
        assert raised.value.remedy
        assert op.paths == asked
        return raised.value


class TestBasic(Plan):
    """oidcc-client-basic-certification-test-plan."""

    def test_oidcc_client_test(self, rp, op):
        op.claims = BARE
        credentials = self.accepted(rp, op)
        profile = steps.fetch_profile(rp, credentials)
        assert op.paths == [*READ, USERINFO]
        assert (profile.uid, profile.full_name, profile.username) == (MARA["sub"], "Mara Lindqvist", "maralind")
        assert profile.email == Email(str(MARA["email"]), verified=True)

    def test_oidcc_client_test_invalid_iss(self, rp, op):
        op.claims = {"iss": f"{op.issuer}/other"}
        assert "iss" in self.rejected(rp, op).cause

    def test_oidcc_client_test_missing_sub(self, rp, op):
        op.claims = {"sub": GONE}
        assert "sub" in self.rejected(rp, op).cause

    def test_oidcc_client_test_invalid_aud(self, rp, op):
        op.claims = {"aud": "another-client"}
        assert "aud" in self.rejected(rp, op).cause

    def test_oidcc_client_test_missing_iat(self, rp, op):
        op.claims = {"iat": GONE}
        assert "iat" in self.rejected(rp, op).cause

    def test_oidcc_client_test_kid_absent_single_jwks(self, rp, op):
        op.header = {"kid": GONE}
        op.keys = [rsa_key().jwk(kid=GONE)]
        self.accepted(rp, op)

    def test_oidcc_client_test_kid_absent_multiple_jwks(self, rp, op):
        op.header = {"kid": GONE}
        op.keys = [rsa_key().jwk(kid=GONE), rsa_key(2).jwk(kid=GONE), ec_key().jwk(kid=GONE)]
        assert "more than one" in self.rejected(rp, op).cause

    def test_oidcc_client_test_idtoken_sig_rs256(self, rp, op):
        op.keys = [ec_key().jwk(), rsa_key(2).jwk(), rsa_key().jwk()]
        self.accepted(rp, op)

    def test_oidcc_client_test_idtoken_sig_none(self, rp, op):
        op.key = Unsigned("none", "none", None)
        op.keys = [rsa_key().jwk()]
        self.rejected(rp, op, UNREAD)

    def test_oidcc_client_test_invalid_sig_rs256(self, rp, op):
        op.keys = [rsa_key(2).jwk(kid="rsa-1")]
        assert "signature" in self.rejected(rp, op).cause

    @pytest.mark.parametrize("sub", ["another", GONE, None, 248289761001])
    def test_oidcc_client_test_userinfo_invalid_sub(self, rp, op, sub):
        op.claims, op.userinfo = BARE, {"sub": sub}
        credentials = self.accepted(rp, op)
        with pytest.raises(BadAnswer) as raised:
            steps.fetch_profile(rp, credentials)
        assert raised.value.code == "other-person"
        assert op.paths == [*READ, USERINFO]

    def test_oidcc_client_test_nonce_invalid(self, rp, op):
        op.claims = {"nonce": "another"}
        assert "nonce" in self.rejected(rp, op).cause

    def test_oidcc_client_test_scope_userinfo_claims(self, op):
        rp = Acme(op.settings(**self.options, SCOPE=["openid", "profile", "email", "phone", "address"]), op.client())
        assert query(self.start(rp).url)["scope"] == "openid profile email phone address"
        op.claims = BARE
        op.person |= {"phone_number": "+46 8 123456", "address": {"country": "SE"}, "locale": "sv-SE"}
        profile = steps.fetch_profile(rp, self.log_in(rp, op))
        assert op.paths == [*READ, USERINFO]
        assert (profile.first_name, profile.locale, str(profile.email)) == ("Mara", "sv-SE", MARA["email"])
        assert (profile.raw["phone_number"], profile.raw["address"]) == ("+46 8 123456", {"country": "SE"})

    def test_oidcc_client_test_client_secret_basic(self, op):
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
    def test_oidcc_client_test_form_post_error(self, rp, op, error, kind):
        redirect = self.start(rp)
        op.callback = {"code": GONE, "error": error, "error_description": "<script>alert(1)</script>"}
        with pytest.raises(kind) as raised:
            steps.verify(rp, redirect.pending, op.approve(redirect.url))
        assert "script" not in str(raised.value)
        assert op.paths == [DISCOVERY]


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

    def test_oidcc_client_test_discovery_issuer_mismatch(self, rp, op):
        op.metadata = {"issuer": f"{op.issuer}/other"}
        with pytest.raises(ConfigurationError) as raised:
            self.start(rp)
        assert raised.value.code == "issuer"
        assert op.paths == [DISCOVERY]

    test_oidcc_client_test_idtoken_sig_none = TestBasic.test_oidcc_client_test_idtoken_sig_none

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

    def test_oidcc_client_test_refresh_token_invalid_issuer(self, rp, op):
        self.refused(rp, op, iss="https://evil.example")

    def test_oidcc_client_test_refresh_token_invalid_sub(self, rp, op):
        self.refused(rp, op, sub="another")

    @pytest.mark.parametrize(
        "claims", [{"aud": "x"}, {"aud": ["x"]}, {"azp": "x"}, {"exp": 1}, {"at_hash": "x"}, {"sub": GONE}]
    )
    def test_any_other_claim_is_checked_as_at_the_login(self, rp, op, claims):
        """Row 16."""
        self.refused(rp, op, **claims)

    @pytest.mark.parametrize("token", [GONE, None])
    def test_an_id_token_may_be_left_out(self, rp, op, token):
        """Core section 12.2."""
        credentials = self.log_in(rp, op)
        op.tokens = {"id_token": token}
        assert rp.refresh(credentials).uid == credentials.uid

    @pytest.mark.parametrize("token", ["", 7, [], "eyJhbGciOiJub25lIn0.e30."])
    def test_one_that_comes_must_be_right(self, rp, op, token):
        credentials = self.log_in(rp, op)
        op.tokens = {"id_token": token}
        with pytest.raises(BadAnswer):
            rp.refresh(credentials)


class TestComprehensive(Plan):
    """oidcc-client-test-plan: what it adds for the code flow, with a client secret and without request objects."""

    def test_oidcc_client_test_missing_aud(self, rp, op):
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
    def test_oidcc_client_test_invalid_athash(self, rp, op, value):
        op.claims = {"at_hash": value}
        self.rejected(rp, op)

    def test_oidcc_client_test_invalid_sig_hs256(self, rp, op):
        op.key = Unsigned("secret", "HS256", op.client_secret.encode())
        op.keys = [rsa_key().jwk()]
        self.rejected(rp, op, UNREAD)

    def test_oidcc_client_test_invalid_sig_es256(self, rp, op):
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


class TestFAPI2(Plan):
    """fapi2-security-profile-final-client-test-plan: the modules that hold for every client."""

    def stopped(self, rp: Acme, op: OP, **callback: object) -> None:
        """See that a callback is refused before any call."""
        redirect = self.start(rp)
        op.callback = callback
        with pytest.raises(Mismatch):
            steps.verify(rp, redirect.pending, op.approve(redirect.url))
        assert op.paths == [DISCOVERY]

    def test_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails(
        self, rp, op
    ):
        self.stopped(rp, op, state="another")

    def test_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails(
        self, rp, op
    ):
        self.stopped(rp, op, state=GONE)

    def test_fapi2_security_profile_final_client_test_invalid_authorization_response_iss(self, rp, op):
        self.stopped(rp, op, iss="https://evil.example")

    def test_fapi2_security_profile_final_client_test_remove_authorization_response_iss(self, rp, op):
        self.stopped(rp, op, iss=GONE)

    def test_fapi2_security_profile_final_client_test_invalid_secondary_aud(self, rp, op):
        op.claims = {"aud": [op.client_id, "another-client"]}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_valid_aud_as_array(self, rp, op):
        op.claims = {"aud": [op.client_id]}
        self.accepted(rp, op)

    def test_fapi2_security_profile_final_client_test_invalid_null_alg(self, rp, op):
        op.header = {"alg": "none"}
        self.rejected(rp, op, UNREAD)

    def test_fapi2_security_profile_final_client_test_invalid_alternate_alg(self, op):
        rp = Acme(op.settings(ID_TOKEN_ALGORITHMS=["PS256"]), op.client())
        op.key = rsa_key(alg="RS256")
        self.rejected(rp, op, UNREAD)
        op.key = rsa_key(alg="PS256")
        assert self.log_in(rp, op).uid == MARA["sub"]

    def test_fapi2_security_profile_final_client_test_invalid_missing_exp(self, rp, op):
        op.claims = {"exp": GONE}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_invalid_expired_exp(self, rp, op):
        op.claims = {"exp": int(time.time()) - 300}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_invalid_missing_aud(self, rp, op):
        op.claims = {"aud": GONE}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_invalid_missing_iss(self, rp, op):
        op.claims = {"iss": GONE}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_invalid_missing_nonce(self, rp, op):
        op.claims = {"nonce": GONE}
        self.rejected(rp, op)

    def test_fapi2_security_profile_final_client_test_discovery_issuer_mismatch(self, rp, op):
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
    plans = (TestBasic, TestFormPostBasic, TestConfig, TestRefresh, TestComprehensive, TestFAPI2)
    cases = [[name for name in dir(plan) if re.match("test_(oidcc|fapi2)", name)] for plan in plans]
    assert [len(names) for names in cases] == [14, 15, 6, 3, 9, 16]
    assert len({name for names in cases for name in names}) == 48


class TestRows(Plan):
    """Rows 1 to 37 of the list of attacks, as far as no module covers them and it takes a whole provider to show it."""

    def test_a_token_of_another_attempt_is_refused(self, rp, op):
        """Row 9: code injection. A thief's own attempt is brought somebody else's code, and the other way round."""
        mine, stolen = self.start(rp), self.start(rp)
        params = op.approve(stolen.url) | {"state": mine.key}
        with pytest.raises(Refused):  # by PKCE, at the provider
            steps.verify(rp, mine.pending, params)
        with pytest.raises(BadAnswer, match="nonce"):  # by the nonce, here, should the provider not look
            steps.verify(rp, {**stolen.pending, "nonce": mine.pending["nonce"]}, op.approve(stolen.url))

    def test_an_id_token_is_good_for_one_attempt(self, rp, op):
        redirect = self.start(rp)
        nonce = redirect.pending["nonce"]
        op.id_token = rsa_key().sign(op.id_claims("", {"nonce": nonce, "at_hash": GONE}))
        assert steps.verify(rp, redirect.pending, op.approve(redirect.url)).uid == MARA["sub"]
        with pytest.raises(BadAnswer, match="nonce"):
            self.log_in(rp, op)

    @pytest.mark.parametrize("path", [DISCOVERY, JWKS, TOKEN, USERINFO])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_no_redirect_is_followed(self, rp, op, path, status):
        """Row 17: and none is taken for an answer."""
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
    def test_no_endpoint_does_without_https(self, rp, op, name, scheme):
        """Row 17: plain http reaches a stand-in that was named in PRIVATE_HOSTS, and nobody else."""
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
        """Rows 24 to 27, 32, 33 and 35, on the wire."""
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
        """Row 27."""
        one, other = (query(self.start(rp).url) for _ in range(2))
        own = {"state", "nonce", "code_challenge"}
        assert {name for name in one if one[name] != other[name]} == own

    def test_iss_need_not_come_where_it_is_not_promised_and_must_be_right_if_it_does(self, rp, op):
        """Row 28; on errors too."""
        op.metadata, op.callback = {"authorization_response_iss_parameter_supported": GONE}, {"iss": GONE}
        assert self.log_in(rp, op).uid == MARA["sub"]
        for more in ({}, {"error": "access_denied", "code": GONE}):
            op.callback = {"iss": "https://evil.example", **more}
            with pytest.raises(Mismatch):
                self.log_in(rp, op)
        assert op.count(TOKEN) == 1

    @pytest.mark.parametrize("kind", ["mac", "DPoP", "N_A", "bearer2", ["bearer"], 7])
    def test_a_token_of_another_kind_is_refused_and_members_that_nobody_knows_are_not(self, rp, op, kind):
        """Row 36."""
        op.tokens = {"token_type": kind}
        with pytest.raises(BadAnswer):
            self.log_in(rp, op)
        op.tokens = {"whatever": {"nested": ["x"]}, "ext_expires_in": "soon"}
        assert self.log_in(rp, op).uid == MARA["sub"]

    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_id_and_secret_of_any_characters_arrive(self, op, method):
        """Row 37: the provider's id holds a colon and a percent sign, its secret a plus, a slash and an é."""
        rp = Acme(op.settings(TOKEN_ENDPOINT_AUTH_METHOD=method), op.client())
        assert self.log_in(rp, op).uid == MARA["sub"]
        wrong = Acme(op.settings(TOKEN_ENDPOINT_AUTH_METHOD=method, CLIENT_SECRET="wrong"), op.client())
        with pytest.raises(Refused) as raised:
            self.log_in(wrong, op)
        assert raised.value.code == "invalid_client"

    def test_a_hundred_logins_fetch_metadata_and_keys_once(self, rp, op):
        """Row 18; and a returning login is one request."""
        for _ in range(100):
            self.log_in(rp, op)
        assert (op.count(DISCOVERY), op.count(JWKS), op.count(TOKEN), len(op.paths)) == (1, 1, 100, 102)

    def test_a_hundred_unknown_keys_fetch_the_keys_twice(self, rp, op):
        """Row 12."""
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
        """Row 15 has no use for addresses; a site may."""
        other = {"email": "other@example.com", "email_verified": True}
        op.claims, op.userinfo = {**BARE, "email": "unproven@example.com"}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("unproven@example.com", verified=False)
        op.claims, op.userinfo = {**BARE, "email_verified": True}, {**other, "email_verified": GONE}
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=False)
        op.claims, op.userinfo = {**BARE, "email": "other@example.com"}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=True)
        op.claims, op.userinfo = {**BARE, "email": None, "email_verified": None}, other
        assert steps.fetch_profile(rp, self.log_in(rp, op)).email == Email("other@example.com", verified=True)

    def test_stored_credentials_are_not_taken_for_somebody_elses(self, rp, op):
        """Row 14, later: without the claims of the login at hand."""
        credentials = replace(self.log_in(rp, op), extra={})
        assert steps.fetch_profile(rp, credentials).full_name == "Mara Lindqvist"
        for sub in ("another", GONE, None):
            op.userinfo = {"sub": sub}
            with pytest.raises(BadAnswer):
                steps.fetch_profile(rp, credentials)


class Unsigned(Key):
    """A key that proves nothing: none at all, or a secret that both sides know."""

    def sign(self, claims, **header):
        return compact({"typ": "JWT", "alg": self.alg} | header, claims, self.private, self.alg)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
