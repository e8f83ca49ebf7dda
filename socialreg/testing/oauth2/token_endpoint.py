"""The token endpoint of a played provider (RFC 6749 sections 4.1.3, 5 and 6; RFC 7636 section 4.6)."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from socialreg.testing.messages import Notes, Request, Response

from .client_auth import authenticate
from .grants import TOKEN_LIFETIME, Client, Grant
from .id_token import algorithm, id_token
from .refusal import NO_STORE, Refusal
from .scene import Scene, fields_of


def token(scene: Scene, request: Request) -> Response:
    """Hand out tokens for a code or for a refresh token."""
    if not request.form_body:
        raise Refusal("invalid_request", "The body is no form.")
    asked = fields_of(request.form_body)
    client = authenticate(scene, request, asked)
    kind = asked.get("grant_type", "")
    if kind == "authorization_code":
        return _issue(scene, _by_code(scene, asked, client, request.when), request, asked["code"])
    if kind == "refresh_token":
        return _issue(scene, _by_refresh_token(scene, asked), request)
    if kind == "client_credentials" and scene.part.has_servers:
        return _issue_to_application(asked, request.when)
    raise Refusal("unsupported_grant_type", "There is no such grant_type here.")


def _issue_to_application(asked: Mapping[str, str], now: float) -> Response:
    """Mastodon's token for an application by itself, which opens nothing here: https://docs.joinmastodon.org/methods/oauth/#token."""
    answer = {"access_token": secrets.token_urlsafe(30), "token_type": "Bearer", "scope": asked.get("scope", "read")}
    return Response.json({**answer, "created_at": int(now)}).with_headers(NO_STORE)


def _by_code(scene: Scene, asked: Mapping[str, str], client: Client, now: float) -> Grant:
    code = asked.get("code", "")
    waiting = scene.grants.pending(code)
    if waiting is not None:
        _check(waiting, asked, client, now)
    grant = scene.grants.spend(code)
    if grant is None:
        raise Refusal("invalid_grant", "The code is unknown, or it has been used.")
    return grant


def _check(grant: Grant, asked: Mapping[str, str], client: Client, now: float) -> None:
    if grant.client_id != client.id:
        raise Refusal("invalid_grant", "The code was issued to another client.")
    if now >= grant.expires:
        raise Refusal("invalid_grant", "The code has expired.")
    if asked.get("redirect_uri") != grant.redirect_uri:
        raise Refusal("invalid_grant", "The redirect_uri is not the one with which the code was asked for.")
    verifier = asked.get("code_verifier", "")
    if bool(verifier) != bool(grant.challenge) or (verifier and not _matches(verifier, grant.challenge)):
        raise Refusal("invalid_grant", "The code_verifier does not belong to the code_challenge.")


def _matches(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


def _by_refresh_token(scene: Scene, asked: Mapping[str, str]) -> Grant:
    refresh = asked.get("refresh_token", "")
    grant = scene.grants.rotate(refresh) if _spends(scene) else scene.grants.refreshable(refresh)
    if grant is None:
        raise Refusal("invalid_grant", "The refresh token is unknown, or it has been used.")
    return replace(grant, nonce="")  # OpenID Connect Core section 12.2: a refreshed ID token needs none


def _spends(scene: Scene) -> bool:
    return scene.part.get("spends_refresh_tokens") is not False


def _issue(scene: Scene, grant: Grant, request: Request, code: str = "") -> Response:
    person = scene.person(grant.person_id)
    if person is None:
        raise Refusal("invalid_grant", "The account is suspended, locked or gone.")
    access, refresh = scene.grants.tokens(grant, request.when, code)
    answer: dict[str, object] = {
        "access_token": access,
        "token_type": "Bearer",
        "scope": (scene.part.text("scope_separator") or " ").join(grant.scope),
    }
    if scene.part.has_servers:  # Mastodon's tokens do not expire
        answer["created_at"] = int(request.when)
    else:
        answer |= {"expires_in": TOKEN_LIFETIME} | ({"refresh_token": refresh} if code or _spends(scene) else {})
    if not scene.part.is_oidc:
        return Response.json(answer).with_headers(NO_STORE)
    answer["id_token"] = id_token(scene, grant, person, request, access)
    chosen = algorithm(scene.part)
    notes = Notes(sign=scene.keys.sign, algorithm=chosen, kid=scene.keys.kid(chosen))
    return replace(Response.json(answer), notes=notes).with_headers(NO_STORE)
