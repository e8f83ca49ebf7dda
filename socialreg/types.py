"""What travels between the rooms: frozen dataclasses, plain values, no Django.

Secrets (tokens, verifiers, whatever waits between click and callback) are kept out of every ``repr``, because a
``repr`` ends in log files and on debug pages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

Intent = Literal["login", "connect", "prefill"]

#: How much of a provider's text is kept. Longer text is cut, never refused: a long biography is no reason to stop.
TEXT_LENGTH = 255
SUBJECT_LENGTH = 255
URL_LENGTH = 2000
RAW_LENGTH = 32_000
#: Levels of a document. An answer may have 32, which MariaDB's JSON column refuses.
RAW_DEPTH = 31

#: A dot-atom at a host name (RFC 5321 section 4.1.2), ASCII only. Stricter than the standard on purpose: quoted local
#: parts, comments, lists and look-alike characters have all been used to make two addresses look like one.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_ADDRESS_LENGTH = 254

#: What may follow the scheme: no blanks, quotes or brackets, and no user name before the host.
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:[/?#][!#$%&()*+,./:;=?@_~A-Za-z0-9\[\]-]*)?")


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser goes next, and what must wait here until it comes back.

    ``key`` is the value by which the callback names this attempt (OAuth 1.0a: the request token; OAuth 2.0: ``state``).
    ``pending`` is the provider's own: it is handed back to :meth:`Provider.verify` unchanged and shown to nobody.
    """

    url: str = field(repr=False)
    key: str = field(repr=False)
    pending: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resume:
    """What a page needs to let somebody begin again where they were: after a failure, or in another tab."""

    slug: str = ""
    intent: Intent = "login"
    next: str = ""
    #: What the visitor typed as the server that their account is on.
    server: str = ""
    #: The attempt's cookie, spent now.
    cookie: str = ""
    #: What the site's own button said besides, signed: see :mod:`errands`.
    errand: str = ""
    #: Of a prefill: whether the account is to be kept as well.
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """What a button of the site's own is for, besides adding an account to whoever presses it.

    ``user`` is the id of whom the button was made for. ``owner`` names who the account is for if it is not the user,
    as ``app.model:field:key``. ``account`` is the key of the account that must come back, and ``scope`` what it is to
    be allowed besides, separated by blanks.
    """

    user: str
    owner: str = ""
    account: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a provider's API. ``body`` is what is sent, byte for byte."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing there (RFC 9110 section 9.2.1)."""
        return self.method.upper() in {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider hands out to act for one of its accounts, and whose account it is.

    ``uid`` and ``username`` come from the back channel alone. ``secret`` is the OAuth 1.0a token secret; it is empty
    for OAuth 2.0. ``expires_at`` is in seconds since the epoch, ``None`` where tokens do not expire. ``issuer`` is who
    vouches where that is not the same for everybody (tenants, instances); ``""`` for the provider's own.

    ``extra`` is what came along and :meth:`Provider.fetch_profile` need not ask for again: the claims of an ID token, a
    profile that had to be read to learn the uid. It lives for that one step and is never stored.
    """

    uid: str
    username: str = ""
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: int | None = None
    scope: str = ""
    issuer: str = ""
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address as a provider gave it. ``verified`` is true only if the provider vouches for it."""

    address: str
    verified: bool = False

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is at a provider, in the same words for every provider.

    Every text is cleaned and cut to what a database column holds; ``""`` or ``None`` where the provider did not tell.
    ``uid`` is the provider's stable identifier, never a name; with ``issuer``, filled in once the person has arrived,
    it says who this is. ``timezone`` is in hours from UTC. ``raw`` is the provider's own answer, for hooks that want
    more.
    """

    uid: str
    username: str = ""
    full_name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: Email | None = None
    picture: str = ""
    profile_url: str = ""
    locale: str = ""
    timezone: float | None = None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back from a provider: who vouches, for whom, and with which credentials.

    ``fetched`` says that ``profile`` was read from the provider just now, not taken from what is stored.
    """

    slug: str
    issuer: str
    credentials: Credentials
    profile: Profile
    fetched: bool
    #: There is a row for it already that no user has: it serves owners of the site's own.
    ownerless: bool = False


def subject(value: object) -> str | None:
    """Return a provider's identifier as text, or ``None`` if it cannot identify anybody.

    A non-empty printable string or an integer (not a bool), at most 255 characters. Everything else is refused, for
    a missing identifier stored as ``"None"`` is an account that everybody shares.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**SUBJECT_LENGTH:
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= SUBJECT_LENGTH:
        return None
    return value if value.isprintable() and value.strip() == value else None


def text(value: object, length: int = TEXT_LENGTH) -> str:
    """Return a provider's text fit to be stored and shown: printable, composed (NFC), at most ``length`` characters.

    Anything but a string becomes ``""``. Control characters, lone surrogates and bidirectional overrides, which no name
    needs and which every database or page suffers from, are left out.
    """
    if not isinstance(value, str):
        return ""
    kept = "".join(" " if c.isspace() else c for c in value[: 4 * length] if _is_storable(c))
    return unicodedata.normalize("NFC", " ".join(kept.split()))[:length].strip()


def _is_storable(character: str) -> bool:
    # Cc control, Cs lone surrogate, Co private, Cn unassigned. Cf (format) is kept for the joiners that emoji need.
    category = unicodedata.category(character)
    if category == "Cc":
        return character.isspace()
    return category not in {"Cs", "Cn"} and character not in _BIDI


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def web_address(value: object, host: str = "https://") -> str:
    """Return an ``https`` address as it is, anything else (``javascript:``, ``data:``, relative) as ``""``.

    :param host: the beginning of addresses that are taken as well: the provider's own configured host, so that a
        stand-in's pictures, served over plain http on this machine, can be shown.
    """
    if (
        not isinstance(value, str)
        or len(value) > URL_LENGTH
        or not value.startswith(("https://", f"{host.rstrip('/')}/"))
    ):
        return ""
    return value if _URL.fullmatch(value) and _is_readable(value) else ""


def _is_readable(address: str) -> bool:
    """Whether there is a host and a port that can be: brackets and colons can stand so that parsers give up."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def email(address: object, *, verified: object) -> Email | None:
    """Return the address, or ``None`` where it is missing or not plainly one address.

    Only ``verified is True`` counts as verified: the string ``"false"`` is true for a computer.
    """
    if not isinstance(address, str) or len(address) > _ADDRESS_LENGTH or not _ADDRESS.fullmatch(address):
        return None
    return Email(address, verified=verified is True)


def storable_raw(raw: Mapping[str, object]) -> dict[str, object]:
    """Return a provider's answer fit to be kept; a note alone where it is larger or deeper than any honest profile."""
    if not _is_within(raw, RAW_DEPTH):
        return {"too_large": True}
    kept = cast("dict[str, object]", _storable(raw))
    return kept if len(json.dumps(kept)) <= RAW_LENGTH else {"too_large": True}


def _is_within(value: object, levels: int) -> bool:
    if not isinstance(value, Mapping | list | tuple):
        return True
    children = value.values() if isinstance(value, Mapping) else value
    return levels > 0 and all(_is_within(child, levels - 1) for child in children)


def _storable(value: object) -> object:
    # No database stores NUL or half a character.
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(_storable(key)): _storable(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(child) for child in value]
    return value


def split_name(full_name: str) -> tuple[str, str]:
    """Split a name as people expect: the first word, and the rest. A one-word name has an empty last name."""
    first, _, rest = full_name.strip().partition(" ")
    return first, rest.strip()
