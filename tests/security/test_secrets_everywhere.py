"""A38: secrets of every kind are planted, everything is done with them, and nobody finds one in any place."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import django
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import caches
from django.core.signals import got_request_exception
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.log import AdminEmailHandler

from socialreg import upkeep
from socialreg.exceptions import ConfigurationError, SocialRegError
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.signals import failed
from socialreg_providers.github import GitHub
from tests.keep import expire
from tests.security.lives import FAULTS, Life
from tests.security.planted import Secrets, Watched, expected
from tests.security.secret_scan import Scan, Shown, cached, dump, error_pages, log_at_debug, opened_session
from tests.security.walking import EVERY, PROTOCOLS, come_back, start

pytestmark = pytest.mark.django_db(transaction=True)

REGISTER = reverse("socialreg:register")
FORM = {"username": "mara", "email": "mara@example.org", "first_name": "M", "last_name": "L"}
#: Of each protocol one; and the one whose client secret is handed out on the fly.
KINDS = [*PROTOCOLS, "mastodon"]


@pytest.fixture
def secrets(watched: Watched, settings):
    """Return the secrets that there were so far, of one provider."""

    def of(slug: str) -> Secrets:
        found = watched.secrets({slug: settings.SOCIALREG["PROVIDERS"][slug]})
        missing = expected(type(providers[slug])) - set(found)
        assert not missing, missing
        return found

    return of


def back(watched: Watched, slug: str, client: Client, **data: str) -> str:
    return watched.approve(start(client, slug, **data), "maralind")


# -- everything that is done with an account


#: OAuth 1.0a has no more; one class sends no PKCE, tokens of the other never run out.
SEVEN = {"twitter", "facebook", "mastodon"}


@pytest.mark.parametrize("slug", EVERY)
def test_a38_at_every_provider_eight_kinds_of_secrets_are_planted_where_there_are_eight(watched: Watched, slug: str):
    kinds = {each: expected(type(providers[each])) for each in EVERY}
    assert len(kinds[slug]) >= 7
    assert (len(kinds[slug]) < 8) is (slug in SEVEN)
    assert len(set().union(*kinds.values())) == 14


@pytest.mark.parametrize("slug", EVERY)
def test_a38_no_secret_lies_about_anywhere_at_any_time(watched: Watched, secrets, slug: str):
    """Logs, tables, sessions, cache, pages, cookies, the admin, addresses, mails, and whatever shows things of ours."""
    life, shown = Life(watched, slug), Shown()
    with log_at_debug() as log, shown.watching():
        life.live()
    places = {**life.places(), "log": log.text, "what is shown": shown.text}
    Scan(secrets(slug)).assert_clean(places)
    assert {"socialreg", "urllib3", "django"} <= log.loggers
    assert len(shown.types) > 50


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a38_nor_in_a_shared_cache(watched: Watched, secrets, memory: str, slug: str):
    life = Life(watched, slug)
    life.live()
    Scan(secrets(slug)).assert_clean(life.places())


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "signed_cookies"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a38_no_session_says_a_secret_wherever_it_is_kept_and_whoever_reads_it(
    watched: Watched, secrets, settings, slug: str, engine: str
):
    """One in a signed cookie can be read by its owner, and by whoever has the cookie."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    client, said = Client(), []

    def read() -> str:
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        inside = opened_session(cookie) if engine == "signed_cookies" else repr(dict(client.session))
        assert "socialreg_" in inside or "_auth_user_id" in inside
        return f"{inside} {dump()} {cached()}"

    come_back(client, back(watched, slug, client))
    said.append(read())
    client.post(REGISTER, FORM)
    said.append(read())
    come_back(client, back(watched, slug, client, intent="prefill", next="/home/", keep="1"))
    said.append(read())
    assert ["socialreg_pending" in each for each in said] == [True, False, False]
    assert "socialreg_prefill" in said[2]
    Scan(secrets(slug)).assert_clean({"session": "\n".join(said)})


# -- errors that nobody foresaw


class Failing:
    """A database that fails at the k-th statement."""

    def __init__(self, k: int) -> None:
        self.left = k

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)


@pytest.fixture
def told(settings) -> Iterator[list[str]]:
    """What Django, and whoever tracks errors, knows of each that left a view: a page, a mail, every variable."""
    pages: list[str] = []

    def keep(request: HttpRequest | None = None, **_: object) -> None:
        _, error, trace = sys.exc_info()
        assert error is not None
        for debug in {False, not settings.DEBUG}:  # with DEBUG the page is the answer itself
            with override_settings(DEBUG=debug):
                pages.append(error_pages(request, error, trace))

    got_request_exception.connect(keep)
    yield pages
    got_request_exception.disconnect(keep)


def patient() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("slug", KINDS)
def test_a38_a_database_that_fails_at_any_statement_brings_no_secret_to_an_error_page(
    watched: Watched, secrets, settings, told: list[str], slug: str
):
    """At the callback of somebody new, at their registration, and at the next login."""
    settings.DEBUG = True
    for act, least in ((_arrive, 5), (_register, 13), (_log_in, 8)):
        k = 0
        while True:
            k += 1
            client = patient()
            going = act(watched, slug, client)
            with connection.execute_wrapper(failing := Failing(k)):
                response = going()
            told.append(f"{response.content.decode()} {response.cookies}")
            if failing.left > 0:
                break
        assert k >= least, "every statement of it failed once"
    Scan(secrets(slug)).assert_clean({"error pages": "\n".join(told)})


