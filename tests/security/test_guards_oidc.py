"""The guards of OpenID Connect: whose claims they are, where they come from, and which of two is believed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError
from socialreg.oidc import OIDCProvider
from socialreg.tokens import Tokens
from socialreg.types import Credentials, Email, Profile
from tests.op import GONE, changed, half_hash, rsa_key
from tests.test_oauth1 import Scripted

ISSUER, CALLBACK = "https://op.example", "https://site.example/cb/"
APP = {
    "CLIENT_ID": "an-id",
    "CLIENT_SECRET": "a-s3cret",
    "AUTHORIZE_URL": f"{ISSUER}/authorize",
    "TOKEN_URL": f"{ISSUER}/token",
    "JWKS_URL": f"{ISSUER}/jwks",
    "USERINFO_URL": f"{ISSUER}/userinfo",
}


class Example(OIDCProvider):
    slug = "example"
    label = "Example"
    issuer = ISSUER


class Silent(Example):
    """One that leaves the nonce out."""

    nonce_in_id_token = False


def said(value: object, status: int = 200) -> Answer:
    return Answer(status, "GET op.example/x", {}, json.dumps(value).encode())


KEYS = said({"keys": [rsa_key().jwk()]})


def provider(*answers: Answer, kind: type[Example] = Example, **options: object) -> Example:
    return kind({**APP, **options}, Scripted(*answers))


def asked(example: Example) -> list[tuple[str, str]]:
    return [(url, headers.get("Authorization", "")) for _, url, headers, _ in example.transport.sent]  # type: ignore[attr-defined]


def signed(**claims: object) -> str:
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": "7", "aud": "an-id", "exp": now + 60, "iat": now, "nonce": "n0nce"}
    return rsa_key().sign(changed(usual, claims))


def tokens(id_token: object = GONE, access_token: str = "t0ken") -> Tokens:
    return Tokens(access_token, "", None, "", changed({}, {"id_token": id_token}))


def having(claims: Mapping[str, object]) -> Credentials:
    return Credentials("7", "ann", token="t0ken", extra={"claims": claims})


class TestSettings:
    def test_without_openid_there_is_no_id_token(self):
        with pytest.raises(ConfigurationError) as raised:
            provider(SCOPE=["profile"])
        assert raised.value.code == "option-value"
        assert "Example" in str(raised.value)

    def test_an_algorithm_that_anybody_can_sign_with_is_told_at_once(self):
        with pytest.raises(ConfigurationError) as raised:
            provider(ID_TOKEN_ALGORITHMS=["HS256"])
        assert raised.value.code == "id-token-algorithms"

    def test_pictures_without_https_are_the_issuers_own(self):
        class Local(Example):
            issuer = "http://127.0.0.1:1"

        local = provider(kind=Local)
        assert local.profile_of({"sub": "7", "picture": "http://127.0.0.1:1/a"}).picture == "http://127.0.0.1:1/a"
        assert local.profile_of({"sub": "7", "picture": "http://127.0.0.1:2/a"}).picture == ""


class TestStart:
    def test_a_nonce_waits_and_is_sent_and_nobody_guesses_it(self):
        example = provider()
        one, two = (example.authorize(CALLBACK, "login", {}) for _ in range(2))
        sent = dict(parse_qsl(urlsplit(one.url).query))
        assert sent["nonce"] == one.pending["nonce"] != two.pending["nonce"]
        assert len(one.pending["nonce"]) == 43
        assert {"state", "verifier", "redirect_uri", "nonce"} == set(one.pending)

    @pytest.mark.parametrize(
        ("scope", "options", "expected"),
        [
            (["openid", "email"], {}, "openid email"),
            (["openid", "email", "offline_access"], {"granted": "email"}, "openid offline_access email"),
            (["openid", "email"], {"granted": "email", "scope": "more"}, "openid email more"),
            (["openid", "email"], {"granted": "email openid"}, "openid email"),
            (["email", "openid"], {}, "email openid"),
        ],
    )
    def test_what_opens_nothing_is_asked_for_again_whatever_was_granted(self, scope, options, expected):
        assert " ".join(provider(SCOPE=scope).asked_scope(options)) == expected


class TestIdToken:
    def test_it_says_who_it_is_and_the_nonce_is_nothing_of_theirs(self):
        example = provider(KEYS)
        found = example.credentials_from(tokens(signed(name="Ann Ash")), {"nonce": "n0nce"}, {})
        assert (found.uid, found.issuer, found.token) == ("7", ISSUER, "t0ken")
        assert found.extra["claims"]["name"] == "Ann Ash"
        assert "nonce" not in found.extra["claims"]
        assert asked(example) == [(f"{ISSUER}/jwks", "")]

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": GONE},
            {"iss": f"{ISSUER}/"},
            {"aud": "another"},
            {"at_hash": half_hash("another")},
        ],
        ids=["nonce", "no nonce", "iss", "aud", "at_hash"],
    )
    def test_anything_wrong_about_it_ends_the_login(self, claims):
        with pytest.raises(BadAnswer) as raised:
            provider(KEYS).credentials_from(tokens(signed(**claims)), {"nonce": "n0nce"}, {})
        assert raised.value.code == "id-token"

    def test_an_algorithm_that_is_not_listed_is_none(self):
        with pytest.raises(BadAnswer):
            provider(KEYS, ID_TOKEN_ALGORITHMS=["ES256"]).claims_from(tokens(signed()), "n0nce")

    def test_a_class_may_do_without_a_nonce_and_one_that_comes_is_compared(self):
        assert provider(KEYS, kind=Silent).claims_from(tokens(signed(nonce=GONE)), "n0nce")["sub"] == "7"
        with pytest.raises(BadAnswer):
            provider(KEYS, kind=Silent).claims_from(tokens(signed(nonce="another")), "n0nce")

    @pytest.mark.parametrize("sub", [7, True, None, ["7"]], ids=repr)
    def test_a_subject_is_a_text(self, sub):
        assert provider().uid_from({"sub": sub}) is None

    def test_one_that_came_with_the_access_token_says_so(self):
        assert provider(KEYS).claims_from(tokens(signed(at_hash=half_hash("t0ken"))), "n0nce")


class TestRefresh:
    def test_a_new_one_may_be_left_out(self):
        example = provider()
        example.check_refreshed(Credentials("7"), tokens())
        assert asked(example) == []

    @pytest.mark.parametrize("issuer", ["", ISSUER])
    def test_one_of_the_same_person_is_fine_and_needs_no_nonce(self, issuer):
        provider(KEYS).check_refreshed(Credentials("7", issuer=issuer), tokens(signed(nonce=GONE)))

    @pytest.mark.parametrize(
        "before", [Credentials("8"), Credentials("7", issuer="https://other.example")], ids=["sub", "iss"]
    )
    def test_one_of_somebody_else_is_refused(self, before):
        with pytest.raises(BadAnswer) as raised:
            provider(KEYS).check_refreshed(before, tokens(signed()))
        assert raised.value.code == "other-person"

    def test_one_that_is_not_right_is_refused(self):
        with pytest.raises(BadAnswer) as raised:
            provider(KEYS).check_refreshed(Credentials("7"), tokens(signed(aud="another")))
        assert raised.value.code == "id-token"


WHOLE = {"sub": "7", "name": "Ann Ash", "email": "ann@example.com", "email_verified": True}


class TestUserInfo:
    @pytest.mark.parametrize(
        ("scope", "claim", "value"),
        [
            *(
                ("profile", name, "Ann")
                for name in ("name", "given_name", "family_name", "preferred_username", "nickname")
            ),
            ("email", "email", "ann@example.com"),
            ("phone", "phone_number", "+46"),
            ("address", "address", {"locality": "Visby"}),
        ],
    )
    def test_it_is_asked_for_what_a_scope_asks_for_and_the_token_lacks(self, scope, claim, value):
        for lacking, claims in ((True, {"sub": "7", claim: ""}), (False, {"sub": "7", claim: value})):
            example = provider(said({"sub": "7"}), SCOPE=["openid", scope])
            example.fetch_profile(having(claims))
            assert bool(asked(example)) is lacking

    def test_the_token_goes_along_in_the_header(self):
        example = provider(said(WHOLE))
        assert example.fetch_profile(having({"sub": "7"})).full_name == "Ann Ash"
        assert asked(example) == [(f"{ISSUER}/userinfo", "Bearer t0ken")]

    def test_fetching_again_asks_again(self):
        example = provider(said(WHOLE))
        assert example.fetch_again(having({"sub": "7"}), Profile("7")).full_name == "Ann Ash"

    @pytest.mark.parametrize("options", [{"SCOPE": ["openid"]}, {"USERINFO_URL": ""}])
    def test_it_is_not_asked_where_nothing_is_wanted_or_nobody_is_there(self, options):
        example = provider(**options)
        assert not example.may_ask_userinfo
        assert example.fetch_profile(having({"sub": "7"})).uid == "7"
        assert asked(example) == []

    @pytest.mark.parametrize("told", [{"sub": "8"}, {}, {"sub": None}, {"sub": 7}], ids=repr)
    def test_what_it_tells_of_somebody_else_ends_the_login(self, told):
        with pytest.raises(BadAnswer) as raised:
            provider(said({"name": "Eve", **told})).fetch_profile(having({"sub": "7"}))
        assert raised.value.code == "other-person"

    @pytest.mark.parametrize("answer", [said({}, 500), said({"sub": "7", "error": "no"}), said([])], ids=str)
    def test_no_login_depends_on_it_and_the_log_says_so(self, answer, caplog):
        caplog.set_level(logging.WARNING, "socialreg.oidc")
        assert provider(answer).fetch_profile(having({"sub": "7", "name": "Ann"})).full_name == "Ann"
        assert "the login goes on with the ID token alone" in caplog.text

    def test_without_claims_it_tells_what_it_tells_and_else_the_credentials_do(self):
        stored = Credentials("7", "ann", token="t0ken")
        assert provider(said(WHOLE)).fetch_profile(stored).full_name == "Ann Ash"
        assert provider(said({}, 500)).fetch_profile(stored) == Profile("7", "ann")
        assert provider().profile_from(stored) == Profile("7", "ann")
        assert provider().profile_from(having(WHOLE)).full_name == "Ann Ash"
        assert provider().profile_from(Credentials("7", "ann", extra={"claims": ["sub"]})) == Profile("7", "ann")

    def test_it_is_asked_whether_a_token_lives(self):
        example = provider(said(WHOLE))
        example.check_alive(Credentials("7", token="t0ken"))
        assert asked(example) == [(f"{ISSUER}/userinfo", "Bearer t0ken")]


A, B = "a@example.com", "b@example.com"


@pytest.mark.parametrize(
    ("claims", "told", "expected"),
    [
        ({"email": A}, {"email": B, "email_verified": True}, Email(A, verified=False)),
        ({"email": A, "email_verified": True}, {"email": B, "email_verified": False}, Email(A, verified=True)),
        ({"email_verified": True}, {"email": B}, Email(B, verified=False)),
        ({"email_verified": True}, {"email": B, "email_verified": False}, Email(B, verified=False)),
        ({"email": None, "email_verified": False}, {"email": B, "email_verified": True}, Email(B, verified=True)),
        ({"email": A}, {"email": A, "email_verified": True}, Email(A, verified=True)),
        ({"email": A, "email_verified": False}, {"email": A, "email_verified": True}, Email(A, verified=False)),
    ],
)
def test_whether_an_address_is_verified_is_the_word_of_whom_it_is_from(claims, told, expected):
    found = provider(said({"sub": "7", **told})).fetch_profile(having({"sub": "7", **claims}))
    assert found.email == expected


def test_the_flag_is_where_the_map_says_it_is():
    example = provider(said({"sub": "7", "email": B, "sure": True}), PROFILE_MAP={"email_verified": "sure"})
    assert example.fetch_profile(having({"sub": "7", "sure": False})).email == Email(B, verified=True)


def test_what_is_signed_is_believed_before_what_is_told_unless_it_is_nothing():
    example = provider(said({"sub": "7", "name": "Told", "locale": "sv"}))
    profile = example.fetch_profile(having({"sub": "7", "name": "Signed", "locale": None}))
    assert (profile.full_name, profile.locale) == ("Signed", "sv")


class TestServing:
    def test_a_token_goes_to_the_providers_own_addresses_and_where_the_issuer_says(self):
        document = said(
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/jwks",
                "userinfo_endpoint": "https://info.example/userinfo",
            }
        )
        example = Example({"CLIENT_ID": "an-id", "CLIENT_SECRET": "a-s3cret"}, Scripted(document))
        assert example.may_ask_userinfo
        assert example.serves("https://info.example/other")
        assert example.serves(f"{ISSUER}/other")
        assert not example.serves("https://evil.example/userinfo")

    def test_without_metadata_nobody_is_asked(self):
        example = provider(USERINFO_URL="")
        assert not example.serves("https://evil.example/userinfo")
        assert asked(example) == []
