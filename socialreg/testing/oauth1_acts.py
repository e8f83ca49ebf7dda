"""A played provider over OAuth 1.0a: tokens, consent and the profile, by the data of its class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from .consent import ABILITIES, Question, ask, choose, nothing_to_ask
from .errors import PlainRefusal, Refusal, error, plain
from .messages import Notes, Request, Response
from .oauth1_desk import Desk, confirmed, handed_out
from .oauth1_server import Consumer
from .oauth2.resources import describe
from .oauth2.scene import Scene
from .people import Person


def request_token(scene: Scene, request: Request) -> Response:
    """Hand out a request token (RFC 5849 section 2.1)."""
    return _answered(request, lambda: confirmed(_desk(scene).issue(request)))


def authorize(scene: Scene, request: Request) -> Response:
    """Ask who is there and whether the application may know it (RFC 5849 section 2.2)."""
    token = scene.tokens.request(request.query_fields().get("oauth_token", ""))
    if token is None or token.verifier:
        return nothing_to_ask()
    action, hidden = f"{urlsplit(scene.base).path}/consent", {"oauth_token": token.key}
    question = Question(scene.label, scene.part.text("client_id"), token.callback, action, hidden)
    return ask(question, ABILITIES, scene.people, "")


def consent(scene: Scene, request: Request) -> Response:
    """Send the browser back with what the person chose."""
    return choose(scene.tokens, scene.people, request.form_fields())


def access_token(scene: Scene, request: Request) -> Response:
    """Hand out an access token, and say whose it is where the class looks for that (RFC 5849 section 2.3)."""
    return _answered(request, lambda: _exchange(scene, request))


def profile(scene: Scene, request: Request) -> Response:
    """Tell who the access token belongs to, in the shape that the class's ``profile_map`` reads."""
    return _answered(request, lambda: _tell(scene, request))


def invalidate_token(scene: Scene, request: Request) -> Response:
    """Make the access token that a call is signed with good for nothing, as X does."""
    return _answered(request, lambda: _invalidate(scene, request))


#: Who answers: method and act, by the name that faults know an endpoint by.
ACTS: Mapping[str, tuple[str, Callable[[Scene, Request], Response]]] = {
    "request_token": ("POST", request_token),
    "authorize": ("GET", authorize),
    "consent": ("POST", consent),
    "access_token": ("POST", access_token),
    "profile": ("GET", profile),
    "invalidate_token": ("POST", invalidate_token),
}


def _answered(request: Request, call: Callable[[], Response]) -> Response:
    """Return what a call answers; its refusals as plain text, for OAuth 1.0a has no words for them."""
    try:
        return call()
    except Refusal as refusal:
        return error(refusal.code, request.path, "text")
    except PlainRefusal as refusal:
        return plain(str(refusal))


def _desk(scene: Scene) -> Desk:
    return Desk(Consumer(scene.part.text("client_id"), scene.part.text("client_secret")), scene.tokens)


def _exchange(scene: Scene, request: Request) -> Response:
    person = _person(scene, _desk(scene).exchange(request).person_id)
    paths = {name: scene.part.text(f"{name}_claim") for name in ("username", "uid")}  # of one field, the uid
    values = scene.values(person, request)
    facts = {path: values[name] for name, path in paths.items() if path}
    answer = handed_out(scene.tokens.issue_access(person.id), facts)
    return replace(answer, notes=Notes(paths=paths))


def _invalidate(scene: Scene, request: Request) -> Response:
    _, token = _desk(scene).owner(request)
    scene.tokens.invalidate(token.key)
    return Response.json({"access_token": token.key})


def _tell(scene: Scene, request: Request) -> Response:
    _, token = _desk(scene).owner(request)
    return describe(scene, _person(scene, token.person_id), request)


def _person(scene: Scene, person_id: str) -> Person:
    person = scene.person(person_id)
    if person is None:
        raise Refusal(89)
    return person
