"""What tests of thousands of examples share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.world import World


@pytest.fixture(autouse=True, scope="package")
def _in_silence() -> Iterator[None]:
    """Keep thousands of lines about thousands of refused answers out of every report, and out of memory."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def site(world: World, settings) -> Iterator[World]:
    """The world's providers, and one that answers by a post."""
    entries = settings.SOCIALREG["PROVIDERS"]
    entries = {**entries, "poster": {**entries["corp"], "RESPONSE_MODE": "form_post"}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries}
    return world
