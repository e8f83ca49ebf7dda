"""Acme's pages: who is here, and the consent page."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.models import Application
from oauth2_provider.views import AuthorizationView

from .people import EMPLOYEES


def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and who is logged in."""
    return render(request, "acme/home.html", {"employees": EMPLOYEES})


class Authorize(AuthorizationView):
    """The consent page, answering as RFC 9207 says in every case."""

    def redirect(self, redirect_to: str, application: Application | None) -> OAuth2ResponseRedirect:
        """Send the browser back. Errors ("Cancel") get their ``iss``, too, which the toolkit leaves out of them.

        Discovery promises it, so a client has to refuse an answer without one (RFC 9207 section 2.4).
        """
        query = urlsplit(redirect_to).query
        if "iss=" not in query:
            redirect_to += ("&" if query else "?") + urlencode({"iss": settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"]})
        return super().redirect(redirect_to, application)
