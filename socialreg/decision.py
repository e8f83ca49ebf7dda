"""Who is this, and what follows? Recognising somebody, and the decision. Nothing is written here.

:func:`recognise` asks everything that needs a query, so :func:`decide` is a pure table.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from . import conf
from .models import SocialAccount
from .types import Intent, Profile


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came back: what they began, as whom (a user id, ``None`` for nobody), and who is here now."""

    intent: Intent
    started_by: str | None
    here: str | None
    #: Whether the button was for something else than the user's own accounts.
    errand: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What this site knows about somebody: whose account it is, whether that user is active, what the finders say."""

    owner: str | None = None
    active: bool = True
    found: bool = False
    #: Whether whom they found has the profile's address: only then may a page say so.
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class LogIn:
    """The account's user is logged in."""


@dataclass(frozen=True, slots=True)
class Register:
    """Nobody knows them: show the registration form."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The account is added to the user who is here, or refreshed if it is theirs already."""


@dataclass(frozen=True, slots=True)
class ProveOwnership:
    """Somebody here looks like them: ask for proof."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop. ``notice`` names the sentence that the visitor reads, ``reason`` is for the log."""

    notice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attach:
    """The account is given to what the button was for: an organisation, a bot, an account that may do more now."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """A form of the user who is here is filled in."""


Outcome = LogIn | Register | Connect | ProveOwnership | Attach | Prefill | Refuse


def decide(known: Known, visitor: Visitor) -> Outcome:
    """Return what follows. A pure table: nothing is read and nothing is written."""
    if visitor.started_by != visitor.here and not _is_another_tab(known, visitor):
        return Refuse("changed", "whoever is here now is not who started")
    if visitor.intent != "login":
        return _decide_for_user(known, visitor)
    if visitor.here is not None and known.owner != visitor.here:
        return Refuse("logged-in", "somebody else is logged in; a login never switches or links")
    if known.owner is not None:
        return LogIn() if known.active else Refuse("inactive", "the account's user is not active")
    return ProveOwnership() if known.found else Register()


def _is_another_tab(known: Known, visitor: Visitor) -> bool:
    """Whether somebody began logging in twice and is here already, as the very user that this attempt leads to."""
    return visitor.intent == "login" and visitor.started_by is None and known.owner == visitor.here


def _decide_for_user(known: Known, visitor: Visitor) -> Outcome:
    if visitor.here is None:
        return Refuse("changed", "this needs somebody who is logged in")
    if visitor.intent == "prefill":
        return Prefill()
    if visitor.errand:
        return Attach()
    if known.owner not in {None, visitor.here}:
        return Refuse("taken", "the account belongs to another user of this site")
    return Connect()


def recognise(request: HttpRequest, profile: Profile, account: SocialAccount | None, visitor: Visitor) -> Known:
    """Return what this site knows about somebody. The site's finders are asked only where their answer can matter."""
    if account is not None and account.user is not None:
        return Known(owner=str(account.user.pk), active=account.user.is_active)
    if visitor.intent != "login" or visitor.here is not None or visitor.started_by is not None:
        return Known()
    found = next((user for finder in conf.finders() if (user := finder(profile, request)) is not None), None)
    return Known(found=found is not None, by_address=found is not None and _has_address(found, profile))


def _has_address(user: AbstractBaseUser, profile: Profile) -> bool:
    address = str(getattr(user, user.get_email_field_name(), ""))
    return profile.email is not None and profile.email.address.casefold() == address.casefold()
