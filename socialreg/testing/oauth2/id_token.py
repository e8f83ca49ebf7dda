"""ID tokens and claims (OpenID Connect Core sections 2 and 5)."""

from __future__ import annotations

from socialreg.testing.messages import Request
from socialreg.testing.people import Person

from . import inversion
from .grants import TOKEN_LIFETIME, Grant
from .keys import half_hash
from .part import Part
from .scene import Scene

#: OpenID Connect Core section 5.4. What no scope is named for comes with every token.
_BY_SCOPE = {
    "profile": frozenset(
        [
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ]
    ),
    "email": frozenset({"email", "email_verified"}),
}
#: What this can sign with, the usual one first.
_ALGORITHMS = ("RS256", "ES256", "PS256")


def algorithm(part: Part) -> str:
    """Return the algorithm that ID tokens are signed with: the first of ours that the class takes."""
    taken = part.texts("id_token_algorithms")
    return next((each for each in _ALGORITHMS if each in taken), _ALGORITHMS[0])


def id_token(scene: Scene, grant: Grant, person: Person, request: Request, access: str) -> str:
    """Return a signed ID token for the one to whom a code or a refresh token belongs."""
    now = int(request.when)
    told = claims(scene, grant, person, request, "id_token")
    if scene.part.claims_in == "userinfo":
        told = {name: value for name, value in told.items() if name == "sub"}
    nonce = {"nonce": grant.nonce} if grant.nonce and scene.part.get("nonce_in_id_token") is not False else {}
    whole = {
        **told,
        "iss": scene.issuer,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + TOKEN_LIFETIME,
        "at_hash": half_hash(access),
        **nonce,
        **({"tid": scene.part.tenant} if scene.part.tenant else {}),
    }
    chosen = algorithm(scene.part)
    return scene.keys.sign(whole, chosen, {"kid": scene.keys.kid(chosen)})


def claims(scene: Scene, grant: Grant, person: Person, request: Request, place: str) -> inversion.Json:
    """Return the claims about somebody that the scope, or the ``claims`` parameter, asks for in this place.

    :param place: ``id_token`` or ``userinfo``.
    """
    whole = inversion.answer({"uid": "sub", **scene.part.map("profile_map")}, scene.values(person, request))
    asked = set(grant.claims.get(place, ())).union(*(_BY_SCOPE.get(each, ()) for each in grant.scope))
    scoped = frozenset().union(*_BY_SCOPE.values()) - asked
    return {name: value for name, value in whole.items() if name not in scoped}
