"""``providers["twitter"]`` works like ``storages["default"]``: made once from the settings, kept until they change."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest
from django.urls import reverse

from socialreg.exceptions import ConfigurationError, UnknownProvider
from socialreg.models import SocialAccount
from socialreg.oidc import OIDCProvider
from socialreg.provider import Provider
from socialreg.registry import providers
from socialreg_providers.twitter import Twitter

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


class Acme(Twitter):
    """A class of a site's own, with an option of every type."""

    slug = "acme"
    label = "Acme"
    scope: tuple[str, ...] = ("read",)
    retries: int = 1
    names: Mapping[str, str] = {"a": "b"}


class Company(OIDCProvider):
    """Stands for the generic class of a protocol, which settings alone make a provider of."""

    slug = "oidc"
    label = ""
    issuer = ""
    required_options = ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "LABEL")


class Demanding(Twitter):
    """A class that needs options of every type, and one more where another is set."""

    slug = "demanding"
    scope: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    retries: int = 0
    strict: bool = False
    key: str = ""

    def __init__(self, settings, transport, store=None):
        super().__init__(settings, transport, store)
        needed = ("CLIENT_ID", "SCOPE", "NAMES", "RETRIES", "STRICT")
        self.required_options = (*needed, "KEY") if self.client_secret == "" else needed


class Odd(Twitter):
    """A class whose author names an option that there is not."""

    slug = "odd"
    required_options = ("CLIENT_ID", "TEAM")


class Nonsense(Twitter):
    """A class whose author names an option by something that is no name."""

    slug = "nonsense"
    required_options = ("CLIENT_ID", 7)


class Old(Twitter):
    """A class that was written when there was no store."""

    slug = "old"

    def __init__(self, settings, transport):
        super().__init__(settings, transport)


class Careless(Twitter):
    """A class that fails where others list their addresses."""

    slug = "careless"

    def endpoints(self):
        raise KeyError("s3cret")


class Slow(Twitter):
    """A class that many threads ask for while it is being made."""

    slug = "slow"
    made: list[Provider] = []
    begun = threading.Event()
    go_on = threading.Event()

    def __init__(self, settings, transport, store=None):
        super().__init__(settings, transport, store)
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
        # What has a few values alone gets another of them.
        default = getattr(Acme, name.lower())
        value = "authorize" if name == "METHOD" else not default if default is True else values[type(default)]
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


@pytest.fixture
def generic(monkeypatch):
    """Let the generic class be one of this file: what the registry does is not to depend on what ships."""
    module = ModuleType("socialreg_providers.oidc")
    module.Company = Company
    monkeypatch.setitem(sys.modules, module.__name__, module)


def company(name: str, **options: object) -> dict[str, object]:
    return {"PROVIDER": "oidc", "LABEL": name, "ISSUER": f"https://login.{name.lower()}.example", **KEYS, **options}


@pytest.mark.usefixtures("generic")
def test_settings_alone_make_any_number_of_a_generic_class(enabled):
    names = ["Corp", "Acme", "Guild"]
    enabled(**{name.lower(): company(name) for name in names})
    made = [providers.usable(name.lower()) for name in names]
    assert [type(each) for each in made] == [Company] * 3
    assert [each.label for each in made] == names
    assert [each.issuer for each in made] == [f"https://login.{name.lower()}.example" for name in names]
    assert Company.issuer == ""


@pytest.mark.usefixtures("generic")
def test_one_of_them_may_go_by_the_slug_of_the_class(enabled):
    enabled(oidc=company("Corp"), acme=company("Acme"))
    assert providers.usable("oidc").label == "Corp"
    assert providers.usable("acme").label == "Acme"


@pytest.mark.usefixtures("generic")
@pytest.mark.parametrize("name", ["CLIENT_ID", "ISSUER", "LABEL"])
def test_a_generic_one_is_not_usable_until_it_has_all_that_it_needs(enabled, name):
    enabled(corp=company("Corp", **{name: " "}))
    if name == "ISSUER":  # blanks are no address
        with pytest.raises(ConfigurationError, match="ISSUER of the provider 'corp' is no address"):
            providers["corp"]
    enabled(corp={option: value for option, value in company("Corp").items() if option != name})
    with pytest.raises(ConfigurationError, match=f"'corp' has no {name}") as raised:
        providers.usable("corp")
    assert raised.value.code == "credentials"


