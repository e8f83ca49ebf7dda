"""What a button says besides its provider: signed for one user, and of no use when changed."""

from __future__ import annotations

import pytest
from django.core import signing

from socialreg import errands
from socialreg.exceptions import Mismatch, NotAllowed
from socialreg.types import Errand

WHOLE = Errand("7", "app.model:field:1", "12", "tweet.write offline.access")


@pytest.mark.parametrize("errand", [WHOLE, Errand("7"), Errand("7", scope="ü ß"), Errand("a:b", "x:y:z:1")])
def test_what_is_signed_is_read_again(errand):
    assert errands.read(errands.sign(errand), errand.user) == errand


def test_none_is_none():
    assert errands.read("", "7") is None
    assert errands.read("", None) is None


@pytest.mark.parametrize("user", ["8", "", "77", None, "7 "])
def test_it_is_of_use_to_the_one_it_was_made_for_alone(user):
    with pytest.raises(NotAllowed) as caught:
        errands.read(errands.sign(WHOLE), user)
    assert caught.value.code == "changed"


def test_every_change_of_a_letter_is_seen():
    signed = errands.sign(WHOLE)
    for position, letter in enumerate(signed):
        changed = f"{signed[:position]}{'A' if letter != 'A' else 'B'}{signed[position + 1 :]}"
        with pytest.raises(Mismatch):
            errands.read(changed, "7")


@pytest.mark.parametrize("text", ["x", ":", "::", "e30:", "\0", "é", "A" * 10_000, "null:x", "None"])
def test_what_was_never_signed_is_refused(text):
    with pytest.raises(Mismatch):
        errands.read(text, "7")


@pytest.mark.parametrize("value", [[], "text", None, 7, {}, {"user": "7", "more": "x"}, {"owner": "x"}])
def test_what_was_signed_by_another_release_is_refused_and_no_accident(value):
    signed = signing.Signer(salt="socialreg.errand").sign_object(value)
    with pytest.raises(Mismatch):
        errands.read(signed, "7")


def test_what_was_signed_for_something_else_is_refused(settings):
    value = {"user": "7", "owner": "app.model:field:1"}
    for other in (
        signing.Signer().sign_object(value),
        signing.dumps(value),
        signing.Signer(salt="x").sign_object(value),
    ):
        with pytest.raises(Mismatch):
            errands.read(other, "7")


def test_it_outlives_a_change_of_the_secret_key_with_a_fallback_and_not_without(settings):
    signed = errands.sign(WHOLE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-one-of-fifty-characters-at-least-0123456789"
    assert errands.read(signed, "7") == WHOLE
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Mismatch):
        errands.read(signed, "7")


def test_a_long_one_still_fits_into_the_cookie():
    longest = Errand("9" * 36, f"{'a' * 30}.{'m' * 30}:{'f' * 30}:{'9' * 36}", "9" * 19, "tweet.write " * 20)
    assert len(errands.sign(longest)) <= errands.LENGTH
