"""A peer on this machine, and the way to it: for the grid that every provider is put through."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from socialreg.http import Client

from .grid import Peer


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def outside(peer: Peer) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({urlsplit(peer.url).netloc}), plain_http=True)
    yield client
    client.close()
