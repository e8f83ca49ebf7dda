"""The generic OpenID Connect provider: by settings alone. Claims as in Core section 5.1, and as Keycloak sends them."""

from __future__ import annotations

import json
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg.exceptions import ConfigurationError
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.oidc import OpenIDConnect

from .grid import CALLBACK, OIDCGrid, Peer

SUB = "b1a3f0f2-6f0e-4b0f-9d5c-7c1b8a2f4e11"
MARA = {
    "sub": SUB,
    "email_verified": True,
    "name": "Mara Lindqvist",
    "preferred_username": "maralind",
    "given_name": "Mara",
    "family_name": "Lindqvist",
    "email": "mara.lindqvist@example.com",
    "picture": "https://id.example.com/avatars/mara.png",
    "profile": "https://id.example.com/people/maralind",
    "locale": "sv",
    "auth_time": 1700000000,
    "acr": "1",
}
EXPECTED = Profile(
    SUB,
    "maralind",
    "Mara Lindqvist",
    "Mara",
    "Lindqvist",
    Email("mara.lindqvist@example.com", verified=True),
    "https://id.example.com/avatars/mara.png",
    "https://id.example.com/people/maralind",
    "sv",
)


class TestGrid(OIDCGrid):
    """With the claims in the ID token, as Keycloak has them."""

    provider = OpenIDConnect
    options = {"LABEL": "Corp SSO"}
    full = MARA
    expected = EXPECTED
    minimal = {"sub": "7"}
    expected_minimal = Profile("7")
    userinfo: ClassVar[dict[str, object] | None] = {"sub": "7"}


class TestThinTokens(OIDCGrid):
    """With the claims at UserInfo alone, as Authelia has them."""

    provider = OpenIDConnect
    options = {"LABEL": "Corp SSO"}
    full = {**MARA, "email": "mara.lindqvist@example.com"}
    expected = EXPECTED
    minimal = {"sub": SUB}
    expected_minimal = EXPECTED
    userinfo: ClassVar[dict[str, object] | None] = MARA
    metadata = {
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }

    def test_a_new_visitor_costs_one_request_more(self, peer, outside):
        self.serve(peer, self.minimal)
        self.arrive(peer, self.make(peer, outside))
        assert peer.asked() == ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"]


