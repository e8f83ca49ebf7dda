"""The endpoints of played providers, by the names that faults know them by."""

from __future__ import annotations

TOKEN = frozenset({"*/token"})
#: Over OAuth 1.0a.
REQUEST_TOKEN = frozenset({"*/request_token"})
ACCESS_TOKEN = frozenset({"*/access_token"})
PROFILES = frozenset({"*/profile", "*/userinfo"})
EMAILS = frozenset({"*/emails"})
DISCOVERY = frozenset({"*/discovery", "*/server"})
KEYS = frozenset({"*/jwks"})
#: What answers the browser.
BROWSER = frozenset({"*/authorize", "*/consent"})
REVOCATION = frozenset({"*/revoke", "*/invalidate_token"})
#: Every call that an application makes.
CALLS = TOKEN | REQUEST_TOKEN | ACCESS_TOKEN | PROFILES | EMAILS | DISCOVERY | KEYS | REVOCATION | {"*/apps"}
