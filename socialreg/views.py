"""One thin view per step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, redirect_to_login
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode

from . import accounts, attempt, pending, posted, stylesheet
from .arrival import arrive, begin_registration, connect, log_in
from .arrival import register as finish_registration
from .asking import answered_form, ask_again, blame_race, empty_form
from .departure import depart
from .exceptions import LostRace, Mismatch, NotAllowed, NotPosted
from .models import SocialAccount
from .pages import asked_for, page, posted_page, resumable
from .pending import Pending
from .redirects import after_login, login_page, safe_next
from .registry import providers
from .types import Arrival, Resume


@page
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin: send the visitor to the provider."""
    asked = asked_for(request, slug)
    with resumable(asked):
        provider = providers.usable(slug)
        _need_post(request)
        if asked.intent == "connect" and not request.user.is_authenticated:
            return redirect_to_login(reverse("socialreg:connections"), login_page(request))
        return depart(request, provider, asked)


@posted_page
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Take somebody back from a provider. The attempt is claimed, once, before any call goes out."""
    with resumable(Resume(slug)):
        provider = providers.usable(slug)
        if request.method not in {"GET", "HEAD"}:
            return posted.hop(request, slug, provider)
        params = _single(request)
        claimed = attempt.claim(request, slug, provider.issuer, provider.correlate(params))
    with resumable(claimed.resume()):
        if provider.answers_by_post:
            params = posted.answer(request, claimed, params)
        response = arrive(request, provider, claimed, params)
    posted.forget(response, claimed.resume().cookie)
    return response


@page
def register(request: HttpRequest) -> HttpResponse:
    """Show the registration form, filled in, and take it."""
    if request.user.is_authenticated and not pending.waits(request):
        return HttpResponseRedirect(after_login(request, ""))  # a second click on "Create account"
    waiting = _pending_of_nobody(request)
    if waiting.purpose != "register":
        return HttpResponseRedirect(reverse("socialreg:prove"))
    with resumable(waiting.resume()):
        profile = waiting.arrival.profile
        if request.method != "POST":
            return _registration_page(request, waiting, empty_form(profile))
        form = answered_form(request, profile, waiting.asked)
        try:
            if form.is_valid():
                return finish_registration(request, waiting.arrival, form, waiting.next)
        except LostRace as error:
            form = answered_form(request, profile, waiting.asked)
            blame_race(form, error)
        # A second tab, or a second click, may have registered this very person a moment ago.
        account = SocialAccount.objects.for_identity(waiting.arrival.issuer, profile.uid)
        if account is not None and account.user is not None:
            return log_in(request, account.user, account, waiting.arrival, waiting.next)
        arrival = replace(waiting.arrival, ownerless=account is not None)
        waiting = replace(waiting, arrival=arrival, asked=ask_again(form, waiting.asked))
        pending.keep(request, waiting)
        return _registration_page(request, waiting, form)


@page
def prove(request: HttpRequest) -> HttpResponse:
    """Tell somebody that an account looks like theirs, and send them off to prove it by logging in to it."""
    waiting = _pending_of_nobody(request)
    if waiting.purpose != "prove":
        return HttpResponseRedirect(reverse("socialreg:register"))
    with resumable(waiting.resume()):
        if request.method != "POST":
            return _waiting_page(request, "socialreg/prove.html", waiting)
        if "register" in request.POST:
            return begin_registration(request, _beside(waiting), waiting.next)
        proof = pending.begin_proof(request, waiting)
        return redirect_to_login(f"{reverse('socialreg:link')}?{urlencode({'proof': proof})}", login_page(request))


@page
def link(request: HttpRequest) -> HttpResponse:
    """Ask somebody who came from that login whether the account is to be linked; link it on their answer alone."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    waiting = pending.load_proven(request, str(request.GET.get("proof", "")))
    with resumable(waiting.resume()):
        if request.method != "POST":
            return _waiting_page(request, "socialreg/link.html", waiting)
        if "cancel" in request.POST:
            pending.discard(request)
            return HttpResponseRedirect(safe_next(waiting.next) or reverse("socialreg:connections"))
        return connect(request, waiting.arrival, waiting.next)


