"""The guards of what is sealed: how much room it takes, and by which letters it is made."""

from __future__ import annotations

import pytest

from socialreg.encryption import reseal, seal, unseal


def test_what_is_sealed_takes_no_room_that_it_does_not_need():
    """Thirteen bytes in one block of sixteen, and 57 around it: cookies are short."""
    sealed = seal("attempt", {"a": 1, "b": 2})
    assert len(sealed) == 100
    assert unseal("attempt", sealed) == {"a": 1, "b": 2}


@pytest.mark.parametrize("text", ["é", "gAAAAAé", "\N{FOX FACE}", "\udcff"])
def test_a38_what_has_letters_that_nothing_sealed_has_is_not_ours(text):
    assert unseal("attempt", text) is None
    assert reseal("attempt", text) is None


def test_a38_every_script_comes_through():
    data = {"name": "Åsa \N{FOX FACE}", "": ""}
    assert unseal("pending", seal("pending", data)) == data
