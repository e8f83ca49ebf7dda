"""A provider's answer, made by reading its ``profile_map`` backwards: what the client will look for is put there."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise

from socialreg.paths import steps

Json = dict[str, object]
_Step = str | int
#: Stands for a value that is not there, where ``None`` is ``null``.
LEFT_OUT = ...


def answer(paths: Mapping[str, str], values: Mapping[str, object]) -> Json:
    """Return a JSON object in which every value stands where its path says.

    Of two names with one path the first counts. A name without a value gets a text that is made up, always the same for
    the same ``values["uid"]``, unless its path is that of a name with one; one whose value is ``...`` is left out.
    """
    tree: Json = {}
    for name, path in paths.items():
        if values.get(name, LEFT_OUT) is not LEFT_OUT:
            put(tree, path, values[name])
    for name, path in paths.items():
        if name not in values:
            put(tree, path, made_up(name, str(values.get("uid", ""))))
    return tree


def made_up(name: str, uid: str) -> str:
    """Return 32 hex digits that are somebody's own: they pass for a hash, a key or the id of a team."""
    return sha256(f"{name} {uid}".encode()).hexdigest()[:32]


def put(tree: Json, path: str, value: object) -> None:
    """Put a value at a dotted path (``a.b[0].c``), unless something stands there.

    A path with ``://`` in it is a claim's name as a whole (OpenID Connect Core section 5.1.2).
    """
    way = _way(path)
    place: object = tree
    for step, after in pairwise(way):
        _set(place, step, [] if isinstance(after, int) else {})
        place = _get(place, step)
    _set(place, way[-1], value)


def change(tree: Json, path: str, value: object) -> None:
    """Put another value where one stands."""
    place, last = _place(tree, path)
    if isinstance(place, list) and isinstance(last, int) and last < len(place):
        place[last] = value
    if isinstance(place, dict) and last in place:
        place[last] = value


def remove(tree: Json, path: str) -> None:
    """Take out what stands at a path; in a list ``null`` stays, so that the others keep their places."""
    place, last = _place(tree, path)
    if isinstance(place, dict):
        place.pop(last, None)
    else:
        change(tree, path, None)


def _way(path: str) -> list[_Step]:
    return [path] if "://" in path else steps(path)


def _place(tree: Json, path: str) -> tuple[object, _Step]:
    *way, last = _way(path)
    place: object = tree
    for step in way:
        place = _get(place, step)
    return place, last


def _get(place: object, step: _Step) -> object:
    if isinstance(place, dict):
        return place.get(step)
    if isinstance(place, list) and isinstance(step, int):
        return place[step] if step < len(place) else None
    return None


def _set(place: object, step: _Step, value: object) -> None:
    if isinstance(place, dict):
        place.setdefault(step, value)
    elif isinstance(place, list) and isinstance(step, int):
        place.extend([None] * (step + 1 - len(place)))
        place[step] = value if place[step] is None else place[step]
