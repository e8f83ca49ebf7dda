"""F01 where nobody waits in front of a browser: a token is refreshed, looked after, and revoked.

Whatever the answer, it is an error of the one tree or nothing, what is stored stays what it was or is what was answered
in good order, and no word of a secret is in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import pytest

from socialreg import disconnecting, upkeep
from socialreg.exceptions import SocialRegError
from socialreg.models import SocialAccount
from socialreg.types import Credentials
from tests.faults.test_answers import ANSWERS, SECRET
from tests.keep import expire, opened, stored
from tests.using import kept
from tests.world import World

pytestmark = pytest.mark.django_db

ACTS: dict[str, Callable[[SocialAccount], object]] = {
    "refresh": lambda account: upkeep.refresh(account.pk),
    "sync": lambda account: upkeep.sync_profile(account.pk),
    "verify": lambda account: upkeep.verify_alive(account.pk),
    "revoke": lambda account: disconnecting.revoke(gone(account)),
}
#: Who is asked at which path, for what.
ASKED = {
    ("acme", "refresh"): "/token",
    ("acme", "sync"): "/profile",
    ("acme", "verify"): "/profile",
    ("acme", "revoke"): "/revoke",
    ("corp", "refresh"): "/oidc-token",
    ("corp", "sync"): "/userinfo",
    ("corp", "verify"): "/userinfo",
    ("twitter", "sync"): "/2/users/me",
    ("twitter", "verify"): "/1.1/account/verify_credentials.json",
    ("twitter", "revoke"): "/1.1/oauth/invalidate_token.json",
}
TOKENS = Credentials("7", token="t0ken-of-before", secret="s3cret-of-before", refresh_token="ref-resh-of-before")


def gone(account: SocialAccount) -> SocialAccount:
    """Return the account as it is after its row was removed."""
    SocialAccount.objects.filter(pk=account.pk).delete()
    return account


@pytest.fixture
def answering(world: World, settings) -> World:
    entries = settings.SOCIALREG["PROVIDERS"]
    x = {"CLIENT_ID": "the-id", "CLIENT_SECRET": "the-s3cret", "API_HOST": world.peer.url}
    entries = {**entries, "acme": {**entries["acme"], "REVOCATION_URL": f"{world.peer.url}/revoke"}, "twitter": x}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries}
    return world


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(("slug", "act"), ASKED, ids=str)
def test_f01_what_is_answered_afterwards_loses_no_token(answering: World, caplog, slug: str, act: str, answer: str):
    caplog.set_level(logging.DEBUG)
    account = kept(slug, TOKENS)
    if act == "refresh":
        expire(account)
    before = opened(stored(account))
    answering.serve()
    path = ASKED[slug, act]
    answering.peer.answers[path] = ANSWERS[answer]
    with suppress(SocialRegError):
        ACTS[act](stored(account))
    assert path in answering.peer.asked()
    if act != "revoke":
        assert opened(stored(account)) == before
    for secret in (SECRET, "of-before", "the-s3cret"):
        assert secret not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("slug", "act"), ASKED, ids=str)
def test_f01_an_error_that_a_caller_is_told_tells_no_secret(answering: World, slug: str, act: str):
    for answer in ("error-400", "error-401", "500", "html", "reset"):
        account = kept(slug, TOKENS)
        if act == "refresh":
            expire(account)
        answering.serve()
        answering.peer.answers[ASKED[slug, act]] = ANSWERS[answer]
        told = what_is_told(lambda account=account: ACTS[act](stored(account)))
        assert not [secret for secret in (SECRET, "of-before", "the-s3cret") if secret in told]
        SocialAccount.objects.all().delete()


def what_is_told(act: Callable[[], object]) -> str:
    """Return all that an error says, with its code; ``""`` without one."""
    try:
        act()
    except SocialRegError as error:
        return f"{error} {error!r} {vars(error)}"
    return ""
