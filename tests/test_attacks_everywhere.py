"""The attacks that every provider must stand, over every one that ships, enabled at once on one site."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.visitor import Posted
from tests.shipped import GENERIC, slugs

pytestmark = pytest.mark.django_db

EVERY = [GENERIC.get(slug, slug) for slug in slugs()]
SERVER = {"server": "one.example"}


def start(client: Client, slug: str, **data: str) -> str:
    """Press the button; return where the browser is sent."""
    response = client.post(reverse("socialreg:start", args=[slug]), {**SERVER, **data})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def come_back(client: Client, back: str) -> HttpResponse:
    """Do what the browser does with the provider's answer."""
    path = urlsplit(back).path
    if not isinstance(back, Posted):
        return client.get(back)
    hop = client.post(path, urlencode(back.fields), content_type="application/x-www-form-urlencoded")
    assert hop.status_code == 303
    return client.get(hop["Location"])


def changed(back: str, **values: str | None) -> str:
    """Return the provider's answer with other parameters; ``None`` takes one away."""
    parts = urlsplit(back)
    given = dict(back.fields) if isinstance(back, Posted) else dict(parse_qsl(parts.query))
    fields = {name: value for name, value in {**given, **values}.items() if value is not None}
    if isinstance(back, Posted):
        return Posted(str(back), fields)
    return f"{parts.path}?{'&'.join(f'{name}={value}' for name, value in fields.items())}"


def key_of(back: str) -> str:
    """Return the parameter by which a callback names its attempt."""
    fields = back.fields if isinstance(back, Posted) else dict(parse_qsl(urlsplit(back).query))
    return "state" if "state" in fields else "oauth_token"


def nothing_happened(standin: StandIn, before: int) -> None:
    assert len(standin.api_requests) == before
    assert SocialAccount.objects.count() == 0


@pytest.mark.parametrize("slug", EVERY)
def test_a01_a_callback_without_its_state_or_in_another_browser_makes_no_call(standin: StandIn, slug: str):
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    before = len(standin.api_requests)
    for wrong in (changed(back, **{key_of(back): None}), changed(back, **{key_of(back): "made-up"})):
        assert come_back(client, wrong).status_code == 400
    assert come_back(Client(), back).status_code == 400
    assert Client().get(reverse("socialreg:callback", args=[slug])).status_code == 400
    nothing_happened(standin, before)


@pytest.mark.parametrize("slug", EVERY)
def test_a02_a_callback_is_good_once(standin: StandIn, slug: str):
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    assert come_back(client, back)["Location"] == reverse("socialreg:register")
    before = len(standin.api_requests)
    assert come_back(client, back).status_code == 400
    nothing_happened(standin, before)


@pytest.mark.parametrize("intent", ["login", "connect"])
@pytest.mark.parametrize("slug", EVERY)
def test_a05_the_state_of_one_provider_is_nothing_at_anothers_callback(standin: StandIn, slug: str, intent: str):
    client = Client()
    client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    mine = standin.approve(start(client, slug, intent=intent), "maralind")
    before = len(standin.api_requests)
    for other in EVERY:
        if other == slug:
            continue
        query = mine.fields if isinstance(mine, Posted) else dict(parse_qsl(urlsplit(mine).query))
        assert client.get(reverse("socialreg:callback", args=[other]), query).status_code == 400, other
    nothing_happened(standin, before)


@pytest.mark.parametrize("slug", EVERY)
def test_a06_an_error_without_a_state_changes_nothing_and_is_not_repeated(standin: StandIn, slug: str):
    client = Client()
    start(client, slug)
    before, cookies = len(standin.api_requests), set(client.cookies)
    said = {"error": "access_denied", "error_description": "<b>w0rds</b>", "denied": "w0rds"}
    response = client.get(reverse("socialreg:callback", args=[slug]), said)
    assert response.status_code == 400
    assert b"w0rds" not in response.content
    assert cookies <= {name for name, cookie in client.cookies.items() if cookie.value}
    nothing_happened(standin, before)


@pytest.mark.parametrize("slug", EVERY)
def test_a07_a_start_by_get_or_without_a_token_leads_nowhere(standin: StandIn, slug: str):
    address = reverse("socialreg:start", args=[slug])
    assert Client().get(address).status_code == 405
    assert Client(enforce_csrf_checks=True).post(address, SERVER).status_code == 403
    nothing_happened(standin, 0)


@pytest.mark.parametrize("slug", EVERY)
def test_a08_a_form_changes_nothing_of_the_protocol(standin: StandIn, slug: str):
    names = (
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "nonce",
        "code_challenge",
        "response_type",
        "oauth_callback",
    )
    hostile = dict.fromkeys(names, "hostile")
    address = reverse("socialreg:start", args=[slug])
    location = Client().post(f"{address}?{'&'.join(f'{n}=hostile' for n in names)}", {**SERVER, **hostile})["Location"]
    assert "hostile" not in location


@pytest.mark.parametrize("slug", EVERY)
def test_a32_somebody_inactive_gets_no_session_and_no_new_token(standin: StandIn, slug: str):
    client = Client()
    register(standin, client, slug)
    account = SocialAccount.objects.get()
    User.objects.update(is_active=False)
    visitor = Client()
    assert come_back(visitor, standin.approve(start(visitor, slug), "maralind")).status_code == 403
    assert "_auth_user_id" not in visitor.session
    assert SocialAccount.objects.get().sealed_credentials == account.sealed_credentials


def register(standin: StandIn, client: Client, slug: str, username: str = "mara") -> None:
    assert come_back(client, standin.approve(start(client, slug), "maralind"))["Location"] == reverse(
        "socialreg:register"
    )
    form = {"username": username, "email": f"{username}@example.org", "first_name": "M", "last_name": "L"}
    assert client.post(reverse("socialreg:register"), form).status_code == 302


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


def test_a19_the_same_number_at_two_issuers_is_two_people(standin: StandIn):
    """Two entries of one class, and two servers of Mastodon: a person's number is theirs at one issuer alone."""
    names = iter("abcdefghijklmnop")
    for slug in ("corp", "gitlab", "google"):
        register(standin, Client(), slug, next(names))
    for server in ("one.example", "two.example"):
        client = Client()
        location = client.post(reverse("socialreg:start", args=["mastodon"]), {"server": server})["Location"]
        back = standin.approve(location, "maralind")
        assert come_back(client, back)["Location"] == reverse("socialreg:register"), server
        name = next(names)
        form = {"username": name, "email": f"{name}@example.org", "first_name": "M", "last_name": "L"}
        assert client.post(reverse("socialreg:register"), form).status_code == 302
    assert User.objects.count() == SocialAccount.objects.values("issuer").distinct().count() == 5
