"""One stylesheet: ours and the providers' colours, light and dark, cached under a name of its content."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client

from socialreg import stylesheet
from socialreg_providers.twitter import Twitter

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
URL = "/accounts/style.css"


class Acme(Twitter):
    """A provider of a site's own."""

    slug = "acme"
    color = "#a1b2c3"
    text_color = "#fff"
    dark_color = "#11223344"
    dark_text_color = "#0008"


@pytest.fixture
def enabled(settings):
    def change(**entries):
        settings.SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": entries}

    return change


def rules(text: str, slug: str) -> list[str]:
    return re.findall(rf":where\(\.socialreg-button--{slug}\) {{ ([^}}]*) }}", text)


def test_each_provider_has_its_colours_light_and_dark(enabled):
    enabled(twitter=KEYS, acme={"PROVIDER": Acme})
    light, dark = stylesheet.text().rsplit("@media (prefers-color-scheme: dark)", 1)
    assert rules(light, "twitter") == ["--socialreg-back: #000000; --socialreg-fore: #ffffff;"]
    assert rules(dark, "twitter") == ["--socialreg-back: #ffffff; --socialreg-fore: #000000;"]
    assert rules(light, "acme") == ["--socialreg-back: #a1b2c3; --socialreg-fore: #fff;"]
    assert rules(dark, "acme") == ["--socialreg-back: #11223344; --socialreg-fore: #0008;"]


def test_the_settings_override_a_colour(enabled):
    enabled(twitter={**KEYS, "COLOR": "#1d9bf0"})
    assert "--socialreg-back: #1d9bf0; --socialreg-fore: #ffffff" in stylesheet.text()


@pytest.mark.parametrize(
    "junk",
    ["red; } body { display: none", "#12", "#12345", "#1234567", "#ggg", "#fff\n", "#fff;", "url(//evil.example)", ""],
)
def test_what_is_no_colour_never_gets_in_and_no_half_pair_either(enabled, junk):
    enabled(twitter={**KEYS, "COLOR": junk, "DARK_TEXT_COLOR": junk})
    text = stylesheet.text()
    assert rules(text, "twitter") == []
    assert text.count("{") == text.count("}")
    assert "evil" not in text
    assert "display: none" not in text.replace(stylesheet._base(), "")


def test_a_broken_provider_leaves_the_others_their_colours(enabled):
    enabled(nobody=KEYS, twitter=KEYS, **{"a}b": {"PROVIDER": Acme}})
    text = stylesheet.text()
    assert rules(text, "twitter")
    assert "nobody" not in text
    assert "a}b" not in text


def test_the_version_is_that_of_the_content(enabled):
    enabled(twitter=KEYS)
    before = stylesheet.version()
    assert re.fullmatch(r"[0-9a-f]{12}", before)
    assert stylesheet.version() == before
    enabled(twitter={**KEYS, "COLOR": "#123456"})
    assert stylesheet.version() != before


def test_it_is_kept_for_ever_under_the_name_of_its_content_alone(client):
    response = client.get(f"{URL}?v={stylesheet.version()}")
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.content.decode() == stylesheet.text()
    # An old worker that is asked for a new one's content while a release is rolled out.
    for address in (URL, f"{URL}?v=000000000000"):
        assert client.get(address)["Cache-Control"] == "no-cache"


@pytest.mark.django_db(transaction=True)
def test_it_needs_no_session_no_query_and_no_login(client, settings, monkeypatch, django_assert_num_queries):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with django_assert_num_queries(0):
        response = client.get(URL)
    assert response.cookies == {}
    assert not response.has_header("Vary")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    with django_assert_num_queries(0):
        assert Client().get(URL).status_code == 200


def test_nothing_in_it_leads_to_another_host():
    assert not re.search(r"//|url\(|@import|expression", re.sub(r"/\*.*?\*/", "", stylesheet.text(), flags=re.DOTALL))
