"""Web addresses, read in the one way in which every parser reads them; and whether two are of one origin (RFC 6454)."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_PORTS = {"https": 443, "http": 80}


def split(url: str) -> SplitResult | None:
    """Return the parts of an address, ``None`` if it is none, or one that two parsers may read in two ways."""
    if not (url.isascii() and url.isprintable()) or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts


def same_origin(url: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common; false for what is no plain web address."""
    origin = _origin(url)
    return origin is not None and origin == _origin(other)


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port, ``None`` for what is no plain web address."""
    parts = split(url)
    if parts is None or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
