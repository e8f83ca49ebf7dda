"""What a provider granted, as a text: names with blanks between them (RFC 6749 section 3.3)."""

from __future__ import annotations


def covers(granted: str, wanted: str) -> bool:
    """Whether everything in ``wanted`` is in ``granted``. Nothing known to be granted covers nothing but nothing."""
    return set(wanted.split()) <= set(granted.split())
