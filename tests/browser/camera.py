"""Photographs of a page, for people to look at, and what ``audit.js`` complains about.

The photographs are in ``tests/browser/screenshots/``.
"""

from __future__ import annotations

import base64
from pathlib import Path

from .visitor import Visitor

SCREENSHOTS = Path(__file__).parent / "screenshots"
AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
SCHEMES = ("light", "dark")
WIDTHS = (375, 1280)


def look(visitor: Visitor, name: str) -> None:
    """Photograph the page that is open, and measure it."""
    complaints = photograph(visitor, name)
    assert not complaints, "\n".join(complaints)


def photograph(visitor: Visitor, name: str) -> list[str]:
    """Photograph the page that is open; return what there is to complain about."""
    complaints = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            _show(visitor, scheme, width)
            _save(visitor, f"{name}-{scheme}-{width}")
            complaints += [f"{scheme} {width}: {complaint}" for complaint in visitor.browser.execute_script(AUDIT)]
    visitor.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    return complaints


def _show(visitor: Visitor, scheme: str, width: int) -> None:
    """Make the window so wide, and so high that the whole page is in it."""
    preference = {"name": "prefers-color-scheme", "value": scheme}
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    _resize(visitor, width, 720)
    _resize(visitor, width, visitor.browser.execute_script("return document.documentElement.scrollHeight"))


def _resize(visitor: Visitor, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    visitor.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def _save(visitor: Visitor, name: str) -> None:
    taken = visitor.browser.execute_cdp_cmd("Page.captureScreenshot", {})
    SCREENSHOTS.mkdir(exist_ok=True)
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))
