"""Twitch over real HTTP. Claims as in https://dev.twitch.tv/docs/authentication/getting-tokens-oidc."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from socialreg import steps
from socialreg.exceptions import Refused
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.twitch import Twitch

from .grid import TOKEN, OIDCGrid

PICTURE = (
    "https://static-cdn.jtvnw.net/jtv_user_pictures/8a6381c7-d0c0-4576-b179-38bd5ce1d6af-profile_image-300x300.png"
)


class TestTwitch(OIDCGrid):
    provider = Twitch
    metadata = {
        "claims_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "scopes_supported": ["openid"],
    }
    # The scope comes as a list.
    token = {
        "access_token": TOKEN,
        "expires_in": 14346,
        "refresh_token": "eyJfMzUtNDU0OC4MWYwLTQ5MDY5ODY4NGNlMSJ9%asdfasdf=",
        "scope": ["openid", "user:read:email"],
        "token_type": "bearer",
    }
    full = {
        "sub": "713936733",
        "azp": "the-id",
        "preferred_username": "MaraLind",
        "email": "mara.lindqvist@example.com",
        "email_verified": True,
        "picture": PICTURE,
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }
    expected = Profile(
        "713936733",
        username="MaraLind",
        email=Email("mara.lindqvist@example.com", verified=True),
        picture=PICTURE,
    )
    minimal = {"sub": "713936733"}
    expected_minimal = Profile("713936733")

    def test_the_address_asks_for_each_claim_by_name(self, peer, outside):
        self.serve(peer, self.full)
        _, sent, _ = self.begin(self.make(peer, outside))
        names = {"email", "email_verified", "picture", "preferred_username"}
        assert json.loads(sent["claims"]) == {"id_token": dict.fromkeys(names)}
        assert sent["scope"].split() == ["openid", "user:read:email"]

    def test_extra_params_of_the_settings_stand_beside_the_claims(self, peer, outside):
        self.serve(peer, self.full)
        _, sent, _ = self.begin(self.make(peer, outside, EXTRA_PARAMS={"force_verify": "true", "claims": "{}"}))
        assert sent["force_verify"] == "true"
        assert "email_verified" in sent["claims"]

    def test_the_granted_scope_is_kept(self, peer, outside):
        self.serve(peer, self.full)
        assert self.log_in(peer, self.make(peer, outside)).scope == "openid user:read:email"

    def test_userinfo_is_never_asked(self, peer, outside):
        """Without a verified address there is none in the ID token, and there would be none in UserInfo."""
        self.userinfo = {"preferred_username": "MaraLind"}
        self.serve(peer, self.minimal)
        self.arrive(peer, self.make(peer, outside))
        assert "/userinfo" not in peer.asked()

    def test_calls_of_the_api_carry_the_client_id(self, peer, outside):
        self.serve(peer, self.full)
        peer.answers["/helix/users"] = Response.json({"data": []})
        twitch = self.make(peer, outside, API_HEADERS={"Accept-Language": "en"})
        twitch.get(f"{peer.url}/helix/users", TOKEN)
        headers = peer.request("/helix/users").headers
        assert (headers["client-id"], headers["authorization"]) == ("the-id", f"Bearer {TOKEN}")
        assert headers["accept-language"] == "en"

    @pytest.mark.parametrize(
        ("status", "message", "code", "notice"),
        [
            (400, "Invalid authorization code", "invalid_grant", "expired"),
            (400, "Invalid refresh token", "invalid_grant", "expired"),
            (400, "invalid client", "invalid_client", "not-available"),
            (403, "invalid client secret", "invalid_client", "not-available"),
            (400, "Parameter redirect_uri does not match registered URI", "redirect_uri_mismatch", "not-available"),
            (400, "s3cret words", "400", "refused"),
            (400, None, "400", "refused"),
            (400, ["invalid client"], "400", "refused"),
        ],
    )
    def test_an_error_is_known_by_its_sentence(self, peer, outside, status, message, code, notice):
        self.serve(peer, self.full)
        twitch = self.make(peer, outside)
        pending, _, back = self.begin(twitch)
        peer.answers["/token"] = Response.json({"status": status, "message": message}, status)
        with pytest.raises(Refused) as caught:
            steps.verify(twitch, pending, back)
        assert (caught.value.code, caught.value.notice) == (code, notice)
        assert "s3cret" not in str(caught.value)

    def test_the_name_as_it_is_shown_may_change_and_the_person_stays(self, peer, outside):
        twitch = self.make(peer, outside)
        self.serve(peer, self.full)
        before = self.log_in(peer, twitch)
        self.serve(peer, {**self.full, "preferred_username": "\u30de\u30e9"})
        after = self.log_in(peer, twitch)
        assert after.username == "\u30de\u30e9"
        assert replace(after, username="", extra={}, expires_at=None) == replace(
            before, username="", extra={}, expires_at=None
        )

    def test_the_secret_goes_into_the_body(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        assert peer.request("/token").form_fields()["client_secret"] == "the:s%cret"

    def test_the_addresses_are_twitchs_own(self, outside):
        assert Twitch({}, outside).endpoints() == ["https://id.twitch.tv/oauth2", "https://id.twitch.tv/oauth2/revoke"]
