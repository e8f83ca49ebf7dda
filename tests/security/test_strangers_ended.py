"""A24 to A26: whoever was in an account before its owner proved that it is theirs is out, with all that they left."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.background import background
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.holding import held
from tests.security.visiting import (
    ADDRESS,
    ADDRESSED,
    CONNECTIONS,
    LINK,
    PASSWORD,
    PROVE,
    arrive,
    log_in,
    owner,
    question,
    register,
    user_of,
)
from tests.security.walking import EVERY, PROTOCOLS, come_back

#: What is done in the background is done after a commit, so there has to be one.
committed = pytest.mark.django_db(transaction=True)
EMAIL = reverse("socialreg:email")
THEIRS = "somebody@else.example"


def link(standin: StandIn, slug: str, client: Client | None = None) -> HttpResponse:
    """Come by a provider, prove the old account by its password, say yes."""
    with held():
        return link_at_once(standin, slug, client or Client())


def link_at_once(standin: StandIn, slug: str, client: Client) -> HttpResponse:
    assert arrive(standin, client, slug)["Location"] == PROVE
    return client.post(question(client), {"link": "1"})


# -- A24


@pytest.fixture
def kept_in(settings, tmp_path) -> Callable[[str], None]:
    """Let sessions be kept in another way."""
    settings.SESSION_FILE_PATH = str(tmp_path)

    def keep(engine: str) -> None:
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"

    return keep


@committed
@pytest.mark.parametrize("engine", ["db", "cached_db"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a24_linking_ends_a_session_that_somebody_has_by_the_password(standin: StandIn, kept_in, slug, engine):
    kept_in(engine)
    user = owner()
    attacker, bystander, victim = Client(), Client(), Client()
    log_in(attacker)
    bystander.force_login(User.objects.create_user("bystander"))
    assert user_of(attacker) == user
    assert link(standin, slug, victim).status_code == 302
    assert user_of(attacker) is None
    assert user_of(victim) == user
    assert user_of(bystander) is not None


@committed
@pytest.mark.parametrize("engine", ["cache", "file", "signed_cookies"])
def test_a24_where_sessions_cannot_be_searched_the_log_says_that_one_by_a_password_goes_on(
    standin: StandIn, kept_in, caplog, engine
):
    """What is left to the site: the documentation says so, and the check before a deployment."""
    kept_in(engine)
    user = owner()
    attacker = Client()
    log_in(attacker)
    assert link(standin, "github").status_code == 302
    assert user_of(attacker) == user
    [line] = [each for each in caplog.records if each.name == "socialreg.sessions" and each.levelname == "WARNING"]
    assert line.getMessage().startswith("A user's other sessions go on. ")
    assert engine in line.getMessage()
    user.set_password("another one")
    user.save()
    assert user_of(attacker) is None, "until the password is changed"


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a24_where_there_is_no_password_linking_ends_it_in_every_kind_of_session(
    standin: StandIn, kept_in, slug, engine
):
    """At once, before the answer."""
    kept_in(engine)
    attacker, victim = Client(), Client()
    user = register(standin, attacker, "discord", email=ADDRESS)
    arrive(standin, victim, slug)
    asked = come_back(victim, standin.approve(victim.post(PROVE, {"prove_by": "discord"})["Location"], "maralind"))
    assert user_of(attacker) == user_of(victim) == user
    assert victim.post(asked["Location"], {"link": "1"}).status_code == 302
    assert user_of(attacker) is None
    assert user_of(victim) == user


@committed
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
@pytest.mark.parametrize("way", ["confirm", "disconnect"])
def test_a24_so_do_a_confirmation_and_a_disconnection(standin: StandIn, settings, kept_in, way, engine):
    kept_in(engine)
    settings.SOCIALREG = {**settings.SOCIALREG, "EMAIL_CONFIRMATION": "send"}
    attacker, victim = Client(), Client()
    with held():
        user = register(standin, attacker, "mastodon", email=ADDRESS)
        SocialAccount.objects.create(
            user=user, provider="google", issuer="https://g.example", subject="1", identity="1"
        )
        victim.force_login(user)
    if way == "confirm":
        assert victim.post(_link_to(ADDRESS), {"confirm": "1"}).status_code == 200
    else:
        key = user.social_accounts.get(provider="mastodon").pk
        assert victim.post(reverse("socialreg:disconnect", args=[key])).status_code == 302
    assert user_of(attacker) is None
    assert user_of(victim) == user


def _link_to(address: str) -> str:
    """Return the path of the newest link that was sent to an address."""
    background.drain()
    sent = next(each for each in reversed(mail.outbox) if each.to == [address] and "/confirm/" in each.body)
    return urlsplit(re.search(r"http\S+", str(sent.body))[0]).path


# -- A25


@committed
@pytest.mark.parametrize("slug", PROTOCOLS)
@pytest.mark.parametrize("planted", ["twitter", "github", "google"])
def test_a25_the_first_proof_of_an_address_removes_what_somebody_else_connected(standin: StandIn, planted, slug):
    user, attacker, victim = owner(), Client(), Client()
    log_in(attacker)
    arrive(standin, attacker, planted, "kestrel", intent="connect")
    link(standin, slug, victim)
    assert [(each.provider, each.handle == "kestrel") for each in user.social_accounts.all()] == [(slug, False)]
    back = Client()
    arrive(standin, back, planted, "kestrel")
    assert user_of(back) is None, "whoever planted it comes in no more"
    assert user_of(attacker) is None
    assert "kestrel" in victim.get(CONNECTIONS).content.decode().lower()


@pytest.mark.django_db
@pytest.mark.parametrize("planted", EVERY)
def test_a25_whichever_provider_it_is_of(standin: StandIn, planted):
    user, attacker, victim = owner(), Client(), Client()
    log_in(attacker)
    arrive(standin, attacker, planted, "kestrel", intent="connect")
    coming = "discord" if planted != "discord" else "github"
    arrive(standin, victim, coming)
    assert victim.post(question(victim), {"link": "1"}).status_code == 302
    assert [each.provider for each in user.social_accounts.all()] == [coming]


# -- A26


def by_linking(standin: StandIn, slug: str, client: Client) -> None:
    link_at_once(standin, slug, Client())


def by_connecting(standin: StandIn, slug: str, client: Client) -> None:
    arrive(standin, client, slug, intent="connect")


def by_keeping_what_filled_a_form_in(standin: StandIn, slug: str, client: Client) -> None:
    arrive(standin, client, slug, intent="prefill", keep="1")


def by_disconnecting(standin: StandIn, slug: str, client: Client) -> None:
    client.post(reverse("socialreg:disconnect", args=[SocialAccount.objects.get().pk]))


def by_another_password(standin: StandIn, slug: str, client: Client) -> None:
    user = User.objects.get()
    user.set_password("another")
    user.save()


EVENTS = {
    each.__name__: each
    for each in (by_linking, by_connecting, by_keeping_what_filled_a_form_in, by_disconnecting, by_another_password)
}


@committed
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("slug", ["twitter", "github", "google"])
def test_a26_a_change_of_the_address_that_somebody_asked_for_is_void(standin: StandIn, settings, slug, event):
    """They have the link in their mail, and open it in a browser that was logged in before."""
    settings.SOCIALREG = {**settings.SOCIALREG, "EMAIL_CONFIRMATION": "send"}
    user, attacker = owner(), Client()
    log_in(attacker)
    if event == "by_disconnecting":
        arrive(standin, attacker, slug, "kestrel", intent="connect")
    with held():
        attacker.post(EMAIL, {"change": "1", "email": THEIRS})
    opened = _link_to(THEIRS)
    assert attacker.get(opened).status_code == 200, "it was good before"
    with held():
        EVENTS[event](standin, slug, attacker)
    for client in (attacker, Client(), _logged_in()):
        assert client.get(opened).status_code == 400
        assert client.post(opened, {"confirm": "1"}).status_code == 400
    user.refresh_from_db()
    assert user.email == ADDRESS


def _logged_in() -> Client:
    client = Client()
    for password in (PASSWORD, "another"):
        client.login(username="mara", password=password)
    assert user_of(client) is not None
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ADDRESSED)
def test_a26_what_waits_for_a_proof_is_linked_by_nobody_who_finds_the_session(standin: StandIn, slug):
    """Nor is what a visitor left behind there."""
    victim = Client()
    owner()
    arrive(standin, victim, slug)
    victim.post(PROVE, {"prove": "1"})
    log_in(victim)
    for path in (LINK, f"{LINK}?proof=", f"{LINK}?proof=guess"):
        assert victim.post(path, {"link": "1"}).status_code == 400
    assert not SocialAccount.objects.exists()
