"""GitLab, with claims from https://docs.gitlab.com/integration/openid_connect_provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socialreg import steps
from socialreg.exceptions import ConfigurationError
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.gitlab import GitLab

from .grid import TOKEN, OIDCGrid

AVATAR = "https://gitlab.com/uploads/-/system/user/avatar/1400001/avatar.png"
PAGE = "https://gitlab.com/maralind"
MARA = "1400001"


class TestGrid(OIDCGrid):
    provider = GitLab
    token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 7200, "scope": "openid profile email"}
    metadata = {"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}
    full = {
        "sub": MARA,
        "sub_legacy": "0bf4b0d4e4b2b2b1b8b0",
        "auth_time": 1767225600,
        "name": "Mara Lindqvist",
        "nickname": "maralind",
        "preferred_username": "maralind",
        "email": "mara.lindqvist@example.com",
        "email_verified": True,
        "website": "https://mara.example.com/",
        "profile": PAGE,
        "picture": AVATAR,
        "groups_direct": ["islands"],
    }
    expected = Profile(
        MARA,
        "maralind",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email("mara.lindqvist@example.com", verified=True),
        AVATAR,
        PAGE,
    )
    minimal = {"sub": MARA, "email": "kestrel@example.org", "email_verified": False}
    expected_minimal = Profile(MARA, "kestrel", email=Email("kestrel@example.org"))
    userinfo = {"sub": MARA, "nickname": "kestrel"}

    def test_an_older_server_tells_the_rest_by_userinfo(self, peer, outside):
        """Before 2023 an ID token had sub, email, email_verified and groups_direct alone."""
        self.serve(peer, {name: self.full[name] for name in ("sub", "email", "email_verified", "groups_direct")})
        peer.answers["/userinfo"] = Response.json(self.full)
        profile = self.arrive(peer, self.make(peer, outside))
        assert replace(profile, raw={}) == self.expected
        assert peer.asked().count("/userinfo") == 1

    def test_somebody_new_costs_one_request_once_keys_and_metadata_are_known(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        self.arrive(peer, provider)
        peer.requests.clear()
        self.arrive(peer, provider)
        assert peer.asked() == ["/token"]

    def test_groups_are_not_asked_for(self, peer, outside):
        self.serve(peer, self.full)
        _, sent, _ = self.begin(self.make(peer, outside))
        assert sent["scope"] == "openid profile email"

    def test_a_server_of_ones_own_is_one_option(self, peer, outside):
        """Also below a path; everything else is read there, and its people are not gitlab.com's."""
        issuer = f"{peer.url}/gitlab"
        document = {"issuer": issuer} | {
            name: f"{issuer}/oauth/{path}"
            for name, path in (
                ("authorization_endpoint", "authorize"),
                ("token_endpoint", "token"),
                ("jwks_uri", "discovery/keys"),
            )
        }
        peer.answers["/gitlab/.well-known/openid-configuration"] = Response.json(document)
        provider = GitLab({"CLIENT_ID": "the-id", "CLIENT_SECRET": "b", "ISSUER": issuer}, outside)
        assert steps.authorize(provider, "https://site.example/", "login", {}).url.startswith(
            f"{issuer}/oauth/authorize?"
        )
        assert provider.token_endpoint() == f"{issuer}/oauth/token"
        assert provider.issuer == issuer != GitLab.issuer
        assert peer.asked() == ["/gitlab/.well-known/openid-configuration"]

    def test_a_slash_too_many_in_the_issuer_is_told_and_not_guessed_away(self, peer, outside):
        self.serve(peer, self.full)
        provider = GitLab({"CLIENT_ID": "the-id", "ISSUER": f"{peer.url}/"}, outside)
        with pytest.raises(ConfigurationError, match="ISSUER"):
            steps.authorize(provider, "https://site.example/", "login", {})
