"""The stand-in over OAuth 2.0 and OpenID Connect: it answers by class data, and refuses what a careful provider does.

The client here is requests and PyJWT, so that nothing of ours is on both sides.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

import jwt
import pytest
import requests

from socialreg.exceptions import ConfigurationError
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.testing import FAULTS, OAUTH2_FAULTS, PEOPLE, Posted, StandIn
from socialreg.testing.oauth2.inversion import answer, change, put, remove

CALLBACK = "https://site.example/accounts/cb/?keep=1"
MARA = PEOPLE[0]
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Hub(OAuth2Provider):
    """An ordinary one: Basic authentication, PKCE, a second call for addresses, ``iss`` in callbacks."""

    slug = "hub"
    label = "Hub"
    issuer = "https://hub.example"
    pictures_host: str = "https://pictures.example"
    api_host: str = "https://api.hub.example"
    authorize_url = "https://hub.example/authorize"
    token_url = "https://hub.example/token"
    profile_url = "{api_host}/user"
    emails_url = "{api_host}/user/emails"
    emails_map = {"items": "page.values", "address": "email", "primary": "is_primary", "verified": "is_confirmed"}
    authorization_server = "https://hub.example/login"
    scope = ("user", "mail")
    scope_separator = ","
    profile_params = {"fields": "all"}
    api_headers = {"Client-Id": "any"}
    profile_map = {
        "uid": "data.id",
        "username": "data.login",
        "full_name": "data.name",
        "email": "data.contact[0].value",
        "email_verified": "data.contact[0].sure",
        "picture": "data.images[1].url",
        "avatar": "data.avatar",
    }


class Plain(OAuth2Provider):
    """One without PKCE, whose clients post their secret, and with a word of its own for cancel."""

    slug = "plain"
    label = "Plain"
    issuer = "https://plain.example"
    authorize_url = token_url = profile_url = "https://plain.example/"
    token_endpoint_auth_method = "client_secret_post"
    pkce = False
    profile_map = {"uid": "uuid", "username": "name"}
    denied_errors = frozenset({"access_denied", "user_cancelled"})


class Public(Hub):
    """One for clients that have no secret."""

    slug = "public"
    token_endpoint_auth_method = "none"


class Corp(OIDCProvider):
    """An ordinary OpenID provider."""

    slug = "corp"
    label = "Corp"
    issuer = "https://corp.example"
    profile_map = {**OIDCProvider.profile_map, "team": "https://corp.example/team.id"}


class Promising(Corp):
    """One that promises ``iss``, signs by ES256, leaves the nonce out and writes booleans as texts."""

    slug = "promising"
    authorization_server = "https://corp.example"
    id_token_algorithms = ("ES256",)
    nonce_in_id_token = False
    true_strings = ("true",)


class Orchard(OIDCProvider):
    """One that answers by form_post, and whose client secrets are signed."""

    slug = "orchard"
    label = "Orchard"
    issuer = "https://orchard.example"
    authorize_url = "{issuer}/auth/authorize"
    token_url = "{issuer}/auth/token"
    jwks_url = "{issuer}/auth/keys"
    scope = ("openid", "name", "email")
    response_mode = "form_post"
    token_endpoint_auth_method = "client_secret_post"
    required_options = ("CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY")
    team_id: str = ""
    key_id: str = ""
    private_key: str = ""


class Tenants(OIDCProvider):
    """One whose tenants are issuers of their own."""

    slug = "tenants"
    label = "Tenants"
    issuer = "https://tenants.example/{tenant}/v2.0"
    tenant: str = "common"


class Fedi(OAuth2Provider):
    """One of which there are many servers."""

    slug = "fedi"
    label = "Fedi"
    issuer = "https://fedi.example"
    required_options = ()
    server_example = "fedi.example"
    server_address: str = "https://{server}"
    scope = ("read:accounts",)
    profile_map = {"uid": "id", "username": "username", "full_name": "display_name", "profile_url": "url"}


PLAYED = (Hub, Plain, Public, Corp, Promising, Orchard, Tenants)


@dataclass
class App:
    """An application at one of the providers, by what :meth:`StandIn.play` says of it."""

    standin: StandIn
    provider: type[OAuth2Provider]
    options: dict[str, object]
    session: requests.Session = field(default_factory=requests.Session)
    #: An access token, had before a fault stands in the way.
    ready: str = ""

    @property
    def slug(self) -> str:
        return self.provider.slug

    @property
    def base(self) -> str:
        return f"{self.standin.url}/{self.slug}"

    def asks(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of an authorize address; ``None`` leaves one out."""
        params = {
            "response_type": "code",
            "client_id": str(self.options["CLIENT_ID"]),
            "redirect_uri": CALLBACK,
            "scope": self.provider.scope_separator.join(self.provider.scope),
            "state": "s t&te",
            **({"code_challenge": CHALLENGE, "code_challenge_method": "S256"} if self.provider.pkce else {}),
            **({"nonce": "n0nce"} if issubclass(self.provider, OIDCProvider) else {}),
            **({"response_mode": self.provider.response_mode} if self.provider.response_mode else {}),
            **changes,
        }
        return {name: value for name, value in params.items() if value is not None}

    def address(self, **changes: str | None) -> str:
        return f"{self.base}/authorize?{urlencode(self.asks(**changes))}"

    def back(self, who: str | None = "maralind", **changes: str | None) -> dict[str, str]:
        """Consent, or cancel for ``None``; return what comes back."""
        address = self.address(**changes)
        came = self.standin.deny(address) if who is None else self.standin.approve(address, who)
        return dict(came.fields) if isinstance(came, Posted) else dict(parse_qsl(urlsplit(came).query))

    def credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headers and the fields by which the application says who it is."""
        client_id, secret = str(self.options["CLIENT_ID"]), str(self.options.get("CLIENT_SECRET", ""))
        method = self.provider.token_endpoint_auth_method or "client_secret_basic"
        if "PRIVATE_KEY" in self.options:
            secret = signed_secret(self)
        if method == "client_secret_basic":
            return basic(quote_plus(client_id), quote_plus(secret)), {}
        return {}, {"client_id": client_id} | ({"client_secret": secret} if method == "client_secret_post" else {})

    def post(self, headers: dict[str, str], body: dict[str, str | None]) -> requests.Response:
        sent = {name: value for name, value in body.items() if value is not None}
        return self.session.post(f"{self.base}/token", data=sent, headers=headers, timeout=10, allow_redirects=False)

    def exchange(self, code: str | None = None, **changes: str | None) -> requests.Response:
        headers, fields = self.credentials()
        verifier = {"code_verifier": VERIFIER} if self.provider.pkce else {}
        code = self.back()["code"] if code is None else code
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **verifier}
        return self.post(headers, {**asked, **fields, **changes})

    def refresh(self, token: str) -> requests.Response:
        headers, fields = self.credentials()
        return self.post(headers, {"grant_type": "refresh_token", "refresh_token": token, **fields})

    def token(self, **changes: str | None) -> str:
        return self.exchange(self.back(**changes)["code"]).json()["access_token"]

    def get(self, path: str, token: str = "", **headers: str) -> requests.Response:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.base}/{path}"
        return self.session.get(
            url, headers={"Client-Id": "any", **bearer, **headers}, timeout=10, allow_redirects=False
        )

    def profile(self, token: str) -> requests.Response:
        return self.get("userinfo" if issubclass(self.provider, OIDCProvider) else "profile?fields=all", token)

    def claims(self, token: str) -> dict:
        """Return an ID token's claims, its signature and its times verified."""
        keys = jwt.PyJWKSet.from_dict(self.get("jwks").json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, ["RS256", "ES256"], audience=str(self.options["CLIENT_ID"]))


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


