"""What is said of an error, to whom: a line in the log, the site's receivers, and what a visitor may know of it.

How the visitor is told is for :mod:`pages` and :mod:`api_views`.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse

from . import posted
from .exceptions import (
    AttemptError,
    Barred,
    ConfigurationError,
    Forged,
    Mismatch,
    NotAllowed,
    NotPosted,
    Refused,
    SocialRegError,
    UnknownProvider,
)
from .models import SocialAccount
from .notices import Notice, notice_for
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
    logger.log(level(error), "%s [reference %s] %s", resume.slug or "socialreg", reference, one_line(str(error)))
    failed.send_robust(SocialAccount, request=request, slug=resume.slug, error=error, reference=reference)
    return Failure(notice_for(error, providers.label(resume.slug)), reference, resume)


def mark(response: HttpResponse, error: SocialRegError, resume: Resume) -> None:
    """Give a response what every answer to an error has, page or not."""
    # Said above, with the level that it deserves: Django would say "Service Unavailable" again, and mail it to ADMINS.
    response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001
    if isinstance(error, NotPosted):
        response["Allow"] = "POST"  # RFC 9110 section 15.5.6
    if resume.cookie:
        posted.forget(response, resume.cookie)


def one_line(text: str) -> str:
    """Return a text as one line: Django's reasons repeat headers, with which nobody shall write lines into the log."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def level(error: SocialRegError) -> int:
    """Say how loud: the site is broken; somebody should look if there are many; everyday life."""
    is_everyday = isinstance(error, AttemptError | NotAllowed | Barred) and not isinstance(error, Mismatch | Forged)
    if isinstance(error, UnknownProvider):  # an address that anybody can make up
        return logging.WARNING
    if isinstance(error, ConfigurationError) or (isinstance(error, Refused) and error.notice == "not-available"):
        return logging.ERROR
    return logging.INFO if is_everyday else logging.WARNING
