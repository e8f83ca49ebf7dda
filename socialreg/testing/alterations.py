"""How a right answer becomes a faulty one. Each function here is the act of a fault in :mod:`faults`.

Those that change fields leave everything but a 200 alone: an error has no fields to change.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .errors import error, problem
from .messages import JSON, XML, Delivery, Request, Response
from .switchboard import Act, Switch
from .x import rate_limit

#: The id of nobody in the cast.
STRANGER = "1999999999999999999"
HUGE = 20 << 20
BOMB = 64 << 20

Fields = dict[str, str]
Json = dict[str, object]


def form(change: Callable[[Fields], Mapping[str, str]]) -> Act:
    """Return the act that changes the fields of a form-encoded answer."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        if response.status != 200 or response.content_type == JSON:  # noqa: PLR2004
            return response
        return replace(response, body=urlencode(change(response.fields())).encode())

    return act


def without(name: str) -> Act:
    """Return the act that leaves one field of a form-encoded answer out."""
    return form(lambda fields: {key: value for key, value in fields.items() if key != name})


def person(change: Callable[[Json], Json]) -> Act:
    """Return the act that changes the person in a profile answer, v2's ``data`` or v1.1's whole body."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        if response.status != 200:  # noqa: PLR2004
            return response
        body: Json = json.loads(response.body)
        data = body.get("data")
        changed = {**body, "data": change(data)} if isinstance(data, dict) else change(body)
        return replace(response, body=json.dumps(changed).encode())

    return act


def body(content: bytes, content_type: str | None = None) -> Act:
    """Return the act that sends another body, with status 200."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        return replace(response, status=200, body=content, content_type=content_type or response.content_type)

    return act


def status(code: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> Act:
    """Return the act that fails with a bare status."""

    def act(_response: Response, request: Request, _switch: Switch) -> Response:
        return Response(code, content, headers={**rate_limit(request.when, 0), **(headers or {})})

    return act


def deliver(how: Callable[[Switch], Delivery]) -> Act:
    """Return the act that sends the right answer in a wrong way."""

    def act(response: Response, _request: Request, switch: Switch) -> Response:
        return replace(response, delivery=how(switch))

    return act


def callback(change: Callable[[Fields], Mapping[str, str]]) -> Act:
    """Return the act that changes the query with which the browser is sent back to the application."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        parts = urlsplit(response.headers.get("Location", ""))
        if not parts.scheme:
            return response
        query = urlencode(change(dict(parse_qsl(parts.query, keep_blank_values=True))))
        return replace(response, headers={**response.headers, "Location": urlunsplit(parts._replace(query=query))})

    return act


def unchanged(response: Response, _request: Request, _switch: Switch) -> Response:
    """Do nothing to the answer: the fault is in the clock."""
    return response


def fail(_response: Response, request: Request, switch: Switch) -> Response:
    """Answer with the error that the switch names."""
    failed = error(switch.code, request.path, switch.shape)
    return failed.with_headers(rate_limit(request.when, 0 if failed.status == 429 else 74))  # noqa: PLR2004


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


def duplicate(response: Response, _request: Request, _switch: Switch) -> Response:
    """Give the first field twice, the second time with another value."""
    content = response.body
    if response.content_type == JSON:
        return replace(response, body=content.replace(b'"id": ', b'"id": "1", "id": ', 1))
    return replace(response, body=content + b"&" + content.partition(b"=")[0] + b"=another")


def truncated(response: Response, _request: Request, _switch: Switch) -> Response:
    """Send the first half of the body as if it were all."""
    return replace(response, body=response.body[: len(response.body) // 2])


def huge(response: Response, _request: Request, _switch: Switch) -> Response:
    """Put 20 MiB after the right body."""
    content = b'{"padding": "' if response.content_type == JSON else response.body + b"&padding="
    return replace(response, body=content, delivery=Delivery(padding=HUGE))


def bomb(response: Response, _request: Request, _switch: Switch) -> Response:
    """Send the right body and 64 MiB of blanks, compressed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    pieces = [packer.compress(response.body)]
    blanks = b" " * (1 << 16)
    pieces += [packer.compress(blanks) for _ in range(BOMB // len(blanks))]
    packed = b"".join([*pieces, packer.flush()])
    return replace(response, body=packed, headers={**response.headers, "Content-Encoding": "gzip"})


def elsewhere(_response: Response, request: Request, switch: Switch) -> Response:
    """Redirect to this same server under its other name, ``localhost`` or ``127.0.0.1``."""
    mine, other = ("localhost", "127.0.0.1") if "//localhost" in request.origin else ("127.0.0.1", "localhost")
    return Response.redirect(request.origin.replace(mine, other) + request.path, switch.code)


def without_date(response: Response, _request: Request, _switch: Switch) -> Response:
    """Leave the Date header out."""
    return replace(response, headers={name: v for name, v in response.headers.items() if name != "Date"})


NOT_XML = body(b"<?xml version='1.0'?><errors><error code=", XML)
