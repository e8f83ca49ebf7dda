"""Organisations and bots: what has an account of its own at X, and posts with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from socialreg.exceptions import Forbidden, RateLimited, Revoked, SocialRegError
from socialreg.owners import disconnect_url

from .forms import PostForm
from .models import Bot, Organisation

#: The address that X documents; where it really goes is the provider's affair, so the stand-in gets it here.
POSTS = "https://api.x.com/2/tweets"


def wall() -> str:
    """Return where the posts can be read: at X if its keys are in ``.env``, at the stand-in else."""
    return "https://x.com/home" if "twitter" in settings.REAL else f"{settings.STAND_IN_URL}/posts"


@login_required
def organisations(request: HttpRequest, form: PostForm | None = None) -> HttpResponse:
    """Show somebody's organisations, what they have at X, and the form for a changelog."""
    mine = list(_organisations(request))
    for organisation in mine:
        organisation.disconnect = disconnect_url(request, organisation, "twitter", request.path)
    context = {"organisations": mine, "form": form or PostForm(), "wall": wall()}
    return render(request, "sandbox/organisations.html", context)


@login_required
@require_POST
def changelog(request: HttpRequest, key: int) -> HttpResponse:
    """Post on behalf of an organisation, as its account."""
    organisation = get_object_or_404(_organisations(request).exclude(twitter=None), pk=key)
    form = PostForm(request.POST)
    if not form.is_valid():
        return organisations(request, form)
    text = form.cleaned_data["text"]
    if _tried(request, lambda: organisation.twitter.session().post(POSTS, json={"text": text}).raise_for_status()):
        messages.success(request, f"{organisation} has told its news.")
    return redirect("organisations")


@login_required
def bots(request: HttpRequest) -> HttpResponse:
    """Show the bots that somebody keeps."""
    return render(request, "sandbox/bots.html", {"bots": _bots(request), "wall": wall()})


@login_required
@require_POST
def say_hello(request: HttpRequest, key: int) -> HttpResponse:
    """Let a bot post."""
    bot = get_object_or_404(_bots(request).exclude(twitter=None), pk=key)
    if _tried(request, bot.say_hello):
        messages.success(request, f"{bot} has said hello.")
    return redirect("bots")


def in_our_words(error: SocialRegError) -> str:
    """Return what a member reads when X does not take a post."""
    match error:
        case Revoked():
            return "X takes our key no more. Connect the account again, please."
        case Forbidden():
            return "X does not let us post with this account yet. Allow it, please."
        case RateLimited(reset=int(reset)):
            return f"That was a lot of news. X takes more from {datetime.fromtimestamp(reset, UTC):%H:%M} UTC on."
        case _:
            return "X did not take it. Try again in a moment."


def _tried(request: HttpRequest, act: Callable[[], object]) -> bool:
    try:
        act()
    except SocialRegError as error:
        messages.error(request, in_our_words(error))
        return False
    return True


def _organisations(request: HttpRequest) -> QuerySet[Any]:
    return Organisation.objects.filter(members=request.user.pk).select_related("twitter").order_by("name")


def _bots(request: HttpRequest) -> QuerySet[Any]:
    return Bot.objects.filter(keeper=request.user.pk).select_related("twitter").order_by("name")
