"""Whoever has to confirm their address before they may log in: known again for thirty minutes, and not logged in."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import conf, shelves
from .address_status import is_confirmed


@dataclass(frozen=True, slots=True)
class Held:
    """Who is kept out, and where they wanted to go."""

    user: AbstractBaseUser
    next: str


def must_wait(user: AbstractBaseUser) -> bool:
    """Whether the user may not log in yet: only where that is required, and their address is known to be unconfirmed.

    One query there, and none where it is not required.
    """
    return conf.email_confirmation() == "required" and is_confirmed(user) is False


def keep_out(request: HttpRequest, user: AbstractBaseUser, next_url: str) -> HttpResponse:
    """Send somebody who proved who they are to the page of their address, without logging them in."""
    shelves.under_a_new_key(request)
    shelves.put(request, "held", {"user": str(user.pk), "next": next_url})
    return HttpResponseRedirect(reverse("socialreg:email"))


def find(request: HttpRequest) -> Held | None:
    """Return who is kept out in this session, ``None`` if nobody is, or not any more, or somebody is logged in."""
    data = shelves.find(request, "held")
    if data is None or request.user.is_authenticated:
        return None
    user = next(iter(get_user_model()._default_manager.filter(pk=data["user"])), None)  # noqa: SLF001
    return Held(user, data["next"]) if user is not None and user.is_active else None
