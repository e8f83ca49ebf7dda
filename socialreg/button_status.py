"""What a button says of its provider while that one is down, where the template asks for it: ``status=True``.

The button can be pressed all the same. Whoever is told wrongly, because the provider works again since a moment ago, is
the one who finds it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from .breakers import down_among
from .registry import providers

_DOWN, _TOLD = "socialreg_down", "socialreg_told"


def down(page: dict[Any, Any]) -> frozenset[str]:
    """Return by which providers nobody can log in just now.

    :param page: what is remembered for the whole page, so that all its buttons ask the cache once.
    """
    if _DOWN not in page:
        page[_DOWN] = down_among(providers)
    found: frozenset[str] = page[_DOWN]
    return found


def told(page: dict[Any, Any], label: str) -> Mapping[str, str]:
    """Return the sentence, and an ``id`` for it that nothing else on the page has.

    :param label: the name that people know the provider by.
    """
    page[_TOLD] = page.get(_TOLD, 0) + 1
    text = _("{label} is not available just now").replace("{label}", label)
    return {"id": f"socialreg-down-{page[_TOLD]}", "text": text}