FILLED = {"CLIENT_ID": "id", "SCOPE": ["read"], "NAMES": {"uid": "id"}, "KEY": "k"}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, ""),
        ({"SCOPE": []}, "SCOPE"),
        ({"SCOPE": ()}, "SCOPE"),
        ({"NAMES": {}}, "NAMES"),
        ({"CLIENT_ID": ""}, "CLIENT_ID"),
        ({"CLIENT_ID": " \t"}, "CLIENT_ID"),
        ({"KEY": ""}, "KEY"),
        ({"KEY": "", "CLIENT_SECRET": "secret"}, ""),
        ({"RETRIES": 0, "STRICT": False}, ""),
        ({"SCOPE": [], "NAMES": {}, "KEY": ""}, "SCOPE and no NAMES and no KEY"),
    ],
)
def test_a_required_option_may_be_of_any_type_and_the_provider_may_say_itself_which(enabled, changes, missing):
    enabled(demanding={"PROVIDER": Demanding, **FILLED, **changes})
    if not missing:
        assert providers.usable("demanding") is providers["demanding"]
        return
    with pytest.raises(ConfigurationError) as raised:
        providers.usable("demanding")
    assert raised.value.failed == f"The provider 'demanding' has no {missing}"


def test_a_required_option_that_the_class_has_not_is_missing_and_no_crash(enabled):
    enabled(odd={"PROVIDER": Odd, **KEYS})
    with pytest.raises(ConfigurationError, match="'odd' has no TEAM"):
        providers.usable("odd")


def test_a_class_that_fails_over_what_it_requires_is_blamed(enabled):
    enabled(nonsense={"PROVIDER": Nonsense, **KEYS})
    with pytest.raises(ConfigurationError, match="Mend Nonsense"):
        providers.usable("nonsense")


@pytest.mark.parametrize("value", [True, False])
def test_true_is_no_number(enabled, value):
    enabled(acme={"PROVIDER": Acme, "RETRIES": value})
    with pytest.raises(ConfigurationError, match="RETRIES of Acme has the wrong type") as raised:
        providers["acme"]
    assert raised.value.cause == "it is bool, not int"


def test_a_class_that_takes_no_store_is_told_how_to_take_one(enabled):
    enabled(old={"PROVIDER": Old, **KEYS})
    with pytest.raises(ConfigurationError) as raised:
        providers["old"]
    assert "Old does not take settings, transport and store" in raised.value.cause
    assert "Let Old.__init__ take (self, settings, transport, store=None)" in raised.value.remedy


@pytest.mark.parametrize("length", [1, 100, 101])
def test_a_slug_fits_its_column(enabled, length):
    slug = "s" * length
    enabled(**{slug: {"PROVIDER": "twitter", **KEYS}})
    if length <= SocialAccount._meta.get_field("provider").max_length:
        assert providers.usable(slug)
        return
    with pytest.raises(ConfigurationError, match="cannot stand in an address") as raised:
        providers[slug]
    assert raised.value.code == "slug"
    assert "100" in raised.value.cause


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("", True),  # of those who name one for each person
        ("x" * 255, True),
        ("x" * 256, False),
        ("https://x.com\n", False),
        (" https://x.com", False),
        ("a\0b", False),
    ],
)
def test_an_issuer_fits_its_column_and_is_printable(enabled, issuer, good):
    enabled(twitter={**KEYS, "ISSUER": issuer})
    if good:
        assert providers["twitter"].issuer == issuer
        return
    with pytest.raises(ConfigurationError, match="The issuer of the provider 'twitter' cannot be stored") as raised:
        providers["twitter"]
    assert raised.value.code == "issuer"


BAD_ISSUERS = [
    "login.corp.example",
    "//login.corp.example",
    "ftp://login.corp.example",
    "https://user:hunter2@login.corp.example",
    "https://login.corp.example/a b",
    "javascript:alert(1)//",
    "https://[",
]


@pytest.mark.usefixtures("generic")
@pytest.mark.parametrize("issuer", BAD_ISSUERS)
def test_an_address_is_one_whatever_its_option_is_called(enabled, issuer):
    enabled(corp=company("Corp", ISSUER=issuer))
    with pytest.raises(ConfigurationError, match="ISSUER of the provider 'corp' is no address") as raised:
        providers["corp"]
    assert raised.value.code == "address"
    assert "hunter2" not in str(raised.value)


def test_a_class_that_fails_over_its_addresses_is_blamed(enabled):
    enabled(careless={"PROVIDER": Careless, **KEYS}, twitter=KEYS)
    with pytest.raises(ConfigurationError, match="'careless' cannot be made") as raised:
        providers["careless"]
    assert "Mend Careless" in raised.value.remedy
    assert providers["twitter"]


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
