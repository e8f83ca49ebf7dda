"""The pages about the accounts that somebody has: see them, connect, disconnect, prove, link, and log in again."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from . import conf, pending, sessions, throttling
from .arrival import begin_registration
from .backends import has_password
from .departure import depart
from .disconnecting import disconnect as take_away
from .linking import link as link_account
from .models import SocialAccount
from .pages import need_post, page, resumable
from .pending import Pending
from .recent_login import PasswordAgain, providers_of
from .redirects import login_page, safe_next
from .registry import providers
from .session_ends import end_others
from .types import Arrival, Resume


@page
def connections(request: HttpRequest) -> HttpResponse:
    """Show a user's accounts, with what X and others require to be shown: handle, picture, provider."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    accounts = list(SocialAccount.objects.filter(user_id=request.user.pk).order_by("created_at", "pk"))
    have = {account.provider for account in accounts} if conf.accounts_per_provider() == "one" else set()
    context = {
        "accounts": accounts,
        "enabled": list(providers),
        "slugs": [slug for slug in providers if slug not in have],
        "removed": sessions.take_word(request),
        "next": safe_next(request.GET.get("next")),
    }
    return render(request, "socialreg/connections.html", context)


@page
def disconnect(request: HttpRequest, account_id: int) -> HttpResponse:
    """Take one of a user's accounts from them."""
    here = reverse("socialreg:connections")
    with resumable(Resume(next=here)):
        need_post(request)
        if not request.user.is_authenticated:
            return redirect_to_login(here, login_page(request))
        if not sessions.is_recent(request):
            return HttpResponseRedirect(sessions.again_page(here))
        take_away(request, request.user, account_id)
        end_others(request, request.user)  # of a stranger's, who came by it
    return HttpResponseRedirect(here)


@page
@sensitive_post_parameters("password")
def again(request: HttpRequest) -> HttpResponse:
    """Let somebody log in once more, by their password or by an account of theirs, before they go on."""
    back = safe_next(request.GET.get("next")) or reverse("socialreg:connections")
    if not request.user.is_authenticated:
        return redirect_to_login(back, login_page(request))
    if sessions.is_recent(request):
        return HttpResponseRedirect(back)
    if request.method == "POST":  # a password is tried here
        throttling.limit_address(request, "prove")
        throttling.limit_account("prove", str(request.user.pk))
    form = PasswordAgain(request, request.POST or None) if has_password(request.user) else None
    if form is not None and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(back)
    context = {
        "form": form,
        "slugs": providers_of(request.user),
        "next": back,
        "login_page": redirect_to_login(back, login_page(request)).url,
    }
    return render(request, "socialreg/again.html", context)


@page
def prove(request: HttpRequest) -> HttpResponse:
    """Tell somebody that an account looks like theirs, and send them off to prove it by logging in to it."""
    waiting = pending.load_for_nobody(request)
    if waiting.purpose != "prove":
        return HttpResponseRedirect(reverse("socialreg:register"))
    others = _other_providers(waiting)
    with resumable(waiting.resume()):
        if request.method != "POST":
            return _waiting_page(request, "socialreg/prove.html", waiting)
        throttling.limit_address(request, "prove")
        throttling.limit_account("prove", waiting.whose)
        if "register" in request.POST:
            return begin_registration(request, _beside(waiting), waiting.next)
        back = pending.begin_proof(request, waiting)
        slug = str(request.POST.get("prove_by", ""))
        if slug in others:
            return depart(request, providers.usable(slug), Resume(slug, "login", back))
    return redirect_to_login(back, login_page(request))


@page
def link(request: HttpRequest) -> HttpResponse:
    """Ask somebody who came from that login whether the account is to be linked; link it on their answer alone."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    if not sessions.is_recent(request):
        return HttpResponseRedirect(sessions.again_page(request.get_full_path()))
    waiting = pending.load_proven(request, str(request.GET.get("proof", "")))
    with resumable(waiting.resume()):
        if request.method != "POST":
            return _waiting_page(request, "socialreg/link.html", waiting)
        if "cancel" in request.POST:
            pending.discard(request)
            return HttpResponseRedirect(safe_next(waiting.next) or reverse("socialreg:connections"))
        return link_account(request, waiting)


def _beside(waiting: Pending) -> Arrival:
    """Return the arrival without its address: that one stays with the account that has it."""
    return replace(waiting.arrival, profile=replace(waiting.arrival.profile, email=None))


def _other_providers(waiting: Pending) -> list[str]:
    """Return the providers by whose accounts somebody may prove who they are: all but the one they came by.

    By that one they would come as the very same person again, whichever of its protocols they took.
    """
    others = [slug for slug in providers if slug != waiting.arrival.slug and providers.is_usable(slug)]
    return [slug for slug in others if providers[slug].issuer != waiting.arrival.issuer]


def _waiting_page(request: HttpRequest, template: str, waiting: Pending) -> HttpResponse:
    context = {"pending": waiting, "provider": providers[waiting.arrival.slug], "others": _other_providers(waiting)}
    return render(request, template, context)
