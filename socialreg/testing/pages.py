"""The pages' frame: templates beside this file, everything escaped, strict headers, no script and no inline style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .messages import Response, Way

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


def page(title: str, content: Html, *, back: str = "", status: int = 200, brand: str = "") -> Response:
    """Return a whole page.

    :param back: an address to which its forms may lead besides this server, redirects included: Chromium checks those.
    :param brand: who is played on it, where that is one provider alone.
    """
    body = render("base", {"title": title, "content": content, "brand": f" for {brand}" if brand else ""})
    parts = urlsplit(back)
    return Response(
        status, body.encode(), _HTML, _headers(f"'self' {parts.scheme}://{parts.netloc}" if back else "'self'")
    )


def message(title: str, text: str, status: int) -> Response:
    """Return a page that says one thing."""
    return page(title, render("message", {"title": title, "text": text}), status=status)


def send_back(way: Way) -> Response:
    """Send the browser back to the application: by a redirect, or by a page with a form that the person sends on."""
    if way.posted_by:
        return _post_page(way)
    parts = urlsplit(way.url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *way.fields.items()])
    return Response(302, headers={"Location": urlunsplit(parts._replace(query=query))}, way=way)


def _post_page(way: Way) -> Response:
    """OAuth 2.0 Form Post Response Mode. A button in place of a script: no page here runs any."""
    values = {"url": way.url, "site": urlsplit(way.url).netloc, "hidden": hidden(way.fields)}
    whole = page("Go back to the site", render("post", values), back=way.url, brand=way.posted_by)
    return replace(whole, way=way)


def hidden(fields: Mapping[str, str]) -> Html:
    """Return the fields of a form that nobody sees."""
    return join([render("hidden", {"name": name, "value": value}) for name, value in fields.items()])


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
