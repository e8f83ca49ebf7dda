"""What waits in the browser between the click and the callback.

One encrypted, authenticated cookie per attempt: a start writes to no store, an abandoned one leaves nothing behind,
tabs do not disturb each other, and any worker can finish what another began. The cookie's name is made from the value
by which the callback names its attempt, so the right one of several is found without opening the others. A claim is
made once, see :mod:`claims`: of two callbacks at once exactly one goes on, and a replay goes nowhere.

The cookie is ``SameSite=Lax``, and does not come along with a post from another site. For providers that answer by one
it is ``SameSite=None``, which its name says too.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import claims, conf
from .encryption import seal, unseal
from .exceptions import AttemptError, Expired, Mismatch, OutOfOrder, Replayed
from .types import Intent, Resume

logger = logging.getLogger("socialreg.attempt")

#: Seconds between click and callback.
LIFETIME = 600
#: Seconds that the browser keeps the cookie: longer, so that somebody who comes late is told so and keeps ``next``.
COOKIE_AGE = 3600
MOST_ATTEMPTS = 5
#: Bytes of attempts in one browser; servers commonly refuse a Cookie header of more than 8 KiB.
MOST_BYTES = 5000
#: Seconds by which the clocks of two machines may differ.
CLOCK_SKEW = 60
_STEM = "socialreg-attempt-"
#: In the name of a cookie that comes along with a post from another site.
_ACROSS = "across-"
#: Names of our making: with others, which anybody may send, no cookie can be set, not even to remove it.
_NAME = re.compile(rf"(?:__Host-)?{_STEM}(?:{_ACROSS})?[0-9a-f]{{24}}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to a provider and back.

    ``user_id`` is who was logged in at the start, ``None`` for nobody. ``key`` and ``pending`` are the provider's, see
    :class:`~socialreg.types.Redirect`. ``across``: the provider answers by a post from its own site. ``server`` is what
    the visitor typed, where they were asked for theirs. ``errand`` is what the button said besides, signed still, and
    ``keep`` whether a prefill keeps the account. ``started`` is in seconds since the epoch.
    """

    slug: str
    issuer: str
    intent: Intent
    user_id: str | None
    next: str
    key: str = field(repr=False)
    pending: Mapping[str, str] = field(repr=False)
    across: bool = False
    server: str = ""
    errand: str = ""
    keep: bool = False
    started: float = 0

    def resume(self) -> Resume:
        """Return what a page needs to let the visitor begin again."""
        cookie = cookie_name(self.key, across=self.across)
        return Resume(self.slug, self.intent, self.next, self.server, cookie, self.errand, self.keep)


def cookie_name(key: str, *, across: bool = False) -> str:
    """Return the name of the cookie of the attempt that goes by ``key``."""
    # __Host-: set by this very host, over https, for no other host. Plain http, as in development, cannot have it.
    prefix = "__Host-" if conf.is_secure() else ""
    digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:24]
    return f"{prefix}{_STEM}{_ACROSS if across else ''}{digest}"


def keep(request: HttpRequest, response: HttpResponse, attempt: Attempt) -> None:
    """Let the attempt wait in the browser, dropping the oldest of too many."""
    _warn_of_another_host(request)
    sealed = seal("attempt", {**asdict(attempt), "started": time.time()})
    _make_room(request, response, len(sealed))
    _set(response, cookie_name(attempt.key, across=attempt.across), sealed, COOKIE_AGE)


def _set(response: HttpResponse, name: str, value: str, max_age: int) -> None:
    # Browsers take SameSite=None over https alone. Without https, as in development, another port is no other site.
    across = conf.is_secure() and is_across(name)
    response.set_cookie(
        name, value, max_age, secure=conf.is_secure(), httponly=True, samesite="None" if across else "Lax"
    )


def _warn_of_another_host(request: HttpRequest) -> None:
    """Say in development why the cookie is going to be missing: "localhost" and "127.0.0.1" are two hosts."""
    here, there = request.get_host().partition(":")[0], urlsplit(conf.base_url()).hostname
    if settings.DEBUG and here != there:
        logger.warning(
            "A login was begun at %s and will come back to %s, where the browser has no cookie of it. "
            "Open the site at the address in BASE_URL, or change BASE_URL",
            here,
            there,
        )


