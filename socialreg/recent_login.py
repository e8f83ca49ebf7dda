"""What asks somebody to log in again before it changes who can log in here as them, or act for them elsewhere.

Whoever finds a browser that somebody forgot to log out of should not be able to make its user's account their own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from . import sessions
from .models import SocialAccount
from .redirects import login_page, safe_next, start_page
from .registry import providers
from .types import Resume


def hold_back(request: HttpRequest, asked: Resume) -> HttpResponse | None:
    """Return the page that comes before a button can do what it is for; ``None`` if none has to.

    A button that adds an account needs somebody who is logged in, and who logged in here a short while ago.

    :param asked: what the button's form asks for.
    """
    if asked.intent == "login":
        return None
    if not request.user.is_authenticated:
        return redirect_to_login(page_of_button(request, asked), login_page(request))
    keeps_account = asked.intent == "connect" or asked.keep
    if keeps_account and not sessions.is_recent(request):
        return HttpResponseRedirect(sessions.again_page(page_of_button(request, asked)))
    return None


def page_of_button(request: HttpRequest, asked: Resume) -> str:
    """Return the page that a button is on, for its form cannot be sent twice: where the browser says that it comes
    from, else where the button leads to, which by default is the same.
    """
    came_from = safe_next(request.headers.get("Referer"))
    names = ("start", "callback") if asked.slug else ()
    ours = {reverse(f"socialreg:{name}", args=[asked.slug]) for name in names}
    if urlsplit(came_from).path in ours:  # no pages to open again, but for the one that has an errand's button
        came_from = start_page(asked.slug, asked.errand, asked.next) if asked.errand else ""
    return came_from or safe_next(asked.next) or reverse("socialreg:connections")


class PasswordAgain(AuthenticationForm):
    """The password of whoever is logged in, checked by Django's own login: what counts attempts sees this one."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This is not your password. Upper and lower case matter."),
    }

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(request, data)
        self._user = request.user
        name, password = self.fields["username"], self.fields["password"]
        name.initial, name.disabled = request.user.get_username(), True
        # Shown, and not to be changed: a browser that knows the password finds it by the name.
        name.widget.attrs.update({"readonly": True, "autofocus": False, "dir": "auto"})
        password.widget.attrs["autofocus"] = True

    def clean_username(self) -> str:
        """Return the name of whoever is logged in, to the letter."""
        return self._user.get_username()

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Refuse whom a backend of the site's takes for somebody else, besides whom Django refuses."""
        super().confirm_login_allowed(user)  # type: ignore[arg-type]
        if user.pk != self._user.pk:
            raise ValidationError(self.error_messages["invalid_login"], code="invalid_login")


def providers_of(user: AbstractBaseUser) -> list[str]:
    """Return the providers that ``user`` can log in by, as they are enabled, in the order of the settings."""
    theirs = set(SocialAccount.objects.filter(user_id=user.pk).values_list("provider", flat=True))
    return [slug for slug in providers if slug in theirs and providers.is_usable(slug)]
