"""F01: whatever a provider answers, at whichever endpoint, a visitor reads a page of ours, and nothing is written.

Through the whole site, over real HTTP: OAuth 2.0, OpenID Connect, and a server of anybody's (Mastodon).
"""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from socialreg.lookup import find_class
from socialreg.models import Kept, SocialAccount
from socialreg.testing.messages import Delivery, Response
from tests.world import CODE, DISCOVERY, JWKS, SERVER, World, go, is_register

pytestmark = pytest.mark.django_db

SECRET = "w0rds of the pr0vider"
#: Who is asked at which path. Where nothing depends on the answer, a login goes on without.
ENDPOINTS = {
    "acme-token": ("acme", "/token"),
    "acme-profile": ("acme", "/profile"),
    "corp-discovery": ("corp", DISCOVERY),
    "corp-keys": ("corp", JWKS),
    "corp-token": ("corp", "/oidc-token"),
    "mastodon-registration": ("mastodon", f"/{SERVER}/api/v1/apps"),
    "mastodon-token": ("mastodon", f"/{SERVER}/oauth/token"),
    "mastodon-profile": ("mastodon", f"/{SERVER}/api/v1/accounts/verify_credentials"),
}
SPARED = {"acme-emails": ("acme", "/emails"), "corp-userinfo": ("corp", "/userinfo")}


def body(data: bytes, kind: str = "application/json", **headers: str) -> Response:
    return Response(200, data, kind, {name.replace("_", "-"): value for name, value in headers.items()})


#: Answers that are of no use anywhere.
ANSWERS: dict[str, Response] = {
    "empty": body(b""),
    "blank": body(b" \r\n"),
    "html": body(f"<!doctype html><p>{SECRET}".encode(), "text/html"),
    "xml": body(b'<?xml version="1.0"?><error>1</error>', "application/xml"),
    "text": body(SECRET.encode(), "text/plain"),
    "jsonp": body(b'callback({"access_token": "a"});'),
    "truncated-json": body(b'{"access_token": "a'),
    "two-objects": body(b'{"access_token": "a"}{"access_token": "b"}'),
    "single-quotes": body(b"{'access_token': 'a'}"),
    "trailing-comma": body(b'{"access_token": "a",}'),
    "null": body(b"null"),
    "true": body(b"true"),
    "number": body(b"7"),
    "string": body(b'"text"'),
    "empty-list": body(b"[]"),
    "list-of-objects": body(b'[{"access_token": "a", "id": "7"}]'),
    "empty-object": body(b"{}"),
    "nan": body(b'{"access_token": "a", "id": NaN, "issuer": NaN, "keys": NaN}'),
    "infinity": body(b'{"access_token": "a", "id": "7", "expires_in": -Infinity}'),
    "more-than-a-double": body(b'{"access_token": "a", "id": "7", "expires_in": 1e400}'),
    "5000-digits": body(b'{"access_token": "a", "id": ' + b"9" * 5000 + b"}"),
    "deep-list": body(b"[" * 100_000),
    "deep-object": body(b'{"a":' * 100_000),
    "350000-lists": body(b'{"access_token": "a", "id": "7", "keys": [' + b"[]," * 349_000 + b"0]}"),
    "150000-objects": body(b'{"access_token": "a", "id": "7", "keys": [' + b'{"":0},' * 149_000 + b"0]}"),
    "33-deep": body(b'{"access_token": "a", "id": "7", "x": ' + b"[" * 33 + b"]" * 33 + b"}"),
    "twice": body(b'{"access_token": "a", "access_token": "b", "id": "7", "id": "8"}'),
    "utf-16": body('{"access_token": "a"}'.encode("utf-16")[:-1]),
    "latin-1": body('{"access_token": "\u00e9", "id": "\u00e9"}'.encode("latin-1")),
    "no-utf-8": body(b'{"access_token": "\xff\xfe", "id": "\xff"}'),
    "nul-bytes": body(b"\0" * 64),
    "bom-and-html": body(b"\xef\xbb\xbf<html>"),
    "form-twice": body(b"access_token=a&access_token=b&id=7&id=8", "application/x-www-form-urlencoded"),
    "form-of-300-fields": body(b"&".join(b"a%d=b" % n for n in range(300)), "application/x-www-form-urlencoded"),
    "form-of-signs": body(b"&&==&&%zz=%", "application/x-www-form-urlencoded"),
    "not-gzip": body(b'{"access_token": "a"}', Content_Encoding="gzip"),
    "half-gzip": body(gzip.compress(b'{"access_token": "a"}' * 99)[:-9], Content_Encoding="gzip"),
    "gzip-bomb": body(gzip.compress(b"x" * 20_000_000), Content_Encoding="gzip"),
    "brotli": body(b"\x0b\x02\x80", Content_Encoding="br"),
    "3-megabytes": Response(200, b"{", "application/json", delivery=Delivery(padding=3_000_000)),
    "cut-off": Response(200, b'{"access_token": "a", "id": "7"}' * 99, delivery=Delivery(cut=True)),
    "reset": Response(delivery=Delivery(reset=True)),
    "204": Response(204),
    **{str(n): Response(n, headers={"Location": "https://evil.example/"}) for n in (301, 302, 303, 307, 308)},
    **{str(n): Response(n, SECRET.encode()) for n in (400, 401, 403, 404, 410, 418, 451, 500, 502, 503, 504)},
    "429": Response(429, b"", headers={"Retry-After": "soon"}),
    "429-for-ever": Response(429, b"", headers={"Retry-After": "9" * 50_000}),
    "302-to-a-host-without-end": Response(302, headers={"Location": f"https://{'x' * 50_000}/"}),
    "error-400": Response.json({"error": "invalid_request", "error_description": SECRET}, 400),
    "error-401": Response.json({"error": "invalid_client", "error_description": SECRET}, 401),
    "error-403": Response.json({"error": {"message": SECRET, "type": "X", "code": 190}}, 403),
    "error-503": Response.json({"error": "temporarily_unavailable"}, 503),
    "error-with-200": Response.json({"error": "server_error", "error_description": SECRET}),
    "error-of-signs": Response.json({"error": f"{SECRET}\r\nX: <b>"}),
    "error-object-with-200": Response.json({"error": {"type": [SECRET]}}),
    "error-list-with-200": Response.json({"error": [{"code": SECRET}]}),
    "error-number-with-200": Response.json({"error": 10**299}),
    "error-true-with-200": Response.json({"error": True}),
    "error-as-a-form": body(f"error=invalid_grant&error_description={SECRET}".encode(), "text/plain"),
    "errors-with-200": Response.json({"errors": [{"message": SECRET}]}),
    "ok-false": Response.json({"ok": False, "error": SECRET}),
}  # fmt: skip

