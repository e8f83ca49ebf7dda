"""What happened: told to the log and the counters, and written down as an audit trail, so that it is found again.

Whoever does something notes it here. What is noted while one of our pages is being made is written down when the page
is done: one insert for all of it, after the answer has been sent, or before, or never, as ``SOCIALREG["EVENTS"]`` says.
What is noted elsewhere (a command, the admin, code of the site's own) is written down at once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial

from django.core.handlers.asgi import ASGIRequest
from django.db import router, transaction
from django.http import HttpRequest

from . import codes, conf, metrics
from .agents import family
from .client_addresses import prefix
from .codes import OK
from .entries import SLUG_LENGTH
from .exceptions import ConfigurationError
from .floods import Flood
from .sign_in_events import CODE_LENGTH, REFERENCE_LENGTH, USER_LENGTH, Event, SignInEvent

logger = logging.getLogger("socialreg.events")

#: What may stand for a provider's code, which a class of the site's own may take from anywhere.
_CODE = re.compile(rf"[A-Za-z0-9_.:-]{{1,{CODE_LENGTH}}}")


@dataclass(slots=True)
class _Page:
    """What one page has noted, and whose account came to it."""

    noted: list[Event] = field(default_factory=list)
    user: str = ""
    account: int | None = None


_page: ContextVar[_Page | None] = ContextVar("socialreg_page", default=None)
_failures = Flood()


@contextmanager
def noting(request: HttpRequest) -> Iterator[None]:
    """Collect what is noted while a page is made, and have it written down, also where the page ends in an error."""
    page = _Page()
    token = _page.set(page)
    try:
        yield
    finally:
        _page.reset(token)
        _settle(request, page.noted)


def note(event: Event) -> None:
    """Let something have happened. To be called when it is a fact: after its transaction is in the database."""
    event = _fitting(event)
    metrics.happened(event)
    if event.what != SignInEvent.Kind.FAILURE:  # of which the line with its cause and remedy is written elsewhere
        words = "%s: %s [%s], user %s, account %s"
        told = (event.provider or "socialreg", event.what, event.code, event.user or "none", event.account or "none")
        logger.info(words, *told, extra=facts(event))
    page = _page.get()
    if page is not None:
        page.noted.append(event)
    elif _when() != "off":
        _write([event])


def about(user: object, account: int) -> None:
    """Say whose account came to this page, so that a failure can be found by it.

    :param user: the id of the account's user, ``None`` for nobody.
    """
    page = _page.get()
    if page is not None:
        page.user, page.account = "" if user is None else str(user), account


def failure(provider: str, user: str, code: str, reference: str = "") -> Event:
    """Return the event of a failure: of whoever is logged in, or else of the user whose account came to the page."""
    page = _page.get() or _Page()
    told = "unknown-code" if code == OK else code
    name = metrics.known(provider)
    return _fitting(Event(SignInEvent.Kind.FAILURE, name, user or page.user, page.account, told, reference))


def facts(event: Event) -> dict[str, object]:
    """Return the attributes of a log record about an event. Their names are stable."""
    return {
        "socialreg_event": str(event.what),
        "socialreg_provider": event.provider,
        "socialreg_code": event.code,
        "socialreg_reference": event.reference,
        "socialreg_user": event.user,
        "socialreg_account": event.account,
    }


def _fitting(event: Event) -> Event:
    """Return an event whose values fit their columns, and whose code is one and no text."""
    return replace(
        event,
        provider=event.provider[:SLUG_LENGTH],
        user=event.user[:USER_LENGTH],
        code=event.code if _CODE.fullmatch(event.code) else "unknown-code",
        reference=event.reference[:REFERENCE_LENGTH],
    )


def _settle(request: HttpRequest, noted: Sequence[Event]) -> None:
    """Have written down what was noted, and see that nobody waits for it who need not."""
    when = _when() if noted else "off"
    if when == "off":
        return
    kept = [event for event in noted if event.code == OK or _failures.lets(codes.family(event.code))]
    if not kept:
        return
    # Under ASGI nothing is closed for a visitor who hangs up early: they would choose what is known of them.
    if when == "afterwards" and not isinstance(request, ASGIRequest):
        _once_sent(request, partial(_write, kept, request))
    else:
        _write(kept, request)


def _when() -> conf.Events:
    try:
        return conf.events()
    except ConfigurationError as error:
        logger.error("Nothing is written down. %s", error)  # noqa: TRY400 - it says all itself
        return "off"


def _once_sent(request: HttpRequest, work: Callable[[], None]) -> None:
    """Do something once the answer is out: Django closes the request then, whatever became of our answer to it."""

    def close() -> None:
        del vars(request)["close"]  # and Django's own is there again
        work()
        request.close()

    vars(request)["close"] = close


def _write(noted: Sequence[Event], request: HttpRequest | None = None) -> None:
    try:
        rows = [_row(event, request) for event in noted]
        # A transaction of its own: an insert that fails inside somebody else's would undo that one.
        with transaction.atomic(using=router.db_for_write(SignInEvent)):
            SignInEvent.objects.bulk_create(rows)
    except Exception as error:  # noqa: BLE001 - whoever came in is in: neither a database nor a setting keeps them out
        logger.error(  # noqa: TRY400 - its text may hold the statement
            "%d events were not written down: %s. Remedy: bring the database back, and see manage.py check and migrate",
            len(noted),
            type(error).__name__,
        )


def _row(event: Event, request: HttpRequest | None) -> SignInEvent:
    return SignInEvent(
        at=event.at,
        event=event.what,
        provider=event.provider,
        user=event.user,
        account=event.account,
        code=event.code,
        reference=event.reference,
        address=prefix(request) if request else "",
        agent=family(request.headers.get("User-Agent", "")) if request else "",
    )
