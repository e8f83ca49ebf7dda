"""What all our pages share: protection, headers, and the one page for everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware_with_args
from django.views.decorators.csrf import csrf_exempt

from . import errands, events, posted
from .exceptions import ConfigurationError, Denied, Forged, NotPosted, OutOfOrder, SocialRegError
from .failures import mark, report
from .redirects import login_page, safe_next
from .registry import providers
from .types import Intent, Resume

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


Answer = Callable[[HttpRequest, SocialRegError], HttpResponse]


def page(view: View[P]) -> View[P]:
    """Make a view one of our pages: CSRF-checked, never cached or framed, and never a 500 for an error of our tree."""
    return answered_by(failure, view)


def posted_page(view: View[P]) -> View[P]:
    """Make a view one of our pages, to which a provider's page may post: it knows no token, see :mod:`posted`."""
    return _ours(failure, csrf_exempt(_guarded(failure, view)))


def answered_by(answer: Answer, view: View[P]) -> View[P]:
    """Give a view all that our pages have, and let ``answer`` say what is wrong where something is."""
    return _ours(answer, _guarded(answer, view))


def _guarded(answer: Answer, view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            with _database_at_work():
                _need_middleware(request)
                response = view(request, *args, **kwargs)
        except SocialRegError as error:
            response = answer(request, error)
        return response

    return guarded


def _ours(answer: Answer, view: View[P]) -> View[P]:
    checked: View[P] = decorator_from_middleware_with_args(_CsrfCheck)(answer)(view)
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
        with events.noting(request):
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


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check, with an answer of ours: whoever blocks cookies should read what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase], answer: Answer) -> None:
        super().__init__(get_response)
        self.answer = answer

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        error = Forged(
            "A form came without a valid CSRF token",
            cause=reason.rstrip("."),
            remedy="One such line is a browser without cookies, or a foreign page. Many, behind a proxy, mean that "
            "Django takes the address for another: see SECURE_PROXY_SSL_HEADER and CSRF_TRUSTED_ORIGINS",
        )
        slug = request.resolver_match.kwargs.get("slug", "") if request.resolver_match else ""
        error.resume = asked_for(request, slug)
        return self.answer(request, error)


def asked_for(request: HttpRequest, slug: str) -> Resume:
    """Return what a button's form, trusted or not, asks for: to begin, or to begin again.

    The address says it where it was made by :func:`owners.connect_url`, for a page that shows the button.
    """
    in_address = "errand" in request.GET and "errand" not in request.POST
    return resume_from(request.GET if in_address else request.POST, slug)


def resume_from(given: Mapping[str, object], slug: str) -> Resume:
    """Return what somebody asks for who gives these values, trusted or not."""
    asked, errand = given.get("intent"), given.get("errand", "")
    intent: Intent = "connect" if asked == "connect" else "prefill" if asked == "prefill" else "login"
    signed = str(errand)[: errands.LENGTH] if intent == "connect" else ""
    keep = intent == "prefill" and given.get("keep") in {"1", True}
    return Resume(slug, intent, safe_next(given.get("next")), errand=signed, keep=keep)


def _need_middleware(request: HttpRequest) -> None:
    if not hasattr(request, "session") or not hasattr(request, "user"):
        raise ConfigurationError(
            "There is no session or no user on the request",
            cause="SessionMiddleware or AuthenticationMiddleware is not in MIDDLEWARE",
            remedy="Add both, in this order",
            code="middleware",
        )


def need_post(request: HttpRequest) -> None:
    """See that a button was pressed.

    :raises NotPosted: its address was opened as a page.
    """
    if request.method != "POST":
        raise NotPosted(
            f"{request.path} was opened as a page",
            cause="it is the address of a button's form",
            remedy="If a link of this site's leads there, put a button in its place",
        )


@contextmanager
def resumable(resume: Resume) -> Iterator[None]:
    """Let the page for an error raised inside offer to begin again where the visitor was."""
    try:
        with _database_at_work():
            yield
    except SocialRegError as error:
        if not error.resume.slug:
            error.resume = resume
        raise


@contextmanager
def _database_at_work() -> Iterator[None]:
    """Make an error of our tree of a database that is down, or locked: what was begun is undone by then.

    :raises OutOfOrder: it failed. Its text is not told: it may hold the statement, and our secrets.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise OutOfOrder(
            "The database failed",
            cause=f"{type(error).__name__}: it is down, out of room, or something else has locked what we need",
            remedy="Bring it back; manage.py check --database default says what it says",
            code="database",
        ) from None


def failure(request: HttpRequest, error: SocialRegError) -> HttpResponse:
    """Return the page for an error. The reference on it is the one in the log."""
    told = report(request, error)
    if isinstance(error, OutOfOrder):
        request.user = AnonymousUser()  # the page must not ask the database who is there
    context = {
        "notice": told.notice,
        "reference": "" if isinstance(error, Denied) else told.reference,  # who cancelled has nothing to write to us
        "resume": told.resume,
        "login_page": _login_page(request, told.resume.next),
        "again": told.notice.again and told.resume.slug in providers,
        "is_first": isinstance(error, NotPosted),
    }
    if posted.is_from_another_site(request):  # no button, and no token
        context |= {"notice": replace(told.notice, again=False), "again": False, "csrf_token": "NOTPROVIDED"}
    response = render(request, "socialreg/failed.html", context, status=error.status)
    mark(response, error, told.resume)
    return response


def _login_page(request: HttpRequest, next_url: str) -> str:
    url = login_page(request)
    return redirect_to_login(next_url, url).url if next_url else url
