"""A form of the site's own, filled in from an account that somebody has: nothing is saved before they save it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from .attempt import Attempt
from .redirects import after_login
from .types import Arrival


def arrive(request: HttpRequest, arrival: Arrival, attempt: Attempt) -> HttpResponse:
    """Let the profile wait for the form, and send the user back to it."""
    return HttpResponseRedirect(after_login(request, attempt.next))
