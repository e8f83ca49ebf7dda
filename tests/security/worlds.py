"""The three ways of OAuth 2.0 in ``tests.world``: where each of them says who somebody is, and a registration."""

from __future__ import annotations

import itertools

from django.test import Client
from django.urls import reverse

from socialreg.models import SocialAccount
from tests.world import SERVER, World, go, is_register

SLUGS = ["acme", "corp", "mastodon"]
#: Who said who this is, in which field, for each of them.
SAID = {"acme": ("acme-profile", "id"), "corp": ("corp-claims", "sub"), "mastodon": ("mastodon-profile", "id")}
TOKEN = {"acme": "/token", "corp": "/oidc-token", "mastodon": f"/{SERVER}/oauth/token"}
_numbers = itertools.count()


def register(world: World, slug: str, client: Client | None = None) -> SocialAccount:
    client = client or Client()
    assert is_register(go(world, slug, client))
    name = f"user{next(_numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "first_name": "M", "last_name": "L"}
    assert client.post(reverse("socialreg:register"), form).status_code == 302
    return SocialAccount.objects.get(user__username=name)
