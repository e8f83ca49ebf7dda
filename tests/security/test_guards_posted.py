"""The guards of an answer that is posted, at their very edge: how much of it, of what kind, and whose cookie goes."""

from __future__ import annotations

import traceback
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse

from socialreg import posted
from socialreg.exceptions import Mismatch

KIND = "application/x-www-form-urlencoded"
ATTEMPT = "__Host-socialreg-attempt-" + 24 * "a"
ACROSS = "__Host-socialreg-attempt-across-" + 24 * "a"


def read(rf, body: bytes, kind: str = KIND, **headers: object) -> dict[str, str]:
    return dict(posted._read(rf.post("/", body, kind, **headers)))


def test_twenty_parameters_are_an_answer_and_one_more_is_none(rf):
    fields = {f"p{number}": "x" for number in range(20)}
    assert read(rf, urlencode(fields).encode()) == fields
    with pytest.raises(Mismatch):
        read(rf, urlencode({**fields, "more": "x"}).encode())


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", f"{KIND}x"])
def test_a_form_is_a_form_by_its_name(rf, kind):
    assert read(rf, b"state=s") == {"state": "s"}
    assert read(rf, b"state=s", f"{KIND}; charset=utf-8") == {"state": "s"}
    with pytest.raises(Mismatch):
        read(rf, b"state=s", kind)


def test_what_is_empty_is_handed_on_as_such(rf):
    assert read(rf, b"state=s&user=") == {"state": "s", "user": ""}
    with pytest.raises(Mismatch):
        read(rf, b"state=s&user=&user=")


@pytest.mark.parametrize("length", [None, "", "-1", " 7", "7.0", "2801", "02800", 5000 * "1", "0" * 5000 + "7"])
def test_a_length_that_is_none_or_too_long_is_never_counted_and_nothing_is_read(rf, length):
    request = rf.post("/", b"state=s", KIND)
    request.META.pop("CONTENT_LENGTH")
    if length is not None:
        request.META["CONTENT_LENGTH"] = length
    with pytest.raises(Mismatch):
        posted._read(request)
    assert not hasattr(request, "_body")


def test_2800_bytes_are_not_too_long(rf):
    assert len(read(rf, b"state=" + 2794 * b"s")["state"]) == 2794
    with pytest.raises(Mismatch):
        read(rf, b"state=" + 2795 * b"s")


def test_what_is_no_text_is_not_told_of_in_the_error(rf):
    with pytest.raises(Mismatch) as caught:
        read(rf, b"state=s&code=s3cret\xff")
    assert "UnicodeDecodeError" not in "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "begun", "is_so"),
    [
        ("post", "cross-site", True),
        ("post", "same-site", False),
        ("post", "same-origin", False),
        ("post", "none", False),
        ("post", None, False),
        ("get", "cross-site", False),
    ],
)
def test_it_is_from_another_site_if_it_is_a_post_that_says_so(rf, method, begun, is_so):
    headers = {} if begun is None else {"HTTP_SEC_FETCH_SITE": begun}
    assert posted.is_from_another_site(getattr(rf, method)("/", **headers)) is is_so


@pytest.mark.parametrize(("name", "gone"), [(ATTEMPT, []), (ACROSS, [ACROSS.replace("-attempt-", "-answer-")])])
def test_with_an_attempt_goes_the_answer_to_it_and_where_none_is_posted_nothing_more(site, name, gone):
    response = HttpResponse()
    posted.forget(response, name)
    assert list(response.cookies) == [name, *gone]
    assert {(cookie.value, cookie["max-age"]) for cookie in response.cookies.values()} == {("", 0)}
