"""Apple over real HTTP. Claims and ``user`` as in https://developer.apple.com/documentation/signinwithapple."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from socialreg import steps
from socialreg.checks import check_providers
from socialreg.exceptions import ConfigurationError, Denied, Refused
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.apple import Apple

from .grid import CALLBACK, OIDCGrid, put


def pem(key) -> str:
    """Return a key as the text of a .p8 file."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


KEY = ec.generate_private_key(ec.SECP256R1())
OPTIONS = {"TEAM_ID": "A1B2C3D4E5", "KEY_ID": "ABC123DEFG", "PRIVATE_KEY": pem(KEY)}
USER = {"name": {"firstName": "Mara", "lastName": "Lindqvist"}, "email": "mara.lindqvist@example.com"}
SUB = "001234.a1b2c3d4e5f60718293a4b5c6d7e8f90.1234"


class TestApple(OIDCGrid):
    provider = Apple
    options = OPTIONS
    callback = {"user": json.dumps(USER)}
    full = {
        "sub": SUB,
        "email": "q1w2e3r4t5@privaterelay.appleid.com",
        "email_verified": "true",
        "is_private_email": "true",
        "nonce_supported": True,
        "auth_time": 1755000000,
    }
    expected = Profile(
        SUB,
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("q1w2e3r4t5@privaterelay.appleid.com", verified=True),
    )
    minimal = {"sub": SUB}
    expected_minimal = Profile(SUB, full_name="Mara Lindqvist", first_name="Mara", last_name="Lindqvist")

    def addresses(self, peer):
        names = {"AUTHORIZE_URL": "authorize", "TOKEN_URL": "token", "JWKS_URL": "jwks"}
        return {"ISSUER": peer.url, **{name: f"{peer.url}/{path}" for name, path in names.items()}}

    def check_client(self, provider, authorization, form):
        assert not authorization
        assert form["client_id"] == "the-id"
        secret = form["client_secret"]
        assert jwt.get_unverified_header(secret) == {"alg": "ES256", "kid": "ABC123DEFG", "typ": "JWT"}
        claims = jwt.decode(secret, KEY.public_key(), ["ES256"], audience=provider.issuer)
        assert (claims["iss"], claims["sub"]) == ("A1B2C3D4E5", "the-id")
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        assert abs(claims["iat"] - time.time()) < 60

    # -- the secret

    def test_a_secret_serves_until_shortly_before_its_end(self, peer, outside):
        apple = self.make(peer, outside)
        first = apple.current_secret()
        assert apple.current_secret() == first
        assert 0 < jwt.decode(first, options={"verify_signature": False})["exp"] - apple._renew_at < 600
        apple._renew_at = time.time()
        assert apple.current_secret() != first

    @pytest.mark.parametrize(
        "text", [pem(KEY).replace("\n", "\\n"), f"\n  {pem(KEY)}\n\n", pem(KEY).replace("\n", "\r\n")]
    )
    def test_the_key_may_come_from_an_environment_variable(self, peer, outside, text):
        self.serve(peer, self.full)
        assert self.log_in(peer, self.make(peer, outside, PRIVATE_KEY=text)).uid == SUB

    @pytest.mark.parametrize(
        "text",
        [
            "AuthKey_ABC123DEFG.p8",
            pem(KEY)[:-40],
            "".join(pem(KEY).splitlines()[1:-1]),
            pem(ec.generate_private_key(ec.SECP384R1())),
            pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
            pem(KEY).replace("M", "Ω"),
            " ",
        ],
        ids=["a file name", "cut", "without its dashes", "P-384", "RSA", "not ASCII", "blank"],
    )
    def test_a_wrong_key_is_a_configuration_error_that_keeps_it_secret(self, outside, text):
        with pytest.raises(ConfigurationError) as caught:
            Apple({**OPTIONS, "PRIVATE_KEY": text}, outside)
        assert caught.value.__cause__ is None
        assert not [line for line in text.split() if len(line) > 10 and line in str(caught.value)]

    def test_the_system_checks_tell_of_a_wrong_key_and_of_a_missing_one(self, settings):
        for options, number in (({**OPTIONS, "PRIVATE_KEY": "x"}, "E004"), ({}, "E005")):
            entry = {"CLIENT_ID": "com.example.web", **options}
            settings.SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": {"apple": entry}}
            (found,) = check_providers(None)
            assert found.id == f"socialreg.{number}"
            assert "PRIVATE_KEY" in found.msg
        assert "CLIENT_SECRET" not in found.msg

    # -- the way

    def test_the_answer_comes_as_a_form_and_the_scope_is_parted_by_blanks(self, peer, outside):
        apple = self.make(peer, outside)
        url = apple.authorize(CALLBACK, "login", {}).url
        assert apple.answers_by_post
        assert "response_mode=form_post" in url
        assert "scope=openid%20name%20email" in url

    def test_nothing_is_asked_of_the_metadata_or_of_userinfo_and_nothing_is_warned_of(self, peer, outside, caplog):
        self.serve(peer, self.minimal)
        with caplog.at_level(logging.INFO, "socialreg"):
            self.arrive(peer, self.make(peer, outside))
        assert sorted(peer.asked()) == ["/jwks", "/token"]
        assert not caplog.records

    def test_the_addresses_are_apples_own(self, outside):
        assert {urlsplit(url).netloc for url in Apple({}, outside).endpoints()} == {"appleid.apple.com"}

    def test_a_secret_that_apple_does_not_take_says_which_options_to_compare(self, peer, outside):
        self.serve(peer, self.full)
        apple = self.make(peer, outside)
        pending, _, back = self.begin(apple)
        peer.answers["/token"] = Response.json({"error": "invalid_client"}, 400)
        with pytest.raises(Refused) as caught:
            steps.verify(apple, pending, back)
        assert "TEAM_ID" in caught.value.cause

    def test_cancelling_has_a_code_of_apples_own(self, peer, outside):
        apple = self.make(peer, outside)
        pending, _, back = self.begin(apple)
        with pytest.raises(Denied):
            steps.verify(apple, pending, {"state": back["state"], "error": "user_cancelled_authorize"})

    # -- the person

    @pytest.mark.parametrize(
        "user",
        [
            "",
            "{",
            "[]",
            "null",
            '"Mara"',
            "NaN",
            "{}",
            '{"name": null}',
            '{"name": "Mara"}',
            '{"name": []}',
            '{"name": {"firstName": 1, "lastName": null}}',
            '{"name": {"firstName": {"a": 1}, "lastName": ["b"]}}',
            '{"name": {"firstName": "A"}, "name": {"firstName": "B"}}',
            '{"name": ' + "[" * 1000 + "]" * 1000 + "}",
            '{"name": {"firstName": "' + "x" * 5000 + '"}}',
            '{"name": {"firstName": "\ud800"}, ',
        ],
        ids=lambda user: user[:40].encode("ascii", "replace").decode(),
    )
    def test_a_user_that_is_none_is_passed_over(self, peer, outside, user):
        self.serve(peer, self.full)
        self.callback = {"user": user}
        profile = self.arrive(peer, self.make(peer, outside))
        assert (profile.uid, profile.full_name) == (SUB, "")
        assert profile.email == self.expected.email

    def test_without_a_user_there_is_no_name(self, peer, outside):
        self.serve(peer, self.full)
        self.callback = {}
        assert self.arrive(peer, self.make(peer, outside)).full_name == ""

    def test_a_posted_user_adds_a_name_and_nothing_else(self, peer, outside):
        """The browser posts it: nobody vouches for its address, and nothing in it takes a claim's place."""
        forged = {**USER, "email": "victim@example.com", "email_verified": True, "sub": "another"}
        forged["name"] = {"firstName": "<b>Mara\0", "lastName": "Lind\u202eqvist", "sub": "another"}
        self.callback = {"user": json.dumps(forged)}
        self.serve(peer, put(self.full, "email", ...))
        profile = self.arrive(peer, self.make(peer, outside))
        assert (profile.uid, profile.email) == (SUB, None)
        assert (profile.first_name, profile.last_name) == ("<b>Mara", "Lindqvist")

    @pytest.mark.parametrize(
        ("said", "verified"), [("true", True), (True, True), ("false", False), (False, False), ("True", False)]
    )
    def test_verified_is_a_boolean_or_a_string(self, peer, outside, said, verified):
        self.serve(peer, {**self.full, "email_verified": said})
        assert self.arrive(peer, self.make(peer, outside)).email.verified is verified

    def test_hooks_can_tell_a_relay_address(self, peer, outside):
        self.serve(peer, self.full)
        assert self.arrive(peer, self.make(peer, outside)).raw["is_private_email"] == "true"

    def test_what_comes_the_first_time_alone_is_kept(self, peer, outside):
        self.callback = {}
        apple = self.make(peer, outside)
        self.serve(peer, self.minimal)
        again = steps.fetch_again(apple, self.log_in(peer, apple), self.expected)
        assert replace(again, raw={}) == self.expected
        self.callback = {"user": json.dumps({"name": {"firstName": "Juno", "lastName": "Park"}})}
        self.serve(peer, {**self.full, "email": "juno.park@example.com"})
        again = steps.fetch_again(apple, self.log_in(peer, apple), self.expected)
        assert (again.full_name, again.first_name, again.last_name) == ("Juno Park", "Juno", "Park")
        assert again.email == Email("juno.park@example.com", verified=True)

    def test_stored_credentials_alone_still_say_who_it_is(self, peer, outside):
        self.serve(peer, self.full)
        apple = self.make(peer, outside)
        kept = replace(self.log_in(peer, apple), extra={})
        assert steps.fetch_profile(apple, kept) == Profile(SUB)
