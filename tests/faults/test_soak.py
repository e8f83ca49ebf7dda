"""A thousand logins, a thousand starts that nobody finishes, a thousand refused callbacks: and nothing is left.

One worker of a real gunicorn, on PostgreSQL, with its sessions and its cache in Redis, and with the audit trail as it
is by default, written after the answer. Rows, keys, open files and memory are counted before and after, and what there
is more of then is accounted for. Of events that is one for every login and every registration, none for a start that
nobody finishes, and for refused callbacks no more than :mod:`socialreg.floods` lets through in a minute, but some of
each kind.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from redis import Redis

from socialreg.attempt import CLOCK_SKEW, LIFETIME
from socialreg.floods import _SECONDS, MOST
from socialreg.sign_in_events import SignInEvent
from tests import caches, leavings, stores
from tests.fleets import Fleet, fleet, site_on
from tests.gates import TOKEN, Gate
from tests.roaming import Answer, Browser

pytestmark = [pytest.mark.slow, pytest.mark.lasting]

#: How often each is done, and by how many people: so that every way with every protocol is as often as any other.
TIMES, PEOPLE, AT_ONCE = 1008, 240, 4
#: The same before anything is counted: what is made once is made then.
WARM_UP, EARLY = 240, 48
#: Bytes by which the process may have grown afterwards.
MOST_GROWTH = 8 << 20
#: Connections that one worker keeps to the providers' one host, for the next who comes.
MOST_KEPT_ALIVE = 3
#: Kinds of keys: of sessions, of what OpenID providers publish, of attempts that were claimed, and of counted logins.
SESSION, STORE, CLAIM, RATE = "django.contrib.sessions.", "socialreg:store:", "socialreg:claimed:", "socialreg:rate:"
#: For how many seconds they may be there.
AGES = {CLAIM: LIFETIME + CLOCK_SKEW, RATE: 60}
#: Refusals in each of the four ways, and what the audit trail says of them all; who comes again was let in before.
OF_A_KIND = TIMES // 4
CODES = {"denied", "mismatch"}
TRAIL = SignInEvent._meta.db_table


@dataclass(frozen=True)
class Site:
    """The site, and the provider that its visitors come from."""

    fleet: Fleet
    gate: Gate

    def log_in(self, turn: int, who: str) -> tuple[Browser, str]:
        """Log somebody in who has a new browser; return it, and the callback's address."""
        browser = Browser()
        callback, answer = browser.log_in(self.gate, self.slug(turn), who, self.fleet, self.fleet)
        assert (answer.status, answer.location) == (302, "/home/"), answer
        return browser, callback

    def begin(self, turn: int, who: str) -> None:
        """Press a button, and go no further."""
        assert Browser().start(self.fleet, self.slug(turn)).startswith(self.gate.url)

    def be_refused(self, turn: int, who: str) -> None:
        """Come back in one of four ways that lead nowhere."""
        ways = ((self._forged, 400), (self._denied, 200), (self._again, 400), (self._mixed_up, 400))
        way, status = ways[turn // len(TOKEN) % len(ways)]
        answer = way(turn, who)
        assert (answer.status, answer.location) == (status, ""), answer

    def slug(self, turn: int) -> str:
        return list(TOKEN)[turn % len(TOKEN)]

    def _forged(self, turn: int, who: str) -> Answer:
        return Browser().get(self.fleet, f"/accounts/{self.slug(turn)}/callback/?state=s&code=c&oauth_token=t")

    def _denied(self, turn: int, who: str) -> Answer:
        browser = Browser()
        return browser.get(self.fleet, self.gate.deny(browser.start(self.fleet, self.slug(turn))))

    def _again(self, turn: int, who: str) -> Answer:
        browser, callback = self.log_in(turn, who)
        return browser.get(self.fleet, callback)

    def _mixed_up(self, turn: int, who: str) -> Answer:
        browser = Browser()
        callback = self.gate.approve(browser.start(self.fleet, self.slug(turn)), who)
        return browser.get(self.fleet, callback.replace(f"/{self.slug(turn)}/", f"/{self.slug(turn + 1)}/"))


@dataclass(frozen=True)
class Counted:
    """What is there at one moment; ``others``: the connections to the database that are not the test's.

    ``events`` are the rows of the audit trail, by what happened and its outcome; ``minute`` is the one in which the
    worker counts failures.
    """

    minute: int
    rows: Counter[str]
    events: Counter[tuple[str, str]]
    others: int
    keys: Counter[str]
    opened: Counter[str]
    memory: int


@stores.on("postgres")
def test_three_thousand_visits_leave_nothing_behind_but_accounts_and_sessions(database, gate):
    people = [person.screen_name for person in gate.crowd(EARLY + PEOPLE)]
    socialreg = {**gate.play_all(), "ASK_FOR": "missing", "EVENTS": "afterwards"}
    sessions = "django.contrib.sessions.backends.cache"
    with caches.in_redis() as entry, Redis.from_url(entry["LOCATION"]) as redis:
        with fleet(site_on(database, entry, socialreg, SESSION_ENGINE=sessions), 1) as running:
            site = Site(running, gate)
            acts = (site.log_in, site.begin, site.be_refused)
            for act in acts:
                many(act, WARM_UP, people[:EARLY])
            seen = [counted(running, gate, database, redis)]
            for act in acts:
                many(act, TIMES, people[EARLY:])
                seen.append(counted(running, gate, database, redis))
            assert running.complaints() == []
        for kind, ages in leavings.keys(redis).items():
            assert -1 not in ages  # which Redis says of what has no end
            assert kind not in AGES or max(ages) <= AGES[kind]
    print("\n".join(map(str, seen)))  # for whoever wants the figures: pytest -s
    nothing_but_accounts_and_what_happened(seen)
    before, after = seen[0], seen[-1]
    # A browser that is thrown away while it is logged in leaves a session, and what came back leaves a claim.
    logins = TIMES + OF_A_KIND
    assert after.keys[SESSION] - before.keys[SESSION] == logins
    assert after.keys[CLAIM] <= before.keys[CLAIM] + logins + OF_A_KIND
    assert set(after.keys) <= {SESSION, STORE, *AGES}
    assert after.keys[STORE] == before.keys[STORE]
    assert set(after.opened) == set(before.opened)
    assert after.opened["stand-in"] <= MOST_KEPT_ALIVE
    assert before.others == after.others == 0
    assert max(each.memory for each in seen) - before.memory < MOST_GROWTH


def nothing_but_accounts_and_what_happened(seen: list[Counted]) -> None:
    """Every row that is new is accounted for: after the logins, after the starts, and after the refusals."""
    logged_in, begun, refused = (later.events - sooner.events for sooner, later in pairwise(seen))
    assert logged_in == {("register", "ok"): PEOPLE, ("login", "ok"): TIMES - PEOPLE}
    assert begun == {}
    assert refused.pop(("login", "ok")) == OF_A_KIND
    failures = {("failure", code) for code in CODES}
    before, begins, after = seen[0], seen[-2], seen[-1]
    # On a machine so fast that the warm-up was in this very minute, nothing of a kind may be let through any more.
    assert set(refused if begins.minute > before.minute else after.events) >= failures >= set(refused)
    assert max(refused.values(), default=0) <= MOST * (after.minute - begins.minute + 1)
    more = {"auth_user": PEOPLE, "socialreg_socialaccount": PEOPLE, TRAIL: TIMES + OF_A_KIND + refused.total()}
    assert after.rows - before.rows == more


def many(act: Callable[[int, str], object], times: int, people: list[str]) -> None:
    """Do something so many times, a few at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for each in [pool.submit(act, turn, people[turn % len(people)]) for turn in range(times)]:
            each.result()


def counted(running: Fleet, gate: Gate, database: BaseDatabaseWrapper, redis: Redis) -> Counted:
    """Count everything, once it is there: the one worker answers nobody before it has written down what happened."""
    assert Browser().get(running, "/home/").status == 200
    minute = int(time.monotonic()) // _SECONDS
    (worker,) = running.workers()
    ports = {
        int(database.settings_dict["PORT"]): "PostgreSQL",
        redis.connection_pool.connection_kwargs["port"]: "Redis",
        urlsplit(gate.url).port: "stand-in",
    }
    keys = Counter({kind: len(ages) for kind, ages in leavings.keys(redis).items()})
    opened, memory = leavings.opened(worker, ports), leavings.memory(worker)
    events = Counter(SignInEvent.objects.values_list("event", "code"))
    return Counted(minute, leavings.rows(database), events, leavings.others(database), keys, opened, memory)
