"""F07: a process that is killed between a provider's answer and its commit leaves all or nothing behind, and no lock.

Killed as the kernel kills that is out of memory: a worker of a real gunicorn sends itself SIGKILL before the first
statement that writes, after it, before the second one, and so on until a request gets through. Whoever does the same
once more ends where they would have ended at once. (What becomes of a refresh stands in :mod:`test_refresh_race`.) By
OAuth 1.0a a registration on every database, all four steps on PostgreSQL; by OAuth 2.0 and OpenID Connect, which write
the same, one each, on PostgreSQL. At night all steps (:mod:`tests.effort`).
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from socialreg.models import SocialAccount, UserAddress
from tests import caches, leavings, stores
from tests.faults.asking import until
from tests.faults.killing import Connect, Form, LogIn, Register, Step
from tests.fleets import DEATH, fleet, site_on
from tests.gates import NAMING, Gate

pytestmark = pytest.mark.slow

#: Seconds until a database has noticed that somebody is gone, at most.
PATIENCE = 10


@stores.on_with("kind", Register, Form, LogIn, Connect)
def test_f07_a_process_killed_at_any_write_leaves_all_or_nothing_and_a_retry_succeeds(database, gate, tmp_path, kind):
    killed_at_every_write(database, gate, tmp_path, kind, "twitter")


# Google tells no user name, so nobody is registered by its callback; GitLab does.
OTHERS = [
    ("x", Register),
    ("google", Form),
    *(pytest.param("x", kind, marks=pytest.mark.nightly) for kind in (Form, LogIn, Connect)),
    *(pytest.param("google", kind, marks=pytest.mark.nightly) for kind in (LogIn, Connect)),
    pytest.param(NAMING, Register, marks=pytest.mark.nightly),
]


@pytest.mark.parametrize(("slug", "kind"), OTHERS)
@stores.on("postgres")
def test_f07_so_does_one_killed_by_the_other_protocols(database, gate, tmp_path, slug, kind):
    killed_at_every_write(database, gate, tmp_path, kind, slug)


def killed_at_every_write(
    database: BaseDatabaseWrapper, gate: Gate, tmp_path: Path, kind: type[Step], slug: str
) -> None:
    """Do it in a process that dies before the first write, after it, and so on; look what is left each time."""
    # One person comes more often here than anybody does.
    socialreg = {**gate.play_all(), **kind.changes, "RATE_LIMITS": {"callback": {"account": "1000/m"}}}
    seen = []
    with fleet(site_on(database, caches.in_files(tmp_path), socialreg), 1) as site:
        for moment in count():
            for model in (SocialAccount, UserAddress, User):
                model.objects.all().delete()
            step = kind(site, gate, slug)
            step.prepare()
            assert step.found() == kind.nothing
            if not is_killed_over(step, moment):
                break
            seen.append(step.found())
            assert step.found() in {kind.nothing, kind.everything}, moment
            asked = len(gate.api_requests)
            assert step.browser.get(site, step.callback).status == 400  # it was claimed, and that is not undone
            assert len(gate.api_requests) == asked
            assert step.act().status == 302, site.log()
            assert step.found() == kind.everything
            assert holding(database) == 0
        assert step.found() == kind.everything
        assert "Traceback" not in site.log()
        assert site.log().count("SIGKILL") == moment
    # Somebody died before the first write, and somebody after the last commit.
    assert seen[0] == kind.nothing
    assert seen[-1] == kind.everything


def is_killed_over(step: Step, moment: int) -> bool:
    """Do it in a process that dies at a moment; return whether it lived to see it."""
    try:
        assert step.act(**{DEATH: str(moment)}).status == 302
    except ConnectionError:
        until(lambda: step.site.log().count("SIGKILL") > moment, PATIENCE)
        return True
    return False


def holding(database: BaseDatabaseWrapper) -> int:
    """Return how many others hold anything of a database, once it had the time to notice who is gone."""
    ask = _is_locked if database.vendor == "sqlite" else leavings.others
    until(lambda: ask(database) == 0, PATIENCE)
    return ask(database)


def _is_locked(database: BaseDatabaseWrapper) -> int:
    with database.cursor() as cursor:
        try:
            cursor.execute("BEGIN EXCLUSIVE")
        except OperationalError:
            return 1
        cursor.execute("ROLLBACK")
    return 0
