"""F01 for OAuth 1.0a: whatever X answers, wherever it is asked, a visitor reads a page of ours, and nothing is written.

Through the whole site, over real HTTP. A profile only adds to a login, so one that is of no use is done without.
"""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.testing.messages import Response
from tests.faults.test_answers import (
    ANSWERS,
    ODD,
    SECRET,
    STORED_OR_SLOW,
    body,
    nothing_leaks,
    nothing_written,
    told_and_nothing_written,
)
from tests.world import World, is_register

pytestmark = pytest.mark.django_db

REQUEST, ACCESS = "/oauth/request_token", "/oauth/access_token"
V2, V1 = "/2/users/me", "/1.1/account/verify_credentials.json"
ISSUED = {"oauth_token": "r3quest", "oauth_token_secret": "s3cret-r", "oauth_callback_confirmed": "true"}
GRANTED = {"oauth_token": "t0ken", "oauth_token_secret": "s3cret-a", "user_id": "7", "screen_name": "maralind"}
#: Of the request token and of the access token: what is in there that nobody else may read.
SECRETS = ("s3cret-r", "s3cret-a", "the-s3cret")
MARA = {"id": "7", "username": "maralind", "name": "Mara", "profile_image_url": "", "confirmed_email": "m@example.com"}


def form(fields: dict[str, str]) -> Response:
    return body(urlencode(fields, errors="replace").encode(), "text/html;charset=utf-8")


def without(fields: dict[str, str], name: str) -> Response:
    return form({each: value for each, value in fields.items() if each != name})


def xs(code: object, status: int = 401) -> Response:
    """Return an error as X writes it."""
    return Response.json({"errors": [{"code": code, "message": SECRET}]}, status)


#: What X itself answers, and what only a token endpoint can have wrong, beside all that is of no use anywhere.
XS = {
    **{f"code-{code}": xs(code) for code in (32, 87, 89, 99, 130, 135, 161, 215, 220, 231, 415, 416, 417, 453)},
    "code-88": xs(88, 429),
    "code-131": xs(131, 500),
    "code-as-text": xs("32"),
    "code-that-nobody-knows": xs(424242, 403),
    "code-of-300-digits": xs(10**299, 403),
    "code-null": xs(None, 400),
    "code-list": xs([32], 400),
    "errors-null": Response.json({"errors": None}, 401),
    "errors-of-texts": Response.json({"errors": ["a", SECRET]}, 401),
    "errors-hash": Response.json({"errors": {"32": SECRET}}, 401),
    "errors-in-xml": Response(401, f'<errors><error code="32">{SECRET}</error></errors>'.encode(), "application/xml"),
    "xml-of-entities": Response(
        401, b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><errors><error code="&c;">a</error></errors>'
    ),
    "words-with-200": body(b"Failed to validate oauth signature and token", "text/plain"),
    "words-with-401": Response(401, b"Failed to validate oauth signature and token"),
    "problem": Response.json({"title": SECRET, "detail": SECRET, "status": 403, "type": "about:blank"}, 403),
    "form-with-401": Response(401, urlencode(GRANTED).encode()),
    "form-as-json": Response.json(GRANTED),
}
OF_REQUEST = {
    **{f"no-{name}": without(ISSUED, name) for name in ISSUED},
    **{f"empty-{name}": form({**ISSUED, name: ""}) for name in ISSUED},
    **{f"unconfirmed-{said}": form({**ISSUED, "oauth_callback_confirmed": said}) for said in ("false", "True", "1")},
    **{f"long-{name}": form({**ISSUED, name: "x" * 5000}) for name in ("oauth_token", "oauth_token_secret")},
    **{f"twice-{name}": body(f"{urlencode(ISSUED)}&{name}=other".encode()) for name in ISSUED},
    "problem-with-200": form({"oauth_problem": SECRET}),
    "of-an-access-token": form(GRANTED),
}
OF_ACCESS = {
    **{f"no-{name}": without(GRANTED, name) for name in ("oauth_token", "oauth_token_secret", "user_id")},
    **{f"empty-{name}": form({**GRANTED, name: ""}) for name in ("oauth_token", "oauth_token_secret", "user_id")},
    **{f"twice-{name}": body(f"{urlencode(GRANTED)}&{name}=other".encode()) for name in GRANTED},
    "user-id-blank": form({**GRANTED, "user_id": " "}),
    "user-id-nul": form({**GRANTED, "user_id": "a\0b"}),
    "user-id-of-256": form({**GRANTED, "user_id": "7" * 256}),
    "user-id-lines": form({**GRANTED, "user_id": "7\n8"}),
    "user-id-none": form({**GRANTED, "user_id": "\u202e7"}),
    "of-a-request-token": form(ISSUED),
}
AT_REQUEST, AT_ACCESS = {**ANSWERS, **XS, **OF_REQUEST}, {**ANSWERS, **XS, **OF_ACCESS}


@pytest.fixture
def x(world: World, settings) -> World:
    """X in good order, all of whose answers can be replaced."""
    hosts = {"API_HOST": world.peer.url, "LOGIN_HOST": world.peer.url}
    entry = {"CLIENT_ID": "the-id", "CLIENT_SECRET": "the-s3cret", **hosts}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    world.peer.answers.update({REQUEST: form(ISSUED), ACCESS: form(GRANTED)})
    world.peer.answers.update({V2: Response.json({"data": MARA}), V1: Response.json({"id_str": "7", **MARA})})
    return world