def signed_secret(app: App, key: str | None = None, **changes: object) -> str:
    now = int(time.time())
    options = app.options
    claims = {"iss": options["TEAM_ID"], "iat": now, "exp": now + 600, "aud": app.base, "sub": options["CLIENT_ID"]}
    kid = changes.pop("kid", options["KEY_ID"])
    return jwt.encode({**claims, **changes}, key or str(options["PRIVATE_KEY"]), "ES256", {"kid": kid})


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


@pytest.fixture(scope="module")
def _standin() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def standin(_standin: StandIn) -> Iterator[StandIn]:
    _standin.reset()
    yield _standin
    _standin.reset()


@pytest.fixture
def played(standin: StandIn) -> Iterator[Callable[[type[OAuth2Provider]], App]]:
    """Play a provider, as new; return an application there."""
    apps: list[App] = []

    def play(provider: type[OAuth2Provider], claims_in="id_token", **options: object) -> App:
        apps.append(App(standin, provider, standin.play(provider.slug, provider, options, claims_in)))
        apps[-1].session.trust_env = False
        return apps[-1]

    yield play
    for app in apps:
        app.session.close()


@pytest.fixture
def hub(played) -> App:
    return played(Hub)


@pytest.fixture
def corp(played) -> App:
    return played(Corp)


@pytest.fixture
def orchard(played) -> App:
    return played(Orchard)


# The whole way


@pytest.mark.parametrize("provider", PLAYED)
def test_every_kind_of_provider_lets_somebody_in_and_the_same_person_comes_out(played, provider):
    app = played(provider)
    came = app.back()
    assert came["state"] == "s t&te"
    answered = app.exchange(came["code"])
    assert answered.status_code == 200, answered.text
    assert answered.headers["Cache-Control"] == "no-store"
    tokens = answered.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == provider.scope_separator.join(provider.scope)
    if issubclass(provider, OIDCProvider):
        assert app.claims(tokens["id_token"])["sub"] == app.profile(tokens["access_token"]).json()["sub"] == MARA.id
    else:
        assert app.profile(tokens["access_token"]).status_code == 200


def test_the_options_hold_all_that_a_site_needs_and_point_every_address_here(hub, corp, orchard):
    base = hub.base
    assert hub.options == {
        "CLIENT_ID": "hub-sandbox",
        "CLIENT_SECRET": hub.options["CLIENT_SECRET"],
        "AUTHORIZE_URL": f"{base}/authorize",
        "TOKEN_URL": f"{base}/token",
        "PROFILE_URL": f"{base}/profile",
        "EMAILS_URL": f"{base}/emails",
        "PICTURES_HOST": base,
        "AUTHORIZATION_SERVER": base,
    }
    assert corp.options.keys() == {"CLIENT_ID", "CLIENT_SECRET", "ISSUER"}
    assert corp.options["ISSUER"] == corp.base
    assert orchard.options.keys() == {
        "CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY", "ISSUER", "AUTHORIZE_URL", "TOKEN_URL", "JWKS_URL",
    }  # fmt: skip


def test_what_the_entry_says_wins_over_the_class_but_never_over_an_address(played):
    app = played(Hub, CLIENT_ID="mine", LABEL="Mine", TOKEN_URL="https://elsewhere.example/", SCOPE=("user",))
    assert (app.options["CLIENT_ID"], app.options["LABEL"]) == ("mine", "Mine")
    assert app.options["TOKEN_URL"] == f"{app.base}/token"
    assert app.back()["code"]


def test_a_generic_provider_is_played_by_its_entry_alone(standin):
    class Generic(OAuth2Provider):
        label = issuer = ""
        required_options = ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "LABEL", "AUTHORIZE_URL", "PROFILE_MAP")
        profile_map = {}

    options = standin.play("my-own", Generic)
    assert (options["LABEL"], options["ISSUER"]) == ("My Own", f"{standin.url}/my-own")
    assert options["PROFILE_MAP"]["uid"] == "id"
    assert options["PROFILE_URL"] == f"{standin.url}/my-own/profile"
    assert standin.play("my-own", Generic, {"CLIENT_ID": "", "CLIENT_SECRET": None})["CLIENT_ID"] == "my-own-sandbox"
    assert standin.play("my-own", Generic, {"PROFILE_MAP": {"uid": "key"}})["PROFILE_MAP"] == {"uid": "key"}


