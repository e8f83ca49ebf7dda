"""What an access token opens: profile, addresses and UserInfo, made from the class's maps."""

from __future__ import annotations

import hmac
from dataclasses import replace

from socialreg.testing.messages import Notes, Request, Response
from socialreg.testing.people import Person

from . import inversion
from .grants import Grant
from .id_token import claims
from .refusal import NO_STORE, Refusal
from .scene import Scene, fields_of

_TOLD_OF_ADDRESSES = {"address": "email", "verified": "email_verified"}


def profile(scene: Scene, request: Request) -> Response:
    """Tell who the access token belongs to, in the shape that the class's ``profile_map`` reads."""
    person, _ = _owner(scene, request)
    return describe(scene, person, request)


def describe(scene: Scene, person: Person, request: Request) -> Response:
    """Return somebody's profile, if the call is made as the class says that it must be.

    :raises Refusal: it is not.
    """
    _check_call(scene, request)
    body = inversion.answer(scene.part.map("profile_map"), scene.values(person, request))
    return _told(scene, body)


def emails(scene: Scene, request: Request) -> Response:
    """Tell the addresses: the primary one, verified, after another that is not. Who has no address has neither."""
    person, _ = _owner(scene, request)
    paths = {"address": "email", "primary": "primary", "verified": "verified", **scene.part.map("emails_map")}
    place = paths.pop("items", "")
    primary: dict[str, object] = {"address": person.email, "primary": True, "verified": True}
    # What is told of the one address that other providers put into profiles is told of the primary one.
    primary |= {name: scene.told[key] for name, key in _TOLD_OF_ADDRESSES.items() if key in scene.told}
    other = {"address": f"{person.screen_name}@users.example.org", "primary": False, "verified": False}
    items = [inversion.answer(paths, each) for each in (other, primary)] if person.email else []
    if not place:
        return Response.json(items).with_headers(NO_STORE)
    return _told(scene, inversion.answer({"items": place}, {"items": items}))


def userinfo(scene: Scene, request: Request) -> Response:
    """Tell the claims that the scope opens (OpenID Connect Core section 5.3)."""
    person, grant = _owner(scene, request)
    return _told(scene, claims(scene, grant, person, request, "userinfo"))


def _told(scene: Scene, body: inversion.Json) -> Response:
    response = Response.json(body).with_headers(NO_STORE)
    paths = {"uid": "sub"} if scene.part.is_oidc else {}
    return replace(response, notes=Notes(paths={**paths, **scene.part.map("profile_map")}))


def _owner(scene: Scene, request: Request) -> tuple[Person, Grant]:
    """Return whose access token came in the header, the one place where it may (RFC 9700 section 4.3.2)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    grant = scene.grants.access(token, request.when) if scheme.lower() == "bearer" else None
    person = scene.person(grant.person_id) if grant else None
    if grant is None or person is None:
        raise Refusal("invalid_token", "The access token is missing, unknown or expired, or its owner is gone.", 401)
    return person, grant


def _check_call(scene: Scene, request: Request) -> None:
    """See that the call is made as the class says that it must be."""
    query = fields_of(request.query)
    missing = [name for name in scene.part.map("profile_params") if name not in query]
    missing += [name for name in scene.part.map("api_headers") if name.lower() not in request.headers]
    if missing:
        raise Refusal("invalid_request", f"The call lacks {', '.join(missing)}.")
    if "appsecret_proof" in query:  # https://developers.facebook.com/docs/graph-api/guides/secure-requests
        token = request.headers.get("authorization", "").partition(" ")[2]
        proof = hmac.new(scene.part.text("client_secret").encode(), token.encode(), "sha256").hexdigest()
        if not hmac.compare_digest(proof, query["appsecret_proof"]):
            raise Refusal("invalid_request", "The appsecret_proof is another.")
