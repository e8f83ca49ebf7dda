"""A provider's answers without a network between: so cheap that thousands can be tried.

How sockets carry answers, :mod:`tests.fuzz.test_sockets` tries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Self
from urllib.parse import urlsplit

from socialreg.answer import Answer
from socialreg.testing.messages import Response
from tests.providers.grid import Grid
from tests.shipped import slugs

HOST = "provider.example"
#: The paths of Mastodon's servers, under the names that the grid of the providers' tests has for them.
_NAMES = {"/oauth/token": "/token", "/api/v1/accounts/verify_credentials": "/profile"}


class Wire:
    """A transport that answers each path as it is told, and counts what was asked: :class:`provider.Transport`."""

    def __init__(self) -> None:
        self.url = f"https://{HOST}"
        self.answers: dict[str, Response] = {}
        self.requests: list[str] = []

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        path = urlsplit(url).path
        path = next((name for ending, name in _NAMES.items() if path.endswith(ending)), path)
        self.requests.append(path)
        given = self.answers.get(path, Response(404, b"nothing here"))
        return Answer(given.status, f"{method} {HOST}{path}", given.headers, given.body)

    @property
    def for_visitors(self) -> Self:
        return self


@cache
def grids() -> dict[str, type[Grid]]:
    """Return, for every provider that ships but X over OAuth 1.0a, what its own test knows of its answers.

    By the name of the class in ``tests/providers``: some providers are tested in two ways.
    """
    return {f"{slug}-{name}": grid for slug in slugs() for name, grid in _grids_of(slug)}


def _grids_of(slug: str) -> Iterator[tuple[str, type[Grid]]]:
    module: Any = import_module(f"tests.providers.test_{slug.replace('-', '_')}")
    for name, found in vars(module).items():
        if isinstance(found, type) and issubclass(found, Grid) and found.__module__ == module.__name__:
            yield name.removeprefix("Test").lower(), found
