"""What a login costs the site: processor time, queries, requests and connections, over plain http and over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import certifi
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings

from socialreg.testing.site import plain_http

from .meters import Processor, Queries
from .standin import StandIn, stand_in
from .way import NEW, RETURNING, STEPS, Visits, browser

LOGINS = 60
PASSWORDS = 5


@dataclass(frozen=True)
class Found:
    """What was measured over one kind of connection; requests and connections are per login, new ones first."""

    cpu: Processor
    queries: dict[str, int]
    requests: list[float]
    connections: list[float]


def report(folder: Path) -> None:
    """Measure and print."""
    bare, password = _baselines()
    print(f"Milliseconds of processor time on the site's side\n  {'':<40}{'median':>10}{'least':>10}")
    for name, cpu in (
        ("login by session alone, a bare view", bare),
        ("login by password, Django's own view", password),
    ):
        print(f"  {name:<40}{cpu.of('act'):>10.2f}{cpu.least('act'):>10.2f}")
    print()
    with stand_in() as x, plain_http(), override_settings(SOCIALREG=x.site_settings()):
        _print("Plain http", _measure(x), bare, password)
    with _loads() as loads, stand_in(folder) as x, plain_http(), override_settings(SOCIALREG=x.site_settings()):
        bundle = folder / "bundle.pem"
        bundle.write_bytes(Path(certifi.where()).read_bytes() + (folder / "authority.pem").read_bytes())
        with mock.patch("certifi.where", return_value=str(bundle)):
            _print("TLS, certifi's bundle and one authority more", _measure(x), bare, password)
    print(f"  In these {2 * LOGINS + 2} logins the bundle was loaded {loads.count(str(bundle))} time(s);", end=" ")
    loading = _cost(lambda _: ssl.create_default_context(cafile=str(bundle)), 10)
    print(f"loading it costs {loading.of('act'):.1f} ms of processor time.\n")


@contextmanager
def _loads() -> Iterator[list[str]]:
    """Write down which certificates are loaded, by whomever in this process."""
    loads: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, cafile: Any = None, *rest: Any, **named: Any) -> None:
        loads.append(str(cafile))
        load(self, cafile, *rest, **named)

    with mock.patch.object(ssl.SSLContext, "load_verify_locations", counted):
        yield loads


def _baselines() -> tuple[Processor, Processor]:
    User.objects.create_user("baseline", "baseline@example.net", "benchmark")
    data = {"username": "baseline", "password": "benchmark"}
    bare = _cost(lambda client: client.get("/bare/"), LOGINS)
    return bare, _cost(lambda client: client.post("/password/", data), PASSWORDS)


def _cost(act: Callable[[Client], object], times: int) -> Processor:
    cpu = Processor()
    act(browser())
    for _ in range(times):
        client = browser()
        with cpu("act"):
            act(client)
    return cpu


def _measure(x: StandIn) -> Found:
    visits = Visits(x)
    queries = Queries(connection)
    visits.new(queries)  # warm: all that is made once is made, and the connection is open
    visits.returning(queries)
    cpu = Processor()
    counts = [x.counts()]
    for visit in (visits.new, visits.returning):
        for _ in range(LOGINS):
            visit(cpu)
        counts.append(x.counts())
    requests, connections = ([(b - a) / LOGINS for a, b in pairwise(row)] for row in zip(*counts, strict=True))
    return Found(cpu, queries.spent, requests, connections)


def _print(title: str, found: Found, bare: Processor, password: Processor) -> None:
    print(f"{title}\n  {'':<22}{'median':>10}{'least':>10}{'queries':>10}")
    for step in STEPS:
        print(f"  {step:<22}{found.cpu.of(step):>10.2f}{found.cpu.least(step):>10.2f}{found.queries[step]:>10}")
    for position, (name, steps) in enumerate((("new login", NEW), ("returning login", RETURNING))):
        spent, queries = found.cpu.of(*steps), sum(found.queries[step] for step in steps)
        print(
            f"  {name:<22}{spent:>10.2f}{found.cpu.least(*steps):>10.2f}{queries:>10}   "
            f"{found.requests[position]:g} provider requests, {found.connections[position]:g} new connections, "
            f"{spent / bare.of('act'):.1f} x session alone, {spent / password.of('act'):.3f} x password"
        )
    print()
