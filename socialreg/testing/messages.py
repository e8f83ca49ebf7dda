"""What goes over the wire, as frozen values: the request as it came, the answer as it will be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode

FORM = "application/x-www-form-urlencoded"
#: What X calls its form-encoded answers and its plain texts.
TEXT = "text/html;charset=utf-8"
JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
SVG = "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: header names in lower case, ``origin`` as the Host header tells it, ``when`` in Unix seconds."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    origin: str
    when: float

    @property
    def form_body(self) -> str:
        """The body, if it is a form, ``""`` otherwise: a JSON body is never signed (RFC 5849 section 3.4.1.3.1)."""
        if not self.headers.get("content-type", "").startswith(FORM):
            return ""
        return self.body.decode("utf-8", "replace")

    def query_fields(self) -> dict[str, str]:
        """Return the query's fields; of a field that comes twice, the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form_fields(self) -> dict[str, str]:
        """Return the body's fields; of a field that comes twice, the last."""
        return dict(parse_qsl(self.form_body, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer is sent, where that is not at once and whole.

    ``hold``: seconds before the first byte. ``drip``: seconds between two bytes, of the body or, with ``drip_head``, of
    the headers too. ``padding``: bytes of ``x`` after the body, sent in pieces. ``cut``: the connection ends in the
    middle of the body. ``reset``: it is reset before the first byte.
    """

    hold: float = 0
    drip: float = 0
    drip_head: bool = False
    padding: int = 0
    cut: bool = False
    reset: bool = False


AT_ONCE = Delivery()


@dataclass(frozen=True, slots=True)
class Way:
    """The way back to the application: an address, and what is added to it.

    ``posted_by`` is the provider's name where the browser posts ``fields`` there, ``""`` where they go into the query.
    """

    url: str
    fields: Mapping[str, str] = field(repr=False)
    posted_by: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What a fault must know of an answer to change it. Nothing of it is sent.

    ``sign`` signs claims anew, by an algorithm and with a header: those of the ID token here are ``algorithm`` and the
    key's name ``kid``. ``paths`` says where the fields of a profile are, in a profile and in an access-token answer.
    """

    sign: Callable[[Mapping[str, object], str, Mapping[str, object]], str] | None = field(default=None, repr=False)
    algorithm: str = ""
    kid: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)


NOTHING = Notes()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, and how it is delivered.

    ``way`` is where it sends the browser, if it sends it back to the application.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = AT_ONCE
    way: Way | None = None
    notes: Notes = NOTHING

    @classmethod
    def form(cls, fields: Mapping[str, str]) -> Self:
        """Return a form-encoded answer, which X sends as ``text/html``."""
        return cls(body=urlencode(fields, errors="replace").encode())

    @classmethod
    def json(cls, value: object, status: int = 200) -> Self:
        """Return a JSON answer."""
        return cls(status, json.dumps(value).encode(), JSON)

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Self:
        """Return a redirect of the browser."""
        return cls(status, headers={"Location": url})

    def fields(self) -> dict[str, str]:
        """Return the fields of a form-encoded body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return this answer with more headers; those that it has already win."""
        return replace(self, headers={**headers, **self.headers})


@dataclass(frozen=True, slots=True)
class Record:
    """One request that was answered.

    ``status`` is what was sent, 0 if the connection was reset instead. ``when`` is in Unix seconds. ``browser`` is true
    for pages that a person opens and false for calls that an application makes. ``query`` is as it came.
    """

    method: str
    path: str
    status: int
    when: float
    query: str = ""
    browser: bool = False
