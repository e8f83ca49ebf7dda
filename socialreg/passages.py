"""What has a say before a request goes out, and hears what became of it. :mod:`http` asks; :mod:`circuits` answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from .answer import Answer
from .exceptions import SocialRegError


class Passage(Protocol):
    """The way of some requests to one provider, one after the other.

    ``where`` is an endpoint, as ``POST api.x.com/oauth/access_token``.
    """

    def begin(self, where: str) -> float:
        """Let a request out; return the seconds that it may take.

        :raises Unavailable: it must not go out now.
        """

    def end(self, where: str, outcome: Answer | SocialRegError) -> None:
        """Hear what became of the request that :meth:`begin` let out."""


_passage: ContextVar[Passage | None] = ContextVar("socialreg_passage", default=None)


@contextmanager
def using(passage: Passage) -> Iterator[None]:
    """Let all requests that are sent inside go by ``passage``."""
    token = _passage.set(passage)
    try:
        yield
    finally:
        _passage.reset(token)


def current() -> Passage | None:
    """Return the passage that a request goes by, ``None`` for the open way."""
    return _passage.get()
