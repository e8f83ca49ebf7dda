"""The contract over every provider that ships, found as the registry finds them: nothing is listed here."""

from __future__ import annotations

import pkgutil

import pytest

import socialreg_providers
from docs.examples.acme import Acme
from socialreg.lookup import find_class
from socialreg.testing.contract import ProviderContract

#: The wheel has to have each of them, and each runs with every Django.
pytestmark = pytest.mark.whole
STEMS = sorted(module.name for module in pkgutil.iter_modules(socialreg_providers.__path__) if module.name[0] != "_")


class TestEveryProvider(ProviderContract):
    """Every one that ships, by its module's name."""

    @pytest.fixture(autouse=True, params=STEMS)
    def _each(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        found = find_class(request.param.replace("_", "-"), {})
        monkeypatch.setattr(type(self), "provider", found, raising=False)


class TestAcme(ProviderContract):
    """A third party's."""

    provider = Acme


@pytest.mark.parametrize("pair", [("color", "text_color"), ("dark_color", "dark_text_color")])
@pytest.mark.parametrize("stem", STEMS)
def test_the_words_on_a_button_can_be_read(stem: str, pair: tuple[str, str]):
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    found = find_class(stem.replace("_", "-"), {})
    light, dark = sorted((_luminance(getattr(found, name)) for name in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_there_are_eighteen_and_more():
    assert len(STEMS) >= 18
