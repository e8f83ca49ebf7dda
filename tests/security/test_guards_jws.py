"""The guards of a signed token: what its sender writes into it is neither believed nor handed on."""

from __future__ import annotations

import pytest

from socialreg.id_token import check
from tests.op import GONE, compact, rsa_key
from tests.test_id_token import CLAIMS, NOW, Known, expected, refuse


def test_an_algorithm_of_the_senders_own_making_is_not_written_to_the_log():
    token = compact({"alg": "made-up"}, CLAIMS)
    assert "made-up" not in str(refuse(check, token, Known(rsa_key().jwk()), expected(), NOW))


@pytest.mark.parametrize("token", ["a.e30.AA", "\u20ac.e30.AA"], ids=ascii)
def test_what_a_library_says_of_a_token_is_not_handed_on(token):
    assert refuse(check, token, Known(rsa_key().jwk()), expected(), NOW).__suppress_context__


def test_keys_are_not_asked_for_again_where_two_fit_a_token_that_names_none():
    keys = Known(rsa_key(1).jwk(), rsa_key(2).jwk())
    assert "more than one fits" in refuse(check, rsa_key(3).sign(CLAIMS, kid=GONE), keys, expected(), NOW).cause
    assert keys.fetched == 0


def test_a_key_that_is_nowhere_is_told_apart_from_one_that_is_there_twice():
    keys = Known(rsa_key(1).jwk())
    assert "none fits" in refuse(check, rsa_key(2).sign(CLAIMS), keys, expected(), NOW).cause


def test_what_a_library_says_of_a_damaged_key_is_not_handed_on():
    damaged = rsa_key().jwk(n="AA")
    assert refuse(check, rsa_key().sign(CLAIMS), Known(damaged), expected(), NOW).__suppress_context__
