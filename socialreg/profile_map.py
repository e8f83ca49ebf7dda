"""From a provider's answer to a :class:`~socialreg.types.Profile`, by a map of dotted paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .paths import read
from .types import Email, Profile, email, split_name, text, web_address

_EASTMOST, _WESTMOST = 14, -12


@dataclass(frozen=True, slots=True)
class Reading:
    """How a provider's answer is read.

    ``paths`` names the place of each field of a profile, and of ``email_verified``. ``vouches``: the provider documents
    that it gives verified addresses alone. ``true_strings``: what it documents to send for true besides JSON ``true``.
    ``host``: the beginning of its own addresses, see :func:`~socialreg.types.web_address`.
    """

    paths: Mapping[str, str]
    vouches: bool = False
    true_strings: tuple[str, ...] = ()
    host: str = "https://"

    def value(self, data: Mapping[str, object], name: str) -> object:
        """Return what stands for one field, ``None`` if nothing does."""
        path = self.paths.get(name)
        return read(data, path) if path else None

    def text(self, data: Mapping[str, object], name: str) -> str:
        """Return one field as clean text."""
        return text(self.value(data, name))

    def profile(self, uid: str, data: Mapping[str, object]) -> Profile:
        """Return the profile. Whatever is missing or of another type than documented is left out."""
        full, first, last = self._names(data)
        return Profile(
            uid=uid,
            username=self.text(data, "username"),
            full_name=full,
            first_name=first,
            last_name=last,
            email=self.email(data),
            picture=web_address(self.value(data, "picture"), self.host),
            profile_url=web_address(self.value(data, "profile_url"), self.host),
            locale=self.text(data, "locale"),
            timezone=_hours(self.value(data, "timezone")),
            raw=data,
        )

    def email(self, data: Mapping[str, object]) -> Email | None:
        """Return the address, verified if the provider says so in a way that it documents."""
        said = self.value(data, "email_verified")
        return email(self.value(data, "email"), verified=self.vouches or said is True or self._is_documented(said))

    def _is_documented(self, said: object) -> bool:
        return isinstance(said, str) and said in self.true_strings

    def _names(self, data: Mapping[str, object]) -> tuple[str, str, str]:
        full, first, last = (self.text(data, name) for name in ("full_name", "first_name", "last_name"))
        full = full or text(f"{first} {last}")
        return (full, first, last) if first or last else (full, *split_name(full))


def origin(address: str) -> str:
    """Return scheme and host of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _hours(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _WESTMOST <= value <= _EASTMOST:
        return None
    return float(value)
