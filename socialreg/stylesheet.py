"""The style of our pages and buttons: one file for the browser, made of ours and of the providers' colours.

It is a view of ours and not a static file because colours are facts of a provider's class: a provider is added without
editing any shared list, and a policy that forbids inline styles still holds.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from .exceptions import ConfigurationError
from .registry import providers

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def text() -> str:
    """Return the whole stylesheet."""
    light = "".join(_rule(slug, "color", "text_color") for slug in providers)
    dark = "".join(_rule(slug, "dark_color", "dark_text_color") for slug in providers)
    return f"{_base()}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def version() -> str:
    """Return a short name of the content, for an address that may be cached for ever."""
    return hashlib.sha256(text().encode()).hexdigest()[:12]


@cache
def _base() -> str:
    return (Path(__file__).parent / "static" / "socialreg" / "socialreg.css").read_text("utf-8")


def _rule(slug: str, background: str, foreground: str) -> str:
    try:
        provider = providers[slug]
    except ConfigurationError:  # a system check and the log say so; the other buttons keep their colours
        return ""
    back, fore = (str(getattr(provider, name)) for name in (background, foreground))
    if not (_COLOR.fullmatch(back) and _COLOR.fullmatch(fore)):  # the ordinary pair can be read, half a pair may not
        return ""
    return f":where(.socialreg-button--{slug}) {{ --socialreg-back: {back}; --socialreg-fore: {fore}; }}\n"