#: What stands in a field instead of what belongs there. ``...`` takes it away.
ODD: dict[str, object] = {
    "missing": ...,
    "null": None,
    "zero": 0,
    "negative": -1,
    "float": 1.5,
    "300-digits": 10**299,
    "true": True,
    "false": False,
    "empty": "",
    "blank": " ",
    "nul": "a\0b",
    "line-break": "a\r\nX: y",
    "surrogate": "\ud800",
    "markup": "<script>alert(1)</script>",
    "bidi": "\u202eabc",
    "20000-letters": "x" * 20_000,
    "list": [1, "a"],
    "list-of-null": [None],
    "object": {"a": {"b": []}},
    "address": "http://169.254.169.254/",
    "script": "javascript:alert(1)",
}
#: Databases take texts in different ways; the rest of it is the same to all.
STORED = ("300-digits", "nul", "surrogate", "bidi", "20000-letters")
STORED_OR_SLOW = [pytest.param(odd, marks=() if odd in STORED else pytest.mark.slow) for odd in ODD]
FIELDS = {
    "acme-token": ("access_token", "token_type", "expires_in", "refresh_token", "scope", "error"),
    "acme-profile": ("id", "username", "name", "email", "email_verified", "picture", "error"),
    "acme-emails": ("email", "primary", "verified"),
    "corp-discovery": ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"),
    "corp-promises": ("authorization_response_iss_parameter_supported", "token_endpoint_auth_methods_supported"),
    "corp-keys": ("keys",),
    "corp-key": ("kty", "kid", "alg", "use", "n", "e", "key_ops"),
    "corp-token": ("access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token", "error"),
    "corp-claims": ("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash"),
    "corp-person": ("name", "preferred_username", "email", "email_verified", "picture", "locale", "profile"),
    "corp-userinfo": ("sub", "name", "email", "email_verified", "error"),
    "mastodon-registration": ("client_id", "client_secret"),
    "mastodon-token": ("access_token", "token_type", "expires_in", "scope"),
    "mastodon-profile": ("id", "username", "display_name", "avatar", "url", "error"),
}


