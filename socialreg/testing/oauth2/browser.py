"""The browser's side of a played provider: the authorize address, consent, and the way back (RFC 6749 section 4.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from socialreg.testing import pages
from socialreg.testing.consent import Question, ask
from socialreg.testing.messages import Request, Response, Way
from socialreg.testing.people import Person

from .grants import CODE_LIFETIME, Grant
from .inversion import LEFT_OUT
from .refusal import Refusal
from .scene import Scene, fields_of

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
#: What a person allows, by the scope that asks for it; every provider has names of its own beside these.
_ABILITIES = {
    "openid": "Know that it is you",
    "profile": "See your name and picture",
    "email": "See your e-mail address",
}


def authorize(scene: Scene, request: Request) -> Response:
    """Ask who is there and whether the application may know it."""
    return _checked(scene, request.query, request, choice={})


def consent(scene: Scene, request: Request) -> Response:
    """Send the browser back with what the person chose. What the application asked for is checked a second time."""
    form = request.form_fields()
    return _checked(scene, form.get("query", ""), request, choice=form)


def _checked(scene: Scene, query: str, request: Request, choice: Mapping[str, str]) -> Response:
    try:
        asked = fields_of(query)
        _check_client(scene, asked)
    except Refusal as refusal:  # to an address that nobody vouches for, nobody is sent
        return pages.message("This page has nothing to ask you", str(refusal), 400)
    try:
        _check_request(scene, asked)
    except Refusal as refusal:
        return _back(scene, asked, {"error": refusal.code, "error_description": refusal.why})
    return _choose(scene, asked, choice, request) if choice else _ask(scene, asked, query)


def _check_client(scene: Scene, asked: Mapping[str, str]) -> None:
    client = scene.client(asked.get("client_id", ""))
    if client is None:
        raise Refusal("invalid_client", "The client_id is not known here.")
    address = asked.get("redirect_uri", "")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "#" in address:
        raise Refusal("invalid_request", "The redirect_uri is no absolute http(s) address, or has a fragment.")
    if client.redirect_uris is not None and address not in client.redirect_uris:
        raise Refusal("invalid_request", "The redirect_uri is not one that the application has registered.")


def _check_request(scene: Scene, asked: Mapping[str, str]) -> None:
    if asked.get("response_type") != "code":
        raise Refusal("unsupported_response_type", "The response_type is not code.")
    if asked.get("response_mode", "") not in ({"form_post"} if scene.part.by_post else {"", "query"}):
        raise Refusal("invalid_request", "The response_mode is not the one that this provider answers in.")
    if "none" in asked.get("prompt", "").split():
        raise Refusal("interaction_required", "Nobody is let through here without being asked.")
    if scene.part.is_oidc and "openid" not in _scope(scene, asked):
        raise Refusal("invalid_scope", "The scope lacks openid.")
    _check_challenge(asked, wanted=scene.part.get("pkce") is not False)


def _check_challenge(asked: Mapping[str, str], *, wanted: bool) -> None:
    challenge = asked.get("code_challenge", "")
    if not wanted and "code_challenge" in asked:
        raise Refusal("invalid_request", "This provider takes no code_challenge.")
    if wanted and (asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge)):
        raise Refusal("invalid_request", "There is no code_challenge of the method S256.")


def _scope(scene: Scene, asked: Mapping[str, str]) -> tuple[str, ...]:
    separator = scene.part.text("scope_separator") or " "
    return tuple(each for each in asked.get("scope", "").split(separator) if each)


def _ask(scene: Scene, asked: Mapping[str, str], query: str) -> Response:
    action = f"{urlsplit(scene.base).path}/consent"
    client = scene.client(asked["client_id"])
    name = client.name if client else ""
    question = Question(scene.label, name, asked["redirect_uri"], action, {"query": query})
    abilities = [_ABILITIES.get(each, f"Use {each}") for each in _scope(scene, asked)] or ["See your profile"]
    return ask(question, abilities, scene.people, asked.get("login_hint", ""))


def _choose(scene: Scene, asked: Mapping[str, str], choice: Mapping[str, str], request: Request) -> Response:
    if choice.get("do") == "cancel":
        own = sorted(set(scene.part.texts("denied_errors")) - {"access_denied"})
        return _back(scene, asked, {"error": own[0] if own else "access_denied"})
    person = scene.people.get(choice.get("screen_name", ""))
    if person is None:
        return pages.message("Nobody of that name", "Go back and choose one of the people on the page.", 400)
    grant = Grant(
        asked["client_id"],
        asked["redirect_uri"],
        person.id,
        _scope(scene, asked),
        request.when + CODE_LIFETIME,
        asked.get("code_challenge", ""),
        asked.get("nonce", ""),
        _claims(asked.get("claims", "")),
    )
    return _back(
        scene,
        asked,
        {"code": scene.grants.code(grant), **_introduction(scene, person, grant, scene.values(person, request))},
    )


def _claims(parameter: str) -> dict[str, tuple[str, ...]]:
    """Return the names that the ``claims`` parameter asks for (OpenID Connect Core section 5.5)."""
    try:
        asked = json.loads(parameter or "{}")
        return {place: tuple(names) for place, names in asked.items() if isinstance(names, dict)}
    except (ValueError, AttributeError):
        return {}


def _introduction(scene: Scene, person: Person, grant: Grant, values: Mapping[str, object]) -> dict[str, str]:
    """Return ``user``, which Apple posts the first time that somebody uses an application, and never again."""
    if not scene.part.by_post or "name" not in grant.scope or person.id in scene.grants.introduced:
        return {}
    scene.grants.introduced.add(person.id)
    told = {"firstName": values["first_name"], "lastName": values["last_name"]}
    name = {key: value for key, value in told.items() if value is not LEFT_OUT}
    return {"user": json.dumps({"name": name, "email": person.email})}


def _back(scene: Scene, asked: Mapping[str, str], more: Mapping[str, str]) -> Response:
    """Send the browser back; ``state`` and ``iss`` go with errors too (RFC 9207 section 2)."""
    state = {"state": asked["state"]} if "state" in asked else {}
    issuer = {"iss": scene.issuer} if scene.part.tells_issuer else {}
    fields = {**more, **state, **issuer}
    return pages.send_back(Way(asked["redirect_uri"], fields, scene.label if scene.part.by_post else ""))
