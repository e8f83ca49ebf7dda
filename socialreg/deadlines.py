"""How long the outside may take: one deadline for all requests of a login, and plain words for what broke."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: A visitor waits ten seconds at most: the rest is for the site's own work before and after.
TOTAL_SECONDS = 9.5
CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0

_ends: ContextVar[float] = ContextVar("socialreg_deadline", default=math.inf)


class Fault(Exception):
    """What went wrong on the wire, in plain words that hold nothing secret; :mod:`http` adds which request it was."""

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(code, cause)
        self.code = code
        self.cause = cause


@contextmanager
def deadline(seconds: float = TOTAL_SECONDS) -> Iterator[None]:
    """Let all requests sent inside share ``seconds``, however many they are and whatever the peers do.

    A deadline inside another one never lengthens it.

    :raises Unavailable: by the request that runs out of time, with the code ``timeout``.
    """
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def left() -> float:
    """Return how many seconds are left of the deadline around; infinitely many where there is none."""
    return _ends.get() - time.monotonic()


def allow(seconds: float) -> float:
    """Return how many seconds the next step may take: ``seconds``, or what is left of the deadline if that is less.

    :raises Fault: nothing is left.
    """
    allowed = min(seconds, left())
    if allowed <= 0:
        raise Fault("timeout", "the time allowed for all requests together is over")
    return allowed


@contextmanager
def step(seconds: float, doing: str) -> Iterator[float]:
    """Run one blocking step: give it its seconds, and say in plain words what became of it.

    :raises Fault: it took too long, or failed.
    """
    allowed = allow(seconds)
    try:
        yield allowed
    except TimeoutError:
        raise Fault("timeout", f"{doing} was not done after {allowed:.1f} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Fault("certificate", f"the certificate is not accepted: {error.verify_message}") from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise Fault("connection", f"{doing} failed: the peer closed the connection") from None
    except ssl.SSLError as error:
        raise Fault("tls", f"{doing} failed: {error.reason or type(error).__name__}") from None
    except OSError as error:
        raise Fault("connection", f"{doing} failed: {error.strerror or type(error).__name__}") from None
