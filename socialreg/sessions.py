"""What a session knows of its beginning: when somebody proved who they are in it, and by which account.

Noted in the session itself, when Django says that somebody logged in, by whichever way the site has. The user's
``last_login`` would not do: a login in another browser proves nothing of whoever sits at this one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from . import conf

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

#: Seconds by which the clocks of two machines may differ.
CLOCK_SKEW = 60
_SINCE = "socialreg_since"
_ACCOUNT = "socialreg_account"
_REMOVED = "socialreg_removed"


def note_login(sender: object, request: HttpRequest | None, user: AbstractBaseUser, **_: Any) -> None:
    """Take down that somebody logged in: a receiver of Django's ``user_logged_in``."""
    session = getattr(request, "session", None)
    # Packages for tokens send the signal as well, for logins of which no session tells.
    if session is None or session.get(SESSION_KEY) != user._meta.pk.value_to_string(user):  # noqa: SLF001 - public API
        return
    if _SINCE in session:
        # The same user once more, for which Django keeps the key: whoever else may know it must not profit by this.
        session.cycle_key()
    session[_SINCE] = time.time()
    session.pop(_ACCOUNT, None)  # this login need not be by that one


def note_account(request: HttpRequest, account_id: int) -> None:
    """Take down by which account somebody logged in just now."""
    request.session[_ACCOUNT] = account_id


def account_of(request: HttpRequest) -> int | None:
    """Return the account that this session's last login was by, ``None`` for another way: a password."""
    found = request.session.get(_ACCOUNT)
    return found if isinstance(found, int) else None


def is_recent(request: HttpRequest) -> bool:
    """Whether the last login of this session is as recent as ``SOCIALREG["RECENT_LOGIN"]`` wants it.

    A session from before this was noted is not.
    """
    most = conf.recent_login()
    return most is None or -CLOCK_SKEW <= time.time() - since(request.session) <= most.total_seconds()


def since(data: Mapping[str, Any]) -> float:
    """Return when somebody last logged in, in seconds since the epoch, by a session's content; 0 if it does not say.

    With its fractions: who logs in right after others were logged out stays.
    """
    found = data.get(_SINCE)
    return found if isinstance(found, int | float) else 0


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken from a user by itself: accounts, as provider and handle, and perhaps the password."""

    accounts: tuple[tuple[str, str], ...]
    password: bool = False


def leave_word(request: HttpRequest, removed: Removed) -> None:
    """Let the user read on their page what was removed."""
    request.session[_REMOVED] = asdict(removed)


def take_word(request: HttpRequest) -> Removed | None:
    """Return what the user has not read yet, once."""
    if _REMOVED not in request.session:
        return None
    return Removed(**request.session.pop(_REMOVED))


def again_page(back: str) -> str:
    """Return the address of the page where somebody logs in once more.

    :param back: where they go then.
    """
    return f"{reverse('socialreg:again')}?{urlencode({'next': back})}"
