"""The pages' frame: templates beside this file, everything escaped, strict headers, no script and no inline style."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from .messages import Response

STYLE = "/standin.css"
_FOLDER = Path(__file__).parent / "html"
_HTML = "text/html; charset=utf-8"


class Html(str):
    """Text that is markup already; every other text is escaped on its way into a template."""

    __slots__ = ()


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.html").read_text("utf-8"))


def render(name: str, values: Mapping[str, str]) -> Html:
    """Return a template with its values filled in."""
    safe = {key: value if isinstance(value, Html) else escape(value) for key, value in values.items()}
    return Html(_template(name).substitute(safe))


def join(parts: list[Html]) -> Html:
    """Return several pieces of markup as one."""
    return Html("".join(parts))


def page(title: str, content: Html, *, form_action: str = "'self'", status: int = 200) -> Response:
    """Return a whole page.

    :param form_action: where its forms may lead, redirects included: Chromium checks those too.
    """
    body = render("base", {"title": title, "content": content})
    return Response(status, body.encode(), _HTML, _headers(form_action))


def message(title: str, text: str, status: int) -> Response:
    """Return a page that says one thing."""
    return page(title, render("message", {"title": title, "text": text}), status=status)


def style() -> Response:
    """Return the stylesheet of all pages."""
    return Response(200, _style(), "text/css; charset=utf-8", {"X-Content-Type-Options": "nosniff"})


@cache
def _style() -> bytes:
    return (_FOLDER / "standin.css").read_bytes()


def _headers(form_action: str) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": form_action,
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
