"""The sandbox's two pages of its own."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from socialreg.models import SocialAccount


def home(request: HttpRequest) -> HttpResponse:
    """Say what this is, and offer the buttons."""
    context = {"stand_in": settings.STAND_IN_URL, "acme": settings.ACME_URL, "real": settings.REAL}
    return render(request, "sandbox/home.html", context)


@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """Show somebody their account here, and those that they have elsewhere."""
    connected = SocialAccount.objects.filter(user_id=request.user.pk).order_by("created_at", "pk")
    return render(request, "sandbox/welcome.html", {"connected": connected})
