"""Google over real HTTP. Claims as in https://developers.google.com/identity/openid-connect/reference."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from socialreg.exceptions import ConfigurationError, NotAllowed
from socialreg.types import Email, Profile
from socialreg_providers.google import Google

from .grid import CALLBACK, OIDCGrid, put

PICTURE = "https://lh3.googleusercontent.com/a-/AOh14Gi0DgItGDTATTFV6lPiVrqtja6RZ_qrY91zg42o-g=s96-c"


class TestGoogle(OIDCGrid):
    provider = Google
    userinfo = {}
    metadata = {
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    full = {
        "sub": "110169484474386276334",
        "azp": "the-id",
        "name": "Mara Lindqvist",
        "given_name": "Mara",
        "family_name": "Lindqvist",
        "picture": PICTURE,
        "email": "mara.lindqvist@example.com",
        "email_verified": True,
        "locale": "sv",
        "hd": "example.com",
    }
    expected = Profile(
        "110169484474386276334",
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("mara.lindqvist@example.com", verified=True),
        picture=PICTURE,
        locale="sv",
    )
    minimal = {"sub": "110169484474386276334"}
    expected_minimal = Profile("110169484474386276334")

    @pytest.mark.parametrize(
        ("option", "claim", "welcome"),
        [
            ("example.com", "example.com", True),
            ("Example.COM", "example.com", True),
            ("*", "example.com", True),
            ("", ..., True),
            ("", "example.org", True),
            ("example.com", "example.org", False),
            ("example.com", "evil-example.com", False),
            ("example.com", ..., False),
            ("example.com", None, False),
            ("example.com", ["example.com"], False),
            ("*", ..., False),
            ("*", "", False),
            ("*", True, False),
        ],
    )
    def test_hd_admits_members_alone_by_what_the_id_token_says(self, peer, outside, option, claim, welcome):
        self.serve(peer, put(self.full, "hd", claim))
        google = self.make(peer, outside, HD=option)
        if welcome:
            assert self.log_in(peer, google).uid == self.expected.uid
            return
        with pytest.raises(NotAllowed) as caught:
            self.log_in(peer, google)
        assert "example.org" not in str(caught.value)

    def test_an_address_at_the_domain_makes_nobody_a_member(self, peer, outside):
        """Anybody can have a Google account with an address of somebody else's domain."""
        self.serve(peer, {**put(self.full, "hd", ...), "email": "mara@example.com"})
        with pytest.raises(NotAllowed):
            self.log_in(peer, self.make(peer, outside, HD="example.com"))

    def test_both_spellings_of_the_issuer_are_one_person(self, peer, outside):
        """ "accounts.google.com is also returned for legacy implementations"."""
        google = self.make(peer, outside)
        self.serve(peer, self.full)
        modern = self.log_in(peer, google)
        self.serve(peer, {**self.full, "iss": urlsplit(peer.url).netloc})
        legacy = self.log_in(peer, google)
        assert (legacy.uid, legacy.issuer or google.issuer) == (modern.uid, modern.issuer or google.issuer)

    @pytest.mark.parametrize(
        ("settings", "intent", "options", "expected"),
        [
            ({}, "login", {}, {}),
            ({}, "connect", {}, {"prompt": "select_account"}),
            ({"PROMPT": "consent"}, "connect", {}, {"prompt": "consent"}),
            ({"PROMPT": "select_account consent"}, "login", {}, {"prompt": "select_account consent"}),
            (
                {"ACCESS_TYPE": "offline", "HD": "example.com"},
                "login",
                {},
                {"access_type": "offline", "hd": "example.com"},
            ),
            ({}, "login", {"prompt": "select_account"}, {"prompt": "select_account"}),
            ({"PROMPT": "consent"}, "login", {"prompt": "select_account"}, {"prompt": "select_account"}),
            ({}, "login", {"prompt": "none"}, {}),
            ({}, "login", {"login_hint": "mara@example.com"}, {"login_hint": "mara@example.com"}),
            ({}, "login", {"login_hint": "a b"}, {}),
            ({}, "login", {"login_hint": "x" * 255}, {}),
            ({}, "login", {"hd": "evil.example", "access_type": "offline", "nonce": "1"}, {}),
        ],
        ids=str,
    )
    def test_settings_and_start_forms_choose_what_google_asks(self, peer, outside, settings, intent, options, expected):
        self.serve(peer, self.full)
        plain = parse_qs(urlsplit(self.make(peer, outside).authorize(CALLBACK, "login", {}).url).query)
        url = self.make(peer, outside, **settings).authorize(CALLBACK, intent, options).url
        sent = parse_qs(urlsplit(url).query)
        assert {name: value for name, [value] in sent.items() if name not in plain} == expected
        assert sent.keys() == plain.keys() | expected.keys()
        assert sent["scope"] == ["openid profile email"]

    def test_a_form_may_name_two_options_and_no_more(self):
        assert Google.request_options == ("login_hint", "prompt")

    @pytest.mark.parametrize("settings", [{"PROMPT": "none"}, {"PROMPT": "login"}, {"ACCESS_TYPE": "always"}], ids=str)
    def test_a_value_that_google_does_not_take_is_a_configuration_error(self, outside, settings):
        with pytest.raises(ConfigurationError):
            Google(settings, outside)

    def test_the_addresses_are_googles_own(self, outside):
        assert Google({}, outside).endpoints() == [
            "https://accounts.google.com",
            "https://oauth2.googleapis.com/revoke",
        ]