def _make_room(request: HttpRequest, response: HttpResponse, size: int) -> None:
    waiting = {name: value for name, value in request.COOKIES.items() if _NAME.fullmatch(name)}
    newest_first = sorted(waiting, key=lambda name: _started(waiting[name]), reverse=True)
    for position, name in enumerate(newest_first, start=1):
        size += len(waiting[name])
        if position >= MOST_ATTEMPTS or size > MOST_BYTES:
            forget(response, name)


def _started(sealed: str) -> float:
    attempt = _open(sealed)
    return attempt.started if attempt else 0


def forget(response: HttpResponse, name: str) -> None:
    """Remove an attempt's cookie."""
    _set(response, name, "", 0)


def is_across(name: str) -> bool:
    """Whether a cookie is of an attempt whose provider answers by a post from its own site."""
    return _ACROSS in name


def find(request: HttpRequest, key: str) -> Attempt | None:
    """Return this browser's attempt that goes by ``key``, of whichever age and claimed or not; ``None`` without one."""
    names = (cookie_name(key, across=across) for across in (False, True))
    found = (_open(_sent(request, name)) for name in names)
    return next((attempt for attempt in found if key and attempt and attempt.key == key), None)


def _sent(request: HttpRequest, name: str) -> str:
    """Return the cookie that came under this very name.

    Django leaves out blanks around names, and letters that Unicode calls blanks: where browsers see no ``__Host-`` at
    the beginning, and take the cookie from a neighbouring host, which could log the visitor in as somebody else.
    """
    sent = (each.lstrip(" \t") for each in request.META.get("HTTP_COOKIE", "").split(";"))
    return request.COOKIES.get(name, "") if any(each.startswith(f"{name}=") for each in sent) else ""


def claim(request: HttpRequest, slug: str, issuer: str, key: str) -> Attempt:
    """Take the attempt that a callback names, once. Makes no call to any provider.

    :param slug: the provider whose callback address was called.
    :param issuer: the issuer that this provider has now.
    :param key: what the callback names, untrusted.
    :raises Mismatch: this browser has no such attempt, or it was begun with another provider.
    :raises Expired: it is older than ten minutes.
    :raises Replayed: it was claimed before.
    :raises OutOfOrder: the cache, which knows what was claimed, is out of reach.
    """
    attempt = find(request, key)
    if attempt is None:
        raise Mismatch(
            f"No attempt of this browser belongs to the callback of {slug!r}",
            cause="the cookie was lost, blocked or removed, the page was reloaded, or the link is somebody else's",
            remedy="One such line is nothing; many mean that BASE_URL is not the address in the visitors' browsers",
        )
    try:
        _check(attempt, slug, issuer)
        _spend(attempt)
    except (AttemptError, OutOfOrder) as error:
        error.resume = attempt.resume()
        raise
    return attempt


def _open(sealed: str) -> Attempt | None:
    data = unseal("attempt", sealed)
    if data is None:
        return None
    try:
        return Attempt(**data)
    except TypeError:  # sealed by an older or a newer release
        return None


def _check(attempt: Attempt, slug: str, issuer: str) -> None:
    if (attempt.slug, attempt.issuer) != (slug, issuer):
        raise Mismatch(
            f"An attempt begun with {attempt.slug!r} came back at the callback of {slug!r}",
            cause="a provider mix-up, or the settings changed in between",
            remedy="Check that each provider has its own callback address registered",
        )
    if not -CLOCK_SKEW <= time.time() - attempt.started <= LIFETIME:
        raise Expired(
            f"An attempt with {slug!r} came back after more than {LIFETIME // 60} minutes",
            cause="the visitor took their time at the provider, or two workers' clocks differ",
            remedy="One such line is nothing; many mean that a clock is off: set it by NTP",
        )


def _spend(attempt: Attempt) -> None:
    digest = hashlib.sha256(f"{attempt.slug} {attempt.key}".encode()).hexdigest()
    try:
        fresh = claims.claim(f"socialreg:claimed:{digest}", LIFETIME + CLOCK_SKEW)
    except Exception as error:
        # Every cache backend has errors of its own. Without a working cache nobody can tell a replay, so: closed.
        raise OutOfOrder(
            "The attempt could not be claimed",
            cause=f"the cache failed: {type(error).__name__}",
            remedy='Bring the cache of CACHES["default"] back',
            code="cache",
        ) from error
    if not fresh:
        raise Replayed(
            f"An attempt with {attempt.slug!r} came back a second time",
            cause="it was opened in two tabs at once, our answer never arrived, or somebody replays an address",
            remedy="Nothing: no provider was called",
        )
