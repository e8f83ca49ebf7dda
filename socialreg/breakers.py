"""Circuit breakers: what all processes of this site know together of a provider that fails.

Every endpoint has one. It is *closed* as a rule. After five failures within thirty seconds, and no success in between,
it is *open*: nobody asks there for ten seconds. Then it is *half-open*: one asks at a time. Once the endpoint answers
its breaker is closed, and if it fails it is open for ten seconds more. If nobody asks for a minute, all is forgotten.

Every endpoint, because a login that fails at its last step would else be forgiven for each that succeeds at its first;
and because a login can do without some of them. Where it cannot, its provider is *shut* meanwhile: nobody shall be sent
there in vain.

Nothing is added up: five entries that each live for thirty seconds, of which a failure takes one that is free, count
the last thirty seconds by ``add`` alone, which Redis and Memcached do in one step. Where a cache in files or in a table
does not, two failures of one moment may count as one. The times are the cache's, and nowhere does a clock of one
machine decide over the others.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from django.core.cache import cache, caches
from django.core.cache.backends.db import DatabaseCache
from django.db import router, transaction

from . import metrics
from .deadlines import TOTAL_SECONDS
from .doing_without import forgiving, is_at_rest
from .one_line import one_line

logger = logging.getLogger("socialreg.circuits")

FAILURES = 5
WINDOW_SECONDS = 30
OPEN_SECONDS = 10
#: How long a breaker is half-open if nobody asks.
MEMORY_SECONDS = 60
#: What a process that died has held is free again.
LEASE_SECONDS = int(TOTAL_SECONDS) + 2


@dataclass(frozen=True, slots=True)
class Circuit:
    """What breakers are kept for: a provider; or one ``host`` of it, whose endpoints are not told apart.

    ``is_strangers``: visitors name the host, and anybody may run it.
    """

    slug: str
    host: str = ""
    is_strangers: bool = False

    def key(self, what: str, endpoint: str = "") -> str:
        """Return the name of something of this circuit's in the cache."""
        named = f"{self.slug} {self.host} {endpoint}".encode(errors="surrogatepass")
        return f"socialreg:circuit:{what}:{hashlib.sha256(named).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider is. ``is_known``: the cache has said it.

    :param is_shut: nobody is to be sent there.
    :param is_ailing: something of it has failed of late.
    :param slow: the endpoint that somebody waited for in vain, and that has not answered since.
    """

    is_known: bool = True
    is_shut: bool = False
    is_ailing: bool = False
    slow: str = ""


class State(Enum):
    """The state of an endpoint's breaker."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Breakers:
    """The breakers of one circuit. ``label``: the name that people know the provider by."""

    def __init__(self, circuit: Circuit, label: str) -> None:
        self._circuit, self._label, self._key = circuit, label, circuit.key
        self._shut, self._ailing = circuit.key("shut"), circuit.key("ailing")
        # Anybody may run a server that is silent, or a hundred, or one that is silent by turns: workers are kept from
        # all that visitors name, for as long as it takes to forget.
        self._slow = Circuit(circuit.slug).key("slow") if circuit.is_strangers else circuit.key("slow")

    def health(self) -> Health:
        """Return how the provider is: one question to the cache."""
        found: Mapping[str, object] | None = None
        if _is_shared() and not is_at_rest():
            with forgiving():
                found = cache.get_many([self._shut, self._ailing, self._slow])
        if found is None:
            return Health(is_known=False)
        is_shut, is_ailing = (key in found for key in (self._shut, self._ailing))
        return Health(is_shut=is_shut, is_ailing=is_ailing, slow=str(found.get(self._slow, "")))

    def state(self, endpoint: str) -> State:
        """Return whether an endpoint may be asked."""
        is_open, broken = self._key("open", endpoint), self._key("broken", endpoint)
        found = cache.get_many([is_open, broken])
        return State.OPEN if is_open in found else State.HALF_OPEN if broken in found else State.CLOSED

    def claim_probe(self, endpoint: str) -> bool:
        """Return whether we are the one who finds out if a half-open endpoint works again."""
        return bool(cache.add(self._key("probe", endpoint), 1, LEASE_SECONDS))

    def release_probe(self, endpoint: str) -> None:
        """Let somebody else find out."""
        cache.delete(self._key("probe", endpoint))

    def note_slow(self, endpoint: str) -> None:
        """Write down that somebody has waited in vain. That alone opens nothing."""
        cache.set(self._slow, endpoint, WINDOW_SECONDS)
        cache.set(self._ailing, 1, MEMORY_SECONDS)

    def note_failure(self, endpoint: str, state: State) -> State:
        """Count a failure; open the breaker if it is one too many. Return its state."""
        cache.set(self._ailing, 1, MEMORY_SECONDS)
        keys = self._failures(endpoint)
        free = next((number for number, key in enumerate(keys) if cache.add(key, 1, WINDOW_SECONDS)), FAILURES)
        if free < FAILURES - 1 and state is State.CLOSED:
            return state
        self._open(endpoint)
        return State.OPEN

    def note_success(self, endpoint: str, state: State, health: Health) -> None:
        """Forget an endpoint's failures; close its breaker."""
        gone = self._failures(endpoint)
        if health.slow == endpoint and not self._circuit.is_strangers:
            gone.append(self._slow)
        if state is State.HALF_OPEN:
            gone += [self._key("open", endpoint), self._shut, self._key("down")]
            if cache.delete(self._key("broken", endpoint)):
                logger.warning("%s answers again at %s: it is asked as before", self._label, one_line(endpoint))
        cache.delete_many(gone)

    def shut(self) -> None:
        """Let nobody be sent to the provider for now: logins do not do without an endpoint that is open."""
        cache.add(self._shut, 1, OPEN_SECONDS)
        cache.set(self._key("down"), 1, MEMORY_SECONDS)

    def _failures(self, endpoint: str) -> list[str]:
        return [self._key(f"failure:{number}", endpoint) for number in range(FAILURES)]

    def _open(self, endpoint: str) -> None:
        broken = self._key("broken", endpoint)
        cache.set(self._key("open", endpoint), 1, OPEN_SECONDS)
        if not self._circuit.is_strangers:
            cache.delete(self._slow)  # one waits there at a time from now on
        if not cache.add(broken, 1, MEMORY_SECONDS):
            cache.touch(broken, MEMORY_SECONDS)
            return
        metrics.opened(self._circuit.slug)
        logger.warning(
            "%s is left alone at %s for now. Cause: it failed %d times within %d s; lines around this say how. Remedy: "
            "see its status page, and whether this server reaches it. Every %d s one call finds out if it works again",
            self._label,
            one_line(endpoint),
            FAILURES,
            WINDOW_SECONDS,
            OPEN_SECONDS,
        )


def down_among(slugs: Iterable[str]) -> frozenset[str]:
    """Return by which providers nobody can log in just now: one question to the cache for all of them."""
    keys = {Circuit(slug).key("down"): slug for slug in slugs}
    found: Iterable[str] = ()
    if not is_at_rest():
        with forgiving():
            found = cache.get_many(keys)
    return frozenset(keys[key] for key in found)


def _is_shared() -> bool:
    """Whether what is written is there for others at once: a cache in the database waits for the transaction around."""
    kept = caches["default"]
    alias = router.db_for_write(kept.cache_model_class) if isinstance(kept, DatabaseCache) else None
    return alias is None or not transaction.get_connection(alias).in_atomic_block
