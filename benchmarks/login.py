"""What a login costs the site: processor time, queries, requests and connections, over plain http and over TLS."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import certifi
from django.contrib.auth.models import User
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client, override_settings

from socialreg.http import Client as Outbound
from socialreg.testing.site import plain_http, pointed_at

from .meters import Processor, Queries
from .standin import StandIn, stand_in
from .way import NEW, RETURNING, STEPS, Visits

LOGINS = 60
PASSWORDS = 5


def report(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """Measure and print."""
    bare, password = _baselines()
    print(f"A login by session alone (a view that calls login()): {bare:6.2f} ms of processor time")
    print(f"A login by password (Django's view and default hash): {password:6.2f} ms\n")
    with stand_in() as x, plain_http(), override_settings(SOCIALREG=pointed_at(x)):
        plain = _measure(x, connection)
    _print("Plain http", plain, bare, password)
    with _loads() as loads, stand_in(folder) as x, plain_http(), override_settings(SOCIALREG=pointed_at(x)):
        bundle = folder / "bundle.pem"
        bundle.write_bytes(Path(certifi.where()).read_bytes() + (folder / "authority.pem").read_bytes())
        with mock.patch("certifi.where", return_value=str(bundle)):
            _print("TLS, certifi's bundle and one authority more", _measure(x, connection), bare, password)
    print(f"  In these {2 * LOGINS + 2} logins the bundle was loaded {loads.count(str(bundle))} time(s);", end=" ")
    print(f"loading it costs {_cost(lambda: Outbound(ca_file=str(bundle)), 10):.1f} ms of processor time.\n")


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


def _baselines() -> tuple[float, float]:
    User.objects.create_user("baseline", "baseline@example.net", "benchmark")
    data = {"username": "baseline", "password": "benchmark"}
    bare = _cost(lambda: Client().get("/bare/"), LOGINS)
    return bare, _cost(lambda: Client().post("/password/", data), PASSWORDS)


def _cost(act: Callable[[], object], times: int) -> float:
    act()
    spent = []
    for _ in range(times):
        began = time.process_time()
        act()
        spent.append((time.process_time() - began) * 1000)
    return median(spent)


def _measure(x: StandIn, connection: BaseDatabaseWrapper) -> dict[str, Any]:
    visits = Visits(x)
    queries = Queries(connection)
    visits.new(queries)  # warm: all that is made once is made, and the connection is open
    visits.returning(queries)
    cpu = Processor()
    counts = [x.counts()]
    for _ in range(LOGINS):
        visits.new(cpu)
    counts.append(x.counts())
    for _ in range(LOGINS):
        visits.returning(cpu)
    counts.append(x.counts())
    requests, connections = ([b - a for a, b in pairwise(row)] for row in zip(*counts, strict=True))
    return {"cpu": cpu, "queries": queries.spent, "requests": requests, "connections": connections}


def _print(title: str, found: dict[str, Any], bare: float, password: float) -> None:
    cpu: Processor = found["cpu"]
    print(f"{title}\n  {'step':<22}{'processor':>12}{'queries':>10}")
    for step in STEPS:
        print(f"  {step:<22}{cpu.of(step):>9.2f} ms{found['queries'][step]:>10}")
    for name, steps, position in (("new login", NEW, 0), ("returning login", RETURNING, 1)):
        spent = cpu.of(*steps)
        print(
            f"  {name:<22}{spent:>9.2f} ms   {found['requests'][position] / LOGINS:g} requests to the provider, "
            f"{found['connections'][position]} new connections in {LOGINS} logins; "
            f"{spent / bare:.1f} x session alone, {spent / password:.3f} x password"
        )
    print()
