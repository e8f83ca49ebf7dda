"""How a right answer becomes a faulty one. Each function here is the act of a fault in :mod:`faults`.

Those that change fields leave everything but a 200 alone: an error has no fields to change.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from . import pages
from .errors import error
from .messages import JSON, XML, Delivery, Request, Response
from .switchboard import Act, Switch
from .x import endpoint, rate_limit

#: The id of nobody in the cast.
STRANGER = "1999999999999999999"
HUGE = 20 << 20
BOMB = 64 << 20

#: The beginning of a JSON object: its brace, and the name of what comes first in it.
_FIRST_MEMBER = re.compile(rb'\{\s*("(?:[^"\\]|\\.)*"\s*:)')

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
    return form(lambda fields: left_out(fields, name))


def fact(name: str, change: Callable[[Fields, str], Mapping[str, str]]) -> Act:
    """Return the act that changes what an access-token answer says of its owner.

    :param name: ``uid`` or ``username``: every class has a field of its own for it.
    :param change: makes other fields of the right ones and that field's name.
    """

    def act(response: Response, request: Request, switch: Switch) -> Response:
        field = response.notes.paths.get(name, "")
        return form(lambda fields: change(fields, field))(response, request, switch)

    return act


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
        return Response(code, content, headers={**rate_limit(request.when, 74), **(headers or {})})

    return act


def deliver(how: Callable[[Switch], Delivery]) -> Act:
    """Return the act that sends the right answer in a wrong way."""

    def act(response: Response, _request: Request, switch: Switch) -> Response:
        return replace(response, delivery=how(switch))

    return act


def left_out(fields: Fields, name: str) -> Fields:
    """Return the fields without one of them."""
    return {key: value for key, value in fields.items() if key != name}


def emptied(fields: Fields, name: str) -> Fields:
    """Return the fields with nothing in one of them."""
    return {key: "" if key == name else value for key, value in fields.items()}


def made_up(name: str) -> Act:
    """Return the act that puts another value for what the browser brings back, if it does."""
    return callback(lambda fields: {key: "made-up" if key == name else value for key, value in fields.items()})


def callback(change: Callable[[Fields], Mapping[str, str]]) -> Act:
    """Return the act that changes what the browser brings back to the application."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        if response.way is None:
            return response
        changed = pages.send_back(replace(response.way, fields=change(dict(response.way.fields))))
        return replace(changed, headers={**response.headers, **changed.headers})

    return act


def unchanged(response: Response, _request: Request, _switch: Switch) -> Response:
    """Do nothing to the answer: the fault is in the clock."""
    return response


def fail(_response: Response, request: Request, switch: Switch) -> Response:
    """Answer with the error that the switch names."""
    failed = error(switch.code, request.path, switch.shape)
    return failed.with_headers(rate_limit(request.when, 0 if failed.status == 429 else 74))  # noqa: PLR2004


def rate_limited(response: Response, request: Request, switch: Switch) -> Response:
    """Answer as X does when it was asked too often; others say it in words of their own."""
    if endpoint(request.path):
        return fail(response, request, switch)
    headers = {"Retry-After": "900", **rate_limit(request.when, 0)}
    return Response.json({"error": "rate_limited", "message": "Too many requests."}, 429).with_headers(headers)


def duplicate(response: Response, _request: Request, _switch: Switch) -> Response:
    """Give the first field twice, in JSON the first member of the first object, once with another value."""
    content = response.body
    if "json" in response.content_type:
        return replace(response, body=_FIRST_MEMBER.sub(rb'{\1 "another", \1', content, count=1))
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
