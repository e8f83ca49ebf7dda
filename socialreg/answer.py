"""What a provider answered, and how to read it without trusting it.

Plain values, no Django, no network: :mod:`http` makes an :class:`Answer`, providers read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from . import strict_json
from .exceptions import BadAnswer

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

        :raises BadAnswer: as for :meth:`json_value`, or it is no object.
        """
        value = self.json_value()
        if not isinstance(value, dict):
            raise self.unusable("the body is JSON but not an object")
        return value

    def json_value(self) -> object:
        """Return what JSON is in the body.

        :raises BadAnswer: it is none, or none that anybody should read: see :func:`socialreg.strict_json.loads`.
        """
        try:
            return strict_json.loads(self.body)
        except ValueError as error:
            raise self.unusable(f"the body is not the JSON expected ({type(error).__name__})") from None

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

    def fields(self) -> dict[str, object]:
        """Return a JSON object or a form, whichever is in the body: content types cannot be relied on.

        :raises BadAnswer: it is neither.
        """
        if self.body.lstrip()[:1] in {b"{", b"["}:
            return self.json()
        return dict(self.form())

    def unusable(self, cause: str) -> BadAnswer:
        """Return the error that says why this answer is of no use. Its text holds nothing of the body."""
        return BadAnswer(
            f"{self.where} answered {self.status} with something unusable",
            cause=cause,
            remedy="Try again; if it stays, see the provider's status page, and the addresses in the settings",
        )
