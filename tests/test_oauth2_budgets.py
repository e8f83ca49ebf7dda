"""What a login by OAuth 2.0 and OpenID Connect costs: statements and requests, counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from socialreg.lookup import find_class
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.site import plain_http
from tests.statements import recorded

pytestmark = pytest.mark.django_db(transaction=True)

#: A provider of OpenID Connect, and one like GitHub: the profile, and the addresses, are calls of their own.
CORP = {"PROVIDER": "oidc", "LABEL": "Corp SSO"}
FORM = {"username": "maralind", "email": "mara.lindqvist@example.com", "first_name": "Mara", "last_name": "Lindqvist"}


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def site(standin: StandIn, settings) -> Iterator[StandIn]:
    standin.reset()
    cache.clear()
    entries = {"github": standin.play("github", find_class("github", {})), "corp": _corp(standin)}
    host = urlsplit(standin.url).netloc
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries, "PRIVATE_HOSTS": [host]}
    with plain_http():
        yield standin


def _corp(standin: StandIn) -> dict[str, Any]:
    return {**CORP, **standin.play("corp", find_class("corp", CORP), CORP)}


def log_in(standin: StandIn, slug: str, client: Client) -> Any:
    start = client.post(reverse("socialreg:start", args=[slug]))
    assert start.status_code == 302, start.content.decode()
    return client.get(standin.approve(start["Location"], "maralind"))


def register(standin: StandIn, slug: str) -> None:
    client = Client()
    assert log_in(standin, slug, client)["Location"] == reverse("socialreg:register")
    assert client.post(reverse("socialreg:register"), FORM).status_code == 302
    standin.requests.clear()


def asked(standin: StandIn) -> list[str]:
    return [record.path for record in standin.api_requests]


@pytest.mark.parametrize("slug", ["github", "corp"])
def test_a_start_makes_no_query_and_once_the_metadata_are_known_no_request(site: StandIn, slug: str):
    Client().post(reverse("socialreg:start", args=[slug]))
    site.requests.clear()
    with recorded(connection) as statements:
        assert Client().post(reverse("socialreg:start", args=[slug])).status_code == 302
    assert statements.queries == []
    assert asked(site) == []


@pytest.mark.parametrize(
    ("slug", "paths"), [("github", ["/github/token", "/github/profile"]), ("corp", ["/corp/token"])]
)
@pytest.mark.parametrize("stale", [False, True])
def test_a_returning_visitor_costs_six_queries_and_one_or_two_requests(
    site: StandIn, slug: str, paths: list[str], stale: bool
):
    """Also where the profile has to be read anew: nobody who is known is asked for their addresses again."""
    register(site, slug)
    if stale:
        SocialAccount.objects.update(profile_at=timezone.now() - timedelta(hours=25))
    client = Client()
    start = client.post(reverse("socialreg:start", args=[slug]))
    callback = site.approve(start["Location"], "maralind")
    with recorded(connection) as statements:
        assert client.get(callback)["Location"] == "/home/"
    assert len(statements.queries) <= 6, statements.queries
    assert asked(site) == paths
    account = SocialAccount.objects.get()
    assert (account.email, account.email_verified) == (FORM["email"], True)


def test_a_new_visitor_costs_one_call_more_for_an_address(site: StandIn):
    log_in(site, "github", Client())
    assert asked(site) == ["/github/token", "/github/profile", "/github/emails"]


def test_metadata_and_keys_are_fetched_once_for_any_number_of_logins(site: StandIn):
    for _ in range(50):
        log_in(site, "corp", Client())
    paths = asked(site)
    assert paths.count("/corp/.well-known/openid-configuration") == 1
    assert paths.count("/corp/jwks") == 1
    assert paths.count("/corp/token") == 50


@pytest.mark.nightly
def test_a_thousand_logins_fetch_metadata_and_keys_once(site: StandIn):
    for _ in range(1000):
        log_in(site, "corp", Client())
    paths = asked(site)
    assert [paths.count(f"/corp/{path}") for path in (".well-known/openid-configuration", "jwks", "token")] == [
        1,
        1,
        1000,
    ]