class TestSettings:
    """What a site can say, and what it is told if it says it wrong."""

    def made(self, outside, **options):
        return OpenIDConnect({"LABEL": "Corp", "ISSUER": "https://login.example.com", **options}, outside)

    def test_what_is_required(self):
        assert OpenIDConnect.required_options == ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "LABEL")

    def test_a_public_client_has_no_secret(self, outside):
        made = self.made(outside, TOKEN_ENDPOINT_AUTH_METHOD="none")
        assert made.required_options == ("CLIENT_ID", "ISSUER", "LABEL")

    def test_there_may_be_any_number_and_none_is_another(self, outside):
        one, two = (
            self.made(outside),
            self.made(outside, LABEL="Other", ISSUER="https://id.example.org/", SCOPE=["openid"]),
        )
        assert (one.label, one.issuer, one.scope) == (
            "Corp",
            "https://login.example.com",
            ("openid", "profile", "email"),
        )
        assert (two.label, two.issuer, two.scope) == ("Other", "https://id.example.org/", ("openid",))
        assert OpenIDConnect.issuer == ""

    def test_a_map_is_added_to_the_standard_claims(self, outside):
        made = self.made(outside, PROFILE_MAP={"username": "https://example.com/claims/nick", "picture": ""})
        claims = {**MARA, "https://example.com/claims/nick": "mara"}
        profile = made.profile_of(claims)
        assert (profile.uid, profile.username, profile.full_name, profile.picture) == (
            SUB,
            "mara",
            "Mara Lindqvist",
            "",
        )

    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"PROFILE_MAP": {"uid": "preferred_username"}}, "'preferred_username' for uid"),
            ({"PROFILE_MAP": {"uid": "email"}}, "'email' for uid"),
            ({"PROFILE_MAP": {"uid": ""}}, "'' for uid"),
            ({"PROFILE_MAP": {"nickname": "nick"}}, "PROFILE_MAP cannot have 'nickname'"),
            ({"PROFILE_MAP": {"username": ["nick"]}}, "PROFILE_MAP cannot have 'username'"),
            ({"PROFILE_MAP": {7: "nick"}}, "PROFILE_MAP cannot have '7'"),
            ({"PROFILE_MAP": "sub"}, "PROFILE_MAP of OpenIDConnect has the wrong type"),
            ({"SCOPE": ["profile", "email"]}, "SCOPE of Corp lacks openid"),
            ({"SCOPE": "openid profile"}, "SCOPE of OpenIDConnect has the wrong type"),
            ({"RESPONSE_MODE": "fragment"}, "RESPONSE_MODE"),
            ({"ID_TOKEN_ALGORITHMS": ["none"]}, "ID_TOKEN_ALGORITHMS"),
            ({"ID_TOKEN_ALGORITHMS": ["RS256", "HS256"]}, "ID_TOKEN_ALGORITHMS"),
            ({"ID_TOKEN_ALGORITHMS": []}, "ID_TOKEN_ALGORITHMS"),
            ({"ISSUER": None}, "ISSUER of OpenIDConnect has the wrong type"),
            (
                {"ISSUER": "https://id.example.com/.well-known/openid-configuration"},
                "ISSUER to https://id.example.com, ",
            ),
            ({"CLIENTID": "x"}, "no option 'CLIENTID'"),
            ({"issuer": "https://a.example"}, "no option 'issuer'"),
            ({"PKCE": False}, "no option 'PKCE'"),
            ({"NONCE_IN_ID_TOKEN": False}, "no option 'NONCE_IN_ID_TOKEN'"),
            ({"EMAILS_VERIFIED": True}, "no option 'EMAILS_VERIFIED'"),
        ],
        ids=str,
    )
    def test_a_wrong_option_is_told_by_its_name(self, outside, options, named):
        with pytest.raises(ConfigurationError, match=named) as caught:
            self.made(outside, **options)
        assert caught.value.remedy

    @pytest.mark.parametrize(("written", "published"), [("", "/"), ("/", "")])
    def test_an_issuer_that_is_off_by_a_slash_is_told_so(self, peer: Peer, outside, written, published):
        """Auth0 and authentik write it with a slash, Keycloak and Okta without; the one in the metadata counts."""
        document = {"issuer": f"{peer.url}/o/app{published}", "authorization_endpoint": f"{peer.url}/authorize"}
        peer.answers["/o/app/.well-known/openid-configuration"] = Response.json(
            {**document, "token_endpoint": f"{peer.url}/token", "jwks_uri": f"{peer.url}/jwks"}
        )
        made = self.made(outside, CLIENT_ID="the-id", CLIENT_SECRET="s", ISSUER=f"{peer.url}/o/app{written}")
        with pytest.raises(ConfigurationError) as caught:
            made.authorize(CALLBACK, "login", {})
        assert caught.value.code == "issuer"
        exact = self.made(outside, CLIENT_ID="the-id", CLIENT_SECRET="s", ISSUER=f"{peer.url}/o/app{published}")
        sent = dict(parse_qsl(urlsplit(exact.authorize(CALLBACK, "login", {}).url).query))
        assert sent["client_id"] == "the-id"

    def test_addresses_of_ones_own_come_before_the_metadata(self, peer: Peer, outside):
        grid = TestGrid()
        grid.serve(peer, MARA)
        document = json.loads(peer.answers["/.well-known/openid-configuration"].body)
        document |= {"token_endpoint": f"{peer.url}/wrong", "authorization_endpoint": f"{peer.url}/wrong"}
        peer.answers["/.well-known/openid-configuration"] = Response.json(document)
        made = grid.make(peer, outside, TOKEN_URL=f"{peer.url}/token", AUTHORIZE_URL=f"{peer.url}/authorize")
        assert made.authorize(CALLBACK, "login", {}).url.startswith(f"{peer.url}/authorize?")
        assert grid.arrive(peer, made).uid == SUB

    def test_extra_parameters_never_replace_those_of_the_protocol(self, peer: Peer, outside):
        grid = TestGrid()
        grid.serve(peer, MARA)
        more = {"prompt": "login", "kc_idp_hint": "google", "client_id": "evil", "state": "evil", "nonce": "evil"}
        pending, sent, _ = grid.begin(grid.make(peer, outside, EXTRA_PARAMS=more))
        assert (sent["prompt"], sent["kc_idp_hint"]) == ("login", "google")
        assert (sent["client_id"], sent["state"], sent["nonce"]) == ("the-id", pending["state"], pending["nonce"])
