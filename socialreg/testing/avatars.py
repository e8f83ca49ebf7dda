"""Pictures drawn here, so that no page asks another machine for one: SVG in X's sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .messages import SVG, Response
from .people import DEFAULT_PICTURE, Person

#: Pixels by the suffix of the file's name (X's variants); without a suffix, the original.
SIZES = {"_mini": 24, "_normal": 48, "_bigger": 73, "_200x200": 200, "_400x400": 400, "": 1024}
_NAME = re.compile(r"/avatars/(?P<stem>\w+?)(?P<size>_mini|_normal|_bigger|_200x200|_400x400|)\.svg")
_DEFAULT = f"/sticky/default_profile_images/{DEFAULT_PICTURE}_normal.svg"
_HEADERS = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
_PALETTE = (
    ("#0f766e", "#99f6e4"),
    ("#7c3aed", "#ddd6fe"),
    ("#c2410c", "#fed7aa"),
    ("#1d4ed8", "#bfdbfe"),
    ("#be185d", "#fbcfe8"),
    ("#4d7c0f", "#d9f99d"),
    ("#b45309", "#fde68a"),
)


def answer(path: str, people: Iterable[Person]) -> Response | None:
    """Return the picture at ``path``, ``None`` if there is none. The default picture exists in one size only."""
    if path == _DEFAULT:
        return _picture(_figure("#536471", "#cfd9de"), SIZES["_normal"])
    match = _NAME.fullmatch(path)
    person = next((p for p in people if match and p.picture and p.picture == match["stem"]), None)
    if match is None or person is None:
        return None
    dark, light = _PALETTE[int(person.id) % len(_PALETTE)]
    return _picture(_figure(light, dark), SIZES[match["size"]])


def of(person: Person) -> Response:
    """Return somebody's picture, for providers that keep pictures at addresses of their own."""
    return answer(person.picture_url("").replace("_normal", "" if person.picture else "_normal"), [person]) or Response(
        404
    )


def _figure(ground: str, figure: str) -> str:
    return (
        f'<rect width="48" height="48" fill="{ground}"/>'
        f'<circle cx="24" cy="19" r="8.5" fill="{figure}"/>'
        f'<path d="M7 48c0-10.5 7.2-17 17-17s17 6.5 17 17z" fill="{figure}"/>'
    )


def _picture(drawing: str, size: int) -> Response:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="{size}" height="{size}">'
    return Response(200, f"{head}{drawing}</svg>".encode(), SVG, _HEADERS)
