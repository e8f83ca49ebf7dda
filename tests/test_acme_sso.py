"""A provider that is none of ours: django-oauth-toolkit in a process of its own, over real HTTP.

The generic classes for OpenID Connect and for OAuth 2.0 log people in with it, by settings alone. Where the two have to
agree, they do so by the standards: neither knows the other.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sandbox.acme.client import CLIENT_ID, CLIENT_SECRET, issuer
from sandbox.acme.process import acme, wait_until_ready
from socialreg.exceptions import Refused
from socialreg.models import SocialAccount
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.registry import providers
from socialreg.testing.site import plain_http
from tests.project import forms_of, free_port

pytestmark = pytest.mark.django_db

SITE = "http://testserver"
#: How each generic class is told of Acme, but for what both are told.
SLUGS = ["acme", "acme-plain"]
PATIENCE = 30  # seconds, for a page of Acme's

Change = Callable[..., None]


@pytest.fixture(scope="module")
def sso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Acme SSO; its issuer."""
    port = free_port()
    callbacks = [f"{SITE}/accounts/{slug}/callback/" for slug in SLUGS]
    with acme(port, tmp_path_factory.mktemp("acme"), callbacks) as child:
        wait_until_ready(child)
        yield issuer(port)
    assert child.returncode == 0


@pytest.fixture
def site(sso: str, settings) -> Iterator[Change]:
    """A site that enables Acme twice: ``site(CLIENT_SECRET="...")`` changes both entries."""
    cache.clear()
    both = {"ISSUER": sso, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    entries: dict[str, dict[str, Any]] = {
        "acme": {**both, "PROVIDER": "oidc", "LABEL": "Acme SSO"},
        "acme-plain": {
            **both,
            "PROVIDER": "oauth2",
            "LABEL": "Acme",
            "AUTHORIZATION_SERVER": sso,
            "AUTHORIZE_URL": f"{sso}/authorize/",
            "TOKEN_URL": f"{sso}/token/",
            "PROFILE_URL": f"{sso}/userinfo/",
            "SCOPE": ["openid", "profile", "email"],
            "PROFILE_MAP": dict(OIDCProvider.profile_map),
        },
    }

    def change(**options: object) -> None:
        told = {slug: {**entry, **options} for slug, entry in entries.items()}
        settings.SOCIALREG = {"BASE_URL": SITE, "PROVIDERS": told, "PRIVATE_HOSTS": [urlsplit(sso).netloc]}

    change()
    with plain_http():
        yield change


class Employee:
    """Somebody's browser at Acme's pages: logs in, answers, and says where that leads."""

    def __init__(self, username: str) -> None:
        self.username = username
        self.logins = 0
        self._session = requests.Session()
        self._session.trust_env = False

    def answer(self, authorize_url: str, **pressed: str) -> str:
        """Press a button of the consent page, "Allow" unless told otherwise; return where the browser is sent."""
        page = self.open(authorize_url)
        assert "Allow Windowsill?" in page.text, page.text
        return self._submit(page, **(pressed or {"allow": "yes"})).headers["Location"]

    def cancel(self, authorize_url: str) -> str:
        """Press "Cancel"; return where the browser is sent."""
        return self.answer(authorize_url, cancel="yes")

    def open(self, authorize_url: str) -> requests.Response:
        """Open an address and log in if asked to; return the page, or the redirect that leads away from Acme."""
        page = self._follow(authorize_url)
        if "Log in at Acme" in page.text:
            self.logins += 1
            page = self._submit(page, username=self.username, password=self.username)
        return page

    def _submit(self, page: requests.Response, **answers: str) -> requests.Response:
        form = forms_of(page.text)[0]
        address = urljoin(page.url, form.action)
        answer = self._session.post(address, {**form.fields, **answers}, timeout=PATIENCE, allow_redirects=False)
        target = answer.headers.get("Location", "")
        return self._follow(urljoin(address, target)) if target.startswith("/") else answer

    def _follow(self, address: str) -> requests.Response:
        answer = self._session.get(address, timeout=PATIENCE, allow_redirects=False)
        target = answer.headers.get("Location", "")
        return self._follow(urljoin(address, target)) if target.startswith("/") else answer

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def mara() -> Iterator[Employee]:
    mara = Employee("mara")
    yield mara
    mara.close()


@pytest.fixture
def calls(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function that returns which requests the site has sent since it was called last."""
    caplog.set_level(logging.DEBUG, "socialreg.http")

    def since() -> list[str]:
        sent = [found[1] for record in caplog.records if (found := re.match(r"(\S+ \S+) -> ", record.getMessage()))]
        caplog.clear()
        return [line.replace(urlsplit(providers["acme"].issuer).netloc, "") for line in sent]

    return since


def start(client: Client, slug: str) -> str:
    """Press the button; return where the browser is sent."""
    response = client.post(reverse("socialreg:start", args=[slug]))
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def filled_in(client: Client) -> dict[str, str]:
    """Return what the registration form holds."""
    return forms_of(client.get(reverse("socialreg:register")).content.decode())[0].fields


def register(client: Client, slug: str, somebody: Employee) -> User:
    """Go the whole way as somebody new."""
    response = client.get(somebody.answer(start(client, slug)))
    assert response["Location"] == reverse("socialreg:register"), response.content.decode()
    response = client.post(reverse("socialreg:register"), filled_in(client))
    assert response.status_code == 302, response.content.decode()
    return User.objects.get(pk=client.session["_auth_user_id"])


def query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


@pytest.mark.parametrize("slug", SLUGS)
def test_somebody_new_sees_a_form_that_is_filled_in_and_is_logged_in(site: Change, sso: str, mara, client, slug):
    """What Acme tells goes into the form; who it is goes into the account."""
    user = register(client, slug, mara)
    assert (user.username, user.email) == ("mara", "mara.lindqvist@example.com")
    assert (user.first_name, user.last_name) == ("Mara", "Lindqvist")
    account = SocialAccount.objects.get()
    assert (account.user, account.issuer, account.subject) == (user, sso, "1")
    assert account.email_verified is True
    assert mara.logins == 1


@pytest.mark.parametrize(
    ("slug", "requests_sent"), [("acme", ["POST /o/token/"]), ("acme-plain", ["POST /o/token/", "GET /o/userinfo/"])]
)
def test_somebody_who_returns_costs_the_fewest_requests(site: Change, mara, client, calls, slug, requests_sent):
    """OpenID Connect one, OAuth 2.0 two; Acme asks for consent again, and for no password."""
    user = register(client, slug, mara)
    calls()
    later = Client()
    assert later.get(mara.answer(start(later, slug)))["Location"] == "/home/"
    assert calls() == requests_sent
    assert later.session["_auth_user_id"] == str(user.pk)
    assert User.objects.count() == 1
    assert mara.logins == 1


def test_discovery_and_keys_are_fetched_once(site: Change, mara, client, calls):
    register(client, "acme", mara)
    assert sorted(calls()) == [
        "GET /o/.well-known/jwks.json",
        "GET /o/.well-known/openid-configuration",
        "POST /o/token/",
    ]


def test_both_protocols_of_one_issuer_are_one_account(site: Change, mara, client):
    user = register(client, "acme", mara)
    other = Client()
    other.get(mara.answer(start(other, "acme-plain")))
    assert other.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    ("username", "address", "verified"),
    [("mara", "mara.lindqvist@example.com", True), ("juno", "juno.park@example.com", False), ("tomas", "", False)],
)
def test_an_address_is_what_acme_says_of_it(site: Change, client, slug, username, address, verified):
    """Verified, not verified, not there."""
    somebody = Employee(username)
    client.get(somebody.answer(start(client, slug)))
    somebody.close()
    assert filled_in(client)["email"] == address
    page = client.get(reverse("socialreg:register")).content.decode()
    assert ("Verified by Acme" in page) is verified


@pytest.mark.parametrize("slug", SLUGS)
def test_whoever_cancels_at_acme_is_told_so_and_nothing_is_written(site: Change, sso: str, mara, client, slug, calls):
    callback = mara.cancel(start(client, slug))
    assert query(callback)["error"] == "access_denied"
    assert query(callback)["iss"] == sso
    calls()
    page = client.get(callback).content.decode()
    assert "You cancelled" in page
    assert calls() == []
    assert not User.objects.exists()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_wrong_secret_gives_the_operator_a_line_with_the_remedy(site: Change, mara, client, slug, caplog):
    site(CLIENT_SECRET="mistyped-3f9a")
    response = client.get(mara.answer(start(client, slug)))
    assert "not available" in response.content.decode().lower()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "/o/token/ answered 401 [invalid_client]" in line
    assert "CLIENT_SECRET is wrong" in line
    assert "Remedy: Copy the client id and the client secret again" in line
    assert "mistyped" not in caplog.text
    assert not User.objects.exists()


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_acme_knows_the_site_by_either_method(site: Change, mara, client, slug, method):
    """The secret has a colon, a blank, a plus and a percent sign: unencoded, it would be another one."""
    site(TOKEN_ENDPOINT_AUTH_METHOD=method)
    assert register(client, slug, mara).username == "mara"


@pytest.mark.parametrize("slug", SLUGS)
def test_acme_wants_pkce_and_gets_it(site: Change, mara, client, slug):
    """A code is worth nothing without the verifier that stayed with us."""
    address, _, asked = start(client, slug).partition("?")
    without = {name: value for name, value in parse_qsl(asked) if not name.startswith("code_challenge")}
    refused = query(mara.open(f"{address}?{urlencode(without)}").headers["Location"])
    assert (refused["error"], refused["error_description"]) == ("invalid_request", "Code challenge required.")
    provider, pending, params = arrive(slug, mara)
    with pytest.raises(Refused, match="invalid_grant"):
        provider.verify({**pending, "verifier": "x" * 43}, params)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_callback_of_another_issuer_is_refused(site: Change, sso: str, mara, client, slug, calls):
    """RFC 9207: Acme says in every callback that it is Acme's; one that says otherwise goes nowhere."""
    callback = mara.answer(start(client, slug))
    assert query(callback)["iss"] == sso
    calls()
    stolen = callback.replace(urlencode({"iss": sso}), urlencode({"iss": "https://attacker.example"}))
    assert client.get(stolen).status_code == 400
    assert calls() == []


def test_a_callback_without_the_issuer_that_discovery_promises_is_refused(site: Change, sso: str, mara, client, calls):
    callback = mara.answer(start(client, "acme"))
    calls()
    assert client.get(callback.replace(f"&{urlencode({'iss': sso})}", "")).status_code == 400
    assert calls() == []


def arrive(slug: str, somebody: Employee) -> tuple[OAuth2Provider, Mapping[str, str], Mapping[str, str]]:
    """Go as far as the callback without the site around; return what the next step takes."""
    provider = providers[slug]
    assert isinstance(provider, OAuth2Provider)
    redirect = provider.authorize(f"{SITE}/accounts/{slug}/callback/", "login", {})
    return provider, redirect.pending, query(somebody.answer(redirect.url))


@pytest.mark.parametrize("slug", SLUGS)
def test_tokens_can_be_refreshed_and_the_old_refresh_token_is_spent(site: Change, mara, slug):
    """Acme hands out a new refresh token each time (RFC 6749 section 6); the new access token is good."""
    provider, pending, params = arrive(slug, mara)
    first = provider.verify(pending, params)
    second = provider.refresh(first)
    assert second.token != first.token
    assert second.refresh_token not in {"", first.refresh_token}
    assert second.uid == first.uid
    profile = provider.fetch_profile(replace(second, extra={}))
    assert (profile.uid, profile.username) == (first.uid, "mara")
    with pytest.raises(Refused, match="invalid_grant"):
        provider.refresh(first)


def test_acme_keeps_to_what_it_publishes(sso: str):
    """The discovery document is one that the tests above are worth something with."""
    told = requests.get(f"{sso}/.well-known/openid-configuration", timeout=PATIENCE).json()
    assert told["issuer"] == sso
    assert told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert {"name", "preferred_username", "email", "email_verified"} <= set(told["claims_supported"])
    (key,) = requests.get(told["jwks_uri"], timeout=PATIENCE).json()["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert "d" not in key