@pytest.mark.parametrize("slug", ["oauth", "2", "a/b", "", "ü"])
def test_a_slug_without_room_is_refused(standin, slug):
    with pytest.raises(ConfigurationError, match="cannot play"):
        standin.play(slug, Hub)


def test_playing_again_begins_anew_and_reset_keeps_what_is_played(hub, played):
    token = hub.token()
    hub.standin.reset()
    assert hub.profile(token).status_code == 200
    assert hub.profile(played(Hub) and token).status_code == 401


# What the authorize address refuses


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "/accounts/cb/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": CALLBACK + "#part"},
    ],
)
def test_without_a_client_and_a_callback_to_trust_nobody_is_sent_anywhere(hub, changes):
    answered = hub.session.get(hub.address(**changes), timeout=10, allow_redirects=False)
    assert (answered.status_code, "Location" in answered.headers) == (400, False)
    with pytest.raises(ConfigurationError, match="answered 400"):
        hub.standin.approve(hub.address(**changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"prompt": "none"}, "interaction_required"),
    ],
)
def test_what_is_wrong_with_a_request_is_told_to_the_application_with_state_and_iss(hub, changes, code):
    came = hub.back(**changes)
    assert (came["error"], came["state"], came["iss"], came["keep"]) == (code, "s t&te", hub.base, "1")
    assert "code" not in came


def test_a_parameter_that_comes_twice_is_refused(hub):
    answered = hub.session.get(hub.address() + "&scope=more", timeout=10, allow_redirects=False)
    assert answered.status_code == 400


def test_where_the_class_sends_no_challenge_none_is_taken(played):
    came = played(Plain).back(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert came["error"] == "invalid_request"


def test_openid_must_be_in_the_scope_of_an_openid_provider(corp):
    assert corp.back(scope="profile")["error"] == "invalid_scope"


def test_form_post_must_be_asked_for_where_it_is_the_way(orchard):
    assert orchard.back(response_mode=None)["error"] == "invalid_request"


def test_consent_is_checked_a_second_time(hub):
    """The question comes back from the browser, where anybody can have changed it."""
    query = urlencode(hub.asks(client_id="another"))
    answered = hub.session.post(f"{hub.base}/consent", data={"query": query, "do": "authorize"}, timeout=10)
    assert answered.status_code == 400


def test_nobody_of_an_unknown_name_is_let_through(hub):
    with pytest.raises(ConfigurationError, match="answered 400"):
        hub.standin.approve(hub.address(), "nobody")


def test_cancel_comes_back_in_the_provider_s_own_word(hub, played):
    assert hub.back(None) == {"keep": "1", "error": "access_denied", "state": "s t&te", "iss": hub.base}
    assert played(Plain).back(None) == {"keep": "1", "error": "user_cancelled", "state": "s t&te"}


def test_the_consent_page_says_who_asks_for_what_and_offers_everybody(hub):
    answered = hub.session.get(hub.address(login_hint="junofox"), timeout=10)
    assert all(f'value="{person.screen_name}"' in answered.text for person in PEOPLE)
    assert 'value="junofox" required checked' in answered.text
    assert "Stand-in for Hub" in answered.text
    assert "hub-sandbox" in answered.text
    assert "Use mail" in answered.text
    assert "form-action 'self' https://site.example;" in answered.headers["Content-Security-Policy"]


# What the token endpoint refuses


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "unknown"},
        {"redirect_uri": CALLBACK + "&more=1"},
        {"redirect_uri": None},
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
    ],
)
def test_a_code_is_good_for_its_own_callback_and_verifier_alone(hub, changes):
    assert error(hub.exchange(**changes)) == (400, "invalid_grant")


def test_a_verifier_without_a_challenge_is_refused(played):
    assert error(played(Plain).exchange(code_verifier=VERIFIER)) == (400, "invalid_grant")


def test_a_refused_exchange_spends_nothing(hub):
    code = hub.back()["code"]
    assert hub.exchange(code, code_verifier="w" * 43).status_code == 400
    assert hub.exchange(code).status_code == 200


def test_a_code_is_spent_once_and_whoever_brings_it_again_ends_its_tokens(hub):
    code = hub.back()["code"]
    tokens = hub.exchange(code).json()
    assert hub.profile(tokens["access_token"]).status_code == 200
    assert error(hub.exchange(code)) == (400, "invalid_grant")
    assert hub.profile(tokens["access_token"]).status_code == 401
    assert error(hub.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_a_code_expires_after_ten_minutes_and_a_token_after_an_hour(hub):
    code = hub.back()["code"]
    hub.standin.fault("clock-skew", path="/hub/token", seconds=601)
    assert error(hub.exchange(code)) == (400, "invalid_grant")
    hub.standin.clear()
    token = hub.token()
    hub.standin.fault("clock-skew", path="/hub/profile", seconds=3601)
    assert error(hub.profile(token)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "changes", [{"grant_type": "password"}, {"grant_type": None}, {"grant_type": "client_credentials"}]
)
def test_other_grants_are_refused(hub, changes):
    assert error(hub.exchange(**changes)) == (400, "unsupported_grant_type")


def test_a_token_request_is_a_form(hub):
    answered = hub.session.post(f"{hub.base}/token", json={"grant_type": "refresh_token"}, timeout=10)
    assert error(answered) == (400, "invalid_request")
    assert hub.get("token").status_code == 404


def test_basic_authentication_is_form_encoded_and_nothing_else_will_do(hub):
    code, (_, secret) = hub.back()["code"], (hub.options["CLIENT_ID"], str(hub.options["CLIENT_SECRET"]))
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    posted = {"client_id": "hub-sandbox", "client_secret": secret}
    wrong = [
        hub.post(basic("hub-sandbox", secret), asked),  # not encoded, as most clients send it
        hub.post(basic("hub-sandbox", quote_plus("guessed")), asked),
        hub.post(basic("another", quote_plus(secret)), asked),
        hub.post(basic("hub-sandbox", quote_plus(secret)), {**asked, "client_id": "another"}),
        hub.post({"Authorization": "Basic ?"}, asked),
        hub.post({"Authorization": "Bearer abc"}, asked),
        hub.post({}, {**asked, **posted}),
        hub.post(basic("hub-sandbox", quote_plus(secret)), {**asked, **posted}),
    ]
    assert {error(each) for each in wrong} == {(401, "invalid_client")}
    assert all("Basic" in each.headers["WWW-Authenticate"] for each in wrong)
    assert hub.exchange(code).status_code == 200


def test_a_posted_secret_is_no_basic_authentication(played):
    app = played(Plain)
    secret = str(app.options["CLIENT_SECRET"])
    body = {"grant_type": "authorization_code", "code": app.back()["code"], "redirect_uri": CALLBACK}
    client = {"client_id": "plain-sandbox", "client_secret": secret}
    assert error(app.post(basic("plain-sandbox", quote_plus(secret)), body)) == (401, "invalid_client")
    assert error(app.post({}, {**body, "client_id": "plain-sandbox"})) == (401, "invalid_client")
    assert error(app.post({}, {**body, **client, "client_secret": "guessed"})) == (401, "invalid_client")
    assert app.post({}, {**body, **client}).status_code == 200


def test_a_public_client_sends_no_secret(played):
    app = played(Public)
    assert error(app.exchange(client_secret="any")) == (401, "invalid_client")
    assert error(app.exchange(client_id="another")) == (401, "invalid_client")
    body = {"grant_type": "authorization_code", "code": app.back()["code"], "redirect_uri": CALLBACK}
    assert error(app.post(basic("public-sandbox", ""), body)) == (401, "invalid_client")
    assert app.exchange().status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"sub": "another"},
        {"aud": "https://elsewhere.example"},
        {"kid": "another"},
        {"exp": 1},
        {"iat": int(time.time()) + 600},
        {"exp": int(time.time()) + 200 * 24 * 3600},
    ],
)
def test_a_signed_client_secret_names_key_team_client_and_audience_and_ends(orchard, changes):
    code = orchard.back()["code"]
    assert error(orchard.exchange(code, client_secret=signed_secret(orchard, **changes))) == (401, "invalid_client")
    assert orchard.exchange(code).status_code == 200


