"""Whoever has to confirm their address before they may log in: known again for thirty minutes, and not logged in."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import conf
from .address_status import is_confirmed
from .encryption import seal, unseal

#: Seconds that the page to confirm from is good for. After that they press the login button again.
LIFETIME = 1800
_KEY = "socialreg_held"


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
    if request.session.session_key:  # one that somebody else planted here would let them read the address
        request.session.cycle_key()
    request.session[_KEY] = seal("held", {"user": str(user.pk), "next": next_url})
    return HttpResponseRedirect(reverse("socialreg:email"))


def find(request: HttpRequest) -> Held | None:
    """Return who is kept out in this session, ``None`` if nobody is, or not any more, or somebody is logged in."""
    sealed = request.session.get(_KEY)
    if sealed is None or request.user.is_authenticated:
        return None
    data = unseal("held", str(sealed), max_age=LIFETIME)
    users = get_user_model()._default_manager.filter(pk=data["user"]) if data else ()  # noqa: SLF001
    user = next(iter(users), None)
    return Held(user, data["next"]) if data and user is not None and user.is_active else None
