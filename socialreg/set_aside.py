"""What is set aside for a user in their session, and never for anybody else.

A session may outlive its user, who logs out in one tab while another comes back, so each names whom it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.http import HttpRequest

from . import shelves

#: What for: a form that is to be filled in, changes to be asked about.
Aside = Literal["prefill", "changes"]


def keep(request: HttpRequest, shelf: Aside, data: Mapping[str, object]) -> None:
    """Set ``data`` aside for whoever is logged in, in place of what was there."""
    shelves.put(request, shelf, {"user": str(request.user.pk), "data": data})


def find(request: HttpRequest, shelf: Aside) -> dict[str, Any] | None:
    """Return what is set aside for whoever is logged in, ``None`` if nothing is, or not any more.

    Looks at the user only if there is something, and leaves what is another user's where it is.
    """
    found = shelves.find(request, shelf)
    if found is None or not request.user.is_authenticated or found["user"] != str(request.user.pk):
        return None
    data: dict[str, Any] = found["data"]
    return data
