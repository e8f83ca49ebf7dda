"""The pages that a person sees on the way: who are you, and may this app know it?"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from . import pages
from .messages import Request, Response
from .oauth1_server import RequestToken, Tokens
from .people import Person, remark

AUTHENTICATE = "/oauth/authenticate"
AUTHORIZE = "/oauth/authorize"
CONSENT = "/oauth/consent"
COOKIE = "standin_browser"
_YES = {"true", "t", "1"}


class Consent:
    """The consent page for one application, and the memory of which browser has approved it as whom."""

    def __init__(self, app_name: str, people: Mapping[str, Person], tokens: Tokens) -> None:
        self._app_name = app_name
        self._people = people
        self._tokens = tokens
        self._approved: dict[str, str] = {}
        self.routes = {
            ("GET", AUTHENTICATE): self._authenticate,
            ("GET", AUTHORIZE): self._authorize,
            ("POST", CONSENT): self._choose,
        }

    def _authenticate(self, request: Request) -> Response:
        """Send the browser straight back if it has approved the app before, else ask."""
        query = request.query_fields()
        token = self._tokens.request(query.get("oauth_token", ""))
        person = self._person(self._approved.get(_browser(request), ""))
        asks = query.get("force_login") in _YES or query.get("screen_name", "") not in _handles(person)
        if token is None or token.verifier or person is None or asks:
            return self._authorize(request)
        return self._approve(token.key, person)

    def _authorize(self, request: Request) -> Response:
        """Ask. Whatever else the query says, an ``oauth_callback`` too, is ignored."""
        query = request.query_fields()
        token = self._tokens.request(query.get("oauth_token", ""))
        if token is None or token.verifier:
            return _invalid()
        content = pages.render(
            "consent",
            {
                "app": self._app_name,
                "site": urlsplit(token.callback).netloc,
                "token": token.key,
                "post": pages.render("ability", {"text": "Post for you"}) if token.access != "read" else pages.Html(),
                "people": self._cards(query.get("screen_name", "")),
            },
        )
        back = urlsplit(token.callback)
        return pages.page("Authorize an app", content, form_action=f"'self' {back.scheme}://{back.netloc}")

    def _cards(self, preferred: str) -> pages.Html:
        people = list(self._people.values())
        chosen = next((p for p in people if p.screen_name.lower() == preferred.lower()), people[0] if people else None)
        return pages.join([_card(person, checked=person is chosen) for person in people])

    def _choose(self, request: Request) -> Response:
        form = request.form_fields()
        key = form.get("oauth_token", "")
        if form.get("do") == "cancel":
            token = self._tokens.drop(key)
            return Response.redirect(_back(token, {"denied": key})) if token else _invalid()
        person = next((p for p in self._people.values() if p.screen_name == form.get("screen_name")), None)
        if person is None:
            return pages.message("Nobody of that name", "Go back and choose one of the people on the page.", 400)
        response = self._approve(key, person)
        if "Location" not in response.headers:
            return response
        return response.with_headers(self._remember(request, person))

    def _approve(self, key: str, person: Person) -> Response:
        token = self._tokens.approve(key, person.id)
        if token is None:
            return _invalid()
        return Response.redirect(_back(token, {"oauth_token": token.key, "oauth_verifier": token.verifier}))

    def _remember(self, request: Request, person: Person) -> dict[str, str]:
        browser = _browser(request)
        if browser not in self._approved:
            browser = secrets.token_urlsafe(16)
        self._approved[browser] = person.id
        return {"Set-Cookie": f"{COOKIE}={browser}; Path=/oauth; HttpOnly; SameSite=Lax"}

    def _person(self, person_id: str) -> Person | None:
        return next((p for p in self._people.values() if p.id == person_id), None)


def _handles(person: Person | None) -> set[str]:
    return {"", person.screen_name} if person else {""}


def _browser(request: Request) -> str:
    try:
        cookie = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _back(token: RequestToken, more: Mapping[str, str]) -> str:
    """Return the application's callback, its own query kept and ours added."""
    parts = urlsplit(token.callback)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
    return urlunsplit(parts._replace(query=query))


def _card(person: Person, *, checked: bool) -> pages.Html:
    values = {
        "handle": person.screen_name,
        "name": person.name,
        "picture": person.picture_url(""),
        "checked": pages.Html(" checked" if checked else ""),
        "remark": remark(person),
    }
    return pages.render("choice", values)


def _invalid() -> Response:
    text = "The request token is unknown, or it has been used. Go back to the site that sent you here and begin again."
    return pages.message("This page has nothing to ask you", text, 403)
