"""What all our pages share: protection, headers, and the one page for everything that goes wrong."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt

from . import attempt
from .exceptions import AttemptError, ConfigurationError, Forged, NotAllowed, Refused, SocialRegError
from .models import SocialAccount
from .notices import notice_for
from .redirects import login_page
from .registry import providers
from .signals import failed
from .types import Resume

logger = logging.getLogger("socialreg")

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(view: View[P]) -> View[P]:
    """Make a view one of our pages: CSRF-checked, never cached or framed, and never a 500 for an error of our tree."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            _need_middleware(request)
            response = view(request, *args, **kwargs)
        except SocialRegError as error:
            response = failure(request, error)
        return response

    checked: View[P] = _csrf_checked(guarded)
    # A site that asks for a login everywhere (LoginRequiredMiddleware) must still let people log in.
    # Under ATOMIC_REQUESTS no transaction may be open while a provider is being asked.
    return transaction.non_atomic_requests(csrf_exempt(login_not_required(_sealed(checked))))


def _sealed(view: View[P]) -> View[P]:
    @wraps(view)
    def sealed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        response["X-Frame-Options"] = "DENY"
        # Not no-referrer: browsers then send "Origin: null" with a form, which Django's CSRF check refuses.
        response["Referrer-Policy"] = "same-origin"
        # A site with a policy of its own gets that one, for its middleware leaves a header that is there alone.
        if not getattr(settings, "SECURE_CSP", None) and not getattr(settings, "CONTENT_SECURITY_POLICY", None):
            response.setdefault("Content-Security-Policy", "frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
        return response

    return sealed


class _CsrfWithOurPage(CsrfViewMiddleware):
    """Django's check, answered with our page: whoever blocks cookies should read what to do."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        resume = Resume(slug=request.resolver_match.kwargs.get("slug", "") if request.resolver_match else "")
        error = Forged("A form came without a valid CSRF token", cause=reason, remedy="Allow cookies; see BASE_URL")
        error.resume = resume
        return failure(request, error)


_csrf_checked = decorator_from_middleware(_CsrfWithOurPage)


def _need_middleware(request: HttpRequest) -> None:
    if not hasattr(request, "session") or not hasattr(request, "user"):
        raise ConfigurationError(
            "There is no session or no user on the request",
            cause="SessionMiddleware or AuthenticationMiddleware is not in MIDDLEWARE",
            remedy="Add both, in this order",
            code="middleware",
        )


@contextmanager
def resumable(resume: Resume) -> Iterator[None]:
    """Let the page for an error raised inside offer to begin again where the visitor was."""
    try:
        yield
    except SocialRegError as error:
        if not error.resume.slug:
            error.resume = resume
        raise


def failure(request: HttpRequest, error: SocialRegError) -> HttpResponse:
    """Return the page for an error, log what happened and why, and tell the site's receivers.

    The reference on the page is the one in the log.
    """
    reference = secrets.token_hex(4)
    slug = error.resume.slug
    logger.log(_level(error), "%s [reference %s] %s", slug or "socialreg", reference, error)
    failed.send_robust(SocialAccount, request=request, slug=slug, error=error, reference=reference)
    notice = notice_for(error, _label(slug))
    context = {
        "notice": notice,
        "reference": reference,
        "resume": error.resume,
        "login_page": login_page(request),
        "again": notice.again and slug in providers and not isinstance(error, ConfigurationError),
    }
    response = render(request, "socialreg/failed.html", context, status=error.status)
    if error.resume.cookie:
        attempt.forget(response, error.resume.cookie)
    return response


def _label(slug: str) -> str:
    try:
        return providers[slug].label
    except ConfigurationError:
        return slug


def _level(error: SocialRegError) -> int:
    if isinstance(error, ConfigurationError) or (isinstance(error, Refused) and error.notice == "not-available"):
        return logging.ERROR
    return logging.INFO if isinstance(error, AttemptError | NotAllowed) else logging.WARNING
