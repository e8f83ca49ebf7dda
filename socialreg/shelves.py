"""What waits in a visitor's session: sealed, for thirty minutes, on a shelf of its own.

Sealed, because a session may be kept where others read it: in a cache, or in a cookie that is only signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.http import HttpRequest

from .encryption import seal, unseal

#: A registration, whoever has to confirm an address first, a form to be filled in, changes to be asked about.
Shelf = Literal["pending", "held", "prefill", "changes"]

#: Seconds that what lies there is good for.
LIFETIME = 1800


def put(request: HttpRequest, shelf: Shelf, data: Mapping[str, object]) -> None:
    """Lay ``data`` there, in place of what was there."""
    request.session[_key(shelf)] = seal(shelf, data)


def find(request: HttpRequest, shelf: Shelf) -> dict[str, Any] | None:
    """Return what lies there, ``None`` if nothing does, or not any more."""
    if not is_taken(request, shelf):
        return None
    data = unseal(shelf, str(request.session[_key(shelf)]), max_age=LIFETIME)
    if data is None:
        clear(request, shelf)  # what is known of somebody does not lie about for longer than it is good for
    return data


def is_taken(request: HttpRequest, shelf: Shelf) -> bool:
    """Whether anything lies there, be it too old by now."""
    return _key(shelf) in request.session


def clear(request: HttpRequest, shelf: Shelf) -> None:
    """Take away what lies there, if anything does."""
    if is_taken(request, shelf):
        del request.session[_key(shelf)]


def under_a_new_key(request: HttpRequest) -> None:
    """Give the session another key before something is laid there for somebody who is not logged in.

    One that somebody else planted in the browser would let them read it, and finish what was begun.
    """
    if request.session.session_key:
        request.session.cycle_key()


def _key(shelf: Shelf) -> str:
    return f"socialreg_{shelf}"
