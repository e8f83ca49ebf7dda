"""Everything that can go wrong at the stand-in: one row per fault, with the sentence that says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import alterations as alter
from . import x
from .messages import JSON, TEXT, Delivery
from .switchboard import Act, Fault, Group

ISSUE = frozenset({x.REQUEST_TOKEN})
EXCHANGE = frozenset({x.ACCESS_TOKEN})
TOKENS = ISSUE | EXCHANGE
V2 = frozenset({x.USERS_ME})
V1 = frozenset({x.VERIFY_CREDENTIALS})
PROFILES = V1 | V2
API = TOKENS | PROFILES | {x.INVALIDATE_TOKEN}
BROWSER = frozenset({"/oauth/authenticate", "/oauth/consent"})

_HTML = b"<!DOCTYPE html><html><head><title>Something went wrong</title></head><body><h1>Sorry</h1></body></html>"
_WRONG_TYPES: dict[str, object] = {
    "name": 7,
    "username": ["a"],
    "screen_name": {"a": 1},
    "email": True,
    "confirmed_email": 5,
    "profile_image_url": None,
    "profile_image_url_https": 3.5,
    "verified": "false",
    "description": [],
}


def _wrong_types(data: dict[str, object]) -> dict[str, object]:
    return {name: _WRONG_TYPES.get(name, value) for name, value in data.items()}


def _stranger(data: dict[str, object]) -> dict[str, object]:
    ids: dict[str, object] = {"id": alter.STRANGER}
    if "id_str" in data:
        ids = {"id": int(alter.STRANGER), "id_str": alter.STRANGER}
    return {**data, **ids}


def _without_id(data: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in {"id", "id_str"}}


def _instead(name: str, says: str, group: Group, act: Act, code: int = 0) -> Fault:
    return Fault(name, says, group, API, act, instead=True, code=code)


def _body(name: str, says: str, act: Act, paths: frozenset[str] = API) -> Fault:
    return Fault(name, says, "bodies", paths, act)


_OAUTH = (
    Fault(
        "callback-unconfirmed",
        "The request token comes with oauth_callback_confirmed=false.",
        "oauth",
        ISSUE,
        alter.form(lambda fields: {**fields, "oauth_callback_confirmed": "false"}),
    ),
    Fault(
        "callback-confirmation-missing",
        "The request token comes without oauth_callback_confirmed.",
        "oauth",
        ISSUE,
        alter.without("oauth_callback_confirmed"),
    ),
    Fault("token-missing", "A token answer lacks oauth_token.", "oauth", TOKENS, alter.without("oauth_token")),
    Fault(
        "secret-missing",
        "A token answer lacks oauth_token_secret.",
        "oauth",
        TOKENS,
        alter.without("oauth_token_secret"),
    ),
    Fault("user-id-missing", "The access token comes without user_id.", "oauth", EXCHANGE, alter.without("user_id")),
    Fault(
        "user-id-empty",
        "The access token comes with an empty user_id.",
        "oauth",
        EXCHANGE,
        alter.form(lambda fields: {**fields, "user_id": ""}),
    ),
    Fault(
        "screen-name-missing",
        "The access token comes without screen_name.",
        "oauth",
        EXCHANGE,
        alter.without("screen_name"),
    ),
    Fault(
        "extra-fields",
        "A token answer carries two unknown fields, as X's did for years: harmless.",
        "oauth",
        TOKENS,
        alter.form(lambda fields: {**fields, "x_auth_expires": "0", "something_new": "1"}),
    ),
    Fault(
        "clock-skew",
        "The server's clock is an hour ahead (or `seconds`): 135 until the timestamp follows the Date header.",
        "oauth",
        API,
        alter.unchanged,
        skews=True,
        seconds=3600,
    ),
    Fault("no-date", "The answer has no Date header.", "oauth", API, alter.without_date),
)
_PROFILE = (
    Fault(
        "other-person",
        "The profile is of somebody else than the access token.",
        "profile",
        PROFILES,
        alter.person(_stranger),
    ),
    Fault("id-missing", "The profile has no id.", "profile", PROFILES, alter.person(_without_id)),
    Fault(
        "no-email-permission",
        "The app may not see e-mail addresses: v2 leaves the field out, v1.1 says null.",
        "profile",
        PROFILES,
        alter.person(alter.without_email),
    ),
    Fault(
        "partial",
        "The v2 profile lacks e-mail and picture and says why in errors[], with status 200.",
        "profile",
        V2,
        alter.partial,
    ),
    Fault(
        "field-not-authorized",
        "The v2 profile lacks the e-mail, with a not-authorized-for-field error and status 200.",
        "profile",
        V2,
        alter.not_authorised,
    ),
    Fault(
        "not-enrolled",
        "The v2 profile is refused with 403 client-not-enrolled.",
        "profile",
        V2,
        alter.not_enrolled,
        instead=True,
    ),
    Fault(
        "v1-not-in-tier",
        "The v1.1 profile is refused with 453: the access tier has no v1.1.",
        "profile",
        V1,
        alter.fail,
        instead=True,
        code=453,
    ),
    Fault("wrong-types", "Every field of the profile but its id has a wrong type.", "profile", PROFILES, alter.person(_wrong_types)),
    Fault(
        "lone-surrogate",
        "The name holds half a character, which no encoding can store.",
        "profile",
        PROFILES,
        alter.person(lambda data: {**data, "name": "half \ud83e"}),
    ),
)
_ERRORS = (
    _instead("error", "The call fails with X's error `code` (default 131), in the `shape` asked for.", "errors", alter.fail, 131),
    _instead("rate-limited", "The call fails with 429 and code 88; x-rate-limit-reset is a quarter of an hour away.", "errors", alter.fail, 88),
    _instead("server-error", "The call fails with 500 and an empty body.", "errors", alter.status(500)),
    _instead("bad-gateway", "The call fails with 502 and an HTML page.", "errors", alter.status(502, _HTML)),
    _instead("unavailable", "The call fails with 503, an HTML page and Retry-After.", "errors", alter.status(503, _HTML, {"Retry-After": "120"})),
    _instead("redirect", "The call is redirected (302, or `code`) to the same server under another host name.", "errors", alter.elsewhere, 302),
)
_BODIES = (
    _body("empty", "The body is empty, with status 200.", alter.body(b"")),
    _body("truncated", "The body ends in the middle, with a Content-Length that agrees.", alter.truncated),
    _body("html", "The body is an HTML page, with status 200.", alter.body(_HTML, TEXT)),
    _body("not-form", "A token answer is a JSON object in place of a form.", alter.body(b'{"ok": true}', JSON), TOKENS),
    _body("not-json", "A profile is a form in place of JSON.", alter.body(b"id=1&name=a", JSON), PROFILES),
    _body("not-utf8", "The body is bytes that are no UTF-8.", alter.body(b"\xff\xfe=\xfa&\x80=\x81")),
    _body("xml-broken", "The body is XML that ends in a tag.", alter.NOT_XML),
    _body("duplicate", "A field comes twice, with two values.", alter.duplicate),
    _body("json-list", "The body is a JSON list.", alter.body(b"[1, 2]", JSON)),
    _body("json-null", "The body is JSON null.", alter.body(b"null", JSON)),
    _body("json-string", "The body is a JSON string.", alter.body(b'"ok"', JSON)),
    _body("json-nan", "The body holds NaN, which is no JSON.", alter.body(b'{"id": NaN, "data": {"id": NaN}}', JSON)),
    _body("json-deep", "The body nests a hundred thousand lists.", alter.body(b"[" * 100_000, JSON)),
    _body("json-long-number", "The body holds a number of 5000 digits.", alter.body(b'{"id": ' + b"9" * 5000 + b"}", JSON)),
    _body("huge", "The body is 20 MiB long.", alter.huge),
    _body("gzip-bomb", "The body is gzip, asked for or not, and 64 MiB once unpacked.", alter.bomb),
)
_TRANSPORT = (
    Fault("slow", "The answer is held for 15 seconds (or `seconds`).", "transport", API, alter.deliver(lambda s: Delivery(hold=s.seconds)), seconds=15),
    Fault("drip", "The body comes one byte per second (or per `seconds`).", "transport", API, alter.deliver(lambda s: Delivery(drip=s.seconds)), seconds=1),
    Fault("drip-headers", "Headers and body come one byte per second (or per `seconds`).", "transport", API, alter.deliver(lambda s: Delivery(drip=s.seconds, drip_head=True)), seconds=1),
    Fault("cut", "The connection ends in the middle of the body, before Content-Length is reached.", "transport", API, alter.deliver(lambda _: Delivery(cut=True))),
    Fault("reset", "The connection is reset before the first byte of an answer.", "transport", API, alter.deliver(lambda _: Delivery(reset=True))),
)
_BROWSER = (
    Fault("back-bare", "The browser comes back without any parameter.", "browser", BROWSER, alter.callback(lambda _: {})),
    Fault(
        "back-without-verifier",
        "The browser comes back without oauth_verifier.",
        "browser",
        BROWSER,
        alter.callback(lambda query: {name: value for name, value in query.items() if name != "oauth_verifier"}),
    ),
    Fault(
        "back-with-other-verifier",
        "The browser comes back with a verifier that X never issued.",
        "browser",
        BROWSER,
        alter.callback(lambda query: {**query, "oauth_verifier": "made-up"}),
    ),
    Fault(
        "back-with-other-token",
        "The browser comes back with another request token.",
        "browser",
        BROWSER,
        alter.callback(lambda query: {**query, "oauth_token": "made-up"}),
    ),
)
CATALOGUE: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for fault in (*_OAUTH, *_PROFILE, *_ERRORS, *_BODIES, *_TRANSPORT, *_BROWSER)}
)
#: Every fault by name, with the sentence that says what it does.
FAULTS: Mapping[str, str] = MappingProxyType({fault.name: fault.says for fault in CATALOGUE.values()})
