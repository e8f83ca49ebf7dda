"""Taking an account from an owner of the site's own. How one is connected, the ordinary start and callback say."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from . import owners
from .pages import need_post, page, resumable
from .recent_login import hold_back
from .redirects import after_login, safe_next
from .types import Resume


@page
def disconnect(request: HttpRequest) -> HttpResponse:
    """Take the account away, by the address that :func:`owners.disconnect_url` made."""
    asked = Resume(intent="connect", next=safe_next(request.GET.get("next")))
    with resumable(Resume(next=asked.next)):
        need_post(request)
        held = hold_back(request, asked)
        if held is None:
            owners.detach(request, str(request.GET.get("errand", "")))
    return held or HttpResponseRedirect(after_login(request, asked.next))
