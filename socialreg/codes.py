"""The stable codes of our own errors, which a graph or an alert can count on. The page on errors explains each.

Any other code is a provider's, and may be anything that looks like one.
"""

from __future__ import annotations

#: The outcome of what went well; any other is the stable code of an error.
OK = "ok"
#: What stands for all codes that are not ours.
PROVIDERS = "provider"

OURS = frozenset(
    """
    address address-link bad-answer bad-request barred base-url bulkhead ca-file cache cannot-ask certificate changed
    circuit-open configuration connection credentials csrf database denied dns encoding entry error expired forbidden
    foreign-host form-save form-username gone hd header id-token id-token-algorithms import inactive index interrupted
    issuer last-login locked logged-in login-required lost-race mail malformed metadata method middleware mismatch
    no-calls no-confirmation no-proof no-refresh-token no-such-server not-active-yet not-allowed not-granted not-https
    not-theirs one-per-provider option-type option-value other-account other-person other-tab other-user owner-field
    owner-unsaved private-address profile-map provider rate-limited recent-login redirect refresh-failed refused
    replayed request-options revoked server-needed setting signature slug sync taken team timeout tls too-large too-late
    too-many truncated tweepy two-providers uid unavailable unconfirmed unknown-code unknown-option unknown-provider
    unreadable veto
    """.split()  # noqa: SIM905 - as they are read
)


def is_ours(code: str) -> bool:
    """Whether a code says something of this site: then no provider, and no browser, can have said it."""
    return code in OURS or code == OK


def family(code: str) -> str:
    """Return a code of ours as it is, and one word for all others: so there are never more than these."""
    return code if code in OURS else PROVIDERS
