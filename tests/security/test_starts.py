"""A07 and A08: only a button of this site begins anything, and only the settings say what it asks for."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import steps
from socialreg.authorization_code import AuthorizationCode
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.security.walking import EVERY, SERVER, come_back, start, untouched, visitor

pytestmark = pytest.mark.django_db

START, API = "socialreg:start", "socialreg:api-start"
#: What is made anew at every start.
FRESH = {"state", "nonce", "code_challenge", "oauth_token"}
#: Every parameter by which somebody could make the provider do something else, of all three protocols.
HOSTILE = [
    *("client_id", "redirect_uri", "state", "scope", "nonce", "code_challenge", "code_challenge_method"),
    *("response_type", "response_mode", "request", "request_uri", "registration", "claims", "resource", "audience"),
    *("iss", "code_verifier", "client_secret", "grant_type", "oauth_token", "oauth_callback", "oauth_consumer_key"),
    *("oauth_verifier", "oauth_nonce", "oauth_timestamp", "oauth_signature", "x_auth_access_type", "granted"),
]


def parameters(location: str) -> tuple[str, dict[str, str]]:
    """Return where the browser is sent, and with what, but for what is new every time."""
    parts = urlsplit(location)
    sent = dict(parse_qsl(parts.query, keep_blank_values=True))
    return location.partition("?")[0], {name: value for name, value in sent.items() if name not in FRESH}


@pytest.mark.parametrize("intent", ["login", "connect"])
@pytest.mark.parametrize("name", [START, API])
@pytest.mark.parametrize("slug", EVERY)
def test_a07_no_link_and_no_picture_begins_anything(standin: StandIn, slug, name, intent):
    client, address = visitor(intent), reverse(name, args=[slug])
    with untouched(standin, client):
        for query in ("", "?next=/home/", f"?intent={intent}", f"?{urlencode({**SERVER, 'csrfmiddlewaretoken': 'x'})}"):
            for method in (client.get, client.head):
                response = method(f"{address}{query}")
                assert (response.status_code, response.get("Location")) == (405, None)
                assert response["Allow"] == "POST"
    assert not [cookie for cookie in client.cookies if "attempt" in cookie]


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("name", [START, API])
@pytest.mark.parametrize("slug", EVERY)
def test_a07_no_other_method_does(standin: StandIn, slug, name, method):
    client = Client(enforce_csrf_checks=True)
    with untouched(standin, client):
        response = getattr(client, method)(reverse(name, args=[slug]))
        assert response.status_code in {403, 405}
        assert "Location" not in response


@pytest.mark.parametrize("token", ["none", "made up", "of another browser", "of the cookie alone"])
@pytest.mark.parametrize("intent", ["login", "connect"])
@pytest.mark.parametrize("slug", EVERY)
def test_a07_a_post_without_this_browsers_token_leads_nowhere(standin: StandIn, slug, intent, token):
    client = visitor(intent)
    client.handler.enforce_csrf_checks = True
    client.get("/home/")
    other = Client()
    other.get("/home/")
    own = client.cookies["csrftoken"].value
    given = {"none": "", "made up": 32 * "a", "of another browser": other.cookies["csrftoken"].value}.get(token, "")
    data = {**SERVER, "intent": intent} | ({"csrfmiddlewaretoken": given} if given else {})
    with untouched(standin, client):
        for name in (START, API):
            response = client.post(reverse(name, args=[slug]), data)
            assert response.status_code == 403
            assert "Location" not in response
    assert client.post(reverse(START, args=[slug]), {**data, "csrfmiddlewaretoken": own}).status_code == 302


@pytest.mark.parametrize("place", ["query", "form", "both"])
@pytest.mark.parametrize("slug", EVERY)
def test_a08_a_start_changes_nothing_of_the_protocol(standin: StandIn, slug, place):
    expected, asked = parameters(start(Client(), slug)), standin.api_requests[-1:]
    for names in [*([name] for name in HOSTILE), HOSTILE]:
        hostile = dict.fromkeys(names, "hostile")
        query = f"?{urlencode(hostile)}" if place != "form" else ""
        form = hostile if place != "query" else {}
        response = Client().post(reverse(START, args=[slug]) + query, {**SERVER, **form})
        assert parameters(response["Location"]) == expected, names
        assert "hostile" not in response["Location"]
        assert [(each.path, each.query) for each in standin.api_requests[-1:]] == [(a.path, a.query) for a in asked]


@pytest.mark.parametrize("slug", EVERY)
def test_a08_neither_does_one_by_a_script(standin: StandIn, slug):
    def began(**given: str) -> HttpResponse:
        body = json.dumps({**SERVER, **given})
        return Client().post(reverse(API, args=[slug]), body, content_type="application/json")

    expected = parameters(began().json()["authorization_url"])
    told = began(**dict.fromkeys(HOSTILE, "hostile")).json()["authorization_url"]
    assert parameters(told) == expected
    assert "hostile" not in told


@pytest.mark.parametrize("slug", EVERY)
def test_a08_a_start_that_asks_for_more_ends_as_every_other(standin: StandIn, slug):
    client = Client()
    location = start(client, slug, **dict.fromkeys(HOSTILE, "hostile"))
    assert come_back(client, standin.approve(location, "maralind"))["Location"] == reverse("socialreg:register")


@pytest.mark.parametrize("slug", EVERY)
def test_two_starts_of_one_browser_share_nothing_that_is_secret(standin: StandIn, slug):
    client = Client()
    one, other = (dict(parse_qsl(urlsplit(start(client, slug)).query)) for _ in range(2))
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} == FRESH & one.keys()
    assert FRESH & one.keys()


@pytest.mark.parametrize("slug", [slug for slug in EVERY if slug != "twitter"])
def test_state_nonce_and_verifier_are_long_and_new_and_the_challenge_is_the_verifiers(standin: StandIn, slug):
    """RFC 7636 sections 4.1 to 4.3; OpenID Connect Core section 15.5.2."""
    provider = providers.usable(slug)
    assert isinstance(provider, AuthorizationCode)
    seen: set[str] = set()
    for count in range(1, 101):
        redirect = steps.authorize(provider, "https://site.example/callback/", "login", SERVER)
        sent = dict(parse_qsl(urlsplit(redirect.url).query))
        assert sent["response_type"] == "code"
        assert redirect.key == sent["state"] == redirect.pending["state"]
        secrets = [redirect.pending[name] for name in ("state", "nonce", "verifier") if name in redirect.pending]
        assert all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", each) for each in secrets)
        seen.update(secrets)
        assert len(seen) == count * len(secrets)
        assert ("code_challenge" in sent) is provider.pkce is ("verifier" in redirect.pending)
        if provider.pkce:
            digest = hashlib.sha256(redirect.pending["verifier"].encode()).digest()
            assert sent["code_challenge_method"] == "S256"
            assert sent["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
            assert redirect.pending["verifier"] not in redirect.url
