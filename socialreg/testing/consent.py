"""The pages that a person sees on the way: who are you, and may this app know it?"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from . import pages
from .messages import Request, Response, Way
from .oauth1_server import Tokens
from .people import Person, remark

AUTHENTICATE = "/oauth/authenticate"
AUTHORIZE = "/oauth/authorize"
CONSENT = "/oauth/consent"
COOKIE = "standin_browser"
_YES = {"true", "t", "1"}
#: What a person allows who lets an application know them.
ABILITIES = ("See your profile: name, handle and picture", "See your e-mail address, if you have confirmed one")


@dataclass(frozen=True, slots=True)
class Question:
    """What a consent page asks: who asks for what, and where the answer goes.

    ``brand`` is the provider, ``app`` the application, ``back`` its callback. ``action`` is where the page's form is
    sent, ``hidden`` what goes with it.
    """

    brand: str
    app: str
    back: str
    action: str
    hidden: Mapping[str, str] = field(repr=False)


def ask(question: Question, abilities: Sequence[str], people: Mapping[str, Person], preferred: str) -> Response:
    """Return the consent page.

    :param abilities: what the application will be able to do.
    :param preferred: whom to offer first, by handle or e-mail address; otherwise the first of the cast.
    """
    everybody = list(people.values())
    hint = preferred.lower()
    fits = (each for each in everybody if hint in {each.screen_name.lower(), (each.email or " ").lower()})
    chosen = next(fits, everybody[0] if everybody else None)
    values = {
        "app": question.app,
        "site": urlsplit(question.back).netloc,
        "action": question.action,
        "hidden": pages.hidden(question.hidden),
        "abilities": pages.join([pages.render("ability", {"text": text}) for text in abilities]),
        "people": pages.join([_card(person, checked=person is chosen) for person in everybody]),
    }
    return pages.page("Authorize an app", pages.render("consent", values), back=question.back, brand=question.brand)


def choose(tokens: Tokens, people: Mapping[str, Person], form: Mapping[str, str]) -> Response:
    """Send the browser back with what the person chose about a request token (RFC 5849 section 2.2)."""
    key = form.get("oauth_token", "")
    if form.get("do") == "cancel":
        token = tokens.drop(key)
        return pages.send_back(Way(token.callback, {"denied": key})) if token else nothing_to_ask()
    person = _named(people, form)
    if person is None:
        return pages.message("Nobody of that name", "Go back and choose one of the people on the page.", 400)
    return approve(tokens, key, person)


def approve(tokens: Tokens, key: str, person: Person) -> Response:
    """Send the browser back with a verifier."""
    token = tokens.approve(key, person.id)
    if token is None:
        return nothing_to_ask()
    return pages.send_back(Way(token.callback, {"oauth_token": token.key, "oauth_verifier": token.verifier}))


def nothing_to_ask() -> Response:
    """Return the page for whoever comes with a request token that is not open."""
    text = "The request token is unknown, or it has been used. Go back to the site that sent you here and begin again."
    return pages.message("This page has nothing to ask you", text, 403)


class Consent:
    """X's consent page for one application, and the memory of which browser has approved it as whom."""

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
        return approve(self._tokens, token.key, person)

    def _authorize(self, request: Request) -> Response:
        """Ask. Whatever else the query says, an ``oauth_callback`` too, is ignored."""
        query = request.query_fields()
        token = self._tokens.request(query.get("oauth_token", ""))
        if token is None or token.verifier:
            return nothing_to_ask()
        question = Question("X", self._app_name, token.callback, CONSENT, {"oauth_token": token.key})
        abilities = ABILITIES if token.access == "read" else (*ABILITIES, "Post for you")
        return ask(question, abilities, self._people, query.get("screen_name", ""))

    def _choose(self, request: Request) -> Response:
        form = request.form_fields()
        response = choose(self._tokens, self._people, form)
        person = _named(self._people, form)
        if person is None or response.way is None or "denied" in response.way.fields:
            return response
        return response.with_headers(self._remember(request, person))

    def _remember(self, request: Request, person: Person) -> dict[str, str]:
        browser = _browser(request)
        if browser not in self._approved:
            browser = secrets.token_urlsafe(16)
        self._approved[browser] = person.id
        return {"Set-Cookie": f"{COOKIE}={browser}; Path=/oauth; HttpOnly; SameSite=Lax"}

    def _person(self, person_id: str) -> Person | None:
        return next((p for p in self._people.values() if p.id == person_id), None)


def _named(people: Mapping[str, Person], form: Mapping[str, str]) -> Person | None:
    return next((each for each in people.values() if each.screen_name == form.get("screen_name")), None)


def _handles(person: Person | None) -> set[str]:
    return {"", person.screen_name} if person else {""}


def _browser(request: Request) -> str:
    try:
        cookie = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _card(person: Person, *, checked: bool) -> pages.Html:
    values = {
        "handle": person.screen_name,
        "name": person.name,
        "picture": person.picture_url(""),
        "checked": pages.Html(" checked" if checked else ""),
        "remark": remark(person),
    }
    return pages.render("choice", values)
