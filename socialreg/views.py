"""One thin view per step."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_post_parameters

from . import attempt, bounce, held, parameters, pending, posted, stylesheet, throttling
from .arrival import arrive, log_in
from .arrival import register as finish_registration
from .asking import answered_form, ask_again, blame_race, empty_form
from .departure import depart
from .exceptions import LostRace
from .models import SocialAccount
from .pages import asked_for, need_post, page, posted_page, resumable
from .pending import Pending
from .recent_login import hold_back
from .redirects import after_login, login_page, safe_next
from .registry import providers
from .types import Resume


@page
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin: send the visitor to the provider."""
    asked = asked_for(request, slug)
    with resumable(asked):
        provider = providers.usable(slug)
        if asked.errand and request.method == "GET" and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), login_page(request))  # a link in a mail
        need_post(request)
        return hold_back(request, asked) or depart(request, provider, asked)


@posted_page
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Take somebody back from a provider. The attempt is claimed, once, before any call goes out."""
    if bounce.is_needed(request):
        return bounce.page(request)
    with resumable(Resume(slug)):
        query = parameters.take(request)
        throttling.limit_address(request, "callback")
        params = query.read()
        provider = providers.usable(slug)
        if request.method not in {"GET", "HEAD"}:
            return posted.hop(request, slug, provider)
        claimed = attempt.claim(request, slug, provider.issuer, provider.correlate(params))
    with resumable(claimed.resume()):
        if provider.answers_by_post:
            params = posted.answer(request, claimed, params)
        response = arrive(request, provider, claimed, params)
    posted.forget(response, claimed.resume().cookie)
    return response


@page
@sensitive_post_parameters()
def register(request: HttpRequest) -> HttpResponse:
    """Show the registration form, filled in, and take it."""
    if request.user.is_authenticated and not pending.waits(request):
        return HttpResponseRedirect(after_login(request, ""))  # a second click on "Create account"
    waiting = pending.load_for_nobody(request)
    if waiting.purpose != "register":
        return HttpResponseRedirect(reverse("socialreg:prove"))
    with resumable(waiting.resume()):
        profile = waiting.arrival.profile
        if request.method != "POST":
            return _registration_page(request, waiting, empty_form(profile))
        throttling.limit_address(request, "register")
        throttling.limit_account("register", waiting.whose)
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


class Login(LoginView):
    """A login page for sites that have none yet: the buttons, and Django's own form for those with a password."""

    template_name = "socialreg/login.html"

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        return safe_next(super().get_redirect_url())

    def get_default_redirect_url(self) -> str:
        return after_login(self.request, "")

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if held.must_wait(user):
            return held.keep_out(self.request, user, self.get_redirect_url())
        return super().form_valid(form)


_login = Login.as_view()


@page
@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponseBase:
    """Show the login page; take a name and a password, not without end from one address."""
    if request.method == "POST":
        throttling.limit_address(request, "prove")
    return _login(request)


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
