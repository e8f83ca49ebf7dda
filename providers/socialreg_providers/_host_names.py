"""The name of a server as people type it: a host, an address, or a handle with the host at its end."""

from __future__ import annotations

import re
import unicodedata

#: Characters. ``https://`` and the name have to fit into what is stored of an issuer.
_LENGTH = 247
#: RFC 1035 section 2.3.1, with a dot, and a last label that begins with a letter: what does not is an IP address, in
#: one of the many ways to write those.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_HANDLE = re.compile(r"@?[\w.-]+@([^@\s]+)")


def host_name(typed: str) -> str:
    """Return the public DNS name in what somebody typed, in ASCII and lower case; ``""`` if there is none.

    Takes ``social.example``, ``https://social.example/@me`` and ``@me@social.example``. A port, a user name before the
    host, an IP address and a name without a dot are none.
    """
    text = unicodedata.normalize("NFC", typed.strip().lower())
    scheme, is_address, rest = text.partition("://")
    host = re.split(r"[/?#]", rest if is_address else text, maxsplit=1)[0].rstrip(".")
    handle = None if is_address else _HANDLE.fullmatch(host)
    if is_address and scheme not in {"http", "https"}:
        return ""
    return _ascii(handle[1] if handle else host)


def _ascii(host: str) -> str:
    if len(host) > _LENGTH:
        return ""
    name = host if host.isascii() else _encoded(host)
    return name if len(name) <= _LENGTH and _NAME.fullmatch(name) else ""


def _encoded(host: str) -> str:
    """Return an internationalised name as DNS has it (RFC 3490), ``""`` if it does not stay the same both ways.

    What IDNA 2003 turns into something else ("ß" into "ss", a full-width dot into a dot) would lead to another server
    than the one that a browser opens for the same letters.
    """
    try:
        name = host.encode("idna")
        return name.decode("ascii") if name.decode("idna") == host else ""
    except UnicodeError:
        return ""
