"""What keeps a provider that is down from taking the site with it: circuit breakers and a bulkhead for each.

What has failed again and again (:mod:`breakers`) is not asked for a while: whoever would is told at once that it is not
available just now. A quarter of the site's workers (:mod:`bulkheads`) may wait for a provider as long as they must.
Beyond them the calls of a step have two seconds together, which is plenty for a provider that is well; and none at all
once somebody has waited in vain, until it has answered. What must not be cut short, because it spends a token or posts
something, waits those two seconds for a place instead. What nobody waits for takes none.

What counts as a failure, :mod:`verdicts` says. Where visitors name the server, each server has a circuit of its own;
the bulkhead is the provider's, for workers are what it protects.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from . import bulkheads, metrics, passages
from .answer import Answer
from .breakers import OPEN_SECONDS, Breakers, Circuit, Health, State
from .bulkheads import Place
from .deadlines import READ_SECONDS, TOTAL_SECONDS, left
from .doing_without import forgiving
from .exceptions import NotAsked, ProviderError, SocialRegError
from .provider import Provider
from .verdicts import PATIENCE_SECONDS, Verdict, verdict

#: Seconds that calls beyond the bulkhead's places may take together.
SHORT_SECONDS = 2.0
#: With less than this left of a deadline, nothing is begun that must not be cut short: the longest silence it may have.
FINAL_SECONDS = READ_SECONDS


def for_logins(provider: Provider, slug: str, server: str) -> Circuit:
    """Return the circuit by which people log in, and tokens are looked after.

    :param server: the server that an account is on, as a visitor typed it, or its issuer.
    """
    if not provider.server_example:
        return Circuit(slug)
    return Circuit(slug, provider.server_of(server), is_strangers=True)


def for_calls(provider: Provider, slug: str, server: str, url: str) -> Circuit:
    """Return the circuit for a call of the site's own: one for each host, and no login hangs on it.

    :param server: as for :func:`for_logins`.
    """
    circuit = for_logins(provider, slug, server)
    return circuit if circuit.is_strangers else Circuit(slug, urlsplit(url).netloc)


@contextmanager
def through(circuit: Circuit, label: str, *, is_final: bool = False) -> Iterator[None]:
    """Let a provider be asked inside this block; not while it is shut. Costs nothing if nobody asks.

    :param label: the name that people know the provider by.
    :param is_final: a request that was sent cannot be taken back: it is not cut short, but waits for a place first.
    :raises NotAsked: by the request that must not go out.
    """
    with _Passage(circuit, label, is_final=is_final).open():
        yield


@contextmanager
def unhurried_through(circuit: Circuit, label: str) -> Iterator[None]:
    """Let a provider be asked where nobody waits, and no worker is held: it takes no place from those who do.

    :raises NotAsked: by the request that must not go out.
    """
    with _Passage(circuit, label, is_waited_for=False).open():
        yield


@contextmanager
def login_through(circuit: Circuit, label: str, *, at_once: bool = False) -> Iterator[None]:
    """Let a step of a login ask its provider, which is shut once the step cannot do without what is open.

    :param at_once: refuse before the block, too: a visitor is to be sent there, whether it is asked or not.
    :raises NotAsked: as for :func:`through`; with ``at_once``, also before the block.
    """
    passage = _Passage(circuit, label)
    with passage.open():
        if at_once:
            passage.look()
        try:
            yield
        except ProviderError:
            passage.give_up()
            raise


class _Passage:
    """The requests of one step, all to one provider. See :class:`passages.Passage`."""

    def __init__(self, circuit: Circuit, label: str, *, is_final: bool = False, is_waited_for: bool = True) -> None:
        self._circuit = circuit
        self._label = label
        self._is_final = is_final
        self._is_waited_for = is_waited_for
        self._breakers = Breakers(circuit, label)
        self._health: Health | None = None
        self._state = State.CLOSED
        self._probe = ""
        self._place: Place | None = None
        self._is_beyond = False
        self._began = self._ends = 0.0

    @contextmanager
    def open(self) -> Iterator[None]:
        try:
            with passages.using(self):
                yield
        finally:
            with forgiving():
                if self._place is not None:
                    self._place.leave()
                if self._probe:
                    self._breakers.release_probe(self._probe)

    def look(self) -> Health:
        """Return how the provider is.

        :raises NotAsked: nobody is to be sent there.
        """
        if self._health is None:
            self._health = self._breakers.health()
        if self._health.is_shut:
            raise _left_alone(self._label)
        return self._health

    def begin(self, where: str) -> float:
        health, endpoint = self.look(), self._circuit.host or where
        self._state = State.CLOSED
        if health.is_ailing:
            with forgiving():
                self._state = self._breakers.state(endpoint)
        if self._state is State.OPEN:
            raise _left_alone(self._label)
        if not self._ends:
            self._enter(health)
        if self._state is State.HALF_OPEN and self._probe != endpoint:
            self._become_probe(endpoint)
        self._began = time.monotonic()
        return self._ends - self._began

    def end(self, where: str, outcome: Answer | SocialRegError) -> None:
        waited = time.monotonic() - self._began
        said = verdict(outcome, waited)
        if said is not Verdict.NOTHING:
            metrics.asked(self._circuit.slug, answered=said is Verdict.WELL)
        if self._health is not None and self._health.is_known:  # a cache that failed once is not waited for again
            with forgiving():
                self._note(self._circuit.host or where, said, self._health, is_slow=waited >= PATIENCE_SECONDS)

    def _note(self, endpoint: str, said: Verdict, health: Health, *, is_slow: bool) -> None:
        # Cut short by our two seconds, that is; whoever sets a deadline of their own has learnt nothing.
        if (said is Verdict.CUT_SHORT and self._is_beyond) or (said is Verdict.FAILED and is_slow):
            self._breakers.note_slow(endpoint)
        if said is Verdict.FAILED:
            self._state = self._breakers.note_failure(endpoint, self._state)
        elif said is Verdict.WELL and health.is_ailing:
            self._breakers.note_success(endpoint, self._state, health)

    def give_up(self) -> None:
        """Shut the provider, if the step ended at an endpoint that is open."""
        if self._state is State.OPEN:
            with forgiving():
                self._breakers.shut()

    def _enter(self, health: Health) -> None:
        began = time.monotonic()
        if self._is_final and left() < FINAL_SECONDS:
            raise _too_late(self._label)
        if health.is_known and self._is_waited_for:
            patience = SHORT_SECONDS if self._is_final and not health.slow else 0
            with forgiving():
                self._place = bulkheads.take(self._circuit.slug, patience)
                self._is_beyond = self._place is None
        if self._is_beyond and (health.slow or self._is_final):
            raise _all_wait(self._label)
        self._ends = began + (SHORT_SECONDS if self._is_beyond else TOTAL_SECONDS)

    def _become_probe(self, endpoint: str) -> None:
        is_taken = False
        with forgiving():
            is_taken = not self._breakers.claim_probe(endpoint)
        if is_taken:
            raise _left_alone(self._label)
        self._probe = endpoint


def _left_alone(label: str) -> NotAsked:
    cause = "it has failed again and again, and is left alone for some seconds"
    remedy = "Wait until it works again; the log says what became of the calls to it"
    return NotAsked(label, cause=cause, remedy=remedy, seconds=OPEN_SECONDS)


def _all_wait(label: str) -> NotAsked:
    cause = "as many of this site's workers as may wait for it do so already"
    remedy = (
        "Ask again, for nothing was sent. If this comes while it works, say in WORKERS how many requests this site "
        "answers at once, with the tasks that call providers"
    )
    return NotAsked(label, cause=cause, remedy=remedy, seconds=int(SHORT_SECONDS), code="bulkhead")


def _too_late(label: str) -> NotAsked:
    cause = "little is left of the time that all requests have together, and this one must not be cut short"
    remedy = "Do it again, for nothing was sent; the requests before it were slow"
    return NotAsked(label, cause=cause, remedy=remedy, seconds=int(SHORT_SECONDS), code="too-late")
