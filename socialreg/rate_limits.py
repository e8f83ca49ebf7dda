"""How many calls a provider still takes: what its answers' headers say, for whoever wants to know while calls are made.

X: https://docs.x.com/x-api/fundamentals/rate-limits (``x-rate-limit-remaining``, ``x-rate-limit-reset``). Others write
``x-ratelimit-`` or ``ratelimit-``, and some give the seconds that are left where others give a time. ``Retry-After`` is
of RFC 9110 section 10.2.3.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import parsedate_to_datetime

from .answer import Answer

#: Seconds that a provider is left alone that says "no more" and not until when: the window of X, and of most.
WINDOW = 900
#: Seconds that it is believed at most, and left alone at least once it has refused: its clock and ours may differ.
LONGEST_WAIT, SHORTEST_WAIT = 24 * 3600, 10
_TOO_MANY = 429
#: What is less than this is a number of seconds, what is more a time: September 2001.
_FIRST_TIME = 10**9
_LAST_TIME = 10**11
_PREFIXES = ("x-rate-limit", "x-ratelimit", "ratelimit")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")

Observer = Callable[[Answer], None]
_observer: ContextVar[Observer | None] = ContextVar("socialreg_observer", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Show every answer that comes inside to ``observer``, whatever is made of it after that."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def show(answer: Answer) -> None:
    """Show an answer to whoever observes. :mod:`http` does, for every one."""
    observer = _observer.get()
    if observer is not None:
        observer(answer)


def resumes_at(answer: Answer, now: float | None = None) -> int | None:
    """Return when the provider takes the next call, in seconds since the epoch; ``None`` if it takes it at once.

    :param now: seconds since the epoch; this machine's clock if left out.
    """
    now = time.time() if now is None else now
    used_up = any(_number(answer.headers, f"{prefix}-remaining") == 0 for prefix in _PREFIXES)
    if answer.status != _TOO_MANY and not used_up:
        return None
    told = told_reset(answer, now)
    if told is None:
        return math.ceil(now + WINDOW)
    earliest = now + SHORTEST_WAIT if answer.status == _TOO_MANY else told
    return math.ceil(min(max(told, earliest), now + LONGEST_WAIT))


def told_reset(answer: Answer, now: float) -> float | None:
    """Return when an answer says that calls are taken again, in seconds since the epoch; ``None`` if it does not."""
    told = (_retry_after(answer.headers, now), *(_reset(answer.headers, prefix, now) for prefix in _PREFIXES))
    return next((each for each in told if each is not None), None)


def _reset(headers: Mapping[str, str], prefix: str, now: float) -> float | None:
    given = _number(headers, f"{prefix}-reset")
    if given is None or given >= _LAST_TIME:
        return None
    return given if given >= _FIRST_TIME else now + given


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return now + seconds if seconds < _FIRST_TIME else None
    try:
        return parsedate_to_datetime(headers["retry-after"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _number(headers: Mapping[str, str], name: str) -> float | None:
    given = headers.get(name, "").strip()
    return float(given) if _NUMBER.fullmatch(given) else None
