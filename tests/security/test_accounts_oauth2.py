"""What becomes of accounts and sessions, and what leaks, over OAuth 2.0 and OpenID Connect through the whole site."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.messages import FORM, Response
from socialreg.testing.visitor import Posted
from tests.faults.test_answers import ENDPOINTS, SPARED
from tests.providers.grid import Peer
from tests.security.walking import EVERY, come_back, start
from tests.world import World, go, is_register

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a22_a23_a_known_address_logs_nobody_in_and_links_nothing(world: World, slug: str, verified: bool):
    """Neither the one who was here first, nor the one who comes later, gets into the other's account."""
    User.objects.create_user("planted", "mara@example.com", "of-the-attacker")
    document = {"acme": "acme-profile", "corp": "corp-person"}[slug]
    world.answers["/emails"] = Response.json([])
    world.fields |= {(document, "email"): "mara@example.com", (document, "email_verified"): verified}
    client = Client()
    response = go(world, slug, client)
    assert response.status_code == 302
    assert response["Location"] in {reverse("socialreg:prove"), reverse("socialreg:register")}
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("slug", EVERY)
def test_a37_what_an_error_of_a_callback_says_is_on_no_page_and_in_no_log(standin: StandIn, caplog, slug: str):
    caplog.set_level(logging.DEBUG)
    for error in ("<script>alert(1)</script>", "a\r\nWARNING forged", "javascript:alert(1)", "x" * 2000, "{callback}"):
        client = Client()
        back = standin.approve(start(client, slug), "maralind")
        said = {"error": error, "error_description": "<b>w0rds</b>", "error_uri": "javascript:alert(2)"}
        fields = {**(back.fields if isinstance(back, Posted) else dict(parse_qsl(urlsplit(back).query))), **said}
        path = urlsplit(back).path
        if isinstance(back, Posted):
            response = client.get(client.post(path, urlencode(fields), FORM)["Location"])
        else:
            response = client.get(path, fields)
        page = response.content.decode()
        if slug != "twitter":  # OAuth 1.0a knows no error in a callback
            assert response.status_code in {200, 400, 403, 502, 503}
            assert "<h1>" in page
        for said_there in ("<script>alert", "w0rds", "javascript:", "forged", "xxxxx"):
            assert said_there not in page
            assert said_there not in "\n".join(caplog.messages)
        assert not SocialAccount.objects.exists()


@pytest.fixture
def other() -> Iterator[Peer]:
    """A host that nobody allowed, which would answer anything."""
    with Peer() as other:
        yield other


DISCOVERED = ("token_endpoint", "jwks_uri", "userinfo_endpoint")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", DISCOVERED)
def test_a39_metadata_lead_to_no_host_inside(world: World, other: Peer, caplog, name: str, scheme: str):
    world.fields["corp-discovery", name] = f"{other.url.replace('http', scheme, 1)}/inside"
    client = Client()
    response = go(world, "corp", client)
    assert other.requests == []
    assert is_register(response) if name == "userinfo_endpoint" else response.status_code == 503
    assert "not named in PRIVATE_HOSTS" in caplog.text or "not a public address" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *SPARED])
def test_a39_no_redirect_takes_a_secret_anywhere(world: World, other: Peer, endpoint: str, status: int):
    slug, path = {**ENDPOINTS, **SPARED}[endpoint]
    world.answers[path] = Response(status, b"{}", headers={"Location": f"{other.url}/elsewhere"})
    go(world, slug, Client())
    assert path in world.peer.asked()
    assert other.requests == []
    assert not [each for each in world.peer.requests if each.path == "/elsewhere"]


@pytest.mark.parametrize("slug", EVERY)
def test_a38_no_secret_is_in_a_log_at_debug_or_in_an_address_or_in_the_database(
    standin: StandIn, slug: str, caplog: pytest.LogCaptureFixture
):
    secrets: set[str] = set()
    with caplog.at_level(logging.DEBUG):
        client = Client()
        back = standin.approve(start(client, slug), "maralind")
        fields: Mapping[str, str] = back.fields if isinstance(back, Posted) else dict(parse_qsl(urlsplit(back).query))
        secrets |= {fields[name] for name in ("code", "oauth_verifier") if name in fields}
        assert come_back(client, back).status_code == 302
        form = {"username": "mara", "email": "mara@example.org", "first_name": "M", "last_name": "L"}
        assert client.post(reverse("socialreg:register"), form).status_code == 302
    account = SocialAccount.objects.get()
    stored = account.credentials
    assert stored is not None
    secrets |= {stored.token, stored.secret, stored.refresh_token, providers[slug].client_secret} - {""}
    logged = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    rows = repr(SocialAccount.objects.values()) + repr(dict(client.session))
    for secret in secrets:
        assert secret not in logged
        assert secret not in rows
        assert not [record.path for record in standin.api_requests if secret in f"{record.path}?{record.query}"]
