"""The strict Content Security Policy under which the sandbox shows that no page of ours needs anything but itself."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    """Middleware: put the policy on every answer (https://www.w3.org/TR/CSP3/)."""
    policy = _policy()

    def protected(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = policy
        return response

    return protected


def _policy() -> str:
    stand_in = "" if settings.REAL_X else f" {settings.STAND_IN_URL}"
    login_host = "https://api.x.com https://x.com https://twitter.com" if settings.REAL_X else settings.STAND_IN_URL
    directives = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": f"'self' https:{stand_in}",
        # Chromium checks the redirects that answer a form as well: the button's form ends at the provider.
        "form-action": f"'self' {login_host}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
