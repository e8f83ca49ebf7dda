"""What a played provider publishes about itself: discovery (RFC 8414), keys, and applications that register."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlsplit

from socialreg.testing.messages import Request, Response

from .grants import Client
from .id_token import algorithm
from .inversion import Json
from .refusal import NO_STORE
from .scene import Scene


def discovery(scene: Scene, _request: Request) -> Response:
    """Describe an OpenID provider (OpenID Connect Discovery section 3)."""
    document = {
        **_common(scene, "authorize", "token"),
        "userinfo_endpoint": f"{scene.base}/userinfo",
        "jwks_uri": f"{scene.base}/jwks",
        "revocation_endpoint": f"{scene.base}/revoke",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm(scene.part)],
        "claims_parameter_supported": True,
    }
    return Response.json(document)


def server(scene: Scene, _request: Request) -> Response:
    """Describe one server of many, as Mastodon does: https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata."""
    document = {
        **_common(scene, "oauth/authorize", "oauth/token"),
        "revocation_endpoint": f"{scene.base}/oauth/revoke",
        "app_registration_endpoint": f"{scene.base}/api/v1/apps",
        "service_documentation": "https://docs.joinmastodon.org/",
    }
    return Response.json(document)


def _common(scene: Scene, authorize: str, token: str) -> Json:
    pkce: Json = {"code_challenge_methods_supported": ["S256"]} if scene.part.get("pkce") is not False else {}
    return {
        "issuer": scene.published_issuer,
        "authorization_endpoint": f"{scene.base}/{authorize}",
        "token_endpoint": f"{scene.base}/{token}",
        "response_types_supported": ["code"],
        "response_modes_supported": ["form_post"] if scene.part.by_post else ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": [scene.part.auth_method],
        "scopes_supported": list(scene.part.texts("scope")),
        "authorization_response_iss_parameter_supported": scene.part.tells_issuer,
        **pkce,
    }


def jwks(scene: Scene, _request: Request) -> Response:
    """Publish the key that signs (RFC 7517)."""
    return Response.json({"keys": [scene.keys.public(algorithm(scene.part))]})


def apps(scene: Scene, request: Request) -> Response:
    """Register an application: https://docs.joinmastodon.org/methods/apps/#create."""
    asked = _app_fields(request)
    uris = asked.get("redirect_uris")
    addresses = (
        uris.split() if isinstance(uris, str) else [str(each) for each in uris] if isinstance(uris, list) else []
    )
    if not asked.get("client_name") or not addresses or not all(urlsplit(each).scheme for each in addresses):
        return Response.json({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422)
    client = Client(secrets.token_urlsafe(24), str(asked["client_name"]), secrets.token_urlsafe(24), tuple(addresses))
    scene.grants.clients[client.id] = client
    answer = {
        "id": str(len(scene.grants.clients)),
        "name": client.name,
        "website": asked.get("website"),
        "scopes": str(asked.get("scopes") or "read").split(),
        "redirect_uris": addresses,
        "redirect_uri": "\n".join(addresses),
        "client_id": client.id,
        "client_secret": client.secret,
        "client_secret_expires_at": 0,
    }
    return Response.json(answer).with_headers(NO_STORE)


def _app_fields(request: Request) -> Json:
    if request.form_body:
        return {**request.form_fields()}
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