def test_a_client_secret_signed_by_another_key_is_refused(orchard, played):
    other = str(played(Orchard).options["PRIVATE_KEY"])
    secret = signed_secret(orchard, key=str(orchard.options["PRIVATE_KEY"]))
    assert other != orchard.options["PRIVATE_KEY"]
    assert error(orchard.exchange(client_secret=secret)) == (401, "invalid_client")
    assert error(orchard.exchange(client_secret="no JWT")) == (401, "invalid_client")


def test_the_class_s_own_issuer_is_an_audience_too(orchard):
    assert orchard.exchange(client_secret=signed_secret(orchard, aud="https://orchard.example")).status_code == 200


def test_a_refresh_token_is_good_once_and_ends_the_access_token_before_it(hub):
    first = hub.exchange().json()
    second = hub.refresh(first["refresh_token"]).json()
    assert second["access_token"] != first["access_token"]
    assert hub.profile(second["access_token"]).status_code == 200
    assert hub.profile(first["access_token"]).status_code == 401
    assert error(hub.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert hub.refresh(second["refresh_token"]).status_code == 200


@pytest.mark.parametrize("screen_name", ["vstahl", "nadiabloom"])
def test_who_is_suspended_or_locked_gets_no_token(hub, screen_name):
    assert error(hub.exchange(hub.back(screen_name)["code"])) == (400, "invalid_grant")


# Profiles


def test_a_profile_has_everything_where_the_map_looks_for_it(hub):
    told = hub.profile(hub.token()).json()["data"]
    assert told.pop("avatar").isalnum()
    assert told == {
        "id": MARA.id,
        "login": "maralind",
        "name": "Mara Lindqvist",
        "contact": [{"value": MARA.email, "sure": True}],
        "images": [None, {"url": f"{hub.standin.url}/avatars/maralind_normal.svg"}],
    }


def test_addresses_are_a_verified_primary_one_after_one_that_is_neither(hub):
    rows = hub.get("emails", hub.token()).json()["page"]["values"]
    assert rows == [
        {"email": "maralind@users.example.org", "is_primary": False, "is_confirmed": False},
        {"email": MARA.email, "is_primary": True, "is_confirmed": True},
    ]
    assert hub.get("emails", hub.exchange(hub.back("tomas_ok")["code"]).json()["access_token"]).json() == {
        "page": {"values": []}
    }


def test_a_list_of_addresses_may_be_the_whole_answer(played):
    app = played(Hub, EMAILS_MAP={"items": "", "address": "email", "primary": "primary", "verified": "verified"})
    assert [row["verified"] for row in app.get("emails", app.token()).json()] == [False, True]


@pytest.mark.parametrize("header", ["", "Bearer unknown", "Basic abc", "bearer"])
def test_a_profile_wants_a_bearer_token_in_the_header(hub, header):
    answered = hub.get(f"profile?fields=all&access_token={hub.token()}", Authorization=header)
    assert error(answered) == (401, "invalid_token")
    assert answered.headers["WWW-Authenticate"].startswith("Bearer")
    answered = hub.get("profile?fields=all", Authorization=f"Basic {hub.token()}")
    assert error(answered) == (401, "invalid_token")


def test_a_profile_call_needs_the_query_and_the_headers_that_the_class_names(hub):
    token = hub.token()
    assert error(hub.get("profile", token)) == (400, "invalid_request")
    url, bearer = f"{hub.base}/profile?fields=all", {"Authorization": f"Bearer {token}"}
    assert error(hub.session.get(url, headers=bearer, timeout=10)) == (400, "invalid_request")


def test_an_appsecret_proof_is_checked_if_it_comes(hub):
    token = hub.token()
    proof = hashlib.sha256(b"other").hexdigest()
    assert error(hub.get(f"profile?fields=all&appsecret_proof={proof}", token)) == (400, "invalid_request")


def test_a_uuid_is_one_and_stays(played):
    app = played(Plain)
    first, second = (app.profile(app.token()).json()["uuid"] for _ in range(2))
    assert first == second
    assert re.fullmatch(r"\{[0-9a-f-]{36}\}", first)


def test_a_person_may_change_while_the_token_lives(hub):
    token = hub.token()
    del hub.standin.people["maralind"]
    assert hub.profile(token).status_code == 401


def test_a_picture_is_there_wherever_the_class_puts_its_address_together(hub):
    answered = hub.session.get(f"{hub.options['PICTURES_HOST']}/avatars/{MARA.id}/abc.png", timeout=10)
    assert (answered.status_code, answered.headers["Content-Type"]) == (200, "image/svg+xml")
    assert hub.session.get(f"{hub.base}/avatars/1/abc.png", timeout=10).status_code == 404


@pytest.mark.parametrize("provider", [Hub, Corp])
def test_other_things_can_be_told_of_everybody_until_the_next_reset(played, provider):
    app = played(provider)
    app.standin.tell(provider.slug, {"uid": True, "email": ..., "full_name": None})
    tokens = app.exchange().json()
    told = app.profile(tokens["access_token"]).json()
    told = told if provider is Corp else {**told["data"], "sub": told["data"]["id"], **told["data"]["contact"][0]}
    assert (told["sub"], told["name"], told.get("email"), told.get("value")) == (True, None, None, None)
    if provider is Corp:
        assert unverified_claims(tokens["id_token"])["sub"] is True
    app.standin.reset()
    assert MARA.email in app.profile(tokens["access_token"]).text


def test_a_map_is_read_backwards():
    paths = {"uid": "a.b[1].c", "name": "a.d", "twin": "a.d", "odd": "https://x.example/a.b", "more": "a.d.deeper"}
    tree = answer(paths, {"uid": "7", "name": "N", "odd": True})
    assert tree == {"a": {"b": [None, {"c": "7"}], "d": "N"}, "https://x.example/a.b": True}
    change(tree, "a.b[1].c", 8)
    change(tree, "a.b[0]", 1)
    change(tree, "a.missing", 1)
    change(tree, "a.b[9]", 1)
    remove(tree, "https://x.example/a.b")
    remove(tree, "a.d")
    remove(tree, "a.b[0]")
    remove(tree, "no.such[3].place")
    put(tree, "a.e", None)
    assert tree == {"a": {"b": [None, {"c": 8}], "e": None}}


# OpenID Connect


def test_discovery_names_what_there_is(corp, played):
    document = corp.get(".well-known/openid-configuration").json()
    assert document["issuer"] == corp.base
    assert document["authorization_endpoint"] == f"{corp.base}/authorize"
    assert document["token_endpoint"] == f"{corp.base}/token"
    assert document["userinfo_endpoint"] == f"{corp.base}/userinfo"
    assert document["jwks_uri"] == f"{corp.base}/jwks"
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is False
    promising = played(Promising).get(".well-known/openid-configuration").json()
    assert promising["authorization_response_iss_parameter_supported"] is True


def test_an_id_token_carries_what_openid_connect_wants(corp):
    tokens = corp.exchange().json()
    claims = corp.claims(tokens["id_token"])
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (corp.base, "corp-sandbox", "n0nce")
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["name"], claims["email"], claims["email_verified"]) == (MARA.name, MARA.email, True)
    assert claims["https://corp.example/team.id"]


