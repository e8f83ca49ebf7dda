"""How often somebody may do something: by the address that they come from, and by the account that it is about.

Counted in ``CACHES["default"]``, in windows of the clock. A cache that is out of order lets everybody in: it is a guard
against floods, and what must never happen twice is guarded elsewhere (:mod:`claims`). For the same reason a cache in a
table or in files may count a few too few of those that come at the same moment.
"""

from __future__ import annotations

import hashlib
import time

from django.core.cache import cache, caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest

from . import conf
from .client_addresses import subscriber
from .doing_without import forgiving, is_at_rest
from .exceptions import TooMany
from .rates import Action, LimitedBy, Rate


def limit_address(request: HttpRequest, action: Action) -> None:
    """Count something that is done from an address. Where that is not known, nothing is counted.

    :raises TooMany: it was done too often.
    """
    _limit(action, "address", subscriber(request))


def limit_account(action: Action, account: str) -> None:
    """Count something that is done about an account.

    :param account: what names it, ``""`` where there is none yet.
    :raises TooMany: it was done too often.
    """
    _limit(action, "account", account)


def _limit(action: Action, by: LimitedBy, who: str) -> None:
    rate = conf.rate_limit(action, by)
    if rate is None or not who:
        return
    seconds = _wait(f"{action} {by} {who}", rate)
    if seconds:
        raise TooMany(action, by, seconds)


def _wait(what: str, rate: Rate) -> int:
    """Count once more; return the seconds until the next one is welcome, 0 for now."""
    # Windows of the clock, so that a count needs no second entry to say when it began.
    now = time.time()
    window, into = divmod(int(now), rate.seconds)
    key = f"socialreg:rate:{hashlib.sha256(f'{window} {rate.seconds} {what}'.encode()).hexdigest()}"
    count = 0
    if not is_at_rest():
        with forgiving():
            count = _counted(key, rate.seconds)
    return rate.seconds - into if count > rate.times else 0


def _counted(key: str, seconds: int) -> int:
    if cache.add(key, 1, seconds):
        return 1
    if type(caches["default"]).incr is BaseCache.incr:  # a table, or files: it reads and writes, for TIMEOUT seconds
        count = int(cache.get(key, 0)) + 1
        cache.set(key, count, seconds)
        return count
    try:
        return int(cache.incr(key))
    except ValueError:  # it went between the two: the window is over
        return 1
