"""Looking for secrets: in whichever form, and in whichever place somebody may come to read."""

from __future__ import annotations

import base64
import html
import json
import logging
import pprint
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from urllib.parse import quote, quote_plus

from django.contrib.sessions.models import Session
from django.core import signing
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.debug import ExceptionReporter

from tests.security.planted import Secrets

ROOT = Path(__file__).parent.parent.parent
#: The code that is looked at while it runs.
OURS = (str(ROOT / "socialreg"), str(ROOT / "providers"))
_STAND_INS = str(ROOT / "socialreg" / "testing")


def forms(secret: str) -> set[str]:
    """Return what a secret looks like where somebody has encoded it, alone or in the middle of something longer."""
    raw = secret.encode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret), quote(quote(secret, safe=""), safe="")}
    escaped = {html.escape(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(raw)[2:-1]}
    plain = {secret, secret[::-1], raw.hex(), raw.hex().upper(), *quoted, *escaped}
    # Basic authentication encodes what was quoted before (RFC 6749 section 2.3.1).
    encoded = {each for text in {secret, *quoted} for each in _in_base64(text.encode())}
    return plain | encoded | {quote(each, safe="") for each in encoded}


def _in_base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of it, wherever in a group of three bytes it begins: what its neighbours do not touch."""
    for before in range(3):
        whole = raw[: (len(raw) + before) // 3 * 3 - before]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + whole).decode()[4 if before else 0 :]


class Scan:
    """Finds secrets in texts."""

    def __init__(self, secrets: Secrets) -> None:
        self._kinds = {form: kind for kind, values in secrets.items() for value in values for form in forms(value)}

    def find(self, text: str) -> set[str]:
        """Return the kinds of secrets that are in a text."""
        return {kind for form, kind in self._kinds.items() if form in text}

    def assert_clean(self, places: Mapping[str, str]) -> None:
        """See that there is no secret in any of the places, and that there was something to be looked through."""
        found = {name: self.shown(text) for name, text in places.items() if self.find(text)}
        empty = [name for name, text in places.items() if not text]
        assert not found, found
        assert not empty, empty

    def shown(self, text: str) -> dict[str, str]:
        """Return the kinds of secrets that are in a text, each with what stands before it there."""
        at = {kind: text.find(form) for form, kind in self._kinds.items() if form in text}
        return {kind: text[max(0, position - 100) : position] for kind, position in at.items()}


# -- the log


class _Everything(logging.Handler):
    """Keeps each record in every way in which a handler may show it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.loggers: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.loggers.add(record.name.partition(".")[0])
        self.lines.append(f"{self.format(record)} {record.__dict__!r}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def log_at_debug() -> Iterator[_Everything]:
    """Keep whatever anybody logs, at any level. Only what our own code turns down stays as it is."""
    handler = _Everything()
    found = (each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger))
    loggers = [logging.root, *(each for each in found if each.name != "oauthlib.oauth1")]
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.setLevel(logging.NOTSET)
        each.propagate = True
    logging.root.setLevel(logging.DEBUG)
    logging.root.addHandler(handler)
    try:
        yield handler
    finally:
        logging.root.removeHandler(handler)
        for each, level, propagate in before:
            each.setLevel(level)
            each.propagate = propagate


# -- what is kept


def dump() -> str:
    """Return every column of every row of every table as it is stored, and what the rows of sessions say, opened."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            lines += [f"{table} {row!r}" for row in cursor.fetchall()]
    lines += [opened_session(each.session_data) for each in Session.objects.all()]
    if connection.vendor == "sqlite":
        lines += connection.connection.iterdump()
    return "\n".join(lines)


def opened_session(data: str) -> str:
    """Return what a session says, as it is in its row or its cookie: signed, perhaps compressed, open to any reader."""
    value = data.partition(":")[0]
    packed = signing.b64_decode(value.lstrip(".").encode())
    return (zlib.decompress(packed) if value.startswith(".") else packed).decode()


def cached() -> str:
    """Return everything that the cache holds: keys and pickled values."""
    inside = caches["default"]._cache
    if isinstance(inside, Mapping):  # LocMemCache
        return repr(dict(inside))
    client = inside.get_client()
    return repr([(key, client.get(key)) for key in client.keys(f"{caches['default'].key_prefix}:*")])


# -- what is shown of what is at hand


class Shown:
    """What everything of ours looks like to whoever shows it, at the end of every function of ours.

    So a debugger, an error tracker or a careless line of a log would show it, whatever line an error came from.
    """

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.types: set[type] = set()
        self._busy = threading.local()

    @contextmanager
    def watching(self) -> Iterator[None]:
        threading.setprofile(self._look)
        sys.setprofile(self._look)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def _look(self, frame: FrameType, event: str, argument: object) -> None:
        path = frame.f_code.co_filename
        if event != "return" or not path.startswith(OURS) or path.startswith(_STAND_INS):
            return
        if getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            for value in (*frame.f_locals.values(), argument):
                self._show(value)
        finally:
            self._busy.now = False

    def _show(self, value: object) -> None:
        # What goes to the visitor's browser carries the state in an address, and Django shows that of it.
        if type(value).__module__.startswith("socialreg") and not isinstance(value, HttpResponse):
            self.types.add(type(value))
            self.texts.update((repr(value), str(value), pprint.pformat(value), f"{value!s:>1}"))


def error_pages(request: HttpRequest | None, error: BaseException, trace: TracebackType | None) -> str:
    """Return what Django says of an error: on a page with DEBUG, and in a mail to ADMINS, as HTML and as text."""
    reporter = ExceptionReporter(request, type(error), error, trace)
    return "\n".join([reporter.get_traceback_html(), reporter.get_traceback_text(), *_variables(error, trace)])


def _variables(error: BaseException | None, trace: TracebackType | None) -> Iterator[str]:
    """Yield every variable of every frame, of what led to the error as well: what an error tracker sends."""
    while error is not None:
        while trace is not None:
            yield from (f"{name} = {value!r}" for name, value in trace.tb_frame.f_locals.items())
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        trace = error.__traceback__ if error is not None else None
