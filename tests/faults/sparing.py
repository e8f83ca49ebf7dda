"""What a login does without, and what it fails for: of the stand-in's faults, over each provider."""

from __future__ import annotations

from socialreg.oauth1 import OAuth1Provider
from socialreg.oidc import OIDCProvider
from socialreg.registry import providers
from socialreg.testing import FAULTS
from socialreg.testing.oauth2.id_token_faults import ID_TOKEN_FAULTS

#: The one call of each that its logins do without: a profile beside the token's answer, a list of addresses.
SPARED = {"twitter": "/2/users/me", "github": "/github/emails", "bitbucket": "/bitbucket/emails"}
#: What no login fails for: it is read as it should be, or something is missing that need not be there.
HARMLESS = frozenset(
    [
        "emails-refused",
        "extra-fields",
        "field-not-authorized",
        "less-scope",
        "lone-surrogate",
        "no-at-hash",
        "no-date",
        "no-email",
        "no-email-permission",
        "no-expiry",
        "no-iss",
        "no-refresh-token",
        "no-token-type",
        "not-enrolled",
        "null-profile",
        "odd-expiry",
        "odd-profile",
        "other-sub",
        "partial",
        "screen-name-missing",
        "shouted-token-type",
        "token-as-form",
        "unverified-email",
        "v1-not-in-tier",
        "wrong-types",
        "yes-for-verified",
    ]
)
#: What is wrong with ID tokens and keys alone, and with who somebody is in a profile: of no concern where none is read.
OF_ID_TOKENS = {each.name for each in ID_TOKEN_FAULTS} | {"broken-keys", "no-id-token", "no-keys", "other-issuer"}
OF_PROFILES = {"no-uid", "null-uid", "odd-uid", "profile-refused"}
#: What each class says for itself: whose key is the only one, who sends no nonce, whose metadata are not read.
SPARING = {
    "no-kid": {"apple", "corp", "gitlab", "google", "linkedin", "slack", "twitch"},
    "no-nonce": {"linkedin"},
    "other-issuer": {"apple"},
}
#: Who tells the issuer in the callback (RFC 9207), and is believed or not by that: it is of the callback.
TELLING = {"apple", "corp", "github", "gitlab", "google", "linkedin", "slack", "twitch"}


def stops(slug: str, fault: str) -> bool:
    """Whether a login over a provider fails for a fault that knows where it belongs."""
    kind = type(providers[slug])
    over_oauth1 = issubclass(kind, OAuth1Provider)
    if fault in HARMLESS or slug in SPARING.get(fault, ()):
        return False
    if fault == "other-iss":
        return slug in TELLING
    if fault in {"back-bare", "clock-skew"}:  # the clock of OAuth 1.0a is put right by the answer's
        return fault == "back-bare" or not over_oauth1
    if fault in OF_ID_TOKENS | OF_PROFILES:
        return not over_oauth1 and issubclass(kind, OIDCProvider) is (fault in OF_ID_TOKENS)
    return over_oauth1 is (fault in FAULTS)
