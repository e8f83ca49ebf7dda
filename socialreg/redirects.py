"""Where a visitor may be sent afterwards: to this site, and nowhere else."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from . import conf
from .exceptions import ConfigurationError

#: Longer ones do not fit into a cookie beside four others, where a letter beyond ASCII takes six bytes.
NEXT_LENGTH = 700


def safe_next(candidate: object) -> str:
    """Return an address if it lies on this site, else ``""``. Raises nothing.

    This site is ``BASE_URL``: neither the Host header nor ``ALLOWED_HOSTS`` is asked. To be called where the address
    comes in and again where the redirect goes out.
    """
    if not isinstance(candidate, str) or not candidate or not candidate.isprintable():
        return ""
    if len(json.dumps(candidate)) - len('""') > NEXT_LENGTH:  # as it stands in the cookie
        return ""
    if any(character in candidate for character in "\\ ") or candidate.startswith("//"):
        return ""
    base = _base_url()
    rest = candidate.removeprefix(base)
    absolute = rest != candidate and rest[:1] in {"", "/", "?", "#"}
    if not (candidate.startswith("/") or absolute):
        return ""
    allowed = url_has_allowed_host_and_scheme(candidate, {urlsplit(base).netloc}, base.startswith("https:"))
    return candidate if allowed else ""


def _base_url() -> str:
    try:
        return conf.base_url()
    except ConfigurationError:  # paths are of this site whatever its name is; a system check says what is wrong
        return ""


def after_login(request: HttpRequest, candidate: str) -> str:
    """Return where to go after a login: ``candidate`` if it lies here, else what the site's settings say.

    A project fresh from ``startproject`` has a ``LOGIN_REDIRECT_URL`` that leads nowhere; its people get the page of
    their accounts.
    """
    return safe_next(candidate) or _existing(request, settings.LOGIN_REDIRECT_URL, "socialreg:connections")


def start_page(slug: str, errand: str, next_url: str = "") -> str:
    """Return the address that begins an errand, when posted to, and shows a button for it, when opened."""
    query = {"intent": "connect", "errand": errand, "next": next_url}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('socialreg:start', args=[slug])}?{given}"


def login_page(request: HttpRequest) -> str:
    """Return the address of the site's own login page, or of ours where ``LOGIN_URL`` leads nowhere."""
    return _existing(request, settings.LOGIN_URL, "socialreg:login")


def _existing(request: HttpRequest, setting: object, fallback: str) -> str:
    try:
        url = resolve_url(setting)  # type: ignore[arg-type]
        parts = urlsplit(url)
        if not parts.netloc:
            script = request.META.get("SCRIPT_NAME", "").rstrip("/")
            path = parts.path.removeprefix(script) if parts.path.startswith(f"{script}/") else parts.path
            resolve(path, getattr(request, "urlconf", None))
    except (NoReverseMatch, Resolver404, TypeError, ValueError):  # no name of a view, no path here, None, no address
        return reverse(fallback)
    return url
