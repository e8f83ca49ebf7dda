"""Where a played provider takes tokens back: by RFC 7009, or in a way of its own."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus

from socialreg.testing.messages import Request, Response

from .client_auth import authenticate, basic
from .grants import Grant
from .refusal import NO_STORE, Refusal
from .scene import Scene, fields_of


def revoke(scene: Scene, request: Request) -> Response:
    """Make a token good for nothing (RFC 7009 section 2).

    GitHub, Facebook and Slack do that otherwise: the first two by DELETE, which takes back all that the person granted.
    """
    if request.method == "DELETE" or request.headers.get("authorization", "").lower().startswith("bearer "):
        return _withdraw(scene, request)
    asked = fields_of(request.form_body or "")
    authenticate(scene, request, asked)
    if not asked.get("token"):
        raise Refusal("invalid_request", "The token is missing.")
    scene.grants.revoke(asked["token"])
    return Response(HTTPStatus.OK, b"").with_headers(NO_STORE)  # for an unknown token, too: section 2.2


def _withdraw(scene: Scene, request: Request) -> Response:
    grant = _own(scene, request)
    if grant is None:
        status = HTTPStatus.NOT_FOUND if _is_basic(request) else HTTPStatus.UNAUTHORIZED
        raise Refusal("invalid_token", "The access token is missing, unknown or expired.", status)
    scene.grants.withdraw(grant.person_id)
    return Response.json({"ok": True, "success": True, "revoked": True}).with_headers(NO_STORE)


def _own(scene: Scene, request: Request) -> Grant | None:
    """Return what the token of the call is good for; GitHub's is in the body, and the application in the header."""
    header = request.headers.get("authorization", "")
    token = header.partition(" ")[2]
    if _is_basic(request):
        client_id, secret = basic(header)
        client = scene.client(client_id)
        if client is None or not hmac.compare_digest(secret.encode(), client.secret.encode()):
            raise Refusal("invalid_client", "The client is another.", HTTPStatus.UNAUTHORIZED)
        token = str(json.loads(request.body or b"{}").get("access_token", ""))
    return scene.grants.access(token, request.when)


def _is_basic(request: Request) -> bool:
    return request.headers.get("authorization", "").lower().startswith("basic ")