def test_iss_comes_where_the_class_knows_it(corp, hub, played):
    promising = played(Promising)
    assert promising.back()["iss"] == promising.base
    assert hub.back()["iss"] == hub.base
    assert "iss" not in corp.back()


def test_algorithm_nonce_and_booleans_are_the_class_s(played):
    app = played(Promising)
    tokens = app.exchange().json()
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"
    claims = app.claims(tokens["id_token"])
    assert "nonce" not in claims
    assert claims["email_verified"] == "true"


def test_claims_come_by_scope_and_by_the_claims_parameter(corp):
    def told(**changes: str) -> set[str]:
        return set(corp.claims(corp.exchange(corp.back(**changes)["code"]).json()["id_token"]))

    assert not {"name", "email"} & told(scope="openid")
    assert "email" in told(scope="openid email")
    assert "name" not in told(scope="openid email")
    asked = json.dumps({"id_token": {"email": None}, "userinfo": {"name": None}})
    assert "email" in told(scope="openid", claims=asked)
    assert corp.profile(corp.token(scope="openid", claims=asked)).json().keys() & {"name", "email"} == {"name"}
    assert "email" not in told(scope="openid", claims="[no object")


def test_claims_can_be_left_to_userinfo(played):
    app = played(Corp, "userinfo")
    tokens = app.exchange().json()
    assert not {"name", "email"} & app.claims(tokens["id_token"]).keys()
    told = app.profile(tokens["access_token"]).json()
    assert (told["sub"], told["email"]) == (MARA.id, MARA.email)


def test_who_has_no_address_has_no_claim_of_one(corp, hub):
    tokens = corp.exchange(corp.back("tomas_ok")["code"]).json()
    assert not {"email", "email_verified"} & corp.profile(tokens["access_token"]).json().keys()
    tokens = hub.exchange(hub.back("tomas_ok")["code"]).json()
    assert hub.profile(tokens["access_token"]).json()["data"]["contact"] == [{"value": None, "sure": None}]


def test_a_refreshed_id_token_is_the_same_person_s_and_has_no_nonce(corp):
    claims = corp.claims(corp.refresh(corp.exchange().json()["refresh_token"]).json()["id_token"])
    assert claims["sub"] == MARA.id
    assert "nonce" not in claims


def test_keys_can_be_rotated_and_the_old_one_is_gone(corp):
    (before,) = corp.get("jwks").json()["keys"]
    corp.standin.rotate_keys("corp")
    (after,) = corp.get("jwks").json()["keys"]
    assert before["kid"] != after["kid"]
    assert before["n"] != after["n"]
    assert not {"d", "p", "q"} & after.keys()
    assert corp.claims(corp.exchange().json()["id_token"])["sub"] == MARA.id


