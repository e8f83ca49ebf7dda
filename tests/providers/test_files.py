"""What a provider that ships is made of, in this repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_contract import STEMS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("stem", STEMS)
def test_a_provider_is_four_files(stem: str):
    """One module, one picture, one test, one page."""
    for path in (
        f"providers/socialreg_providers/{stem}.py",
        f"providers/socialreg_providers/{stem}.svg",
        f"tests/providers/test_{stem}.py",
        f"docs/reference/providers/{stem.replace('_', '-')}.md",
    ):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("stem", STEMS)
def test_no_provider_is_named_anywhere_else_in_the_package(stem: str):
    """Adding one edits no shared list. (X is named by its stand-in, which shipped before there were others.)"""
    if stem in {"twitter", "x", "oidc", "oauth2", "apple"}:
        return
    for path in (ROOT / "socialreg").rglob("*.py"):
        if "testing" not in path.parts:
            assert f'"{stem}"' not in path.read_text("utf-8"), path
