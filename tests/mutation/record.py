"""What became of every change that was ever tried, as ``tried.json``: the page is made of that and of today's source.

A change goes by its digest: once the function around it reads otherwise it is another one, and was not tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .mutants import Change, listed
from .rooms import ROOMS

ROOT = Path(__file__).parents[2]
TRIED = Path(__file__).with_name("tried.json")
UNTRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a change: it was ``killed``, it ``survived``, its tests ``timed out``, or it is ``not tried``."""

    change: Change
    outcome: str


def room_file(room: str) -> Path:
    return ROOT / "socialreg" / f"{room}.py"


def save(found: Sequence[Fate]) -> None:
    """Add what was found, and forget what is in no room any more."""
    tried = _tried()
    for fate in found:
        tried.setdefault(fate.change.room, {})[fate.change.digest] = fate.outcome
    kept: dict[str, dict[str, str]] = {}
    for fate in _fates(tried):
        if fate.outcome != UNTRIED:
            kept.setdefault(fate.change.room, {})[fate.change.digest] = fate.outcome
    TRIED.write_text(json.dumps(kept, indent=0) + "\n", "utf-8")


def fates() -> list[Fate]:
    """Return what is known of every change of today's source."""
    return list(_fates(_tried()))


def _fates(tried: dict[str, dict[str, str]]) -> Iterator[Fate]:
    for room in ROOMS:
        for change in listed(room_file(room)):
            yield Fate(change, tried.get(room, {}).get(change.digest, UNTRIED))


def _tried() -> dict[str, dict[str, str]]:
    return json.loads(TRIED.read_text("utf-8")) if TRIED.exists() else {}
