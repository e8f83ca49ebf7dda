"""What can go wrong at a provider that is played, besides what can go wrong on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.testing.switchboard import Act, Fault, Group, Switch

from . import acts
from .endpoints import BROWSER, CALLS, DISCOVERY, EMAILS, KEYS, PROFILES, TOKEN
from .id_token_faults import ID_TOKEN_FAULTS

#: Whom nobody knows: the id of nobody in the cast.
STRANGER = "1999999999999999999"


def _token(name: str, says: str, act: Act) -> Fault:
    return Fault(name, says, "token", TOKEN, act)


def _refuses(name: str, says: str, paths: frozenset[str], error: str, status: int) -> Fault:
    group: Group = "token" if paths == TOKEN else "resource"
    return Fault(name, says, group, paths, acts.fail(status), instead=True, error=error)


def _profile(name: str, says: str, act: Act) -> Fault:
    return Fault(name, says, "resource", PROFILES, act)


def _back(name: str, says: str, change: Mapping[str, str], without: str = "") -> Fault:
    def act(fields: dict[str, str], _switch: Switch) -> dict[str, str]:
        return {name: value for name, value in {**fields, **change}.items() if name != without}

    return Fault(name, says, "back", BROWSER, acts.back(act))


def _with_error(fields: dict[str, str], switch: Switch) -> dict[str, str]:
    return {**{name: value for name, value in fields.items() if name != "code"}, "error": switch.error}


TOKEN_FAULTS = (
    _refuses(
        "code-refused",
        "The token call fails with 400 invalid_grant, or the error word asked for.",
        TOKEN,
        "invalid_grant",
        400,
    ),
    _refuses("client-refused", "The token call fails with 401 invalid_client.", TOKEN, "invalid_client", 401),
    _refuses(
        "error-with-200",
        "The call fails with status 200 and an error in JSON: invalid_grant, or the word asked for.",
        CALLS,
        "invalid_grant",
        200,
    ),
    _token("no-access-token", "The token answer lacks access_token.", acts.without("access_token")),
    _token("odd-access-token", "The access token is a list.", acts.member("access_token", ["a"])),
    _token("odd-token-type", "The token_type is mac.", acts.member("token_type", "mac")),
    _token("shouted-token-type", "The token_type is BEARER: harmless.", acts.member("token_type", "BEARER")),
    _token("no-token-type", "The token answer lacks token_type.", acts.without("token_type")),
    _token("no-expiry", "The token answer lacks expires_in: harmless.", acts.without("expires_in")),
    _token("odd-expiry", "The expires_in is the word soon.", acts.member("expires_in", "soon")),
    _token("no-refresh-token", "The token answer lacks refresh_token: harmless.", acts.without("refresh_token")),
    _token("less-scope", "The scope that is granted is less than was asked for.", acts.member("scope", "less")),
    _token("token-as-form", "The token answer is a form, as some send it: harmless.", acts.as_form),
    _token("no-id-token", "The token answer lacks id_token.", acts.without("id_token")),
)
RESOURCE_FAULTS = (
    _refuses("profile-refused", "Profile and UserInfo fail with 401 invalid_token.", PROFILES, "invalid_token", 401),
    _refuses("emails-refused", "The addresses fail with 403 insufficient_scope.", EMAILS, "insufficient_scope", 403),
    _profile("other-sub", "Profile or UserInfo is of somebody else.", acts.told("uid", STRANGER)),
    _profile("no-uid", "The profile has no uid.", acts.untold("uid")),
    _profile("null-uid", "The profile's uid is null.", acts.told("uid", None)),
    _profile("odd-uid", "The profile's uid is true.", acts.told("uid", value=True)),
    _profile("no-email", "The profile has no e-mail address.", acts.untold("email")),
    _profile(
        "unverified-email",
        "The profile says that the address is not verified.",
        acts.told("email_verified", value=False),
    ),
    _profile(
        "yes-for-verified", "The profile says yes, which is not true, for verified.", acts.told("email_verified", "yes")
    ),
    _profile("null-profile", "Every field of the profile but its uid is null.", acts.all_but_uid(None)),
    _profile("odd-profile", "Every field of the profile but its uid is a number.", acts.all_but_uid(7)),
)
METADATA_FAULTS = (
    Fault(
        "other-issuer",
        "The discovery document is another issuer's.",
        "resource",
        DISCOVERY,
        acts.member("issuer", "https://other.example"),
    ),
    Fault("no-keys", "The key set is empty.", "resource", KEYS, acts.member("keys", [])),
    Fault(
        "broken-keys",
        "The key set holds one key without its numbers.",
        "resource",
        KEYS,
        acts.member("keys", [{"kty": "RSA"}]),
    ),
)
BACK_FAULTS = (
    _back("other-state", "The browser comes back with a state that nobody sent.", {"state": "made-up"}),
    _back("no-state", "The browser comes back without state.", {}, "state"),
    _back("other-code", "The browser comes back with a code that was never issued.", {"code": "made-up"}),
    _back("no-code", "The browser comes back without code.", {}, "code"),
    _back("other-iss", "The browser comes back with the iss of another server.", {"iss": "https://other.example"}),
    _back("no-iss", "The browser comes back without iss, whether it is promised or not.", {}, "iss"),
    Fault(
        "denied",
        "The browser comes back with access_denied, or the error word asked for, whatever was pressed.",
        "back",
        BROWSER,
        acts.back(_with_error),
        error="access_denied",
    ),
)
#: All of them.
FAULTS = (*TOKEN_FAULTS, *ID_TOKEN_FAULTS, *RESOURCE_FAULTS, *METADATA_FAULTS, *BACK_FAULTS)