@pytest.mark.parametrize(
    ("tenant", "published", "tid"),
    [
        ("common", "{tenantid}", "5ea51de0-0000-4000-8000-000000000001"),
        ("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "9188040d-6c67-4c5b-b112-36a304b66dad"),
        ("corp.example", "5ea51de0-0000-4000-8000-000000000001", "5ea51de0-0000-4000-8000-000000000001"),
        ("aaaaaaaa-0000-4000-8000-000000000001",) * 3,
    ],
)
def test_a_tenant_is_an_issuer_of_its_own(played, tenant, published, tid):
    app = played(Tenants, TENANT=tenant)
    assert app.options["ISSUER"] == f"{app.base}/{{tenant}}/v2.0"
    document = app.get(f"{tenant}/v2.0/.well-known/openid-configuration").json()
    assert document["issuer"] == f"{app.base}/{published}/v2.0"
    claims = app.claims(app.exchange().json()["id_token"])
    assert (claims["iss"], claims["tid"]) == (f"{app.base}/{tid}/v2.0", tid)


# form_post


def test_form_post_is_a_page_with_a_button_that_may_post_to_the_callback_alone(orchard):
    answered = orchard.session.post(
        f"{orchard.base}/consent",
        data={"query": urlencode(orchard.asks()), "screen_name": "maralind", "do": "authorize"},
        timeout=10,
        allow_redirects=False,
    )
    assert (answered.status_code, "Location" in answered.headers) == (200, False)
    assert f'<form method="post" action="{CALLBACK}">' in answered.text
    assert 'name="state" value="s t&amp;te"' in answered.text
    assert "<button" in answered.text
    policy = answered.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://site.example;" in policy


def test_approve_and_deny_give_what_the_browser_would_post(orchard):
    came = orchard.standin.approve(orchard.address(), "maralind")
    assert isinstance(came, Posted)
    assert came == CALLBACK
    assert came.fields.keys() == {"code", "state", "user"}
    assert orchard.back(None) == {"error": "access_denied", "state": "s t&te"}


def test_the_name_comes_the_first_time_that_somebody_approves_and_never_again(orchard, played):
    assert json.loads(orchard.back()["user"]) == {
        "name": {"firstName": "Mara", "lastName": "Lindqvist"},
        "email": MARA.email,
    }
    assert "user" not in orchard.back()
    assert "user" in orchard.back("junofox")
    orchard.standin.reset()
    assert "user" in orchard.back()
    assert "user" not in played(Orchard).back(scope="openid email")
    orchard.standin.tell("orchard", {"first_name": "M", "last_name": ...})
    assert json.loads(orchard.back("kestrel")["user"])["name"] == {"firstName": "M"}


# Many servers


@pytest.fixture
def fedi(played) -> App:
    return played(Fedi)


def register(fedi: App, server: str = "one.example", **changes: object) -> requests.Response:
    form = {"client_name": "Site", "redirect_uris": CALLBACK, "scopes": "read:accounts", **changes}
    return fedi.session.post(f"{fedi.base}/{server}/api/v1/apps", data=form, timeout=10)


def walk(fedi: App, server: str) -> dict:
    """Register, consent, exchange; return the profile."""
    client = register(fedi, server).json()
    asked = fedi_asks(client["client_id"])
    came = fedi.standin.approve(f"{fedi.base}/{server}/oauth/authorize?{urlencode(asked)}", "maralind")
    body = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(came).query)["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    headers = basic(quote_plus(client["client_id"]), quote_plus(client["client_secret"]))
    tokens = fedi.session.post(f"{fedi.base}/{server}/oauth/token", data=body, headers=headers, timeout=10).json()
    assert tokens.keys() == {"access_token", "token_type", "scope", "created_at"}
    return fedi.get(f"{server}/api/v1/accounts/verify_credentials", tokens["access_token"]).json()


def fedi_asks(client_id: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "scope": "read:accounts",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def test_every_server_registers_apps_and_has_ids_of_its_own(fedi):
    assert fedi.options == {"SERVER_ADDRESS": f"{fedi.base}/{{server}}"}
    one, two = walk(fedi, "one.example"), walk(fedi, "two.example:3000")
    assert one["username"] == two["username"] == "maralind"
    assert one["id"] != two["id"]
    assert one["url"] == f"{fedi.base}/one.example/@maralind"
    assert one == walk(fedi, "one.example")


def test_a_registration_is_answered_as_mastodon_documents_it(fedi):
    made = register(fedi).json()
    assert made.keys() == {
        "id", "name", "website", "scopes", "redirect_uris", "redirect_uri", "client_id", "client_secret",
        "client_secret_expires_at",
    }  # fmt: skip
    assert (made["scopes"], made["redirect_uris"]) == (["read:accounts"], [CALLBACK])
    as_json = {"client_name": "Site", "redirect_uris": [CALLBACK, "https://b.example/"]}
    answered = fedi.session.post(f"{fedi.base}/one.example/api/v1/apps", json=as_json, timeout=10)
    assert answered.json()["redirect_uris"] == [CALLBACK, "https://b.example/"]


@pytest.mark.parametrize("changes", [{"client_name": ""}, {"redirect_uris": ""}, {"redirect_uris": "no address"}])
def test_a_registration_that_lacks_something_is_refused(fedi, changes):
    answered = register(fedi, **changes)
    assert (answered.status_code, answered.json()["error"][:17]) == (422, "Validation failed")


def test_a_client_is_known_to_its_own_server_and_by_its_own_callback_alone(fedi):
    client_id = register(fedi).json()["client_id"]
    asked = fedi_asks(client_id)

    def status(server: str, **changes: str) -> int:
        url = f"{fedi.base}/{server}/oauth/authorize"
        return fedi.session.get(url, params={**asked, **changes}, timeout=10).status_code

    assert status("one.example") == 200
    page = fedi.session.get(f"{fedi.base}/one.example/oauth/authorize", params=asked, timeout=10).text
    assert "Stand-in for Fedi at one.example" in page
    assert '<span class="app">Site</span>' in page
    assert status("two.example") == 400
    assert status("one.example", redirect_uri="https://site.example/other/") == 400
    assert status("one example") == 404
    assert status("") == 404


def test_a_code_is_good_for_the_client_that_asked_for_it_alone(fedi):
    mine, other = register(fedi).json(), register(fedi).json()
    address = f"{fedi.base}/one.example/oauth/authorize?{urlencode(fedi_asks(mine['client_id']))}"
    code = parse_qs(urlsplit(fedi.standin.approve(address)).query)["code"][0]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}

    def exchange(client: dict) -> requests.Response:
        headers = basic(quote_plus(client["client_id"]), quote_plus(client["client_secret"]))
        url = f"{fedi.base}/one.example/oauth/token"
        return fedi.session.post(url, data=body, headers=headers, timeout=10)

    assert error(exchange(other)) == (400, "invalid_grant")
    assert exchange(mine).status_code == 200


def test_an_application_can_ask_whether_it_is_still_known(fedi):
    client = register(fedi).json()

    def ask(server: str, secret: str) -> requests.Response:
        headers = basic(quote_plus(client["client_id"]), quote_plus(secret))
        url = f"{fedi.base}/{server}/oauth/token"
        return fedi.session.post(url, data={"grant_type": "client_credentials"}, headers=headers, timeout=10)

    assert ask("one.example", client["client_secret"]).json()["token_type"] == "Bearer"
    assert error(ask("one.example", "guessed")) == (401, "invalid_client")
    assert error(ask("two.example", client["client_secret"])) == (401, "invalid_client")


def test_a_server_describes_itself(fedi):
    document = fedi.get("one.example/.well-known/oauth-authorization-server").json()
    assert document["app_registration_endpoint"] == f"{fedi.base}/one.example/api/v1/apps"
    assert document["token_endpoint"] == f"{fedi.base}/one.example/oauth/token"


# Faults


def tokens_of(app: App) -> dict:
    return app.exchange().json()


def header_of(app: App) -> dict:
    head = tokens_of(app)["id_token"].partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=="))


def unverified(app: App) -> dict:
    return unverified_claims(tokens_of(app)["id_token"])


def unverified_claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def told_by(app: App) -> dict:
    """Return the profile, asked for with a token that was had before."""
    return app.profile(app.ready).json()


def signature_is_wrong(app: App) -> bool:
    try:
        app.claims(tokens_of(app)["id_token"])
    except jwt.InvalidSignatureError:
        return True
    return False


#: By fault, the provider at which it is seen and how.
CHECKS: dict[str, tuple[type[OAuth2Provider], Callable[[App], bool]]] = {
    "code-refused": (Hub, lambda app: error(app.exchange()) == (400, "invalid_grant")),
    "client-refused": (Hub, lambda app: error(app.exchange()) == (401, "invalid_client")),
    "error-with-200": (Hub, lambda app: error(app.exchange()) == (200, "invalid_grant")),
    "no-access-token": (Hub, lambda app: "access_token" not in tokens_of(app)),
    "odd-access-token": (Hub, lambda app: tokens_of(app)["access_token"] == ["a"]),
    "odd-token-type": (Hub, lambda app: tokens_of(app)["token_type"] == "mac"),
    "shouted-token-type": (Hub, lambda app: tokens_of(app)["token_type"] == "BEARER"),
    "no-token-type": (Hub, lambda app: "token_type" not in tokens_of(app)),
    "no-expiry": (Hub, lambda app: "expires_in" not in tokens_of(app)),
    "odd-expiry": (Hub, lambda app: tokens_of(app)["expires_in"] == "soon"),
    "no-refresh-token": (Hub, lambda app: "refresh_token" not in tokens_of(app)),
    "less-scope": (Hub, lambda app: tokens_of(app)["scope"] == "less"),
    "token-as-form": (Hub, lambda app: dict(parse_qsl(app.exchange().text))["token_type"] == "Bearer"),
    "no-id-token": (Corp, lambda app: "id_token" not in tokens_of(app)),
    "wrong-iss": (Corp, lambda app: unverified(app)["iss"] == "https://other.example"),
    "no-sub": (Corp, lambda app: "sub" not in unverified(app)),
    "wrong-aud": (Corp, lambda app: unverified(app)["aud"] == "another-client"),
    "more-aud": (Corp, lambda app: unverified(app)["aud"] == ["corp-sandbox", "another-client"]),
    "wrong-azp": (Corp, lambda app: unverified(app)["azp"] == "another-client"),
    "expired": (Corp, lambda app: unverified(app)["exp"] < time.time() - 100),
    "no-exp": (Corp, lambda app: "exp" not in unverified(app)),
    "no-iat": (Corp, lambda app: "iat" not in unverified(app)),
    "early-iat": (Corp, lambda app: unverified(app)["iat"] > time.time() + 3600),
    "wrong-nonce": (Corp, lambda app: unverified(app)["nonce"] == "made-up"),
    "no-nonce": (Corp, lambda app: "nonce" not in unverified(app)),
    "wrong-at-hash": (Corp, lambda app: unverified(app)["at_hash"] == "A" * 22),
    "no-at-hash": (Corp, lambda app: "at_hash" not in unverified(app)),
    "bad-signature": (Corp, signature_is_wrong),
    "alg-none": (Corp, lambda app: header_of(app)["alg"] == "none"),
    "alg-hs256": (Corp, lambda app: header_of(app)["alg"] == "HS256"),
    "unknown-kid": (Corp, lambda app: header_of(app)["kid"] == "unknown"),
    "no-kid": (Corp, lambda app: "kid" not in header_of(app)),
    "odd-crit": (Corp, lambda app: header_of(app)["crit"] == ["odd"]),
    "profile-refused": (Hub, lambda app: error(app.profile(app.ready)) == (401, "invalid_token")),
    "emails-refused": (Hub, lambda app: error(app.get("emails", app.ready)) == (403, "insufficient_scope")),
    "other-sub": (Corp, lambda app: told_by(app)["sub"] != MARA.id),
    "no-uid": (Hub, lambda app: "id" not in told_by(app)["data"]),
    "null-uid": (Hub, lambda app: told_by(app)["data"]["id"] is None),
    "odd-uid": (Hub, lambda app: told_by(app)["data"]["id"] is True),
    "no-email": (Hub, lambda app: told_by(app)["data"]["contact"] == [{"sure": True}]),
    "unverified-email": (Hub, lambda app: told_by(app)["data"]["contact"][0]["sure"] is False),
    "yes-for-verified": (Hub, lambda app: told_by(app)["data"]["contact"][0]["sure"] == "yes"),
    "null-profile": (Hub, lambda app: told_by(app)["data"]["login"] is None and told_by(app)["data"]["id"] == MARA.id),
    "odd-profile": (Hub, lambda app: told_by(app)["data"]["name"] == 7 and told_by(app)["data"]["id"] == MARA.id),
    "other-issuer": (
        Corp,
        lambda app: app.get(".well-known/openid-configuration").json()["issuer"] == "https://other.example",
    ),
    "no-keys": (Corp, lambda app: app.get("jwks").json()["keys"] == []),
    "broken-keys": (Corp, lambda app: app.get("jwks").json()["keys"] == [{"kty": "RSA"}]),
    "other-state": (Hub, lambda app: app.back()["state"] == "made-up"),
    "no-state": (Hub, lambda app: "state" not in app.back()),
    "other-code": (Hub, lambda app: app.back()["code"] == "made-up"),
    "no-code": (Hub, lambda app: "code" not in app.back()),
    "other-iss": (Hub, lambda app: app.back()["iss"] == "https://other.example"),
    "no-iss": (Hub, lambda app: "iss" not in app.back()),
    "denied": (Hub, lambda app: app.back()["error"] == "access_denied"),
}


def test_every_fault_has_a_check_and_a_name_of_its_own():
    assert CHECKS.keys() == OAUTH2_FAULTS.keys()
    assert not OAUTH2_FAULTS.keys() & FAULTS.keys()


@pytest.mark.parametrize("name", CHECKS)
def test_a_fault_does_what_its_sentence_says_until_it_is_cleared(played, name):
    provider, check = CHECKS[name]
    app = played(provider)
    app.ready = app.token()
    app.standin.fault(name)
    assert check(app)
    app.standin.clear()
    assert not does(check, app)


def does(check: Callable[[App], bool], app: App) -> bool:
    """Return whether a fault's effect is seen. A check that finds no error or field to look at has not seen it."""
    try:
        return check(app)
    except KeyError:
        return False


@pytest.mark.parametrize("name", OAUTH2_FAULTS)
@pytest.mark.parametrize("provider", [Plain, Corp, Orchard])
def test_a_fault_at_a_provider_that_has_nothing_of_the_kind_breaks_nothing(played, provider, name):
    app = played(provider)
    app.standin.fault(name)
    came = app.back()
    answered = app.exchange(came.get("code", "none"))
    assert answered.status_code in {200, 400, 401}
    assert app.profile("unknown").status_code in {200, 401}


@pytest.mark.parametrize(
    ("name", "code"), [("code-refused", "bad_verification_code"), ("error-with-200", "invalid_code")]
)
def test_an_error_has_the_word_asked_for(hub, name, code):
    hub.standin.fault(name, code=code)
    assert hub.exchange().json()["error"] == code


def test_the_way_back_can_have_any_error_and_form_post_has_the_same_faults(hub, orchard):
    hub.standin.fault("denied", code="temporarily_unavailable")
    assert hub.back()["error"] == "temporarily_unavailable"
    assert orchard.back() == {"error": "temporarily_unavailable", "state": "s t&te", "user": orchard_user()}
    hub.standin.clear()
    hub.standin.fault("other-state")
    assert orchard.back()["state"] == "made-up"


def orchard_user() -> str:
    return json.dumps({"name": {"firstName": "Mara", "lastName": "Lindqvist"}, "email": MARA.email})


@pytest.mark.parametrize("options", [{"name": "code-refused", "code": 7}, {"name": "redirect", "code": "seven"}])
def test_a_code_of_the_wrong_kind_is_refused(standin, options):
    with pytest.raises(ConfigurationError, match="Use one of"):
        standin.fault(**options)


WIRE = {
    "server-error": lambda answered: answered.status_code == 500,
    "rate-limited": lambda answered: (answered.status_code, answered.headers["Retry-After"]) == (429, "900"),
    "redirect": lambda answered: answered.status_code == 302,
    "empty": lambda answered: answered.content == b"",
    "html": lambda answered: answered.content.startswith(b"<!DOCTYPE html>"),
    "json-list": lambda answered: answered.json() == [1, 2],
    "truncated": lambda answered: not answered.content.endswith(b"}"),
}


@pytest.mark.parametrize("name", WIRE)
def test_the_faults_of_the_wire_meet_every_call_of_every_provider(hub, corp, name):
    token = hub.token()
    hub.standin.fault(name)
    met = [hub.exchange("any"), hub.profile(token), hub.get("emails", token), corp.get("jwks")]
    met.append(corp.get(".well-known/openid-configuration"))
    assert [WIRE[name](each) for each in met] == [True] * 5


def test_a_fault_can_be_for_one_path_of_one_provider(hub, corp):
    hub.standin.fault("not-json", path="/hub/token")
    assert hub.exchange().text == "id=1&name=a"
    assert corp.exchange().status_code == 200
    assert [(each.status, each.browser) for each in hub.standin.requests_to("/hub/token")] == [(200, False)]
    assert [each.browser for each in hub.standin.requests_to("/hub/consent")] == [True]


def test_a_call_that_fails_spends_nothing(hub):
    code = hub.back()["code"]
    hub.standin.fault("code-refused", times=1)
    assert hub.exchange(code).status_code == 400
    assert hub.exchange(code).status_code == 200


# The first page


def test_the_first_page_shows_every_provider_with_its_options_and_every_fault(hub, corp):
    hub.exchange()
    text = requests.get(hub.standin.url, timeout=10).text
    assert all(label in text for label in (">X <", ">Hub <", ">Corp <"))
    assert all(str(value) in text for value in (*corp.options.values(), *hub.options.values()) if "%" not in str(value))
    assert all(f"<code>{name}</code>" in text for name in OAUTH2_FAULTS)
    assert "POST /hub/token" in text
