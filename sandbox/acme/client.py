"""What Acme SSO and the site that logs people in with it have agreed on. No Django: both import it."""

from __future__ import annotations

CLIENT_ID = "windowsill"
#: Known to everybody who reads this file. Its characters are those that Basic authentication must encode
#: (RFC 6749 section 2.3.1).
CLIENT_SECRET = "worthless: outside + this 100% local/machine"
DEFAULT_PORT = 8002


def url(port: int) -> str:
    """Return Acme's address."""
    return f"http://127.0.0.1:{port}"


def issuer(port: int) -> str:
    """Return the issuer, as discovery and ID tokens name it."""
    return f"{url(port)}/o"
