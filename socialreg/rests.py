"""Who is left alone during a round, and until when.

Whoever says that there were enough calls, is slow or silent, or refuses everybody's tokens.
"""

from __future__ import annotations

import time

from .exceptions import ConfigurationError
from .registry import providers

#: A peer that has not answered so often in a row, or has taken so many seconds, is left alone for so many seconds.
_PATIENCE, _SLOW, _REST = 3, 5.0, 300
#: A peer that refuses the tokens of so many accounts in a row is left alone for so many seconds: that many people never
#: leave at once, so it is the provider that is in trouble, or this site's keys, and nobody else shall be lost.
_MOST_LOST, _LONG_REST = 10, 3600

#: Who is asked: a provider's slug; and a server, where there are many of that provider.
Peer = tuple[str, str]


def peer_of(slug: str, issuer: str) -> Peer:
    """Return who is asked about an account.

    Where a provider's class names no issuer, every server vouches for its own people, and anybody may run a bad one:
    that one is no reason to leave the others alone.
    """
    try:
        return slug, "" if providers[slug].issuer else issuer
    except ConfigurationError:
        return slug, ""


class Rests:
    """Until when which peer is left alone."""

    def __init__(self) -> None:
        self._until: dict[Peer, float] = {}
        self._silent: dict[Peer, int] = {}
        self._lost: dict[Peer, int] = {}

    def covers(self, peer: Peer) -> bool:
        """Whether a peer is left alone now."""
        return self._until.get(peer, 0) > time.time()

    def end(self, slug: str) -> float:
        """Return until when a provider is left alone, or the last of its servers, in seconds since the epoch."""
        return max((until for (each, _server), until in self._until.items() if each == slug), default=0)

    def add(self, peer: Peer, until: float) -> None:
        """Leave a peer alone, and no shorter than was said before.

        :param until: in seconds since the epoch.
        """
        self._until[peer] = max(until, self._until.get(peer, 0))

    def note_life(self, peer: Peer) -> None:
        """Write down that a peer has taken somebody's tokens."""
        self._lost.pop(peer, None)

    def note_loss(self, peer: Peer) -> bool:
        """Write down that a peer has refused somebody's tokens; return whether it is left alone for that now."""
        self._lost[peer] = self._lost.get(peer, 0) + 1
        if self._lost[peer] < _MOST_LOST:
            return False
        self._lost.pop(peer)
        self.add(peer, time.time() + _LONG_REST)
        return True

    def note(self, peer: Peer, *, answered: bool, seconds: float) -> None:
        """Write down how a peer was to be reached; leave it alone if that was bad several times in a row.

        :param seconds: how long it took.
        """
        if answered and seconds < _SLOW:
            self._silent.pop(peer, None)
            return
        self._silent[peer] = self._silent.get(peer, 0) + 1
        if self._silent[peer] >= _PATIENCE:
            self.add(peer, time.time() + _REST)