@page
def connections(request: HttpRequest) -> HttpResponse:
    """Show a user's accounts, with what X and others require to be shown: handle, picture, provider."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    accounts_here = SocialAccount.objects.filter(user_id=request.user.pk).order_by("created_at", "pk")
    return render(request, "socialreg/connections.html", {"accounts": accounts_here, "slugs": list(providers)})


@page
def disconnect(request: HttpRequest, account_id: int) -> HttpResponse:
    """Remove one of a user's accounts."""
    with resumable(Resume(next=reverse("socialreg:connections"))):
        _need_post(request)
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("socialreg:connections"), login_page(request))
        accounts.disconnect(request, request.user, account_id)
    return HttpResponseRedirect(reverse("socialreg:connections"))


class Login(LoginView):
    """A login page for sites that have none yet: the buttons, and Django's own form for those with a password."""

    template_name = "socialreg/login.html"

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        return safe_next(super().get_redirect_url())

    def get_default_redirect_url(self) -> str:
        return after_login(self.request, "")


login = page(Login.as_view())


@transaction.non_atomic_requests
@login_not_required
def style(request: HttpRequest) -> HttpResponse:
    """Return the style of our pages and buttons. The query in its address names its content, so it is kept for ever."""
    response = HttpResponse(stylesheet.text(), content_type="text/css; charset=utf-8")
    if request.GET.get("v") == stylesheet.version():
        patch_cache_control(response, public=True, max_age=31536000, immutable=True)
    else:  # while a new release is rolled out, an old worker must not have its content kept under the new one's name
        patch_cache_control(response, no_cache=True)
    return response


def _single(request: HttpRequest) -> Mapping[str, str]:
    """Return the callback's parameters. One that comes twice belongs to nobody (RFC 6749 section 3.1)."""
    if any(len(values) > 1 for _, values in request.GET.lists()):
        raise Mismatch(
            "The callback carries a parameter twice",
            cause="the link was put together by hand",
            remedy="Nothing: no provider was called",
        )
    return request.GET.dict()


def _need_post(request: HttpRequest) -> None:
    if request.method != "POST":
        raise NotPosted(
            f"{request.path} was opened as a page",
            cause="it is the address of a button's form",
            remedy="If a link of this site's leads there, put a button in its place",
        )


def _pending_of_nobody(request: HttpRequest) -> Pending:
    """Return what waits for a visitor who is not logged in: a user who logged in meanwhile gets nobody's identity."""
    waiting = pending.load(request)
    with resumable(waiting.resume()):
        if request.user.is_authenticated:
            raise NotAllowed(
                "Somebody logged in while a registration was waiting",
                cause="a login was finished in another tab",
                remedy="Nothing: nobody's account was linked",
                code="changed",
                notice="changed",
            )
        if request.POST.get("socialreg_whose", waiting.whose) != waiting.whose:
            raise NotAllowed(
                "A page was sent that another tab has overtaken",
                cause="somebody else came back from a provider in another tab since the page was shown",
                remedy="Nothing: nobody was registered",
                code="other-tab",
                notice="other-tab",
            )
    return waiting


def _beside(waiting: Pending) -> Arrival:
    """Return the arrival without its address: that one stays with the account that has it."""
    return replace(waiting.arrival, profile=replace(waiting.arrival.profile, email=None))


def _waiting_page(request: HttpRequest, template: str, waiting: Pending) -> HttpResponse:
    return render(request, template, {"pending": waiting, "provider": providers[waiting.arrival.slug]})


def _registration_page(request: HttpRequest, waiting: Pending, form: BaseForm) -> HttpResponse:
    address = waiting.arrival.profile.email
    context = {
        "pending": waiting,
        "provider": providers[waiting.arrival.slug],
        "form": form,
        "fields": [form[name] for name in form.fields if name in waiting.asked],
        "verified_address": address.address if address and address.verified else None,
    }
    return render(request, "socialreg/register.html", context)
