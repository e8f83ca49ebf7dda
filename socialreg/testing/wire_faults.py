"""Faults of the wire: errors, bodies that nobody can read, and a network that does not deliver."""

from __future__ import annotations

from . import alterations as alter
from .messages import JSON, TEXT, Delivery
from .oauth2.endpoints import CALLS
from .oauth2.endpoints import PROFILES as PLAYED_PROFILES
from .oauth_faults import PROFILES, TOKENS
from .switchboard import Act, Fault
from .x import API

#: Every call that an application makes, to X or to a provider that is played.
EVERY = API | CALLS
_HTML = b"<!DOCTYPE html><html><head><title>Something went wrong</title></head><body><h1>Sorry</h1></body></html>"


def _instead(name: str, says: str, act: Act, code: int = 0, paths: frozenset[str] = EVERY) -> Fault:
    return Fault(name, says, "errors", paths, act, instead=True, code=code)


def _body(name: str, says: str, act: Act, paths: frozenset[str] = EVERY) -> Fault:
    return Fault(name, says, "bodies", paths, act)


ERROR_FAULTS = (
    _instead(
        "error",
        "The call fails with the code of X's table that is asked for (131 otherwise), in any of the five shapes.",
        alter.fail,
        131,
        API,
    ),
    _instead(
        "rate-limited",
        "The call fails with 429 and, at X, code 88; x-rate-limit-reset is a quarter of an hour away.",
        alter.rate_limited,
        88,
    ),
    _instead("server-error", "The call fails with 500 and an empty body.", alter.status(500)),
    _instead("bad-gateway", "The call fails with 502 and an HTML page.", alter.status(502, _HTML)),
    _instead(
        "unavailable",
        "The call fails with 503, an HTML page and Retry-After.",
        alter.status(503, _HTML, {"Retry-After": "120"}),
    ),
    _instead(
        "redirect",
        "The call is redirected, with 302 or the code asked for, to the same server under another host name.",
        alter.elsewhere,
        302,
    ),
)
BODY_FAULTS = (
    _body("empty", "The body is empty, with status 200.", alter.body(b"")),
    _body("truncated", "The body ends in the middle, with a Content-Length that agrees.", alter.truncated),
    _body("html", "The body is an HTML page, with status 200.", alter.body(_HTML, TEXT)),
    _body("not-form", "A token answer is a JSON object in place of a form.", alter.body(b'{"ok": true}', JSON), TOKENS),
    _body(
        "not-json",
        "A profile is a form in place of JSON.",
        alter.body(b"id=1&name=a", JSON),
        PROFILES | PLAYED_PROFILES,
    ),
    _body("not-utf8", "The body is bytes that are no UTF-8.", alter.body(b"\xff\xfe=\xfa&\x80=\x81")),
    _body("xml-broken", "The body is XML that ends in a tag.", alter.NOT_XML),
    _body("duplicate", "A field comes twice, with two values.", alter.duplicate),
    _body("json-list", "The body is a JSON list.", alter.body(b"[1, 2]", JSON)),
    _body("json-null", "The body is JSON null.", alter.body(b"null", JSON)),
    _body("json-string", "The body is a JSON string.", alter.body(b'"ok"', JSON)),
    _body("json-nan", "The body holds NaN, which is no JSON.", alter.body(b'{"id": NaN, "data": {"id": NaN}}', JSON)),
    _body("json-deep", "The body nests a hundred thousand lists.", alter.body(b"[" * 100_000, JSON)),
    _body(
        "json-long-number", "The body holds a number of 5000 digits.", alter.body(b'{"id": ' + b"9" * 5000 + b"}", JSON)
    ),
    _body("huge", "The body is 20 MiB long.", alter.huge),
    _body("gzip-bomb", "The body is gzip, asked for or not, and 64 MiB once unpacked.", alter.bomb),
)
TRANSPORT_FAULTS = (
    Fault(
        "slow",
        "The answer is held for 15 seconds, or as many as told.",
        "transport",
        EVERY,
        alter.deliver(lambda s: Delivery(hold=s.seconds)),
        seconds=15,
    ),
    Fault(
        "drip",
        "The body comes one byte per second, or per as many as told.",
        "transport",
        EVERY,
        alter.deliver(lambda s: Delivery(drip=s.seconds)),
        seconds=1,
    ),
    Fault(
        "drip-headers",
        "Headers and body come one byte per second, or per as many as told.",
        "transport",
        EVERY,
        alter.deliver(lambda s: Delivery(drip=s.seconds, drip_head=True)),
        seconds=1,
    ),
    Fault(
        "cut",
        "The connection ends in the middle of the body, before Content-Length is reached.",
        "transport",
        EVERY,
        alter.deliver(lambda _: Delivery(cut=True)),
    ),
    Fault(
        "reset",
        "The connection is reset before the first byte of an answer.",
        "transport",
        EVERY,
        alter.deliver(lambda _: Delivery(reset=True)),
    ),
)
