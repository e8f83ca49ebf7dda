"""How a right profile of X becomes a faulty one, in the ways of its v2 endpoints."""

from __future__ import annotations

import json
from dataclasses import replace

from .alterations import Json
from .errors import problem
from .messages import Request, Response
from .switchboard import Switch


def not_enrolled(_response: Response, _request: Request, _switch: Switch) -> Response:
    """Answer as the v2 endpoints do when the app is in no project."""
    address = "https://developer.twitter.com/en/docs/projects/overview"
    return problem(
        403,
        "The client is not attached to a project that may use this endpoint.",
        {
            "title": "Client Forbidden",
            "type": "https://api.twitter.com/2/problems/client-forbidden",
            "reason": "client-not-enrolled",
            "required_enrollment": "Appropriate Level of API Access",
            "registration_url": address,
        },
    )


def without_email(data: Json) -> Json:
    """Return the person as an app without the e-mail permission sees them: v2 leaves the field out, v1.1 says null."""
    changed = {name: value for name, value in data.items() if name != "confirmed_email"}
    return {**changed, "email": None} if "email" in changed else changed


def partial(response: Response, _request: Request, _switch: Switch) -> Response:
    """Answer 200 without the e-mail and the picture, and with an ``errors`` list that says so."""
    if response.status != 200 or b'"data"' not in response.body:  # noqa: PLR2004
        return response
    data: Json = json.loads(response.body)["data"]
    kept = {name: value for name, value in data.items() if name not in {"confirmed_email", "profile_image_url"}}
    errors = [_field_error(name, "resource-unavailable") for name in data if name not in kept]
    return replace(response, body=json.dumps({"data": kept, "errors": errors}).encode())


def not_authorised(response: Response, _request: Request, _switch: Switch) -> Response:
    """Answer 200 without the e-mail, which the token is not authorised for."""
    if response.status != 200 or b'"data"' not in response.body:  # noqa: PLR2004
        return response
    data: Json = json.loads(response.body)["data"]
    kept = {name: value for name, value in data.items() if name != "confirmed_email"}
    errors = [_field_error("confirmed_email", "not-authorized-for-field")]
    return replace(response, body=json.dumps({"data": kept, "errors": errors}).encode())


def _field_error(field: str, kind: str) -> Json:
    return {
        "resource_type": "user",
        "field": field,
        "title": "Field Authorization Error" if kind.startswith("not-auth") else "Field Unavailable",
        "section": "data",
        "detail": f"The field {field} is not available to this request.",
        "type": f"https://api.twitter.com/2/problems/{kind}",
    }
