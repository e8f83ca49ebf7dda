"""Pointing a site at the stand-in, as a site's own tests do."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from socialreg.registry import providers
from socialreg.testing.site import stand_in_for_x


def test_a_site_is_pointed_at_the_stand_in_and_back_again(x, client, db):
    before = settings.SOCIALREG
    with stand_in_for_x(x):
        response = client.post(reverse("socialreg:start", args=["twitter"]))
        assert client.get(x.approve(response["Location"], "maralind"))["Location"] == reverse("socialreg:register")
    assert settings.SOCIALREG is before
    assert providers["twitter"].request_token_url.startswith("https://api.x.com/")
    assert not providers.plain_http


def test_without_it_a_stand_in_is_never_spoken_to(x, client, settings, db):
    """Not even where the settings name it: outside DEBUG plain http is refused, whatever PRIVATE_HOSTS says."""
    netloc = x.url.removeprefix("http://")
    entry = {"twitter": x.provider_settings()}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entry, "PRIVATE_HOSTS": [netloc]}
    response = client.post(reverse("socialreg:start", args=["twitter"]))
    assert response.status_code == 503
    assert x.requests == []


def test_a_site_without_providers_gets_one(x, settings):
    settings.SOCIALREG = {"BASE_URL": "http://testserver"}
    with stand_in_for_x(x):
        assert providers["twitter"].client_id == x.provider_settings()["CLIENT_ID"]
