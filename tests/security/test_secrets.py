"""A38 for all that follows the registration: no secret in a log at DEBUG, on a debug page, in a session, in a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse

from socialreg import upkeep
from socialreg.models import SocialAccount, UserAddress
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests import owning, test_confirmation, urls
from tests.holding import held
from tests.keep import expire, make_account, opened, stored
from tests.owners_app.models import Organisation
from tests.security.walking import come_back, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.security.test_secrets")]

TWEETS = "https://api.x.com/2/tweets"


def post(request: HttpRequest, pk: int) -> HttpResponse:
    """Post, and let every error through, as a careless view does."""
    answer = SocialAccount.objects.get(pk=pk).session().post(TWEETS, json={"text": "Hello"})
    return HttpResponse(str(answer.status_code))


def look_after(request: HttpRequest, pk: int, how: str) -> HttpResponse:
    """Do one unit of work, likewise."""
    return HttpResponse(str(getattr(upkeep, how)(pk)))


urlpatterns = [path("post/<int:pk>/", post), path("<str:how>/<int:pk>/", look_after), *urls.urlpatterns]

ACTS = ["post", "refresh", "verify_alive", "sync_profile"]


def secrets_of(account: SocialAccount) -> set[str]:
    """Return what nobody may ever read, of an account as it was or is."""
    known = opened(account)
    return {known.token, known.secret, known.refresh_token, providers[account.provider].client_secret} - {""}


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{each.getMessage()} {each.args} {each.exc_text or ''}" for each in caplog.records)


def kept() -> str:
    """Return every row of every table, as it is stored."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows)


@pytest.mark.parametrize("fault", ["server-error", "not-json", "code-refused"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("slug", ["x", "twitter", "google"])
def test_a38_an_error_on_the_way_shows_no_secret_on_a_debug_page_or_in_the_log(
    standin: StandIn, caplog: pytest.LogCaptureFixture, settings, slug: str, act: str, fault: str
):
    made = make_account(standin, slug)
    if act == "refresh" and slug != "twitter":
        expire(made)
    before = secrets_of(stored(made))
    settings.DEBUG = True
    standin.fault(fault)
    with caplog.at_level(logging.DEBUG):
        page = Client(raise_request_exception=False).get(f"/{act}/{made.pk}/").content.decode()
    for secret in before | secrets_of(stored(made)):
        assert secret not in page
        assert secret not in logged(caplog)


@pytest.fixture
def everything(standin: StandIn, settings) -> Mapping[str, object]:
    """A site on which all of it can be done."""
    entries = settings.SOCIALREG["PROVIDERS"]
    scope = ["tweet.read", "tweet.write", "users.read", "users.email", "offline.access"]
    changes = {"MAY_CONNECT": owning.HOOK, "EMAIL_CONFIRMATION": "send"}
    changes["PROVIDERS"] = {**entries, "x": {**entries["x"], "SCOPE": scope}}
    settings.SOCIALREG = {**settings.SOCIALREG, **changes}
    return settings.SOCIALREG


def at(standin: StandIn, client: Client, slug: str, **data: str) -> HttpResponse:
    return come_back(client, standin.approve(start(client, slug, **data), "maralind"))


def test_a38_nothing_that_is_done_with_an_account_leaves_a_secret_anywhere(
    everything, standin: StandIn, caplog: pytest.LogCaptureFixture
):
    """Connected, connected by JSON, filled in from, posted with, refreshed, looked after, attached, disconnected."""
    user, organisation = owning.member_of()
    client, secrets, came = Client(), {django_settings.SECRET_KEY}, set()
    client.force_login(user)

    def note() -> None:
        for account in SocialAccount.objects.all():
            secrets.update(secrets_of(account))
            came.add(account.provider)
        secrets.update(UserAddress.objects.exclude(secret="").values_list("secret", flat=True))

    steps: list[Callable[[], object]] = [
        lambda: at(standin, client, "x", intent="connect"),
        lambda: at(standin, client, "google", intent="prefill", keep="1", next="/home/"),
        lambda: by_json(standin, client, "github"),
        lambda: expire(SocialAccount.objects.get(provider="x")),
        lambda: SocialAccount.objects.get(provider="x").session().post(TWEETS, json={"text": "Hello"}),
        lambda: [upkeep.verify_alive(each.pk) for each in SocialAccount.objects.all()],
        lambda: [upkeep.sync_profile(each.pk) for each in SocialAccount.objects.all()],
        lambda: at_for(standin, client, user, organisation),
        lambda: test_confirmation.request_change(user, test_confirmation.OTHER),
        lambda: disconnect_all(client, user),
    ]
    with caplog.at_level(logging.DEBUG):
        for step in steps:
            with held():
                step()
            note()
            tables = kept()
            # That of a link in a mail is: without SECRET_KEY it opens nothing.
            confirming = set(UserAddress.objects.values_list("secret", flat=True))
            for secret in secrets - confirming:
                assert secret not in tables
                assert secret not in repr(dict(client.session))
            for secret in secrets:
                assert secret not in logged(caplog)
    assert came == {"x", "google", "github", "twitter"}
    assert len(secrets) > 10
    assert list(SocialAccount.objects.values_list("user", flat=True)) == [None]
    assert len(standin.posts) == 1


def by_json(standin: StandIn, client: Client, slug: str) -> HttpResponse:
    given = {"intent": "connect"}
    answer = client.post(reverse("socialreg:api-start", args=[slug]), given, content_type="application/json").json()
    return come_back(client, standin.approve(answer["authorization_url"], "maralind"))


def at_for(standin: StandIn, client: Client, user: User, organisation: Organisation) -> HttpResponse:
    location = client.post(owning.connect_url(owning.request_of(user), organisation, "twitter"))["Location"]
    return come_back(client, standin.approve(location, "kestrel"))


def disconnect_all(client: Client, user: User) -> None:
    user.set_password("secret")
    user.save()
    client.force_login(user)
    for account in SocialAccount.objects.filter(user=user):
        assert client.post(reverse("socialreg:disconnect", args=[account.pk])).status_code == 302
