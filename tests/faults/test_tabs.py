"""Tabs, lost cookies and lost sessions, over OAuth 2.0 and OpenID Connect through the whole site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing.messages import Response
from tests.security.worlds import SLUGS, TOKEN, register
from tests.world import World, begin, is_register

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_five_tabs_finish_in_any_order_and_keep_their_next(world: World, slug: str):
    register(world, slug)
    client = Client()
    tabs = [begin(world, slug, client, next=f"/home/?tab={tab}") for tab in range(5)]
    for tab in (3, 0, 4, 2, 1):
        path, query = tabs[tab]
        world.answers[TOKEN[slug]] = Response(503)  # the ID token is of the last tab's nonce
        world.serve()
        response = client.get(path, query)
        assert response.status_code == 503
        assert f'value="/home/?tab={tab}"' in response.content.decode()
        del world.answers[TOKEN[slug]]


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_without_the_cookie_there_is_a_page_with_a_button_and_no_call(world: World, slug: str):
    client = Client()
    path, query = begin(world, slug, client)
    before = len(world.peer.requests)
    client.cookies.clear()
    response = client.get(path, query)
    assert response.status_code == 400
    assert reverse("socialreg:start", args=[slug]) in response.content.decode()
    assert len(world.peer.requests) == before


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_a_session_that_does_not_come_along_links_nothing_and_keeps_next(world: World, slug: str):
    """A login works all the same; connecting is a page that says what to do."""
    client = Client()
    client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    path, query = begin(world, slug, client, intent="connect", next="/home/?a=b")
    session = client.cookies.pop("sessionid")
    response = client.get(path, query)
    assert response.status_code == 403
    assert b'value="/home/?a=b"' in response.content
    assert not SocialAccount.objects.exists()
    client.cookies["sessionid"] = session.value
    assert client.session["_auth_user_id"]
    stranger = Client()
    path, query = begin(world, slug, stranger)
    assert is_register(stranger.get(path, query))
