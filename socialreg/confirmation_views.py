"""The pages about a user's e-mail address: see it, change it, confirm it."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from . import conf, confirming, held, sessions
from .address_status import address_of, is_confirmed
from .confirmation import Answer, cancel, changes, request_change, send_again
from .confirming import Claim, is_here
from .exceptions import NotAllowed
from .held import Held
from .models import SocialAccount
from .pages import page
from .recent_login import providers_of
from .redirects import login_page, safe_next

#: What the visitor reads of an :data:`~socialreg.confirmation.Answer`.
_SENTENCES = {
    "sent": _("We have sent a mail to {address}. Please open the link in it within three days."),
    "waiting": _("A mail is on its way to {address} already. Please open the link in it."),
    "too-soon": _("We have just sent a mail there. Please wait a minute before you ask for another one."),
    "too-many": _("That were many mails for one day. Please try again tomorrow."),
    "taken": _("There is an account with this e-mail address already."),
    "same": _("This is your e-mail address already."),
    "wrong": _("We cannot send mails to this address. Please look at it again."),
}
_GOOD = frozenset({"sent", "waiting"})


class ChangeForm(forms.Form):
    """Asks for the address that is to take the place of the user's."""

    email = forms.EmailField(
        label=_("New e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "auto"})
    )


@page
def email(request: HttpRequest) -> HttpResponse:
    """Show a user's address, send the link again, and take another address.

    Also for whoever may not log in before it is confirmed.
    """
    waiting = held.find(request)
    if waiting is None and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    _need_confirmation()
    user = waiting.user if waiting else cast("AbstractBaseUser", request.user)
    if request.method != "POST":
        return _address_page(request, user, waiting)
    if "change" in request.POST:
        return _change(request, user, waiting)
    address = str(request.POST.get("address", ""))
    if "cancel" in request.POST:
        cancel(user, address)
        return HttpResponseRedirect(reverse("socialreg:email"))
    return _address_page(request, user, waiting, said=(send_again(user, address), address))


@page
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """Show whose address is to be confirmed, and confirm it on the visitor's answer alone."""
    claim = confirming.find(token)
    if claim.by_user and not is_here(request, claim.user):
        return _only_by_its_user(request)
    can_reset = bool(_reset_page()) and not is_here(request, claim.user)
    context = {
        "claim": claim,
        "accounts": SocialAccount.objects.filter(user_id=claim.user.pk).order_by("created_at", "pk"),
        "here": is_here(request, claim.user),
        "can_disconnect": can_reset,
    }
    if request.method != "POST":
        return render(request, "socialreg/confirm_email.html", context)
    disconnect = can_reset and "disconnect" in request.POST
    confirming.confirm(request, claim, disconnect=disconnect)
    return render(request, "socialreg/email_confirmed.html", context | _after(request, claim, disconnect=disconnect))


def _after(request: HttpRequest, claim: Claim, *, disconnect: bool) -> dict[str, object]:
    waiting = held.find(request)
    wanted = waiting.next if waiting and waiting.user.pk == claim.user.pk else ""
    return {
        "next": safe_next(wanted),
        "reset_page": _reset_page() if disconnect else "",
        "slugs": providers_of(claim.user),
        "login_page": login_page(request),
    }


def _only_by_its_user(request: HttpRequest) -> HttpResponse:
    """Ask for a login: an address that counts is not replaced on the word of whoever can read mails to another one.

    Somebody may have mistyped the new one, and a stranger got the mail.
    """
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    raise NotAllowed(
        "A change of another user's address was opened",
        cause="somebody else is logged in in this browser",
        remedy="Nothing: the visitor can log out, and open the link again",
        code="other-user",
        notice="other-user",
    )


def _change(request: HttpRequest, user: AbstractBaseUser, waiting: Held | None) -> HttpResponse:
    if waiting is None and not sessions.is_recent(request):
        return HttpResponseRedirect(sessions.again_page(reverse("socialreg:email")))
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _address_page(request, user, waiting, form=form)
    address = form.cleaned_data["email"]
    answer = request_change(user, address)
    if answer in _GOOD:
        return _address_page(request, user, waiting, said=(answer, address))
    form.add_error("email", _SENTENCES[answer])
    return _address_page(request, user, waiting, form=form)


def _address_page(
    request: HttpRequest,
    user: AbstractBaseUser,
    waiting: Held | None,
    form: ChangeForm | None = None,
    said: tuple[Answer, str] | None = None,
) -> HttpResponse:
    address = address_of(user)
    context = {
        "held": waiting,
        "slugs": providers_of(user) if waiting else [],
        "address": address,
        "confirmed": is_confirmed(user) if address else None,
        "changes": changes(user),
        "form": form or ChangeForm(),
        "said": str(_SENTENCES[said[0]]).replace("{address}", said[1]) if said else "",
        "good": said is None or said[0] in _GOOD,
    }
    return render(request, "socialreg/email.html", context)


def _need_confirmation() -> None:
    if conf.email_confirmation() == "off":
        raise NotAllowed(
            "The page of the e-mail address was opened, and there is none",
            cause='SOCIALREG["EMAIL_CONFIRMATION"] is "off"',
            remedy='If a link of this site\'s leads there, set it to "send" or "required"',
            code="no-confirmation",
            notice="not-allowed",
        )


def _reset_page() -> str:
    """Return where this site lets people ask for a new password, ``""`` if it does not."""
    try:
        return reverse("password_reset")
    except NoReverseMatch:
        return ""
