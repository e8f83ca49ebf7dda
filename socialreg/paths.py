"""Dotted paths into what a provider answered: ``"id"``, ``"data.id"``, ``"emails[0].value"``."""

from __future__ import annotations

import re
from collections.abc import Mapping

_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]{1,3})\]")


def steps(path: str) -> list[str | int]:
    """Return a path's names, and its numbers of places in lists."""
    return [name or int(index) for name, index in _STEP.findall(path)]


def read(data: object, path: str) -> object:
    """Return what stands at ``path``, ``None`` if nothing does. The empty path is the whole.

    A member whose name is the whole path comes first: claims of one's own are named by URLs, which have dots in them
    (OpenID Connect Core section 5.1.2).
    """
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for step in steps(path):
        data = _at(data, step)
    return data


def _at(data: object, step: str | int) -> object:
    if isinstance(step, str):
        return data.get(step) if isinstance(data, Mapping) else None
    return data[step] if isinstance(data, list) and step < len(data) else None
