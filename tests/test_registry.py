"""``providers["twitter"]`` works like ``storages["default"]``: made once from the settings, kept until they change."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import reverse

from socialreg.exceptions import ConfigurationError, UnknownProvider
from socialreg.provider import Provider
from socialreg.registry import classes_in, find_class, providers
from socialreg_providers.twitter import Twitter

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


class Acme(Twitter):
    """A class of a site's own, with an option of every type."""

    slug = "acme"
    label = "Acme"
    scope: tuple[str, ...] = ("read",)
    retries: int = 1
    names: Mapping[str, str] = {"a": "b"}


class Slow(Twitter):
    """A class that many threads ask for while it is being made."""

    slug = "slow"
    made: list[Provider] = []
    begun = threading.Event()
    go_on = threading.Event()

    def __init__(self, settings, transport):
        super().__init__(settings, transport)
        self.begun.set()
        assert self.go_on.wait(10)
        self.made.append(self)


@pytest.fixture
def enabled(settings):
    """Enable providers: ``enabled(twitter={...})``."""

    def change(**entries):
        settings.SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": entries}

    return change


def test_it_is_made_once_and_kept(enabled):
    enabled(twitter=KEYS)
    assert providers["twitter"] is providers["twitter"]
    assert type(providers["twitter"]) is Twitter
    assert list(providers) == ["twitter"]
    assert "twitter" in providers
    assert "github" not in providers
    assert ["unhashable"] not in providers


def test_the_order_is_that_of_the_settings(enabled):
    enabled(acme={"PROVIDER": Acme}, twitter=KEYS)
    assert list(providers) == ["acme", "twitter"]
    enabled(twitter=KEYS, acme={"PROVIDER": Acme})
    assert list(providers) == ["twitter", "acme"]


def test_it_is_made_anew_when_the_settings_change(enabled, settings):
    enabled(twitter=KEYS)
    before, client = providers["twitter"], providers.client
    enabled(twitter={**KEYS, "LABEL": "Twitter"})
    assert providers["twitter"] is not before
    assert providers["twitter"].label == "Twitter"
    assert providers.client is not client
    before = providers["twitter"]
    settings.DEBUG = True
    assert providers["twitter"] is not before


def test_all_share_one_client(enabled):
    enabled(twitter=KEYS, acme={"PROVIDER": Acme, **KEYS})
    assert providers["twitter"].transport is providers["acme"].transport is providers.client


@pytest.mark.parametrize("named", ["tests.test_registry.Acme", Acme])
def test_a_sites_own_class_is_given_by_dotted_name_or_as_it_is(enabled, named):
    enabled(anything={"PROVIDER": named, **KEYS})
    assert type(providers["anything"]) is Acme
    assert providers["anything"].client_id == "id"


def test_every_attribute_that_is_data_is_overridden_by_its_upper_case_name(enabled):
    values = {
        str: "https://other.example",
        bool: True,
        int: 7,
        tuple: ["a", "b"],  # settings read from a file or the environment have lists
        dict: {"c": "d"},
    }
    names = Acme.option_names()
    assert {"LABEL", "API_HOST", "METHOD", "FORCE_LOGIN", "SCOPE", "RETRIES", "NAMES", "ISSUER", "COLOR"} <= set(names)
    for name in names:
        value = values[type(getattr(Acme, name.lower()))]
        enabled(acme={"PROVIDER": Acme, name: value})
        found = getattr(providers["acme"], name.lower())
        assert found == (tuple(value) if isinstance(value, list) else value)
        assert getattr(Acme, name.lower()) != found  # the class, which all share, stays as it is


def test_addresses_follow_the_hosts_they_are_made_of(enabled):
    enabled(twitter={**KEYS, "API_HOST": "https://proxy.internal"})
    assert providers["twitter"].access_token_url == "https://proxy.internal/oauth/access_token"
    assert providers["twitter"].authorize_url == "https://api.x.com/oauth/authorize"


@pytest.mark.parametrize(
    "slug", ["github", "", "../os", "os", "socialreg", "TWITTER", "\0", "tests.test_registry.Acme"]
)
def test_what_is_not_enabled_is_unknown(enabled, slug):
    enabled(twitter=KEYS)
    with pytest.raises(UnknownProvider, match="twitter"):
        providers[slug]


def test_without_settings_nothing_is_enabled_and_nothing_breaks(settings):
    del settings.SOCIALREG
    assert list(providers) == []
    with pytest.raises(UnknownProvider, match="none is enabled"):
        providers["twitter"]
    settings.SOCIALREG = {"PROVIDERS": ["twitter"]}
    assert list(providers) == []
    assert "twitter" not in providers
    with pytest.raises(ConfigurationError, match="Make it a dict"):
        providers["twitter"]


@pytest.mark.parametrize("named", ["socialreg_providers", "a/b", "..", "_x_errors", "os", "os.path", 7, object])
def test_what_is_no_provider_is_refused(named):
    with pytest.raises(ConfigurationError, match="cannot be found"):
        find_class("acme", {"PROVIDER": named})


def test_a_class_counts_once_by_however_many_names_and_not_if_it_inherits_the_slug():
    module = sys.modules[__name__]
    assert classes_in(module, "acme") == [Acme]
    assert classes_in(module, "twitter") == [Twitter]
    assert classes_in(module, "github") == []


def test_many_threads_get_the_same_one(enabled):
    enabled(slow={"PROVIDER": Slow, **KEYS})
    Slow.made.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(providers.__getitem__, "slow") for _ in range(8)]
        assert Slow.begun.wait(10)
        Slow.go_on.set()
        found = {id(each.result(10)) for each in waiting}
    assert len(found) == len(Slow.made) == 1


def test_one_broken_provider_leaves_the_others_alone(enabled):
    enabled(twitter=KEYS, acme={"PROVIDER": "nowhere.Acme"})
    assert providers["twitter"].label == "X"
    with pytest.raises(ConfigurationError, match="nowhere"):
        providers["acme"]


def test_usable_means_with_credentials(enabled):
    enabled(twitter={})
    assert providers["twitter"].label == "X"  # its button and its picture can be shown
    with pytest.raises(ConfigurationError, match="CLIENT_ID"):
        providers.usable("twitter")
    enabled(twitter=KEYS)
    assert providers.usable("twitter") is providers["twitter"]


@pytest.mark.django_db
def test_what_a_request_carries_never_changes_the_configuration(site, x, client):
    provider = providers["twitter"]
    before = dict(vars(provider))
    hostile = {
        name: "https://evil.example"
        for option in Twitter.option_names()
        for name in (option, option.lower())
        if option not in {"METHOD"}
    }
    response = client.post(reverse("socialreg:start", args=["twitter"]) + "?API_HOST=https://evil.example", hostile)
    assert response["Location"].startswith(f"{x.url}/oauth/authenticate?oauth_token=")
    assert "evil" not in response["Location"]
    client.get(reverse("socialreg:callback", args=["twitter"]), hostile)
    assert providers["twitter"] is provider
    assert vars(provider) == before
