"""Where a visitor may be sent afterwards: to this site, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from . import conf

#: Longer ones do not fit into a cookie beside four others.
NEXT_LENGTH = 700


def safe_next(candidate: object) -> str:
    """Return an address if it lies on this site, else ``""``.

    This site is ``BASE_URL``: neither the Host header nor ``ALLOWED_HOSTS`` is asked. To be called where the address
    comes in and again where the redirect goes out.
    """
    if not isinstance(candidate, str) or not 0 < len(candidate) <= NEXT_LENGTH or not candidate.isprintable():
        return ""
    if any(character in candidate for character in "\\ ") or candidate.startswith("//"):
        return ""
    base = urlsplit(conf.base_url())
    absolute = candidate.startswith((f"{conf.base_url()}/", f"{conf.base_url()}?"))
    if not (candidate.startswith("/") or absolute):
        return ""
    allowed = url_has_allowed_host_and_scheme(candidate, {base.netloc}, require_https=conf.is_secure())
    return candidate if allowed else ""


def after_login(request: HttpRequest, candidate: str) -> str:
    """Return where to go after a login: ``candidate`` if it lies here, else what the site's settings say.

    A project fresh from ``startproject`` has a ``LOGIN_REDIRECT_URL`` that leads nowhere; its people get the page of
    their accounts.
    """
    return safe_next(candidate) or _existing(request, settings.LOGIN_REDIRECT_URL, "socialreg:connections")


def login_page(request: HttpRequest) -> str:
    """Return the address of the site's own login page, or of ours where ``LOGIN_URL`` leads nowhere."""
    return _existing(request, settings.LOGIN_URL, "socialreg:login")


def _existing(request: HttpRequest, setting: object, fallback: str) -> str:
    url = resolve_url(setting)  # type: ignore[arg-type]
    path = urlsplit(url)
    if path.netloc:
        return url
    script = request.META.get("SCRIPT_NAME", "").rstrip("/")
    try:
        resolve(path.path.removeprefix(script), getattr(request, "urlconf", None))
    except Resolver404:
        return reverse(fallback)
    return url
