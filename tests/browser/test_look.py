"""Every page, in light and dark, on a telephone and on a desk: photographed for people, measured for what a machine can see.

The photographs are in ``tests/browser/screenshots/``.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from .conftest import Sandbox
from .test_walk import CONSENT, consent, register
from .visitor import Visitor

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parent / "screenshots"
AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
SCHEMES = ("light", "dark")
WIDTHS = (375, 1280)


def look(visitor: Visitor, name: str) -> None:
    """Photograph the page that is open, and measure it."""
    complaints = []
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        for width in WIDTHS:
            _show(visitor, scheme, width)
            taken = visitor.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            (SCREENSHOTS / f"{name}-{scheme}-{width}.png").write_bytes(base64.b64decode(taken["data"]))
            complaints += [f"{scheme} {width}: {complaint}" for complaint in visitor.browser.execute_script(AUDIT)]
    visitor.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert complaints == []


def _show(visitor: Visitor, scheme: str, width: int) -> None:
    preference = {"name": "prefers-color-scheme", "value": scheme}
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    size = {"width": width, "height": 720, "deviceScaleFactor": 1, "mobile": False}
    visitor.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
