"""The sandbox's pages about visitors and users. Organisations and bots have theirs in :mod:`organisations`."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from socialreg.models import SocialAccount

from .forms import ProfileForm


def home(request: HttpRequest) -> HttpResponse:
    """Say what this is, and offer the buttons."""
    context = {"stand_in": settings.STAND_IN_URL, "acme": settings.ACME_URL, "real": settings.REAL}
    return render(request, "sandbox/home.html", context)


@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """Show somebody their account here, and those that they have elsewhere."""
    connected = SocialAccount.objects.filter(user_id=request.user.pk).order_by("created_at", "pk")
    return render(request, "sandbox/welcome.html", {"connected": connected})


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Let somebody change what the neighbours see of them."""
    form = ProfileForm(instance=cast("User", request.user), data=request.POST or None)
    if form.is_valid():
        form.save()
        asked = (
            " The new address is yours once you open the link we send there." if "email" in form.changed_data else ""
        )
        messages.success(request, f"Saved.{asked}")
        return redirect("profile")
    return render(request, "sandbox/profile.html", {"form": form})


def outbox(request: HttpRequest) -> HttpResponse:
    """Show the mails that this site sent, newest first. They go nowhere else, and everybody may read them here."""
    return render(request, "sandbox/mail.html", {"mails": reversed(getattr(mail, "outbox", []))})
