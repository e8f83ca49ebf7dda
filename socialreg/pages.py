"""What all our pages share: protection, headers, and the one page for everything that goes wrong."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt

from . import errands, posted
from .exceptions import (
    AttemptError,
    Barred,
    ConfigurationError,
    Denied,
    Forged,
    Mismatch,
    NotAllowed,
    NotPosted,
    Refused,
    SocialRegError,
    UnknownProvider,
)
from .models import SocialAccount
from .notices import notice_for
from .redirects import login_page, safe_next
from .registry import providers
from .signals import failed
from .types import Intent, Resume

logger = logging.getLogger("socialreg")

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(view: View[P]) -> View[P]:
    """Make a view one of our pages: CSRF-checked, never cached or framed, and never a 500 for an error of our tree."""
    return _ours(_guarded(view))


def posted_page(view: View[P]) -> View[P]:
    """Make a view one of our pages, to which a provider's page may post: it knows no token, see :mod:`posted`."""
    return _ours(csrf_exempt(_guarded(view)))


def _guarded(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            _need_middleware(request)
            response = view(request, *args, **kwargs)
        except SocialRegError as error:
            response = failure(request, error)
        return response

    return guarded


def _ours(view: View[P]) -> View[P]:
    checked: View[P] = _csrf_checked(view)
    # A site that asks for a login everywhere (LoginRequiredMiddleware) must still let people log in.
    return _outside_transactions(csrf_exempt(login_not_required(_sealed(checked))))


def _outside_transactions(view: View[P]) -> View[P]:
    """Under ATOMIC_REQUESTS, of whichever database, no transaction may be open while a provider is being asked."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


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
        error = Forged(
            "A form came without a valid CSRF token",
            cause=reason.rstrip("."),
            remedy="One such line is a browser without cookies, or a foreign page. Many, behind a proxy, mean that "
            "Django takes the address for another: see SECURE_PROXY_SSL_HEADER and CSRF_TRUSTED_ORIGINS",
        )
        slug = request.resolver_match.kwargs.get("slug", "") if request.resolver_match else ""
        error.resume = asked_for(request, slug)
        return failure(request, error)


def asked_for(request: HttpRequest, slug: str) -> Resume:
    """Return what a button's form, trusted or not, asks for: to begin, or to begin again."""
    asked = request.POST.get("intent")
    intent: Intent = "connect" if asked == "connect" else "prefill" if asked == "prefill" else "login"
    errand = str(request.POST.get("errand", ""))[: errands.LENGTH] if intent == "connect" else ""
    keep = intent == "prefill" and request.POST.get("keep") == "1"
    return Resume(slug, intent, safe_next(request.POST.get("next")), errand=errand, keep=keep)


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
    resume = replace(error.resume, next=safe_next(error.resume.next))
    logger.log(_level(error), "%s [reference %s] %s", resume.slug or "socialreg", reference, one_line(str(error)))
    failed.send_robust(SocialAccount, request=request, slug=resume.slug, error=error, reference=reference)
    notice = notice_for(error, _label(resume.slug))
    context = {
        "notice": notice,
        "reference": "" if isinstance(error, Denied) else reference,  # who cancelled has nothing to write to us about
        "resume": resume,
        "login_page": _login_page(request, resume.next),
        "again": notice.again and resume.slug in providers,
    }
    if posted.is_from_another_site(request):  # no button, and no token
        context |= {"notice": replace(notice, again=False), "again": False, "csrf_token": "NOTPROVIDED"}
    response = render(request, "socialreg/failed.html", context, status=error.status)
    # Said above, with the level that it deserves: Django would say "Service Unavailable" again, and mail it to ADMINS.
    response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001
    if isinstance(error, NotPosted):
        response["Allow"] = "POST"  # RFC 9110 section 15.5.6
    if resume.cookie:
        posted.forget(response, resume.cookie)
    return response


def one_line(text: str) -> str:
    """Return a text as one line: Django's reasons repeat headers, with which nobody shall write lines into the log."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _login_page(request: HttpRequest, next_url: str) -> str:
    url = login_page(request)
    return redirect_to_login(next_url, url).url if next_url else url


def _label(slug: str) -> str:
    try:
        return providers[slug].label
    except ConfigurationError:
        return slug


def _level(error: SocialRegError) -> int:
    """Say how loud: the site is broken; somebody should look if there are many; everyday life."""
    is_everyday = isinstance(error, AttemptError | NotAllowed | Barred) and not isinstance(error, Mismatch | Forged)
    if isinstance(error, UnknownProvider):  # an address that anybody can make up
        return logging.WARNING
    if isinstance(error, ConfigurationError) or (isinstance(error, Refused) and error.notice == "not-available"):
        return logging.ERROR
    return logging.INFO if is_everyday else logging.WARNING
