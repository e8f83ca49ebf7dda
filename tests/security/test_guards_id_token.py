"""The guards of an ID token, each at its very edge."""

from __future__ import annotations

import pytest

from socialreg.exceptions import ConfigurationError
from socialreg.id_token import Expected, check, check_algorithms
from tests.test_id_token import ACCESS, NONCE, Known, expected, read, refuse


def test_neither_the_nonce_nor_the_access_token_that_is_expected_is_shown():
    assert not [secret for secret in (NONCE, ACCESS) if secret in repr(expected())]


def test_without_a_client_id_no_token_is_anybodys():
    with pytest.raises(ConfigurationError) as raised:
        Expected("", ("RS256",), lambda _claims: "https://op.example", nonce=NONCE)
    assert raised.value.code == "credentials"


@pytest.mark.parametrize("names", [(), ("none",), ("HS256",), ("RS256", "HS256")], ids=repr)
def test_an_algorithm_by_which_anybody_could_sign_is_a_wrong_setting(names):
    with pytest.raises(ConfigurationError) as raised:
        check_algorithms(names)
    assert raised.value.code == "id-token-algorithms"


def test_no_token_lasts_beyond_the_year_5138_as_one_in_milliseconds_would():
    assert read({"exp": 10**11 - 1})["exp"] == 10**11 - 1
    refuse(read, {"exp": 10**11})


def test_a_token_that_is_valid_from_the_beginning_of_time_is_valid():
    assert read({"nbf": 0})["nbf"] == 0


@pytest.mark.parametrize(("length", "is_longer"), [(16 * 1024, False), (16 * 1024 + 1, True)])
def test_a_token_may_have_16_kib_and_no_more(length, is_longer):
    error = refuse(check, "." + "a" * (length - 2) + ".", Known(), expected())
    assert ("longer than 16 KiB" in error.cause) is is_longer
