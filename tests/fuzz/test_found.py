"""What the search has found, each as plain as it can be told, so that it is never lost again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer
from socialreg.posted import MOST_BYTES
from socialreg.profile_map import Reading
from socialreg.testing.messages import Response
from socialreg.types import RAW_DEPTH, TEXT_LENGTH, storable_raw, web_address
from socialreg_providers._x_errors import MEANINGS, code_of, error_from
from socialreg_providers.linkedin import LinkedIn
from socialreg_providers.twitter import Twitter
from tests.fuzz.wire import Wire
from tests.providers.grid import CALLBACK
from tests.world import World, begin

CLIENT = {"CLIENT_ID": "id", "CLIENT_SECRET": "s"}


def test_a_name_made_of_two_long_ones_fits_its_column():
    reading = Reading({"uid": "id", "first_name": "first", "last_name": "last"})
    profile = reading.profile("7", {"first": "a" * TEXT_LENGTH, "last": "b" * TEXT_LENGTH})
    assert profile.full_name == "a" * TEXT_LENGTH


def test_a_locale_made_of_two_long_texts_fits_its_column():
    linkedin = LinkedIn(CLIENT, Wire())
    profile = linkedin.profile_of({"sub": "7", "locale": {"language": "a" * 300, "country": "b" * 300}})
    assert len(profile.locale) == TEXT_LENGTH


@pytest.mark.parametrize(
    "address",
    [
        "https://[",
        "https://[zz]/",
        "https://[1.2]/",
        "https://a:b/",
        "https://a:99999/",
        "https://a:0/",
        "https://:80/",
    ],
)
def test_an_address_that_parsers_give_up_on_is_none(address):
    assert web_address(address) == ""


def test_an_answer_as_deep_as_may_be_is_deeper_than_every_database_takes():
    """MariaDB's JSON column refuses 32 levels: whoever had them could neither register nor connect."""
    deep: dict[str, object] = {}
    for _ in range(RAW_DEPTH):
        deep = {"a": deep}
    assert storable_raw(deep) == {"too_large": True}
    assert storable_raw({"a": deep["a"]["a"]}) == {"a": deep["a"]["a"]}  # type: ignore[index]


@pytest.mark.parametrize("token", ["\N{GRINNING FACE}" * 300, "a\0b", "\x80", "t" * 501])
def test_a_request_token_that_no_cookie_carries_is_none(token):
    wire = Wire()
    twitter = Twitter({**CLIENT, "API_HOST": wire.url}, wire)
    fields = {"oauth_token": "t", "oauth_token_secret": token, "oauth_callback_confirmed": "true"}
    wire.answers["/oauth/request_token"] = Response.form(fields)
    with pytest.raises(BadAnswer):
        twitter.authorize(CALLBACK, "login", {})


@pytest.mark.parametrize("token", ["a\0b", "\x80", "\N{GRINNING FACE}", "t" * 20_000])
def test_an_access_token_over_oauth_1_is_as_bounded_as_any(token):
    wire = Wire()
    twitter = Twitter({**CLIENT, "API_HOST": wire.url}, wire)
    wire.answers["/oauth/access_token"] = Response.form(
        {"oauth_token": token, "oauth_token_secret": "s", "user_id": "7"}
    )
    with pytest.raises(BadAnswer):
        twitter.verify({"token": "r", "secret": "s", "callback": CALLBACK}, {"oauth_token": "r", "oauth_verifier": "v"})


@pytest.mark.parametrize("code", [10**300, -(10**300), 10_000, -1])
def test_a_number_that_is_no_code_of_x_is_none(code):
    answer = Answer(400, "GET api.x.com/2", {}, Response.json({"errors": [{"code": code}]}).body)
    assert code_of(answer) is None
    assert len(error_from(answer, "").code) == 3


def test_a_header_of_x_fills_no_log():
    answer = Answer(429, "GET api.x.com/2", {"x-rate-limit-reset": "9" * 60_000}, b"")
    assert error_from(answer, "").cause == MEANINGS[88].cause
    assert len(str(error_from(answer, ""))) < 300


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["9" * 5_000, str(MOST_BYTES + 1), "-1", "²", ""])
def test_a_length_that_is_no_number_of_bytes_is_dropped(world: World, settings, length):
    entry = {**settings.SOCIALREG["PROVIDERS"]["corp"], "RESPONSE_MODE": "form_post"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"poster": entry}}
    browser = Client()
    path, _ = begin(world, "poster", browser)
    form = "application/x-www-form-urlencoded"
    answer = browser.generic("POST", path, b"state=a", content_type=form, CONTENT_LENGTH=length)
    assert (answer.status_code, answer["Location"]) == (303, reverse("socialreg:callback", args=["poster"]))