def _arrive(watched: Watched, slug: str, client: Client):
    answer = back(watched, slug, client)
    return lambda: come_back(client, answer)


def _register(watched: Watched, slug: str, client: Client):
    User.objects.all().delete()
    come_back(client, back(watched, slug, client))
    return lambda: client.post(REGISTER, FORM)


def _log_in(watched: Watched, slug: str, client: Client):
    assert SocialAccount.objects.exists()
    return _arrive(watched, slug, client)


def careless(request: HttpRequest, *facts: object, **more: object) -> None:
    """Fail, with all that a hook is given at hand."""
    raise RuntimeError("a hook of the site's own has a fault")


HOOKS = ["BEFORE_LOGIN", "BEFORE_REGISTER", "FINDERS"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("slug", KINDS)
def test_a38_a_hook_that_fails_brings_no_secret_to_an_error_page_or_into_a_mail_to_admins(
    watched: Watched, secrets, settings, told: list[str], hook: str, slug: str
):
    client = patient()
    come_back(client, back(watched, slug, client))
    assert client.post(REGISTER, FORM).status_code == 302
    if hook != "BEFORE_LOGIN":
        SocialAccount.objects.all().delete()
    settings.SOCIALREG = {**settings.SOCIALREG, hook: [careless]}
    settings.ADMINS = ["admin@example.com"] if django.VERSION >= (6, 0) else [("Admin", "admin@example.com")]
    handler, logger = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        client = patient()
        response = come_back(client, back(watched, slug, client))
    finally:
        logger.removeHandler(handler)
    assert response.status_code == 500
    mails = [each.message().as_string() + each.body + str(each.alternatives) for each in mail.outbox]
    assert len(told) == 2
    assert len(mails) == 2, "Django's own, in text, and one with all that there is"
    Scan(secrets(slug)).assert_clean({"pages": "\n".join(told), "mails": "\n".join(mails)})


# -- errors that were foreseen


@pytest.fixture
def trackers(settings) -> Iterator[list[str]]:
    """What a receiver of ``failed`` can tell an error tracker."""
    pages: list[str] = []

    def track(request: HttpRequest, error: SocialRegError, **_: object) -> None:
        for debug in (True, False):
            with override_settings(DEBUG=debug):
                pages.append(error_pages(request, error, error.__traceback__))

    failed.connect(track)
    yield pages
    failed.disconnect(track)


@pytest.mark.parametrize("slug", KINDS)
def test_a38_a_receiver_that_hands_errors_on_to_a_tracker_hands_on_no_secret(
    watched: Watched, secrets, trackers: list[str], slug: str
):
    client = Client()
    assert come_back(client, back(watched, slug, client)).status_code == 302
    for fault in FAULTS:
        client = Client()
        answer = back(watched, slug, client)
        watched.fault(fault)
        come_back(client, answer)
        client.post(reverse("socialreg:start", args=[slug]), {"server": "one.example"})
        watched.clear()
    answer = back(watched, slug, client)
    come_back(client, answer)
    come_back(client, answer)
    assert len(trackers) >= 2 * len(FAULTS)
    Scan(secrets(slug)).assert_clean({"error pages": "\n".join(trackers)})


@pytest.mark.parametrize("slug", KINDS)
def test_a38_nor_where_the_cache_is_down(watched: Watched, secrets, settings, trackers: list[str], slug: str):
    client = Client()
    assert come_back(client, back(watched, slug, client)).status_code == 302
    answer = back(watched, slug, client)
    settings.CACHES = {"default": {"BACKEND": "tests.test_shared.BrokenCache"}}
    assert come_back(client, answer).status_code == 503
    caches["default"].close()
    assert len(trackers) == 2
    Scan(secrets(slug)).assert_clean({"error pages": "\n".join(trackers)})


class Broken(GitHub):
    """A class of the site's own that fails with its settings in hand."""

    def __init__(self, settings, transport, store=None):
        raise KeyError("SCOPE")


WRONG = {
    "an option of the wrong type": {"SCOPE": "read:user"},
    "an option that there is not": {"SCOPES": ("read:user",)},
    "no address": {"TOKEN_URL": "nowhere"},
    "a class that fails": {"PROVIDER": "tests.security.test_secrets_everywhere.Broken"},
    "a class that is not there": {"PROVIDER": "nowhere.at.all"},
}


@pytest.mark.parametrize("entry", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("act", ["provider", "refresh", "session"])
def test_a38_settings_that_are_wrong_are_told_without_the_secrets_among_them(
    watched: Watched, secrets, settings, entry: Mapping[str, Any], act: str
):
    """Raised in code of the site's own: a view, a task."""
    client = Client()
    come_back(client, back(watched, "github", client))
    client.post(REGISTER, FORM)
    account = SocialAccount.objects.get()
    expire(account)
    upkeep.refresh(account.pk)
    expire(account)
    scan = Scan(secrets("github"))
    entries = settings.SOCIALREG["PROVIDERS"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "github": {**entries["github"], **entry}}}
    acts = {
        "provider": lambda: providers["github"],
        "refresh": lambda: upkeep.refresh(account.pk),
        "session": lambda: account.session().get("https://api.github.com/user"),
    }
    with pytest.raises(ConfigurationError) as caught:
        acts[act]()
    trace = caught.tb.tb_next.tb_next  # beneath this function, and the lambda, which have the settings in hand
    scan.assert_clean({"error pages": error_pages(None, caught.value, trace), "words": str(caught.value)})
