"""LinkedIn, with claims from the page "Sign In with LinkedIn using OpenID Connect"."""

from __future__ import annotations

import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer, Denied, Refused
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.linkedin import LinkedIn

from .grid import CALLBACK, TOKEN, OIDCGrid

PICTURE = (
    "https://media.licdn.com/dms/image/v2/D4D03AQ/profile-displayphoto-shrink_100_100/0/1?e=2147483647&v=beta&t=a-b"
)
MARA = "782bbtaQ"


class TestGrid(OIDCGrid):
    provider = LinkedIn
    token = {"access_token": TOKEN, "expires_in": 5183999, "scope": "email,openid,profile", "token_type": "Bearer"}
    full = {
        "sub": MARA,
        "name": "Mara Lindqvist",
        "given_name": "Mara",
        "family_name": "Lindqvist",
        "picture": PICTURE,
        "locale": {"country": "SE", "language": "sv"},
        "email": "mara.lindqvist@example.com",
        "email_verified": True,
    }
    expected = Profile(
        MARA,
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("mara.lindqvist@example.com", verified=True),
        picture=PICTURE,
        locale="sv-SE",
    )
    # The address is optional, as LinkedIn documents it: somebody may have none.
    minimal = {"sub": MARA, "name": "Kestrel", "given_name": "Kestrel"}
    expected_minimal = Profile(MARA, full_name="Kestrel", first_name="Kestrel")
    userinfo = {"sub": MARA, "name": "Kestrel", "given_name": "Kestrel"}

    @pytest.mark.parametrize(
        ("said", "verified"),
        [(True, True), ("true", True), (False, False), ("false", False), ("True", False), (1, False), ("yes", False)],
    )
    def test_an_address_is_verified_by_true_and_by_the_text_that_linkedin_sends_for_it(
        self, peer, outside, said, verified
    ):
        self.serve(peer, {**self.full, "email_verified": said})
        profile = self.arrive(peer, self.make(peer, outside))
        assert profile.email == Email("mara.lindqvist@example.com", verified=verified)

    @pytest.mark.parametrize(
        ("locale", "expected"),
        [
            ({"country": "US", "language": "en"}, "en-US"),
            ({"language": "en"}, "en"),
            ({"country": "US"}, ""),
            ({"country": 7, "language": ["en"]}, ""),
            ("en_US", "en_US"),
            (None, ""),
            ([], ""),
        ],
        ids=str,
    )
    def test_the_locale_is_an_object_or_a_text(self, peer, outside, locale, expected):
        self.serve(peer, {**self.full, "locale": locale})
        assert self.arrive(peer, self.make(peer, outside)).locale == expected

    def test_id_tokens_come_without_a_nonce_but_one_that_comes_must_be_ours(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, sent, back = self.begin(provider)
        assert sent["nonce"] == pending["nonce"]
        for nonce, taken in ((..., True), ("another", False), ("", False), (None, True), (pending["nonce"], True)):
            self.sign(peer, self.full if nonce is ... else {**self.full, "nonce": nonce})
            if taken:
                assert steps.verify(provider, pending, back).uid == MARA
            else:
                with pytest.raises(BadAnswer):
                    steps.verify(provider, pending, back)

    def test_the_secret_goes_in_the_body_whatever_the_metadata_says(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        request = peer.request("/token")
        assert request.form_fields()["client_secret"] == "the:s%cret"
        assert "authorization" not in request.headers

    def test_neither_the_address_nor_the_token_request_carries_pkce(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, sent, _ = self.begin(provider)
        self.log_in(peer, provider)
        assert not {"code_challenge", "code_challenge_method"} & sent.keys()
        assert "verifier" not in pending
        assert "code_verifier" not in peer.request("/token").form_fields()

    @pytest.mark.parametrize("error", ["user_cancelled_login", "user_cancelled_authorize", "access_denied"])
    def test_both_ways_to_cancel_are_known(self, peer, outside, error):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        with pytest.raises(Denied):
            provider.verify(pending, {"state": back["state"], "error": error, "error_description": "s3cret"})

    def test_an_app_without_the_product_is_told_which_one_to_add(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        with pytest.raises(Refused) as caught:
            provider.verify(pending, {"state": back["state"], "error": "unauthorized_scope_error"})
        assert "Sign In with LinkedIn using OpenID Connect" in caught.value.remedy

    def test_a_spent_code_reads_as_begin_again_and_names_the_callback_in_the_log(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        peer.answers["/token"] = Response.json({"error": "invalid_request", "error_description": "s3cret words"}, 401)
        with pytest.raises(Refused) as caught:
            provider.verify(pending, back)
        assert caught.value.notice == "expired"
        assert CALLBACK in caught.value.remedy
        assert "s3cret" not in str(caught.value)
