"""What is set aside for a user in their session: sealed, for thirty minutes, and never for anybody else.

A session may outlive its user, who logs out in one tab while another comes back, so each names whom it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.http import HttpRequest

from .encryption import seal, unseal

#: What for: a form that is to be filled in, changes to be asked about. Each has a key of its own.
Shelf = Literal["prefill", "changes"]

#: Seconds that it is good for.
LIFETIME = 1800


def keep(request: HttpRequest, shelf: Shelf, data: Mapping[str, object]) -> None:
    """Set ``data`` aside for whoever is logged in, in place of what was there."""
    request.session[_key(shelf)] = seal(shelf, {"user": str(request.user.pk), "data": data})


def find(request: HttpRequest, shelf: Shelf) -> dict[str, Any] | None:
    """Return what is set aside for whoever is logged in, ``None`` if nothing is, or not any more.

    Looks at the user only if there is something, and leaves what is another user's where it is.
    """
    sealed = request.session.get(_key(shelf))
    if sealed is None:
        return None
    opened = unseal(shelf, str(sealed), max_age=LIFETIME)
    if opened is None:
        drop(request, shelf)  # what is known of somebody does not lie about for longer than it is good for
        return None
    if not request.user.is_authenticated or opened["user"] != str(request.user.pk):
        return None
    data: dict[str, Any] = opened["data"]
    return data


def drop(request: HttpRequest, shelf: Shelf) -> None:
    """Forget what is set aside, if anything is."""
    if _key(shelf) in request.session:
        del request.session[_key(shelf)]


def _key(shelf: Shelf) -> str:
    return f"socialreg_{shelf}"
