"""The strict Content Security Policy under which the sandbox shows that no page of ours needs anything but itself."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    """Middleware: put the policy on every answer (https://www.w3.org/TR/CSP3/)."""
    policy, admin_policy = _text(_directives()), _text({**_directives(), **_OF_THE_ADMIN})

    def protected(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        of_admin = request.resolver_match is not None and request.resolver_match.app_name == "admin"
        response["Content-Security-Policy"] = admin_policy if of_admin else policy
        return response

    return protected


#: Django's admin has scripts, as files of its own. No page of ours has any.
_OF_THE_ADMIN = {"script-src": ["'self'"]}


def _directives() -> dict[str, list[str]]:
    return {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", *settings.PICTURE_SOURCES],
        # Chromium checks the redirects that answer a form as well: a button's form ends at the provider, and a
        # provider's consent form at the site.
        "form-action": ["'self'", *settings.FORM_TARGETS],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }


def _text(directives: dict[str, list[str]]) -> str:
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())
