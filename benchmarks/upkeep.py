"""Looking after accounts: twenty who want one refreshed at once, and a round of many, next to what cannot be spared."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from socialreg import accounts, upkeep
from socialreg.lookup import find_class
from socialreg.models import SocialAccount
from socialreg.provider import Provider
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.site import plain_http
from socialreg.types import Credentials
from tests import keep, stores
from tests.callers import PROCESSES, THREADS, Callers
from tests.statements import recorded

from .standin import person

TOKEN = "/x/token"
#: Seconds that a refresh takes at the provider: as long as at one that is far away.
FAR = 0.3
RACES = 5
ACCOUNTS = 100
#: What of a round cannot be spared: the provider's calls, by the task that makes them.
CALLS: dict[str, Callable[[Provider, Credentials, SocialAccount], object]] = {
    "--verify": lambda provider, credentials, _: provider.check_alive(credentials),
    "--sync": lambda provider, credentials, account: provider.fetch_again(credentials, account.stored_profile()),
    "--refresh": lambda provider, credentials, _: provider.refresh(credentials),
}


@dataclass(frozen=True)
class Stage:
    """A site on one database, and the provider that it goes to."""

    kind: str
    connection: BaseDatabaseWrapper
    standin: StandIn
    site: dict[str, Any]


def report() -> None:
    """Measure and print, for SQLite and whichever of PostgreSQL and MariaDB answers."""
    with StandIn() as standin, plain_http():
        site = {
            "BASE_URL": "http://testserver",
            "PROVIDERS": {"x": standin.play("x", find_class("x", {}))},
            "PRIVATE_HOSTS": [urlsplit(standin.url).netloc],
        }
        standin.people.update({each.screen_name: each for each in map(person, range(ACCOUNTS))})
        with override_settings(SOCIALREG=site):
            print(f"{RACES} times {PROCESSES * THREADS} callers in {PROCESSES} processes want one account refreshed")
            print(f"  {'':<12}{'calls':>8}{'served':>10}{'one alone, ms':>16}{'all, ms':>10}{'ratio':>8}")
            _everywhere(standin, site, _race)
            print(f"\nA round of {ACCOUNTS} accounts, and its time next to a loop of the same calls and one write each")
            print(f"  {'':<12}{'task':<12}{'accounts/s':>12}{'ratio':>8}{'queries each':>15}")
            _everywhere(standin, site, _round)
    print()


def _everywhere(standin: StandIn, site: dict[str, Any], measure: Callable[[Stage], None]) -> None:
    for url in stores.URLS:
        try:
            with stores.other_database(url) as connection:
                measure(Stage(stores.kind(url), connection, standin, site))
        except pytest.skip.Exception as reason:
            print(f"  {reason}")


def _race(stage: Stage) -> None:
    account = keep.make_account(stage.standin)
    stage.standin.fault("slow", path=TOKEN, seconds=FAR)
    alone, together, calls, served = [], [], 0, 0
    with Callers(stage.connection.settings_dict, stage.site) as callers:
        for _ in range(RACES):
            keep.expire(keep.stored(account))
            alone.append(_seconds(lambda: upkeep.refresh(account.pk)))
            keep.expire(keep.stored(account))
            stage.standin.requests.clear()
            began = time.perf_counter()
            said = callers.refresh(account.pk)
            together.append(time.perf_counter() - began)
            calls += len(stage.standin.requests_to(TOKEN))
            served += sum(bool(each.token) for each in said)
    stage.standin.clear()
    one, all_ = median(alone) * 1000, median(together) * 1000
    of_all = f"{served}/{RACES * PROCESSES * THREADS}"
    print(f"  {stage.kind:<12}{calls:>8}{of_all:>10}{one:>16.0f}{all_:>10.0f}{all_ / one:>8.2f}")


def _round(stage: Stage) -> None:
    for number in range(ACCOUNTS):
        accounts.insert(None, keep.arrival(stage.standin, "x", person(number).screen_name))
    for task, call in CALLS.items():
        bare = _bare(call, keeps=task == "--refresh")
        if task == "--refresh":
            for account in SocialAccount.objects.all():
                keep.expire(account)
        with recorded(stage.connection) as statements:
            took = _seconds(
                lambda: call_command("socialreg_maintain", task, "--older-than", "0s", "--quiet", stdout=StringIO())  # noqa: B023
            )
        queries = len(statements.queries) / ACCOUNTS
        print(f"  {stage.kind:<12}{task:<12}{ACCOUNTS / took:>12.0f}{took / bare:>8.2f}{queries:>15.2f}")


def _bare(call: Callable[[Provider, Credentials, SocialAccount], object], *, keeps: bool) -> float:
    """Return how long a loop takes that asks the provider and writes one column."""
    provider, found = providers["x"], list(SocialAccount.objects.all())
    opened = [keep.opened(account) for account in found]
    began = time.perf_counter()
    answers = []
    for credentials, account in zip(opened, found, strict=True):
        answers.append(call(provider, credentials, account))
        account.save(update_fields=["checked_at"])
    took = time.perf_counter() - began
    if keeps:  # the provider has spent what was stored
        for account, fresh in zip(found, answers, strict=True):
            account.credentials = fresh
            account.save()
    return took


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