def log_in(client: Client) -> HttpResponse:
    """Press the button, come back; return our last answer."""
    began = client.post(reverse("socialreg:start", args=["twitter"]))
    if began.status_code != 302:
        return began
    sent = dict(parse_qsl(urlsplit(began["Location"]).query))
    back = {"oauth_token": sent["oauth_token"], "oauth_verifier": "v3rifier"}
    return client.get(reverse("socialreg:callback", args=["twitter"]), back)


def a_page(response: HttpResponse, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    told_and_nothing_written(response, client, caplog)
    for secret in SECRETS:
        assert secret not in response.content.decode()
        assert secret not in caplog.text


def test_f01_there_are_more_than_21_for_each_endpoint_of_oauth1():
    assert min(len(AT_REQUEST), len(AT_ACCESS), len({**ANSWERS, **XS})) > 21


def test_f01_the_same_in_good_order_goes_on_over_oauth1(x: World):
    assert is_register(log_in(Client()))
    assert x.peer.asked() == [REQUEST, ACCESS, V2]


@pytest.mark.parametrize("answer", AT_REQUEST)
def test_f01_a_request_token_of_no_use_is_a_page_and_a_line_in_the_log(x: World, caplog, answer: str):
    caplog.set_level(logging.DEBUG)
    x.peer.answers[REQUEST] = AT_REQUEST[answer]
    client = Client()
    a_page(log_in(client), client, caplog)
    assert set(x.peer.asked()) == {REQUEST}


@pytest.mark.parametrize("answer", AT_ACCESS)
def test_f01_an_access_token_of_no_use_is_a_page_and_a_line_in_the_log(x: World, caplog, answer: str):
    caplog.set_level(logging.DEBUG)
    x.peer.answers[ACCESS] = AT_ACCESS[answer]
    client = Client()
    a_page(log_in(client), client, caplog)
    assert V2 not in x.peer.asked()


#: Of an answer with the person's own profile: that they are shut out at X ends a login, and so does another's profile.
BARRED = {"code-64": xs(64, 403), "code-326": xs(326, 403), "stranger": Response.json({"data": {**MARA, "id": "8"}})}
BARRED |= {"stranger-list": Response.json({"data": {**MARA, "id": [7]}}), "nobody": Response.json({"data": {}})}


#: Objects with a good status that name nobody: whose profile the older interface gives then, nobody knows.
NAMELESS = {"empty-object", "error-with-200", "error-of-signs", "error-object-with-200", "error-list-with-200"}
NAMELESS |= {"error-number-with-200", "error-true-with-200", "errors-with-200", "ok-false", "form-as-json"}


@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("answer", {**ANSWERS, **XS})
def test_f01_a_profile_of_no_use_is_done_without(x: World, caplog, answer: str, both: bool):
    """Of the newer interface, or of both."""
    caplog.set_level(logging.DEBUG)
    x.peer.answers |= dict.fromkeys((V2, V1) if both else (V2,), {**ANSWERS, **XS}[answer])
    client = Client()
    response = log_in(client)
    if both and answer in NAMELESS:
        a_page(response, client, caplog)
        return
    assert is_register(response), response.content.decode()
    page = client.get(response["Location"])
    assert page.status_code == 200
    nothing_leaks(page.content.decode(), caplog)
    nothing_written(client)
    assert V2 in x.peer.asked()


@pytest.mark.parametrize("answer", BARRED)
def test_f01_a_profile_that_forbids_the_login_is_a_page(x: World, caplog, answer: str):
    caplog.set_level(logging.DEBUG)
    x.peer.answers |= dict.fromkeys((V2, V1), BARRED[answer])
    client = Client()
    a_page(log_in(client), client, caplog)


FIELDS = {
    REQUEST: tuple(ISSUED),
    ACCESS: tuple(GRANTED),
    V2: (*MARA, "data", "errors"),
}
#: Without what there is no login, whatever else stands there.
NEEDED = {"oauth_callback_confirmed": {"true"}}


@pytest.mark.parametrize("odd", STORED_OR_SLOW)
@pytest.mark.parametrize("field", [f"{path} {name}" for path, names in FIELDS.items() for name in names])
def test_f01_whatever_stands_in_a_field_over_oauth1(x: World, caplog, field: str, odd: str):
    caplog.set_level(logging.DEBUG)
    path, name = field.split()
    x.peer.answers[path] = _with(path, name, ODD[odd])
    client = Client()
    response = log_in(client)
    if not is_register(response):
        a_page(response, client, caplog)
        return
    page = client.get(response["Location"]).content.decode()
    assert "<script>alert" not in page
    assert 'src="javascript:' not in page
    nothing_written(client)
    assert name not in NEEDED or odd in NEEDED[name]


def _with(path: str, name: str, value: object) -> Response:
    """Return an answer with another value in a field; what is no text is written as JSON would write it."""
    if path == V2:
        whole = {"data": {**MARA, name: value}} if name in MARA else {"data": MARA, name: value}
        known = whole["data"] if name in MARA else whole
        if value is ...:
            del known[name]
        return Response.json(whole)
    fields = {**ISSUED} if path == REQUEST else {**GRANTED}
    fields.pop(name)
    return form(fields if value is ... else {**fields, name: value if isinstance(value, str) else repr(value)})
