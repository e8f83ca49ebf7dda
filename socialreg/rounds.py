"""A round of all accounts, one after the other, with what is due for each: what ``socialreg_maintain`` runs.

Accounts are read in small chunks by their key, so that a million of them take no more memory than a hundred. One that
fails is counted and stays as it was; the next round finds it again by ``checked_at``. A provider that has had enough
calls, by the headers of its answers, or that is slow or does not answer at all, is left alone for its time; the others
go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import Error, connections
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from . import rate_limits, upkeep
from .answer import Answer
from .exceptions import ConfigurationError, RateLimited, Revoked, SocialRegError, Unavailable
from .models import SocialAccount
from .rests import Peer, Rests, peer_of
from .token_state import SOON, is_due
from .transactions import database

logger = logging.getLogger("socialreg.rounds")

#: Keys that are read at once, and rows: a row that waits long in memory is old when its turn comes.
CHUNK, GROUP = 1000, 100
#: An account: its key, its provider's slug, and who vouches for it.
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, and for which accounts.

    :param slugs: the providers whose accounts are walked.
    :param before: only those that nobody has looked after since; ``None`` for all.
    """

    refresh: bool
    sync: bool
    verify: bool
    slugs: tuple[str, ...]
    before: datetime | None


@dataclass(slots=True)
class Tally:
    """What became of the accounts so far. ``left`` counts by provider those that it had to be left alone for."""

    refreshed: int = 0
    synced: int = 0
    alive: int = 0
    lost: int = 0
    #: The provider did not say, for whatever reason of its own.
    unanswered: int = 0
    #: Something of the site's own is wrong.
    failed: int = 0
    left: dict[str, int] = field(default_factory=dict)
    #: All of them.
    seen: int = 0

    @property
    def done(self) -> int:
        """How many were looked after."""
        return self.seen - sum(self.left.values())

    def leave(self, slug: str) -> None:
        """Count one that its provider is left alone with."""
        self.left[slug] = self.left.get(slug, 0) + 1


def accounts(order: Order) -> QuerySet[SocialAccount]:
    """Return the accounts that there is something to do for: not lost, and with a token or a way to get one."""
    ended = Q(expires_at__lte=now() + SOON)
    rows = SocialAccount.objects.using(database()).filter(lost_at=None, provider__in=order.slugs)
    if order.before is not None:
        rows = rows.filter(Q(checked_at=None) | Q(checked_at__lt=order.before))
    if not (order.sync or order.verify):
        return rows.filter(ended, refreshable=True)
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now() + SOON) | Q(refreshable=True))


def walk(order: Order) -> Iterator[list[Key]]:
    """Yield the keys of those accounts, in order, in groups that are worked on together."""
    keys = accounts(order).order_by("pk").values_list("pk", "provider", "issuer")
    chunk = list(keys[:CHUNK])
    while chunk:
        yield from (chunk[start : start + GROUP] for start in range(0, len(chunk), GROUP))
        chunk = list(keys.filter(pk__gt=chunk[-1][0])[:CHUNK]) if len(chunk) == CHUNK else []


class Round:
    """One round."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.tally = Tally()
        self.rests = Rests()
        self._told: set[tuple[str, str]] = set()

    def run(self, limit: int | None = None) -> Iterator[Tally]:
        """Go on with the next account each time; yield what was done so far.

        :param limit: how many accounts at most, those left alone not counted.
        """
        for group in walk(self.order):
            # Those of a provider that is left alone are not even read.
            rows = self._read([key for key, slug, issuer in group if not self.rests.covers(peer_of(slug, issuer))])
            for key, slug, issuer in group:
                if limit is not None and self.tally.done >= limit:
                    return
                self.tally.seen += 1
                peer = peer_of(slug, issuer)
                if key not in rows or self.rests.covers(peer):
                    self.tally.leave(slug)
                else:
                    with rate_limits.observed(partial(self._watch, peer)):
                        self._look_after(rows.pop(key), peer)
                yield self.tally

    def _read(self, keys: list[int]) -> dict[int, SocialAccount]:
        rows = SocialAccount.objects.using(database()).filter(pk__in=keys)
        if self.order.sync:
            rows = rows.select_related("user")
        return {each.pk: each for each in rows} if keys else {}

    def _look_after(self, account: SocialAccount, peer: Peer) -> None:
        began, answered = time.monotonic(), True
        try:
            self._do(account)
            self.rests.note_life(peer)
        except Revoked as error:
            self.tally.lost += 1
            if self.rests.note_loss(peer):
                _report(peer, error)
        except SocialRegError as error:
            answered = not isinstance(error, Unavailable)
            self._count(peer, error)
        except Error as error:
            self.tally.failed += 1
            logger.error("Social account %s: the database failed: %s", account.pk, type(error).__name__)  # noqa: TRY400
            connections[database()].close_if_unusable_or_obsolete()
        except Exception as error:  # noqa: BLE001 - one account never stops the others; its text may hold a secret
            self.tally.failed += 1
            logger.error("Social account %s: %s", account.pk, type(error).__name__)  # noqa: TRY400
        self.rests.note(peer, answered=answered, seconds=time.monotonic() - began)

    def _do(self, account: SocialAccount) -> None:
        if (self.order.refresh or self.order.sync) and account.refreshable and is_due(account, now()):
            account = upkeep.refreshed(account)
            self.tally.refreshed += 1
            if not self.order.sync:  # it lives, then
                return
        if self.order.sync:
            upkeep.synced(account)
            self.tally.synced += 1
        elif self.order.verify:
            upkeep.verified(account)
            self.tally.alive += 1

    def _count(self, peer: Peer, error: SocialRegError) -> None:
        slug = peer[0]
        of_ours = isinstance(error, ConfigurationError) or error.code in {"provider", "database", "locked"}
        if of_ours:
            self.tally.failed += 1
        elif isinstance(error, RateLimited):
            self.tally.leave(slug)
            told = error.reset or time.time() + rate_limits.WINDOW
            self.rests.add(peer, max(told, time.time() + rate_limits.SHORTEST_WAIT))
        else:
            self.tally.unanswered += 1
        if (slug, error.code) not in self._told:  # a million accounts of one provider fail for one reason
            self._told.add((slug, error.code))
            logger.log(logging.ERROR if of_ours else logging.WARNING, "%s", error)

    def _watch(self, peer: Peer, answer: Answer) -> None:
        until = rate_limits.resumes_at(answer)
        if until is not None:
            self.rests.add(peer, until)


def _report(peer: Peer, error: Revoked) -> None:
    logger.error(
        "%s refused the tokens of one account after the other, and is left alone for now. Cause: an outage there, or "
        "CLIENT_ID and CLIENT_SECRET are no longer those that the tokens were handed out to. Remedy: see to that, then "
        "call upkeep.verify_alive() for the accounts that were lost: it takes the mark off those that live. %s",
        peer[0],
        error,
    )
