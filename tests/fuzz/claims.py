"""What must be true of everything that comes out, whatever went in."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from socialreg.exceptions import SocialRegError
from socialreg.models import SocialAccount
from socialreg.notices import NOTICES
from socialreg.tokens import TOKEN_LENGTH
from socialreg.types import RAW_LENGTH, Credentials, Profile, storable_raw, subject

T = TypeVar("T")

#: Characters of an error: a line of a log, and no page.
ERROR_LENGTH = 1500
#: Levels of a document that every database's JSON column takes; MariaDB's takes one less than 32.
STORED_DEPTH = 31
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def told(step: Callable[[], T]) -> T | None:
    """Return what a step returns, ``None`` where it raises an error of our tree. Whatever else it raises, is a bug."""
    try:
        return step()
    except SocialRegError as error:
        check_error(error)
        return None


def check_error(error: SocialRegError) -> None:
    """Assert that an error can stand in a log, and that there is a sentence for the visitor."""
    assert len(str(error)) <= ERROR_LENGTH, str(error)[:ERROR_LENGTH]
    assert len(error.code) <= SocialAccount._meta.get_field("lost_code").max_length, error.code
    assert error.notice in NOTICES, error.notice
    # Of the provider's classes none has raised what its author did not foresee: that is a bug there.
    assert error.code != "provider", str(error)


def column(name: str) -> int:
    """Return how many characters a column of an account holds."""
    length = SocialAccount._meta.get_field(name).max_length
    assert length is not None
    return length


def check_text(value: str, length: int) -> None:
    """Assert that a text can be stored and shown: short enough, no control characters, none that turns a line round."""
    assert len(value) <= length
    assert value == value.strip()
    assert not [c for c in value if unicodedata.category(c) in {"Cc", "Cs", "Cn", "Zl", "Zp"} or c in _BIDI], value


def check_address(address: str) -> None:
    """Assert that a web address is one for every reader, leads to the web, and fits its column."""
    if address:
        parts = urlsplit(address)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
        assert parts.port != 0
        assert "@" not in parts.netloc
        assert not set(address) & set("\"'<>`\\ {}|^"), address


def check_raw(raw: Mapping[str, object]) -> None:
    """Assert that what is kept of a provider's answer is taken by every database."""
    kept = storable_raw(raw)
    document = json.dumps(kept, allow_nan=False)
    assert len(document) <= RAW_LENGTH
    assert "\\u0000" not in document
    assert json.loads(document) == kept
    document.encode("ascii")
    json.dumps(kept, ensure_ascii=False).encode("utf-8")  # no half characters
    assert depth(kept) <= STORED_DEPTH


def depth(value: object) -> int:
    """Return how many levels a document has."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth(child) for child in (value.values() if isinstance(value, dict) else value)), default=0)


def check_profile(profile: Profile) -> None:
    """Assert that every field of a profile can be stored, shown and relied on."""
    assert subject(profile.uid) == profile.uid
    for name in ("username", "full_name", "first_name", "last_name", "locale"):
        check_text(getattr(profile, name), column(name))
    for name in ("picture", "profile_url"):
        assert len(getattr(profile, name)) <= column(name)
        check_address(getattr(profile, name))
    assert profile.timezone is None or -12 <= profile.timezone <= 14
    if profile.email is not None:
        assert len(profile.email.address) <= column("email")
        assert profile.email.address.isascii()
        assert profile.email.address.count("@") == 1
        assert not set(profile.email.address) & set(' ,;:<>()[]"\\\r\n\t\0'), profile.email.address
        assert profile.email.verified in {True, False}
    check_raw(profile.raw)


def check_credentials(credentials: Credentials) -> None:
    """Assert that credentials are somebody's, and that their tokens can be sent and kept."""
    assert subject(credentials.uid) == credentials.uid
    assert len(credentials.uid) <= column("subject")
    check_text(credentials.username, column("username"))
    for token in (credentials.token, credentials.secret, credentials.refresh_token):
        assert len(token) <= TOKEN_LENGTH
        assert token.isascii()
        assert token.isprintable()
    assert "\0" not in credentials.scope
    assert len(credentials.scope) <= 4_000
    assert not credentials.issuer or subject(credentials.issuer) == credentials.issuer
    assert len(credentials.issuer) <= column("issuer")
