"""Pointing a site at the stand-in, as a site's own tests do."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from socialreg.exceptions import ConfigurationError
from socialreg.oauth2 import OAuth2Provider
from socialreg.registry import providers
from socialreg.testing import Posted, StandIn
from socialreg.testing.site import pointed_at, stand_in_for, stand_in_for_x

GITHUB = {"github": {"CLIENT_ID": "real", "CLIENT_SECRET": "real", "ALLOW_SIGNUP": False}}
CORP = {"PROVIDER": "oidc", "LABEL": "Corp SSO", "ISSUER": "https://corp.example"}


@pytest.fixture(scope="module")
def standin():
    with StandIn() as standin:
        yield standin


@pytest.fixture(autouse=True)
def _clean(standin):
    cache.clear()
    standin.reset()


def log_in(client, standin: StandIn, slug: str, screen_name: str = "maralind"):
    """Press the button, consent, come back; return our answer."""
    response = client.post(reverse("socialreg:start", args=[slug]))
    assert response.status_code == 302, response.content.decode()
    return client.get(standin.approve(response["Location"], screen_name))


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


def test_any_provider_of_a_site_can_be_the_stand_in_and_keeps_its_other_options(standin, client, settings, db):
    settings.SOCIALREG = {"BASE_URL": "http://testserver", "PROVIDERS": GITHUB}
    with stand_in_for(standin, "github"):
        assert providers["github"].client_id == "github-sandbox"
        assert providers["github"].allow_signup is False
        assert log_in(client, standin, "github")["Location"] == reverse("socialreg:register")
    assert providers["github"].client_id == "real"
    assert [each.path for each in standin.api_requests] == ["/github/token", "/github/profile", "/github/emails"]


def test_several_can_be_within_one_another_and_one_the_site_does_not_have_is_added(standin, client, settings, db):
    settings.SOCIALREG = {"BASE_URL": "http://testserver", "PROVIDERS": GITHUB}
    with stand_in_for(standin, "corp", CORP):
        with stand_in_for(standin, "github"):
            assert log_in(client, standin, "corp")["Location"] == reverse("socialreg:register")
            assert settings.SOCIALREG["PRIVATE_HOSTS"] == [standin.url.removeprefix("http://")]
        assert providers["corp"].label == "Corp SSO"
        assert log_in(client, standin, "corp", "junofox").status_code == 302
    assert not providers.plain_http_for_tests


def test_a_class_of_the_site_s_own_can_be_played(standin, settings):
    settings.SOCIALREG = {"BASE_URL": "http://testserver"}
    entry = {"PROVIDER": f"{__name__}.Acme"}
    pointed = pointed_at(standin, "acme", entry)["PROVIDERS"]["acme"]
    assert pointed["PROVIDER"] == entry["PROVIDER"]
    assert pointed["TOKEN_URL"] == f"{standin.url}/acme/token"


class Acme(OAuth2Provider):
    """A provider of a site's own."""

    slug = "acme"
    label = "Acme"
    issuer = "https://acme.example"


def test_a_provider_that_does_not_exist_cannot_be_pointed_anywhere(standin):
    with pytest.raises(ConfigurationError), stand_in_for(standin, "nobody"):
        pass


def test_what_is_posted_is_an_address_with_fields():
    posted = Posted("https://site.example/", {"code": "c"})
    assert (posted, posted.fields) == ("https://site.example/", {"code": "c"})
