"""More scopes for an account: what was granted and the addition are asked for, and nothing else; no browser says so."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from socialreg.exceptions import ConfigurationError
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg_providers.discord import Discord
from socialreg_providers.github import GitHub
from tests import shipped
from tests.using import CALLBACK, account_of, credentials_of, plays_x
from tests.world import CODE

pytestmark = pytest.mark.django_db


def asked(provider, **options: str) -> dict[str, str]:
    """Return what the browser is sent to a provider with."""
    options = {"server": "one.example", **options}
    query = parse_qs(urlsplit(provider.authorize(CALLBACK, "connect", options).url).query, keep_blank_values=True)
    return {name: values[-1] for name, values in query.items()}


def scope(provider, **options: str) -> list[str]:
    return asked(provider, **options).get("scope", "").replace(",", " ").split()


OAUTH2 = [slug for slug in shipped.slugs() if slug not in {"twitter", *shipped.GENERIC}]


@pytest.mark.parametrize("slug", OAUTH2)
def test_what_was_granted_and_the_addition_are_asked_for_and_nothing_besides(standin, slug):
    provider = providers[slug]
    wanted = scope(provider, granted="one openid two", scope="two three")
    assert wanted.count("two") == 1
    assert set(wanted) - {"openid", "offline_access"} == {"one", "two", "three"}
    assert ("openid" in wanted) is True


@pytest.mark.parametrize("slug", OAUTH2)
def test_without_an_addition_the_class_scope_is_asked_for(standin, slug):
    assert scope(providers[slug]) == list(providers[slug].scope)


@pytest.mark.parametrize("slug", OAUTH2)
def test_of_an_account_whose_grant_nobody_knows_nothing_is_given_up(standin, slug):
    assert set(scope(providers[slug], scope="more")) == {*providers[slug].scope, "more"}


@pytest.mark.parametrize("slug", OAUTH2)
def test_an_account_that_was_lost_is_asked_back_for_what_it_had(standin, slug):
    assert set(scope(providers[slug], granted="openid one")) - {"offline_access"} == {"openid", "one"}


def test_openid_connect_keeps_openid_whatever_the_provider_lists(standin):
    assert scope(providers["google"], granted="https://www.googleapis.com/auth/userinfo.email", scope="calendar") == [
        "openid",
        "https://www.googleapis.com/auth/userinfo.email",
        "calendar",
    ]


def test_google_is_told_that_the_addition_is_one(standin):
    assert asked(providers["google"], granted="openid", scope="calendar")["include_granted_scopes"] == "true"
    assert "include_granted_scopes" not in asked(providers["google"])


def test_separators_are_the_providers_own(standin):
    assert asked(providers["facebook"], granted="public_profile email", scope="pages_show_list")["scope"] == (
        "public_profile,email,pages_show_list"
    )


def test_the_whole_way_the_account_may_more_and_keeps_what_it_had(site, x, settings):
    plays_x(x, settings, SCOPE=["users.read", "tweet.read", "offline.access"])
    account = account_of(x, "x", "junofox")
    assert account.scope.split() == ["users.read", "tweet.read", "offline.access"]
    more = credentials_of(x, "x", "junofox", granted=account.scope, scope="tweet.write")
    assert more.scope.split() == [*account.scope.split(), "tweet.write"]
    account.credentials = more
    assert account.session().post("https://api.x.com/2/tweets", json={"text": "a"}).status_code == 201


def test_a_provider_that_does_not_say_what_it_granted_is_taken_to_have_granted_what_was_asked(standin, settings):
    provider = providers["discord"]
    redirect = provider.authorize(CALLBACK, "connect", {"granted": "identify", "scope": "guilds"})
    assert redirect.pending["scope"] == "identify guilds"
    assert "scope" not in provider.authorize(CALLBACK, "login", {}).pending
    huge = {"granted": "identify", "scope": " ".join(f"scope{n}" for n in range(300))}
    assert "scope" not in provider.authorize(CALLBACK, "connect", huge).pending
    assert "scope299" in scope(provider, **huge)


def test_then_that_is_what_is_kept_of_it(world):
    provider = providers["acme"]
    redirect = provider.authorize(CALLBACK, "connect", {"granted": "read", "scope": "write"})
    world.serve()
    assert provider.verify(redirect.pending, {"state": redirect.key, "code": CODE}).scope == "read write"


def test_mastodons_application_is_one_that_may_ask_for_more(standin):
    provider = providers["mastodon"]
    granted = {"server": "one.example", "granted": "read:accounts", "scope": "write:statuses"}
    standin.requests.clear()
    more = credentials_of(standin, "mastodon", **granted)
    assert more.scope == "read:accounts write:statuses"
    first = [record.path for record in standin.requests].count("/mastodon/one.example/api/v1/apps")
    again = provider.authorize(CALLBACK, "connect", granted)
    plain = provider.authorize(CALLBACK, "login", {"server": "one.example"})
    assert again.pending["client_id"] != plain.pending["client_id"]
    assert (first, again.pending["kept"]) == (1, "yes")


# OAuth 1.0a


@pytest.fixture
def access(site, x, monkeypatch):
    """What a request token was asked for with."""
    found: list[str | None] = []
    issue = type(x._x.api._desk.tokens).issue_request

    def watched(self, callback, access):
        found.append(access)
        return issue(self, callback, access)

    monkeypatch.setattr(type(x._x.api._desk.tokens), "issue_request", watched)
    return found


@pytest.mark.parametrize(
    ("configured", "addition", "expected"),
    [
        ("", "", {}),
        ("read", "", {"x_auth_access_type": "read"}),
        ("read", "tweet.write", {"x_auth_access_type": "write"}),
        ("read", "write", {"x_auth_access_type": "write"}),
        ("", "tweet.read tweet.write", {"x_auth_access_type": "write"}),
        ("read", "tweet.read", {"x_auth_access_type": "read"}),
        ("read", "overwrite", {"x_auth_access_type": "read"}),
    ],
)
def test_over_oauth1_it_goes_by_the_access_type(site, settings, configured, addition, expected):
    entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "X_AUTH_ACCESS_TYPE": configured}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    assert providers["twitter"].request_token_params("connect", {"scope": addition}) == expected


def test_over_oauth1_a_login_keeps_the_apps_own_level_so_that_posting_works(access, browser):
    browser.start()
    assert access == ["write"]  # the app's own, at the stand-in


def test_over_oauth1_somebody_who_may_read_alone_can_be_asked_for_writing(site, x, settings):
    entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "X_AUTH_ACCESS_TYPE": "read"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    account = account_of(x, "twitter")
    assert account.scope == ""  # X says nowhere in its token answer what it granted
    account.credentials = credentials_of(x, "twitter", scope="tweet.write")
    assert account.session().post("https://api.x.com/2/tweets", json={"text": "a"}).status_code == 201


# Nobody else says it


@pytest.mark.parametrize("slug", shipped.slugs())
def test_a08_no_browser_can_add_a_scope_or_say_what_was_granted(standin, client, slug):
    slug = shipped.GENERIC.get(slug, slug)

    def start(**data: str) -> dict[str, list[str]]:
        began = client.post(reverse("socialreg:start", args=[slug]), {"server": "one.example", **data})
        query = parse_qs(urlsplit(began["Location"]).query)
        return {name: query[name] for name in query.keys() & {"scope", "include_granted_scopes", "x_auth_access_type"}}

    assert start(scope="evil", granted="evil", x_auth_access_type="write") == start()


def test_a08_nor_with_x_over_oauth1(access, site, x, settings, browser):
    entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "X_AUTH_ACCESS_TYPE": "read"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    browser.start(scope="tweet.write", granted="write", x_auth_access_type="write")
    assert access == ["read"]


@pytest.mark.parametrize("name", ["scope", "granted"])
def test_a08_a_class_that_would_let_a_browser_is_refused(name):
    class Open(GitHub):
        request_options = ("login", name)

    with pytest.raises(ConfigurationError, match=f"request_options of Open names {name}"):
        Open({}, None)
    Discord({}, None)
    with StandIn() as standin, pytest.raises(ConfigurationError):
        Open(standin.play("github", Open), None)
