"""The guards of a callback, each at its very edge: what is taken still, and what is not taken any more."""

from __future__ import annotations

import pytest

from socialreg.callback import Awaited, read_code
from socialreg.exceptions import Mismatch

STATE, ISSUER = "s3cret-state", "https://op.example"


def awaited(issuer: str = "", *, promised: bool = False) -> Awaited:
    return Awaited(STATE, "https://site.example/cb", lambda: (issuer, promised), frozenset({"access_denied"}), {})


def test_the_state_that_is_waited_for_is_not_shown():
    assert STATE not in repr(awaited())


@pytest.mark.parametrize("state", ["\ud800", f"{STATE}\udfff"], ids=ascii)
def test_a_state_that_is_no_text_is_another_state(state):
    with pytest.raises(Mismatch):
        read_code({"state": state, "code": "c"}, awaited())


@pytest.mark.parametrize(("given", "issuer", "promised"), [("https://evil.example", ISSUER, False), ("", "", True)])
def test_a_mix_up_is_told_apart_from_a_broken_link(given, issuer, promised):
    with pytest.raises(Mismatch) as raised:
        read_code({"state": STATE, "code": "c", "iss": given}, awaited(issuer, promised=promised))
    assert raised.value.code == "issuer"


def test_a_code_may_have_4096_characters_and_no_more():
    assert read_code({"state": STATE, "code": "c" * 4096}, awaited()) == "c" * 4096
    with pytest.raises(Mismatch):
        read_code({"state": STATE, "code": "c" * 4097}, awaited())
