"""What is said of an error, to whom: a line in the log, the site's receivers, and what a visitor may know of it.

How the visitor is told is for :mod:`pages` and :mod:`api_views`.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse

from . import events, posted
from .exceptions import (
    AttemptError,
    Barred,
    ConfigurationError,
    Forged,
    Mismatch,
    NotAllowed,
    NotAsked,
    NotPosted,
    OutOfOrder,
    Refused,
    SocialRegError,
    TooMany,
    UnknownProvider,
)
from .models import SocialAccount
from .notices import Notice, notice_for
from .one_line import one_line
from .redirects import safe_next
from .registry import providers
from .signals import failed
from .types import Resume

logger = logging.getLogger("socialreg")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a visitor may know of an error, and where they may begin again. ``reference`` stands in the log, too."""

    notice: Notice
    reference: str
    resume: Resume


def report(request: HttpRequest, error: SocialRegError) -> Failure:
    """Log what happened and why, tell the site's receivers, and return what the visitor is told."""
    reference = secrets.token_hex(4)
    resume = replace(error.resume, next=safe_next(error.resume.next))
    event = events.failure(resume.slug, _who(request), error.code, reference)
    told = (resume.slug or "socialreg", reference, one_line(str(error)))
    logger.log(level(error), "%s [reference %s] %s", *told, extra=events.facts(event))
    events.note(event)
    failed.send_robust(SocialAccount, request=request, slug=resume.slug, error=_bare(error), reference=reference)
    return Failure(notice_for(error, providers.label(resume.slug)), reference, resume)


def _bare(error: SocialRegError) -> SocialRegError:
    """Return an error without the way that it came, and without what led to it.

    The variables along that way hold codes, verifiers and secrets, and receivers hand errors on to error trackers.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _who(request: HttpRequest) -> str:
    user = getattr(request, "user", None)  # not there without the middleware, of which this may be the report
    try:
        return str(user.pk) if user is not None and user.is_authenticated else ""
    except Exception:  # noqa: BLE001 - the store of sessions, whichever it is, may be what failed
        return ""


def mark(response: HttpResponse, error: SocialRegError, resume: Resume) -> None:
    """Give a response what every answer to an error has, page or not."""
    # Said above, with the level that it deserves: Django would say "Service Unavailable" again, and mail it to ADMINS.
    response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001
    if isinstance(error, NotPosted):
        response["Allow"] = "POST"  # RFC 9110 section 15.5.6
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)  # RFC 9110 section 10.2.3
    if resume.cookie:
        posted.forget(response, resume.cookie)


def level(error: SocialRegError) -> int:
    """Say how loud: the site is broken; somebody should look if there are many; everyday life."""
    telling = isinstance(error, Mismatch | Forged | TooMany)
    if isinstance(error, UnknownProvider):  # an address that anybody can make up
        return logging.WARNING
    if isinstance(error, ConfigurationError | OutOfOrder):
        return logging.ERROR
    if isinstance(error, Refused) and error.notice == "not-available" and not error.is_hearsay:
        return logging.ERROR
    is_everyday = isinstance(error, AttemptError | NotAllowed | NotAsked | Barred) and not telling
    return logging.INFO if is_everyday else logging.WARNING
