"""What a provider answered, and how to read it without trusting it.

Plain values, no Django, no network: :mod:`http` makes an :class:`Answer`, providers read it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Never
from urllib.parse import parse_qsl

from .exceptions import BadAnswer

#: No provider nests deeper than eight; a hundred thousand brackets are an attack.
JSON_DEPTH = 32
#: Digits of a number. With more it is larger than a double, and no JSON column of any database takes it.
NUMBER_DIGITS = 300
#: Fields of a form-encoded answer. OAuth answers have at most a dozen.
FORM_FIELDS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a provider: already complete, decompressed and within the size limit.

    ``headers`` have lower-case names. ``where`` names the request ("POST api.x.com/oauth/request_token") without its
    query, for error messages.
    """

    status: int
    where: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the HTTP classes of status

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced, for this is for reading error messages."""
        return self.body.decode("utf-8", "replace")

    def date(self) -> int | None:
        """Return the ``Date`` header in seconds since the epoch, ``None`` if it is missing or unreadable."""
        try:
            return int(parsedate_to_datetime(self.headers["date"]).timestamp())
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    def json(self) -> dict[str, object]:
        """Return the JSON object in the body.

        :raises BadAnswer: not JSON, not an object, deeper than 32, a key twice (which parser would one believe?), a
            number that is none (``NaN``) or larger than a double (``1e400``).
        """
        try:
            value = json.loads(
                self.body,
                object_pairs_hook=_unique,
                parse_int=_whole,
                parse_float=_finite,
                parse_constant=_refuse_constant,
            )
            _check_depth(value, JSON_DEPTH)
        except (ValueError, RecursionError) as error:
            raise self.unusable(f"the body is not the JSON expected ({type(error).__name__})") from None
        if not isinstance(value, dict):
            raise self.unusable("the body is JSON but not an object")
        return value

    def form(self) -> dict[str, str]:
        """Return the form-encoded body, whatever its content type says: X sends it as ``text/html``.

        :raises BadAnswer: not a form, not UTF-8, too many fields or a field twice.
        """
        try:
            pairs = parse_qsl(
                self.body.decode("ascii").strip(),
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=FORM_FIELDS,
            )
        except ValueError as error:
            raise self.unusable(f"the body is not form-encoded ({type(error).__name__})") from None
        fields = dict(pairs)
        if not pairs or len(fields) != len(pairs):
            raise self.unusable("the body carries a field twice" if pairs else "the body is empty")
        return fields

    def unusable(self, cause: str) -> BadAnswer:
        """Return the error that says why this answer is of no use. Its text holds nothing of the body."""
        return BadAnswer(
            f"{self.where} answered {self.status} with something unusable",
            cause=cause,
            remedy="Try again; if it stays, see the provider's status page, and the addresses in the settings",
        )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _whole(number: str) -> int:
    if len(number) > NUMBER_DIGITS:
        raise ValueError("too large")
    return int(number)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("too large")
    return value


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _check_depth(value: object, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise ValueError("too deep")
    for child in value.values() if isinstance(value, dict) else value:
        _check_depth(child, left - 1)