def told_and_nothing_written(response: HttpResponse, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that the visitor has a sentence of ours and a way on, the log a code and a cause, and nobody a row."""
    page = response.content.decode()
    assert response.status_code in {400, 403, 502, 503}, page
    assert "<h1>" in page
    assert 'role="alert"' in page or "socialreg-reference" in page
    assert "<form" in page or "<a " in page
    lines = [each.getMessage() for each in caplog.records if each.name.startswith("socialreg")]
    said = [line for line in lines if re.search(r"\[[a-z0-9_-]+\]\. Cause: .+\. Remedy: .+", line)]
    assert said, lines
    assert max(map(len, lines)) < 1000
    nothing_leaks(page, caplog)
    nothing_written(client)


def nothing_leaks(page: str, caplog: pytest.LogCaptureFixture) -> None:
    for secret in (SECRET, "t0ken", "the-s3cret", CODE):
        assert secret not in page
        assert secret not in caplog.text
    assert "Traceback" not in caplog.text


def nothing_written(client: Client) -> None:
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
    assert not Kept.objects.exists()
    assert "_auth_user_id" not in client.session


def test_f01_there_are_more_than_48_answers():
    assert len(ANSWERS) >= 48


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_f01_an_answer_of_no_use_is_a_page_and_a_line_in_the_log(world: World, caplog, endpoint: str, answer: str):
    caplog.set_level(logging.DEBUG)
    slug, path = ENDPOINTS[endpoint]
    world.answers[path] = ANSWERS[answer]
    client = Client()
    told_and_nothing_written(go(world, slug, client), client, caplog)
    assert path in world.peer.asked()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("endpoint", SPARED)
def test_f01_where_no_login_depends_on_an_answer_it_goes_on_or_stops_with_a_page(
    world: World, caplog, endpoint: str, answer: str
):
    caplog.set_level(logging.DEBUG)
    slug, path = SPARED[endpoint]
    world.answers[path] = ANSWERS[answer]
    client = Client()
    response = go(world, slug, client)
    assert path in world.peer.asked()
    if is_register(response):
        assert client.get(response["Location"]).status_code == 200
        nothing_leaks(client.get(response["Location"]).content.decode(), caplog)
        nothing_written(client)
    else:  # UserInfo that names nobody is somebody else's
        told_and_nothing_written(response, client, caplog)


@pytest.mark.parametrize("odd", STORED_OR_SLOW)
@pytest.mark.parametrize("field", [f"{document}.{field}" for document, fields in FIELDS.items() for field in fields])
def test_f01_whatever_stands_in_a_field_it_is_passed_over_or_a_page(world: World, caplog, field: str, odd: str):
    caplog.set_level(logging.DEBUG)
    document, name = field.split(".")
    world.fields[document, name] = ODD[odd]
    client = Client()
    response = go(world, document.partition("-")[0], client)
    if not is_register(response):
        told_and_nothing_written(response, client, caplog)
        return
    page = client.get(response["Location"])
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert not re.search('(src|href|action)="javascript:', page.content.decode())
    assert not User.objects.exists()
    assert name not in MUST_BE or odd in MUST_BE[name], "taken although it proves nothing"


#: Fields without which nobody can be believed, and what odd values are still the right ones.
MUST_BE: dict[str, tuple[str, ...]] = {
    "access_token": ("blank", "markup", "address", "script"),
    "id": ("zero", "negative", "markup", "address", "script"),
    "iss": (),
    "aud": (),
    "azp": ("missing",),
    "exp": (),
    "iat": (),
    "nbf": ("missing", "float", "zero", "negative"),  # whatever is past is no bar
    "nonce": (),
    "at_hash": ("missing",),
    "id_token": (),
    "issuer": (),
    "keys": (),
    "kty": (),
    "n": (),
    "e": (),
    "jwks_uri": (),
    "token_endpoint": (),
    "authorization_endpoint": ("address",),  # no browser is spared, over plain http as in a test
}


def test_f01_the_same_in_good_order_goes_on(world: World):
    slugs: list[Callable[[], bool]] = [lambda s=s: is_register(go(world, s, Client())) for s in world.settings()]
    assert all(each() for each in slugs)


#: What code of somebody's raises over an answer that its author never saw.
RAISED = [KeyError("t0ken"), TypeError("t0ken"), RecursionError("t0ken"), UnicodeError("t0ken"), AssertionError()]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", ["authorize", "verify", "fetch_profile"])
def test_f01_a_class_of_the_sites_own_that_falls_over_an_answer_is_a_page(world: World, settings, caplog, step, error):
    def fall(*_: object) -> None:
        raise error

    clumsy = type("Clumsy", (find_class("acme", {"PROVIDER": "oauth2"}),), {step: fall})
    entries = settings.SOCIALREG["PROVIDERS"]
    entries = {**entries, "acme": {**entries["acme"], "PROVIDER": clumsy}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries}
    response = go(world, "acme", client := Client())
    assert response.status_code == 502
    assert "<h1>" in response.content.decode()
    assert "Mend Clumsy" in caplog.text
    assert "t0ken" not in caplog.text
    nothing_written(client)
