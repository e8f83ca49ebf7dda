"""Faults of the protocol: what tokens, profiles and the way back can lack or have wrong."""

from __future__ import annotations

from . import alterations as alter
from . import x_alterations as of_x
from .consent import AUTHENTICATE, CONSENT
from .oauth2 import endpoints as played
from .oauth2.endpoints import CALLS
from .switchboard import Act, Fault
from .x import ACCESS_TOKEN, API, REQUEST_TOKEN, USERS_ME, VERIFY_CREDENTIALS

ISSUE = played.REQUEST_TOKEN | {REQUEST_TOKEN}
EXCHANGE = played.ACCESS_TOKEN | {ACCESS_TOKEN}
TOKENS = ISSUE | EXCHANGE
V2 = frozenset({USERS_ME})
V1 = frozenset({VERIFY_CREDENTIALS})
PROFILES = V1 | V2
BROWSER = played.BROWSER | {AUTHENTICATE, CONSENT}

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


def _stranger(data: dict[str, object]) -> dict[str, object]:
    in_v1 = {"id": int(alter.STRANGER), "id_str": alter.STRANGER}
    return {**data, **(in_v1 if "id_str" in data else {"id": alter.STRANGER})}


def _of_owner(name: str, says: str, act: Act) -> Fault:
    return Fault(name, says, "oauth", EXCHANGE, act)


OAUTH_FAULTS = (
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
    _of_owner(
        "user-id-missing",
        "The access token comes without user_id, or what else the class reads the uid from.",
        alter.fact("uid", alter.left_out),
    ),
    _of_owner(
        "user-id-empty",
        "The access token comes with an empty user_id, or what else the class reads the uid from.",
        alter.fact("uid", alter.emptied),
    ),
    _of_owner(
        "screen-name-missing",
        "The access token comes without screen_name, or what else the class reads the user name from.",
        alter.fact("username", alter.left_out),
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
        "The server's clock is an hour ahead, or as told; at X 135 until the timestamp follows the Date header.",
        "oauth",
        API | CALLS,
        alter.unchanged,
        skews=True,
        seconds=3600,
    ),
    Fault("no-date", "The answer has no Date header.", "oauth", API | CALLS, alter.without_date),
)
PROFILE_FAULTS = (
    Fault(
        "other-person",
        "The profile is of somebody else than the access token.",
        "profile",
        PROFILES,
        alter.person(_stranger),
    ),
    Fault(
        "id-missing",
        "The profile has no id.",
        "profile",
        PROFILES,
        alter.person(lambda data: {name: value for name, value in data.items() if name not in {"id", "id_str"}}),
    ),
    Fault(
        "no-email-permission",
        "The app may not see e-mail addresses: v2 leaves the field out, v1.1 says null.",
        "profile",
        PROFILES,
        alter.person(of_x.without_email),
    ),
    Fault(
        "partial",
        "The v2 profile lacks e-mail and picture and says why in errors[], with status 200.",
        "profile",
        V2,
        of_x.partial,
    ),
    Fault(
        "field-not-authorized",
        "The v2 profile lacks the e-mail, with a not-authorized-for-field error and status 200.",
        "profile",
        V2,
        of_x.not_authorised,
    ),
    Fault(
        "not-enrolled",
        "The v2 profile is refused with 403 client-not-enrolled.",
        "profile",
        V2,
        of_x.not_enrolled,
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
    Fault(
        "wrong-types",
        "Every field of the profile but its id has a wrong type.",
        "profile",
        PROFILES,
        alter.person(lambda data: {name: _WRONG_TYPES.get(name, value) for name, value in data.items()}),
    ),
    Fault(
        "lone-surrogate",
        "The name holds half a character, which no encoding can store.",
        "profile",
        PROFILES,
        alter.person(lambda data: {**data, "name": "half \ud83e"}),
    ),
)
BROWSER_FAULTS = (
    Fault(
        "back-bare",
        "The browser comes back without any parameter.",
        "browser",
        BROWSER,
        alter.callback(lambda _: {}),
    ),
    Fault(
        "back-without-verifier",
        "The browser comes back without oauth_verifier.",
        "browser",
        BROWSER,
        alter.callback(lambda fields: alter.left_out(fields, "oauth_verifier")),
    ),
    Fault(
        "back-with-other-verifier",
        "The browser comes back with a verifier that was never issued.",
        "browser",
        BROWSER,
        alter.made_up("oauth_verifier"),
    ),
    Fault(
        "back-with-other-token",
        "The browser comes back with another request token.",
        "browser",
        BROWSER,
        alter.made_up("oauth_token"),
    ),
)
