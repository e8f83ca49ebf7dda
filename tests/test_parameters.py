"""What a callback carries is read once: after that neither the request nor a variable shows it to anybody."""

from __future__ import annotations

import pprint

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory

from socialreg import parameters
from socialreg.exceptions import Mismatch

QUERY = "code=c%20de-4711&state=st%C3%A5te&empty="
TOLD = {"code": "c de-4711", "state": "ståte", "empty": ""}
#: What servers call the whole address, in the style of uWSGI and of gunicorn.
ADDRESSES = {"REQUEST_URI": f"/callback/?{QUERY}", "RAW_URI": f"/callback/?{QUERY}"}


def asked(query: str = QUERY, **meta: str) -> HttpRequest:
    return RequestFactory().get(f"/callback/?{query}", **{**ADDRESSES, **meta})


def test_what_is_taken_is_what_the_query_says():
    assert parameters.take(asked()).read() == TOLD
    assert parameters.take(asked("")).read() == {}


def test_nothing_of_it_is_left_in_the_request():
    request = asked(HTTP_REFERER="https://x.com/authorize", SERVER_PROTOCOL="HTTP/1.1")
    parameters.take(request)
    assert (request.GET.dict(), request.get_full_path()) == ({}, "/callback/")
    assert request.META["RAW_URI"] == request.META["REQUEST_URI"] == "/callback/?"
    shown = f"{request!r} {request.META} {request.build_absolute_uri()} {request.environ}"
    assert not [each for each in ("4711", "st%C3", "ståte") if each in shown]
    assert request.META["HTTP_REFERER"] == "https://x.com/authorize"


def test_nor_in_one_that_came_by_asgi():
    request: ASGIRequest = AsyncRequestFactory().get(f"/callback/?{QUERY}")
    assert parameters.take(request).read() == TOLD
    assert "4711" not in f"{request!r} {request.META} {request.GET} {request.get_full_path()}"


#: What a visitor or a neighbouring host writes, and what servers and proxies say of the connection.
META = {
    "REMOTE_ADDR": "9.9.9.9",
    "HTTP_COOKIE": "f=1; x=a?f",
    "CSRF_COOKIE": "abcdef?f",
    "CONTENT_LENGTH": "5000000",
    "HTTP_HOST": "example.com",
    "HTTP_REFERER": "https://x.com/authorize?of=f",
}


@pytest.mark.parametrize("query", ["9.9.9.9", "9", "f", "a?f", "0", "/", "example", "callback", "=", "1; x="])
def test_a_query_takes_nothing_but_itself_out_of_the_request(query):
    """Anybody may write one: that an address is another, that a cookie is gone, or that a body is small."""
    request = asked(query, **META, RAW_URI=f"/callback/?{query}", REQUEST_URI=f"/callback/?{query}")
    before = {name: value for name, value in request.META.items() if isinstance(value, str)}
    parameters.take(request)
    after = {name: value for name, value in request.META.items() if isinstance(value, str)}
    changed = {name: after.get(name) for name in before if after.get(name) != before[name]}
    assert changed == {"QUERY_STRING": "", "RAW_URI": "/callback/?", "REQUEST_URI": "/callback/?"}


def test_without_a_query_nothing_else_is_touched():
    """An empty text is in every text."""
    request = asked("", RAW_URI="/callback/", REQUEST_URI="/callback/")
    before = {name: value for name, value in request.META.items() if isinstance(value, str)}
    parameters.take(request)
    assert {name: value for name, value in request.META.items() if isinstance(value, str)} == before


@pytest.mark.parametrize("query", ["code=1&code=1", "state=a&code=1&state=", "a&a"])
def test_one_that_comes_twice_belongs_to_nobody_and_is_gone_as_well(query):
    request = asked(query, RAW_URI=f"/callback/?{query}")
    with pytest.raises(Mismatch, match="a parameter twice"):
        parameters.take(request).read()
    assert request.GET.dict() == {}
    assert query not in f"{request.META}"


def test_who_shows_them_shows_their_names():
    query = parameters.take(asked())
    taken = query.read()
    for shown in (
        repr(query),
        repr(taken),
        str(taken),
        f"{taken}",
        pprint.pformat(taken),
        pprint.pformat({"in": [taken]}),
    ):
        assert "code, state, empty" in shown
        assert "4711" not in shown
