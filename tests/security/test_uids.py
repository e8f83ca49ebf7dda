"""A17: whoever is nobody at a provider is nobody here. Whatever stands where the uid should be, at every provider."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import Response
from tests.security.walking import BEGUN, come_back, is_error_page, session_of, start, visitor
from tests.security.worlds import SAID, SLUGS
from tests.world import World, begin

pytestmark = pytest.mark.django_db

INTENTS = pytest.mark.parametrize("intent", ["login", "connect"])
#: What identifies nobody, by what it is called in the case. ``...``: it is not there.
NOBODY: dict[str, object] = {
    "null": None,
    "missing": ...,
    "empty": "",
    "true": True,
    "false": False,
    "an object": {"id": "7"},
    "a list": ["7"],
    "an empty list": [],
    "a NUL": "7\0",
    "only a NUL": "\0",
    "300 letters": "x" * 300,
    "256 letters": "x" * 256,
    "5000 digits": "9" * 5000,
    "a number of 4000 digits": 10**4000,
    "a fraction": 7.5,
    "a blank": " ",
    "a blank at the end": "7 ",
    "a line break": "7\n",
    "a direction mark": "\u202e7",
}
#: In a form there are texts alone.
TEXTS = [name for name, value in NOBODY.items() if isinstance(value, str)]


def refused(client: Client, back: str, before: object) -> None:
    """See that nobody gets in, that nobody waits to be registered, and that nothing is written."""
    assert is_error_page(come_back(client, back), 502)
    assert session_of(client) == before
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("nobody", NOBODY)
@pytest.mark.parametrize(("slug", "intent"), BEGUN)
def test_a17_a_uid_that_identifies_nobody_is_refused_and_nothing_is_written(standin: StandIn, slug, nobody, intent):
    """Wherever the provider tells it: in the profile, in the ID token, in what else its class reads it from."""
    client = visitor(intent)
    back = standin.approve(start(client, slug, intent=intent), "maralind")
    before = session_of(client)
    standin.tell(slug, {"uid": NOBODY[nobody]})
    refused(client, back, before)


@INTENTS
@pytest.mark.parametrize("nobody", TEXTS)
def test_a17_over_oauth_1_it_comes_with_the_access_token(standin: StandIn, nobody, intent):
    client = visitor(intent)
    back = standin.approve(start(client, "twitter", intent=intent), "maralind")
    before = session_of(client)
    value = str(NOBODY[nobody])
    mara = standin.people["maralind"]
    standin.people["maralind"] = replace(mara, id=value)
    refused(client, back, before)


@pytest.mark.parametrize("fault", ["user-id-missing", "user-id-empty"])
def test_a17_or_does_not_come_at_all(standin: StandIn, fault):
    client = visitor()
    back = standin.approve(start(client, "twitter"), "maralind")
    before = session_of(client)
    standin.fault(fault)
    refused(client, back, before)


#: JSON that no parser of Python's writes, by which the uid's place is filled: more digits than a number may have, ...
RAW = {
    "5000 digits": "9" * 5000,
    "NaN": "NaN",
    "infinite": "1e999",
    "minus": "-",
    "twice": '"7", "id": "8", "sub": "8"',
}


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize("slug", ["acme", "mastodon"])
def test_a17_numbers_that_are_none_are_refused_where_they_stand(world: World, slug, raw):
    client = visitor()
    path, query = begin(world, slug, client)
    before = session_of(client)
    profile = {"acme": "/profile", "mastodon": "/one.example/api/v1/accounts/verify_credentials"}[slug]
    body = f'{{"username": "maralind", "id": {RAW[raw]}}}'
    world.peer.answers[profile] = Response(200, body.encode(), "application/json")
    assert is_error_page(client.get(path, query), 502)
    assert session_of(client) == before


@pytest.mark.parametrize("nobody", NOBODY)
@pytest.mark.parametrize("slug", SLUGS)
def test_a17_nobody_is_not_somebody_who_was_stored_before(world: World, slug, nobody):
    """``None``, ``"None"`` and ``""`` are what a missing uid becomes where it is only written down."""
    for uid in ("None", "null", "True", "0"):
        world.fields = {SAID[slug]: uid, ("corp-userinfo", "sub"): uid}
        client = Client()
        path, query = begin(world, slug, client)
        assert client.get(path, query).status_code == 302
        name = f"user{User.objects.count()}"
        form = {"username": name, "email": f"{name}@example.org", "first_name": "M", "last_name": "L"}
        assert client.post("/accounts/register/", form).status_code == 302
    world.fields = {SAID[slug]: NOBODY[nobody]}
    client = visitor()
    path, query = begin(world, slug, client)
    assert is_error_page(client.get(path, query), 502)
    assert "_auth_user_id" not in client.session
    assert SocialAccount.objects.count() == 4
