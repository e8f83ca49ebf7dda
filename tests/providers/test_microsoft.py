"""Microsoft over real HTTP. Claims as in https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference."""

from __future__ import annotations

import json
import time

import jwt
import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer, ConfigurationError, Mismatch, Refused
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.microsoft import CONSUMERS, Microsoft

from .grid import CALLBACK, OIDCGrid, _signing_key, put

TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
OTHER = "82229342-1101-4ab6-817b-70c0747630f3"
ANY = "{tenantid}"


class TestMicrosoft(OIDCGrid):
    provider = Microsoft
    userinfo = {}
    metadata = {
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"]
    }
    error_with_200 = {
        "error": "invalid_grant",
        "error_description": "AADSTS70008: s3cret words",
        "error_codes": [70008],
    }
    full = {
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "tid": TENANT,
        "oid": "00000000-0000-0000-66f3-3332eca7ea81",
        "ver": "2.0",
        "preferred_username": "mara@example.com",
        "name": "Mara Lindqvist",
        "given_name": "Mara",
        "family_name": "Lindqvist",
        "email": "mara.lindqvist@example.com",
    }
    expected = Profile(
        "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        username="mara@example.com",
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("mara.lindqvist@example.com", verified=False),
    )
    minimal = {"sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "tid": TENANT}
    expected_minimal = Profile("AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ")

    def addresses(self, peer):
        document = f"{peer.url}/.well-known/openid-configuration"
        return {"ISSUER": f"{peer.url}/{{tenant}}/v2.0", "DISCOVERY_URL": document}

    def issuer(self, peer):
        return self.of(peer, str(self.claims.get("tid"))) if hasattr(self, "claims") else ""

    def of(self, peer, tenant):
        """Return the issuer of a tenant."""
        return f"{peer.url}/{tenant}/v2.0"

    def serve(self, peer, data, published=ANY, key_owner=ANY):
        """As everywhere, with the issuers that the metadata and the key state."""
        super().serve(peer, data)
        self.change(peer, "/.well-known/openid-configuration", lambda it: it.update(issuer=self.of(peer, published)))
        if key_owner:
            self.change(peer, "/jwks", lambda it: it["keys"][0].update(issuer=self.of(peer, key_owner)))

    def change(self, peer, path, how):
        body = json.loads(peer.answers[path].body)
        how(body)
        peer.answers[path] = Response.json(body)

    # -- who is admitted

    @pytest.mark.parametrize(
        ("tenant", "published", "tid"),
        [
            ("common", ANY, TENANT),
            ("common", ANY, CONSUMERS),
            ("organizations", ANY, TENANT),
            ("consumers", CONSUMERS, CONSUMERS),
            (TENANT, TENANT, TENANT),
            (TENANT.upper(), TENANT, TENANT),
            (CONSUMERS, CONSUMERS, CONSUMERS),
            ("example.onmicrosoft.com", TENANT, TENANT),
        ],
    )
    def test_a_tenant_that_is_admitted_logs_in_as_itself(self, peer, outside, tenant, published, tid):
        self.serve(peer, {**self.full, "tid": tid}, published)
        found = self.log_in(peer, self.make(peer, outside, TENANT=tenant))
        assert (found.issuer, found.uid) == (self.of(peer, tid), self.full["sub"])

    @pytest.mark.parametrize(
        ("tenant", "published", "tid"),
        [
            ("organizations", ANY, CONSUMERS),
            ("consumers", CONSUMERS, TENANT),
            (TENANT, TENANT, OTHER),
            (TENANT, TENANT, CONSUMERS),
            ("example.onmicrosoft.com", TENANT, OTHER),
            ("common", ANY, ...),
            ("common", ANY, None),
            ("common", ANY, ""),
            ("common", ANY, "common"),
            ("common", ANY, ANY),
            ("common", ANY, f"{TENANT}/v2.0"),
            ("common", ANY, TENANT.upper()),
            ("common", ANY, [TENANT]),
        ],
    )
    def test_any_other_tenant_is_refused(self, peer, outside, tenant, published, tid):
        self.serve(peer, put(self.full, "tid", tid), published)
        with pytest.raises(BadAnswer) as caught:
            self.log_in(peer, self.make(peer, outside, TENANT=tenant))
        assert caught.value.code == "id-token"

    @pytest.mark.parametrize(("iss", "tid"), [(TENANT, OTHER), (OTHER, TENANT), (CONSUMERS, TENANT)])
    def test_iss_and_tid_must_be_of_one_tenant(self, peer, outside, iss, tid):
        self.serve(peer, {**self.full, "tid": tid, "iss": self.of(peer, iss)})
        with pytest.raises(BadAnswer):
            self.log_in(peer, self.make(peer, outside))

    @pytest.mark.parametrize(
        ("tenant", "published"),
        [
            ("common", TENANT),
            ("organizations", CONSUMERS),
            ("consumers", ANY),
            ("consumers", TENANT),
            (TENANT, ANY),
            (TENANT, OTHER),
            ("example.onmicrosoft.com", ANY),
            ("example.onmicrosoft.com", CONSUMERS),
            ("example.onmicrosoft.com", "example.onmicrosoft.com"),
            ("example.onmicrosoft.com", f"{TENANT}/{TENANT}"),
        ],
    )
    def test_the_metadata_of_another_tenant_is_refused_at_the_start(self, peer, outside, tenant, published):
        self.serve(peer, self.full, published)
        with pytest.raises(ConfigurationError):
            self.make(peer, outside, TENANT=tenant).authorize(CALLBACK, "login", {})

    @pytest.mark.parametrize("published", [TENANT, f"{TENANT}/v2.0", f"https://evil.example/{TENANT}/v2.0"])
    def test_the_guid_of_a_domain_is_believed_in_microsofts_own_issuer_alone(self, peer, outside, published):
        self.serve(peer, self.full)
        self.change(peer, "/.well-known/openid-configuration", lambda it: it.update(issuer=published))
        with pytest.raises(ConfigurationError):
            self.make(peer, outside, TENANT="example.onmicrosoft.com").authorize(CALLBACK, "login", {})

    @pytest.mark.parametrize("tenant", ["", "a/b", "common/../x", "{tenant}", "a b", "example..com", "ex?ample"])
    def test_a_tenant_that_is_none_is_a_configuration_error(self, outside, tenant):
        with pytest.raises(ConfigurationError):
            Microsoft({"TENANT": tenant}, outside)

    # -- who somebody is

    def test_one_sub_in_two_tenants_is_two_people(self, peer, outside):
        microsoft = self.make(peer, outside)
        self.serve(peer, self.full)
        one = self.log_in(peer, microsoft)
        self.serve(peer, {**self.full, "tid": OTHER})
        two = self.log_in(peer, microsoft)
        assert one.uid == two.uid
        assert one.issuer != two.issuer

    def test_an_account_stays_when_the_tenant_setting_changes(self, peer, outside):
        found = set()
        for tenant, published in (("common", ANY), ("organizations", ANY), (TENANT, TENANT)):
            self.serve(peer, self.full, published)
            credentials = self.log_in(peer, self.make(peer, outside, TENANT=tenant))
            found.add((credentials.issuer, credentials.uid))
        assert len(found) == 1

    @pytest.mark.parametrize(("tid", "same"), [(TENANT, True), (OTHER, False)])
    def test_a_refresh_stays_within_the_tenant(self, peer, outside, tid, same):
        self.token = {**self.token, "refresh_token": "a-r3fr3sh"}
        self.serve(peer, self.full)
        microsoft = self.make(peer, outside)
        credentials = self.log_in(peer, microsoft)
        self.claims = {**self.full, "tid": tid}
        self.sign(peer, self.claims)
        if same:
            assert microsoft.refresh(credentials).issuer == self.of(peer, TENANT)
        else:
            with pytest.raises(BadAnswer):
                microsoft.refresh(credentials)

    @pytest.mark.parametrize("claims", [{"email_verified": True}, {"xms_edov": True}, {"xms_edov": "1"}], ids=str)
    def test_no_address_ever_counts_as_verified(self, peer, outside, claims):
        """nOAuth: a tenant's administrator writes what they like into it."""
        self.serve(peer, {**self.full, **claims})
        assert self.arrive(peer, self.make(peer, outside)).email == Email("mara.lindqvist@example.com", verified=False)

    def test_a_picture_that_no_page_can_show_is_left_out(self, peer, outside):
        self.serve(peer, {**self.full, "picture": "https://graph.microsoft.com/v1.0/me/photo/$value"})
        assert self.arrive(peer, self.make(peer, outside)).picture == ""

    # -- whose key

    @pytest.mark.parametrize(
        ("owner", "good"), [("", True), (ANY, True), (TENANT, True), (CONSUMERS, False), (OTHER, False)]
    )
    @pytest.mark.parametrize("refreshed", [False, True])
    def test_a_key_signs_for_its_own_tenant_alone(self, peer, outside, owner, good, refreshed):
        self.token = {**self.token, "refresh_token": "a-r3fr3sh"}
        self.serve(peer, self.full)
        before = self.log_in(peer, self.make(peer, outside))
        self.serve(peer, self.full, key_owner=owner)
        microsoft = self.make(peer, outside)
        self.sign(peer, self.full)

        def go():
            return microsoft.refresh(before) if refreshed else self.log_in(peer, microsoft)

        if good:
            assert go().uid == self.full["sub"]
        else:
            with pytest.raises(BadAnswer):
                go()

    def test_a_token_that_names_no_key_is_refused(self, peer, outside):
        """Whose key signed it could not be told, though there is one alone."""
        self.serve(peer, self.full, key_owner=CONSUMERS)
        microsoft = self.make(peer, outside)
        pending, _, back = self.begin(microsoft)
        now = int(time.time())
        claims = {
            "iss": self.of(peer, TENANT),
            "aud": "the-id",
            "iat": now,
            "exp": now + 600,
            "nonce": pending["nonce"],
        }
        token = jwt.encode({**claims, **self.full}, _signing_key(), "RS256")
        peer.answers["/token"] = Response.json({**self.token, "id_token": token})
        with pytest.raises(BadAnswer):
            steps.verify(microsoft, pending, back)

    # -- the rest

    @pytest.mark.parametrize(("tenant", "published", "compared"), [("common", ANY, False), (TENANT, TENANT, True)])
    def test_iss_in_a_callback_is_compared_where_it_can_be_known(self, peer, outside, tenant, published, compared):
        self.serve(peer, self.full, published)
        microsoft = self.make(peer, outside, TENANT=tenant)
        pending, _, back = self.begin(microsoft)
        self.prepare(peer, microsoft, pending)
        assert steps.verify(microsoft, pending, {**back, "iss": self.of(peer, TENANT)}).uid == self.full["sub"]
        if compared:
            with pytest.raises(Mismatch):
                steps.verify(microsoft, pending, {**back, "iss": self.of(peer, OTHER)})

    @pytest.mark.parametrize(
        ("number", "word"), [(7000215, "value"), (7000222, "expired"), (700016, "TENANT"), (50058, "CLIENT_SECRET")]
    )
    def test_the_number_of_an_error_says_what_to_do(self, peer, outside, number, word):
        self.serve(peer, self.full)
        microsoft = self.make(peer, outside)
        pending, _, back = self.begin(microsoft)
        description = f"AADSTS{number}: s3cret words. Trace ID: 0"
        answer = {"error": "invalid_client", "error_description": description, "error_codes": [number]}
        peer.answers["/token"] = Response.json(answer, 401)
        with pytest.raises(Refused) as caught:
            steps.verify(microsoft, pending, back)
        assert word in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_an_issuer_without_tenant_is_compared_as_it_is(self, peer, outside):
        """Other hosts of Microsoft's, and the stand-in, have one issuer and no ``tid``."""
        self.serve(peer, {**put(self.full, "tid", ...), "iss": peer.url})
        self.change(peer, "/.well-known/openid-configuration", lambda it: it.update(issuer=peer.url))
        microsoft = self.make(peer, outside, ISSUER=peer.url, TENANT=TENANT)
        assert self.issuer_of_metadata_is_refused(peer, outside)
        self.change(peer, "/jwks", lambda it: it["keys"][0].pop("issuer"))
        assert self.log_in(peer, microsoft).issuer == peer.url

    def issuer_of_metadata_is_refused(self, peer, outside):
        with pytest.raises(ConfigurationError):
            self.make(peer, outside, ISSUER=f"{peer.url}/else").authorize(CALLBACK, "login", {})
        return True

    def test_the_addresses_are_microsofts_own(self, outside):
        host = "https://login.microsoftonline.com"
        assert Microsoft({}, outside).endpoints() == [f"{host}/common/v2.0"]
        assert Microsoft({"TENANT": TENANT}, outside).endpoints() == [f"{host}/{TENANT}/v2.0"]
