"""What this site has sealed for one purpose is nothing for another, wherever somebody puts it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import FORM
from tests.security.walking import (
    PROTOCOLS,
    attempts,
    come_back,
    fields_of,
    is_error_page,
    register,
    session_of,
    start,
    untouched,
    visitor,
)

pytestmark = pytest.mark.django_db

REGISTER = reverse("socialreg:register")
#: Where something sealed waits in a session.
SHELVES = ["socialreg_pending", "socialreg_held", "socialreg_prefill", "socialreg_changes"]


def sealed_in(client: Client) -> dict[str, str]:
    """Return what waits sealed in a browser's cookies, by their names."""
    return {name: morsel.value for name, morsel in attempts(client).items() if morsel.value and name != "csrftoken"}


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_an_attempt_is_no_registration_and_no_proof_in_a_session(standin: StandIn, slug):
    client = visitor()
    start(client, slug)
    (sealed,) = sealed_in(client).values()
    for shelf in SHELVES:
        session = client.session
        session[shelf] = sealed
        session.save()
    for name in ("register", "prove", "link", "changes"):
        for response in (client.get(reverse(f"socialreg:{name}")), client.post(reverse(f"socialreg:{name}"))):
            assert response.status_code in {302, 400}
            assert response.get("Location", "/login/").startswith("/login/")
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_an_attempt_is_no_session(standin: StandIn, settings, slug, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    client = Client()
    start(client, slug)
    (sealed,) = sealed_in(client).values()
    client.cookies[settings.SESSION_COOKIE_NAME] = sealed
    assert session_of(client)[1] == {}
    assert client.get(reverse("socialreg:connections"))["Location"].startswith("/login/")


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a_registration_is_no_attempt_and_no_answer(standin: StandIn, slug):
    """What waits in a session that is kept in a cookie can be read there, and set under another name."""
    client = visitor()
    assert come_back(client, standin.approve(start(client, slug), "maralind"))["Location"] == REGISTER
    back = standin.approve(start(client, slug), "maralind")
    sealed = client.session["socialreg_pending"]
    (name,) = sealed_in(client)
    client.cookies[name] = sealed
    with untouched(standin, client):
        assert is_error_page(come_back(client, back))


@pytest.mark.parametrize("swapped", [None, "attempt", "answer"])
def test_an_attempt_is_no_answer_and_an_answer_no_attempt(standin: StandIn, swapped):
    client = visitor()
    back = standin.approve(start(client, "apple"), "maralind")
    hop = client.post(str(back), urlencode(fields_of(back)), FORM)["Location"]
    names = {kind: next(name for name in sealed_in(client) if kind in name) for kind in ("attempt", "answer")}
    if swapped is None:
        assert client.get(hop)["Location"] == REGISTER
        return
    other = "answer" if swapped == "attempt" else "attempt"
    client.cookies[names[swapped]] = sealed_in(client)[names[other]]
    with untouched(standin, client):
        assert is_error_page(client.get(hop))


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_neither_are_any_of_them_the_credentials_of_an_account(standin: StandIn, slug):
    client = Client()
    start(client, slug)
    (sealed,) = sealed_in(client).values()
    other = Client()
    come_back(other, standin.approve(start(other, slug), "maralind"))
    waiting = other.session["socialreg_pending"]
    register(standin, Client(), slug)
    for each in (sealed, waiting):
        SocialAccount.objects.update(sealed_credentials=each)
        assert SocialAccount.objects.get().credentials is None
