"""One more hop, for a site whose session cookie is ``SameSite=Strict``: it does not come along from a provider's site.

A browser sends such a cookie with nothing that another site began, the redirects of this site that follow included. So
whoever comes back looks logged out, and what is laid into their session is not there on the next page. A page of ours
that leads to the very same address begins the request anew, from this site, with the cookie.

The browser itself says which site began a request (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header), so
nobody is sent round twice. One that does not say it, and any over plain http, goes on as it came.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def is_needed(request: HttpRequest) -> bool:
    """Whether another site began this request, and the session's cookie stays at home for that."""
    is_strict = str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict"
    return is_strict and request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site"


def page(request: HttpRequest) -> HttpResponse:
    """Return the page that opens the same address once more. Nothing was claimed, and no provider was called.

    To be called before anything of the address is taken away.
    """
    here = request.get_full_path()
    response = render(request, "socialreg/bounce.html", {"here": here})
    # https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-refresh-header
    response["Refresh"] = f"0; url={here}"
    return response
