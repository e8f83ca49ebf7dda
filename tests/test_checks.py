"""Every check has a setting that triggers it and one that does not; it names the cause, and its hint the remedy."""

from __future__ import annotations

import sys
from io import StringIO
from types import ModuleType

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.core import checks
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test.utils import isolate_apps
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from socialreg.checks import check_session_store
from socialreg.registry import providers
from socialreg_providers.twitter import Twitter
from tests.mailers import send_by

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
HEALTHY = {"BASE_URL": "https://example.com", "PROVIDERS": {"twitter": KEYS}}
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
MINE = "tests.test_checks.Mine"
ACME = "tests.test_checks.Acme"


class Mine(Twitter):
    """A class of a site's own that goes by the slug of a shipped one."""

    slug = "twitter"


class Acme(Twitter):
    """A class of a site's own."""

    slug = "acme"


class Broken(Twitter):
    """A class that cannot be made."""

    slug = "broken"

    def __init__(self, settings, transport, store=None):
        raise RuntimeError("no way")


class OwnSessions(SessionMiddleware):
    """Sessions of a site's own."""


class OwnLocMem(LocMemCache):
    """A cache of a site's own that is not shared either."""


def hook() -> None:
    """Stand for a hook."""


@pytest.fixture
def healthy(settings):
    """A site in production that has nothing wrong; ``healthy(**changes)`` changes ``SOCIALREG``."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://h"}}
    settings.SOCIALREG = HEALTHY

    def change(**changes):
        settings.SOCIALREG = {**HEALTHY, **changes}

    return change


def found() -> dict[str, checks.CheckMessage]:
    """Return our messages by the end of their id; no id twice unless it is for several settings."""
    messages = checks.run_checks(tags=["socialreg", "security"])
    return {str(each.id).removeprefix("socialreg."): each for each in messages if str(each.id).startswith("socialreg.")}


def test_a_healthy_site_has_no_message(healthy):
    assert found() == {}


def test_a_healthy_site_may_use_everything_there_is(healthy):
    healthy(
        BASE_URL="https://example.com:8443/",
        PROVIDERS={"twitter": KEYS, "acme": {"PROVIDER": Acme, **KEYS}, "again": {"PROVIDER": "twitter", **KEYS}},
        FINDERS=["socialreg.finders.by_email", hook],
        REGISTRATION_FORM="socialreg.forms.RegistrationForm",
        ASK_FOR="missing",
        BEFORE_LOGIN=("tests.test_checks.hook",),
        BEFORE_REGISTER=[hook],
        PROFILE_MAX_AGE=3600,
        PRIVATE_HOSTS={"idp.internal:8443", "[::1]:8001"},
    )
    assert found() == {}


@pytest.mark.parametrize("value", [None, "https://example.com", ["BASE_URL"], 7])
def test_e001_settings_that_are_missing_or_no_dict(healthy, settings, value):
    settings.SOCIALREG = value
    message = found()["E001"]
    assert "SOCIALREG is missing" in message.msg
    assert "BASE_URL" in message.hint
    del settings.SOCIALREG
    assert "E001" in found()


@pytest.mark.parametrize("name", ["base_url", "PROVIDER", 5, ""])
def test_e002_a_setting_that_there_is_not(healthy, settings, name):
    settings.SOCIALREG = {**HEALTHY, name: 1}
    message = found()["E002"]
    assert repr(name) in message.msg
    assert "PRIVATE_HOSTS" in message.hint


BAD_ADDRESSES = [
    None,
    "",
    7,
    b"https://example.com",
    "example.com",
    "//example.com",
    "ftp://example.com",
    "https://",
    "https:///",
    "https://example.com/shop",
    "https://example.com//",
    "https://example.com?",
    "https://example.com/?a=b",
    "https://example.com#",
    "https://example.com/#top",
    "https://@example.com",
    "https://user@example.com",
    "https://user:hunter2@example.com",
    "https://:hunter2@example.com",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:https",
    "https://example.com:",
    "https://exam ple.com",
    " https://example.com",
    "https://example.com ",
    "https://example.com\n",
    "https://exa\nmple.com",
    "https://example.com\\",
    "https://ex\u0430mple.com",
    "https://exam\u212aple.com",
    "https://[::1",
    "https://[:::]",
    "https://[::gg]",
    "https://-",
    "https://.",
    "http://[",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_e003_a_base_url_that_is_more_or_less_than_scheme_and_host(healthy, address):
    healthy(BASE_URL=address)
    message = found()["E003"]
    assert 'SOCIALREG["BASE_URL"]' in message.msg
    assert "https://example.com" in message.hint
    assert "hunter2" not in str(message)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "https://example.com/",
        "https://example.com:8443/",
        "HTTPS://Example.COM",
        "https://my_host",
        "https://[::1]:8443",
        "https://xn--bcher-kva.example",
    ],
)
def test_e003_says_nothing_of_a_base_url_as_people_write_it(healthy, address):
    healthy(BASE_URL=address)
    assert found() == {}


@pytest.mark.parametrize(
    ("name", "value", "cause", "remedy"),
    [
        ("PROVIDERS", ["twitter"], "it is list", "Make it a dict"),
        ("PROVIDERS", None, "it is NoneType", "Make it a dict"),
        ("FINDERS", "socialreg.finders.by_email", "it is str, not a list", "into a list"),
        ("FINDERS", 7, "it is int", "into a list"),
        ("FINDERS", {"a": "b"}, "it is dict", "into a list"),
        ("FINDERS", ["nowhere.at_all"], "No module named 'nowhere'", "Correct the dotted name"),
        ("FINDERS", ["undotted"], "undotted", "Correct the dotted name"),
        ("FINDERS", ["..relative"], "..relative", "Correct the dotted name"),
        ("FINDERS", [None], "None cannot be called", "Name a function"),
        ("FINDERS", ["tests.test_checks.KEYS"], "cannot be called", "Name a function"),
        ("BEFORE_LOGIN", ["tests.test_checks.gone"], "gone", "Correct the dotted name"),
        ("BEFORE_REGISTER", ["tests.test_checks.gone"], "gone", "Correct the dotted name"),
        ("REGISTRATION_FORM", "tests.test_checks.Gone", "Gone", "Correct the dotted name"),
        ("REGISTRATION_FORM", "tests.test_checks.hook", "is no form class", "subclass of Form"),
        ("REGISTRATION_FORM", None, "is no form class", "subclass of Form"),
        ("ASK_FOR", "nothing", "'nothing'", '"missing"'),
        ("ASK_FOR", ["missing"], "['missing']", '"missing"'),
        ("PROFILE_MAX_AGE", "a day", "'a day'", "number of seconds"),
        ("PROFILE_MAX_AGE", None, "None", "number of seconds"),
        ("PROFILE_MAX_AGE", float("nan"), "nan", "number of seconds"),
        ("PROFILE_MAX_AGE", 10**30, "1000000", "number of seconds"),
        ("PRIVATE_HOSTS", "127.0.0.1", "it is str", "into a list"),
        ("PRIVATE_HOSTS", ["http://127.0.0.1:8001"], "http://127.0.0.1:8001", "host:port"),
        ("PRIVATE_HOSTS", ["10.0.0.0/8"], "10.0.0.0/8", "host:port"),
        ("PRIVATE_HOSTS", [7], "7 is no host", "host:port"),
    ],
)
def test_e003_a_setting_of_the_wrong_type_or_that_cannot_be_imported(healthy, name, value, cause, remedy):
    healthy(**{name: value})
    messages = found()
    assert set(messages) == {"E003"}
    assert f'SOCIALREG["{name}"]' in messages["E003"].msg
    assert cause in messages["E003"].msg
    assert remedy in messages["E003"].hint


def test_e003_a_module_that_fails_while_it_is_imported(healthy, tmp_path, monkeypatch):
    (tmp_path / "hooks_that_fail.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    healthy(BEFORE_LOGIN=["hooks_that_fail.hook"])
    assert "ZeroDivisionError" in found()["E003"].msg


@pytest.mark.parametrize(
    ("slug", "entry", "cause", "remedy"),
    [
        ("nobody", KEYS, "'nobody' cannot be found", "slug of one that ships ("),
        ("acme", {"PROVIDER": "nobody", **KEYS}, "no provider of this name ships", "slug of one that ships ("),
        ("acme", {"PROVIDER": "tests.test_checks.Gone", **KEYS}, "Gone", "name your own class"),
        ("acme", {"PROVIDER": "tests.test_checks.hook", **KEYS}, "no subclass of", "name your own class"),
        ("acme", {"PROVIDER": None, **KEYS}, "no subclass of", "name your own class"),
        ("acme", {"PROVIDER": "", **KEYS}, "cannot be found", "name your own class"),
        ("acme", {"PROVIDER": "socialreg.provider.Provider", **KEYS}, "abstract", "Mend Provider"),
        ("acme", {"PROVIDER": Broken, **KEYS}, "RuntimeError: no way", "Mend Broken"),
        ("twitter", {**KEYS, "CLIENT": "x"}, "has no option 'CLIENT'", "CLIENT_ID"),
        ("twitter", {**KEYS, "client_id": "x"}, "has no option 'client_id'", "CLIENT_ID"),
        ("twitter", {**KEYS, "SLUG": "x"}, "has no option 'SLUG'", "CLIENT_ID"),
        ("twitter", {**KEYS, 7: "x"}, "a name in it is no text", "CLIENT_ID"),
        ("twitter", {**KEYS, "FORCE_LOGIN": "yes"}, "it is str, not bool", "Give FORCE_LOGIN as True or False"),
        ("twitter", {**KEYS, "CLIENT_ID": None}, "it is NoneType, not str", "Give CLIENT_ID as a text"),
        ("github", {**KEYS, "SCOPE": "read:user"}, "Entry 'github': The option SCOPE", 'a list such as ["...", "..."]'),
        ("github", {**KEYS, "EXTRA_PARAMS": "a=b"}, "it is str, not dict", "as a dict of texts"),
        ("corp", {"PROVIDER": "oidc", "LABEL": 7, **KEYS}, "Entry 'corp': The option LABEL", "as a text"),
        (
            "github",
            {**KEYS, "CLIENT_SECRT": "x"},
            "Entry 'github': GitHub has no option",
            "Did you mean CLIENT_SECRET? ",
        ),
        ("github", {**KEYS, "Scopes": []}, "has no option 'Scopes'", "Did you mean SCOPE? "),
        ("github", {**KEYS, "WHATEVER": "x"}, "has no option 'WHATEVER'", "Use one of ALLOW_SIGNUP"),
        ("corp", KEYS, "no provider of this name ships", '"oidc", "oauth2"'),
        ("github", {**KEYS, "PROFILE_MAP": {"uid": "login"}}, "takes 'login' for uid", "Leave uid out"),
        ("google", {**KEYS, "PROFILE_MAP": {"uid": "email"}}, "takes 'email' for uid", "Leave uid out"),
        ("google", {**KEYS, "SCOPE": ["profile"]}, "lacks openid", 'Add "openid"'),
        ("microsoft", {**KEYS, "TENANT": "comon"}, "names no tenant", "Directory (tenant) ID"),
        ("twitter", {**KEYS, "PROFILE_URL": "{nowhere}/me"}, "nowhere", "Mend Twitter"),
        ("twitter", {**KEYS, "PROFILE_URL": ""}, "is no address", "PROFILE_URL"),
        ("twitter", {**KEYS, "PROFILE_URL": "{label}/me"}, "is no address", "https://host/path"),
        ("twitter", {**KEYS, "API_HOST": "http://["}, "is no address", "https://host/path"),
        ("twitter", {**KEYS, "API_HOST": "api.x.com"}, "is no address", "https://host/path"),
        ("twitter", {**KEYS, "API_HOST": "https://user:hunter2@api.x.com"}, "is no address", "https://host/path"),
        ("twitter", {**KEYS, "LOGIN_HOST": "javascript:alert(1)//"}, "is no address", "https://host/path"),
        ("twitter", {**KEYS, "LOGIN_HOST": "https://x.com\n"}, "is no address", "https://host/path"),
        ("twitter", "secret", "it is str", "CLIENT_ID"),
        ("not a slug", KEYS, "cannot stand in an address", "letters, digits"),
        ("s" * 101, {"PROVIDER": "twitter", **KEYS}, "cannot stand in an address", "letters, digits"),
        ("twitter", {**KEYS, "ISSUER": "x" * 256}, "at most 255 characters", "ISSUER"),
        ("corp", {"PROVIDER": "oidc", "ISSUER": "corp.example", **KEYS}, "is no address", "Give ISSUER"),
        ("twitter\n", KEYS, "cannot stand in an address", "letters, digits"),
        ("", KEYS, "cannot stand in an address", "letters, digits"),
        (7, KEYS, "cannot stand in an address", "letters, digits"),
    ],
)
def test_e004_a_provider_that_cannot_be_made(healthy, slug, entry, cause, remedy):
    healthy(PROVIDERS={slug: entry})
    messages = found()
    assert set(messages) == {"E004"}
    assert cause in messages["E004"].msg
    assert remedy in messages["E004"].hint
    assert "hunter2" not in str(messages["E004"])


@pytest.mark.parametrize("entry", [{}, {"CLIENT_ID": "id"}, {"CLIENT_SECRET": "x"}, {**KEYS, "CLIENT_SECRET": " "}])
def test_e005_missing_credentials(healthy, entry):
    healthy(PROVIDERS={"twitter": entry})
    messages = found()
    assert set(messages) == {"E005"}
    missing = [name for name in KEYS if not entry.get(name, "").strip()]
    assert f"'twitter' has no {' and no '.join(missing)}" in messages["E005"].msg
    assert f'Set {" and ".join(missing)} in SOCIALREG["PROVIDERS"]["twitter"] to what' in messages["E005"].hint


@pytest.mark.parametrize(
    ("entries", "slug"),
    [
        ({"acme": {"PROVIDER": ACME, **KEYS}, "Acme": {"PROVIDER": ACME, **KEYS}}, "Acme"),
        ({"twitter": KEYS, "mine": {"PROVIDER": MINE, **KEYS}}, "twitter"),
        ({"twitter": KEYS, "mine": {"PROVIDER": Mine, **KEYS}}, "twitter"),
        ({"acme": {"PROVIDER": MINE, **KEYS}, "twitter": KEYS}, "twitter"),
    ],
)
def test_e006_two_providers_for_one_slug(healthy, entries, slug):
    healthy(PROVIDERS=entries)
    messages = found()
    assert set(messages) == {"E006"}
    assert f"Two providers go by the slug {slug!r}" in messages["E006"].msg
    assert messages["E006"].hint == "Rename one of them"


def test_e006_a_module_that_holds_two_providers_of_one_slug(healthy, monkeypatch):
    module = ModuleType("socialreg_providers.double")
    module.A = type("A", (Twitter,), {"slug": "double"})
    module.B = type("B", (Twitter,), {"slug": "double"})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    healthy(PROVIDERS={"double": KEYS})
    assert "holds A and B" in found()["E006"].msg
    module.B = module.A  # the same class by two names is one
    providers.clear()
    assert found() == {}


def test_e006_says_nothing_of_one_class_used_twice_or_of_an_own_class_in_the_shipped_ones_place(healthy):
    healthy(PROVIDERS={"twitter": KEYS, "twitter-work": {"PROVIDER": "twitter", **KEYS}})
    assert found() == {}
    healthy(PROVIDERS={"twitter": {"PROVIDER": MINE, **KEYS}})
    assert found() == {}


def test_e007_urls_that_are_not_included(healthy, settings):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    message = found()["E007"]
    assert "socialreg.urls" in message.msg
    assert 'include("socialreg.urls")' in message.hint
    settings.ROOT_URLCONF = "tests.urls"
    assert found() == {}


@pytest.mark.parametrize("name", [SESSIONS, USERS])
def test_e008_middleware_that_is_missing(healthy, settings, name):
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != name]
    message = found()["E008"]
    assert name in message.msg
    assert "Add it" in message.hint


def test_e008_says_nothing_of_a_subclass(healthy, settings):
    own = {SESSIONS: "tests.test_checks.OwnSessions"}
    settings.MIDDLEWARE = ["tests.test_checks.hook", *(own.get(each, each) for each in settings.MIDDLEWARE)]
    assert found() == {}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8001",
        "https://127.0.0.1",
        "https://[::1]:8001",
        "https://localhost",
        "https://x.localhost",
        "https://0.0.0.0",
        "http://api.x.com",
    ],
)
def test_e009_a_stand_in_outside_debug(healthy, settings, address):
    healthy(PROVIDERS={"twitter": {**KEYS, "LOGIN_HOST": address}}, PRIVATE_HOSTS=["127.0.0.1:8001"])
    message = found()["E009"]
    assert message.level == checks.ERROR
    assert address in message.msg
    assert "Remove LOGIN_HOST" in message.hint
    assert "begins with https://" in message.hint
    settings.DEBUG = True
    assert "E009" not in found()


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8002", "https://localhost:8002/o", "http://login.corp.example"])
def test_e009_an_issuer_that_is_a_stand_in(healthy, settings, issuer):
    """The addresses come from there: an ISSUER that anybody can play vouches for anybody."""
    corp = {"PROVIDER": "oidc", "LABEL": "Corp", "ISSUER": issuer, **KEYS}
    healthy(PROVIDERS={"corp": corp}, PRIVATE_HOSTS=["127.0.0.1:8002"])
    message = found()["E009"]
    assert "'corp'" in message.msg
    assert "Remove ISSUER:" in message.hint
    settings.DEBUG = True
    assert "E009" not in found()


@pytest.mark.parametrize(
    ("address", "hosts", "warned"),
    [
        ("http://login.corp.example/realms/a", [], True),
        ("http://login.corp.example:8080", ["login.corp.example:80"], True),
        ("http://127.0.0.1:8002", [], True),
        ("http://127.0.0.1:8002/o", ["127.0.0.1:8002"], False),
        ("http://LOCALHOST:8002", ["localhost"], False),
        ("https://login.corp.example", [], False),
    ],
)
def test_w005_an_address_without_https_is_told_before_the_day_of_the_deployment(
    healthy, settings, address, hosts, warned
):
    settings.DEBUG = True
    healthy(PROVIDERS={"corp": {"PROVIDER": "oidc", "LABEL": "Corp", "ISSUER": address, **KEYS}}, PRIVATE_HOSTS=hosts)
    messages = found()
    assert set(messages) == ({"W005"} if warned else set())
    if warned:
        assert messages["W005"].level == checks.WARNING
        assert "'corp' is pointed at http://" in messages["W005"].msg
        assert "Begin ISSUER with https://" in messages["W005"].hint
        assert "PRIVATE_HOSTS" in messages["W005"].hint


@pytest.mark.parametrize("debug", [True, False])
def test_w006_a_posted_answer_finds_no_cookie_without_https(healthy, settings, debug):
    settings.DEBUG = debug
    corp = {"PROVIDER": "oidc", "LABEL": "Corp", "ISSUER": "https://login.corp.example", **KEYS}
    healthy(BASE_URL="http://127.0.0.1:8000", PROVIDERS={"corp": {**corp, "RESPONSE_MODE": "form_post"}})
    message = found()["W006"]
    assert message.level == checks.WARNING
    assert "'corp' posts its answer" in message.msg
    assert "tunnel" in message.hint
    healthy(BASE_URL="http://127.0.0.1:8000", PROVIDERS={"corp": corp})
    assert "W006" not in found()
    healthy(BASE_URL="https://example.com", PROVIDERS={"corp": {**corp, "RESPONSE_MODE": "form_post"}})
    assert found() == {}


def test_w006_says_nothing_of_a_stand_in_which_is_on_the_same_machine(healthy, settings):
    settings.DEBUG = True
    standin = {"PROVIDER": "oidc", "LABEL": "Corp", "ISSUER": "http://127.0.0.1:8002", "RESPONSE_MODE": "form_post"}
    healthy(BASE_URL="http://127.0.0.1:8000", PROVIDERS={"corp": {**standin, **KEYS}}, PRIVATE_HOSTS=["127.0.0.1:8002"])
    assert found() == {}


def test_generic_providers_are_healthy_in_any_number_and_lacking_an_issuer_is_e005(healthy):
    corp = {"PROVIDER": "oidc", "LABEL": "Corp", "ISSUER": "https://login.corp.example", **KEYS}
    acme = {**corp, "LABEL": "Acme", "ISSUER": "https://login.acme.example/tenant/v2.0"}
    healthy(PROVIDERS={"corp": corp, "acme": acme})
    assert found() == {}
    healthy(PROVIDERS={"corp": corp, "acme": {**acme, "ISSUER": ""}})
    messages = found()
    assert set(messages) == {"E005"}
    assert "'acme' has no ISSUER" in messages["E005"].msg
    assert "the provider's page in the documentation" in messages["E005"].hint  # no provider gives one an issuer


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_w001_a_cache_of_one_process_outside_debug(healthy, settings, backend):
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    message = found()["W001"]
    assert "not shared" in message.msg
    assert "Redis" in message.hint
    settings.CACHES = {"default": {"BACKEND": "tests.test_checks.OwnLocMem"}}
    assert set(found()) == {"W001"}
    settings.DEBUG = True
    assert found() == {}


@pytest.mark.parametrize("mode", ["send", "required"])
@pytest.mark.parametrize("name", ["console", "dummy", "filebased", "locmem"])
def test_w008_mails_that_nobody_gets_outside_debug(healthy, settings, mode, name):
    send_by(settings, f"django.core.mail.backends.{name}.EmailBackend")
    assert found() == {}
    healthy(EMAIL_CONFIRMATION=mode)
    messages = found()
    assert set(messages) == {"W008"}
    assert f"{name}.EmailBackend sends no mail" in messages["W008"].msg
    assert "EMAIL_BACKEND" in messages["W008"].hint
    settings.DEBUG = True
    assert found() == {}


@pytest.mark.parametrize("backend", ["mysite.mail.Backend", "django.core.mail.backends.smtp.EmailBackend"])
def test_no_w008_where_mails_are_sent(healthy, settings, backend):
    send_by(settings, backend)
    healthy(EMAIL_CONFIRMATION="send")
    assert found() == {}


@isolate_apps("tests")
def test_e011_a_user_model_without_an_address(healthy, settings, monkeypatch):
    class Nameless(AbstractBaseUser):
        class Meta:
            app_label = "tests"

    send_by(settings, "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr("socialreg.email_checks.get_user_model", lambda: Nameless)
    assert found() == {}
    healthy(EMAIL_CONFIRMATION="send")
    messages = found()
    assert set(messages) == {"E011"}
    assert "Nameless has no field 'email'" in messages["E011"].msg
    assert "EMAIL_FIELD" in messages["E011"].hint


def test_w002_an_address_without_https_outside_debug(healthy, settings):
    healthy(BASE_URL="http://example.com")
    messages = found()
    assert set(messages) == {"W002"}
    assert "not https" in messages["W002"].msg
    assert "BASE_URL" in messages["W002"].hint
    settings.DEBUG = True
    assert found() == {}


@pytest.mark.parametrize("value", ["Strict", "strict"])
def test_w004_sessions_that_do_not_come_back_from_a_provider(healthy, settings, value):
    settings.SESSION_COOKIE_SAMESITE = value
    message = found()["W004"]
    assert "Strict" in message.msg
    assert '"Lax"' in message.hint
    settings.SESSION_COOKIE_SAMESITE = "Lax"
    assert found() == {}


def test_a_wrong_setting_is_told_once_and_not_again_for_every_provider(healthy):
    healthy(PRIVATE_HOSTS="127.0.0.1", PROVIDERS={"twitter": KEYS, "acme": {"PROVIDER": ACME, **KEYS}})
    messages = [each for each in checks.run_checks(tags=["socialreg"]) if str(each.id).startswith("socialreg.")]
    assert [each.id for each in messages] == ["socialreg.E003"]


def test_one_broken_provider_does_not_hide_what_is_wrong_with_another(healthy):
    healthy(PROVIDERS={"twitter": {}, "nobody": KEYS})
    assert set(found()) == {"E004", "E005"}


@pytest.mark.django_db
def test_the_command_stops_at_an_error(healthy):
    healthy(BASE_URL="")
    with pytest.raises(SystemCheckError, match=r"socialreg\.E003"):
        call_command("check", stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
def test_a_stand_in_in_production_is_not_spoken_to_even_if_private_hosts_names_it(x, site, client, caplog):
    providers.plain_http_for_tests = False
    providers.clear()
    response = client.post(reverse("socialreg:start", args=["twitter"]))
    assert response.status_code == 503
    assert b"Not available" in response.content
    assert x.requests == []
    assert "not-https" in caplog.text


_plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=8),
    st.sampled_from(["twitter", "socialreg.forms.RegistrationForm", "https://example.com", "http://[", ".", "a.b", ""]),
    st.sampled_from([object(), hook, Acme, Broken, Twitter, int, ACME, MINE]),
)
_names = st.sampled_from(["twitter", "Twitter", "acme", "PROVIDER", "CLIENT_ID", "CLIENT_SECRET", "API_HOST", "LABEL"])
_junk = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.one_of(_names, st.text(max_size=5), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)
_settings = st.one_of(
    _junk,
    st.fixed_dictionaries(
        {},
        optional={
            "BASE_URL": _junk,
            "PROVIDERS": st.one_of(_junk, st.dictionaries(_names, st.dictionaries(_names, _junk, max_size=4))),
            "FINDERS": _junk,
            "REGISTRATION_FORM": _junk,
            "ASK_FOR": _junk,
            "BEFORE_LOGIN": _junk,
            "BEFORE_REGISTER": _junk,
            "PROFILE_MAX_AGE": _junk,
            "PRIVATE_HOSTS": _junk,
        },
    ),
)


@given(value=_settings)
@effort(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_checks_never_crash_whatever_the_settings_hold(settings, value):
    settings.SOCIALREG = value
    for message in checks.run_checks(tags=["socialreg", "security"]):
        assert str(message)


@pytest.mark.parametrize(
    ("engine", "told"), [("db", False), ("cached_db", False), ("cache", True), ("file", True), ("signed_cookies", True)]
)
def test_w009_where_a_users_other_sessions_cannot_be_found(settings, engine, told):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    found = [message.id for message in check_session_store(None)]
    assert found == (["socialreg.W009"] if told else [])


def test_w009_is_asked_before_a_deployment_and_a_missing_engine_is_djangos_to_tell(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    ids = [message.id for message in checks.run_checks(include_deployment_checks=True)]
    assert "socialreg.W009" in ids
    assert "socialreg.W009" not in [message.id for message in checks.run_checks()]
    settings.SESSION_ENGINE = "nowhere.to.be.found"
    assert check_session_store(None) == []
