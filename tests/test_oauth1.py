"""OAuth 1.0a: the signature, and what the callback must carry. No Django in here."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import pytest
from oauthlib.oauth1 import Client as Signer
from oauthlib.oauth1.rfc5849 import signature
from oauthlib.oauth1.rfc5849.utils import parse_authorization_header

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, Denied, Mismatch, Refused, Unavailable
from socialreg.oauth1 import OAuth1Provider, SignedRequest
from socialreg.types import Credentials, Profile
from tests.effort import either

VECTORS = json.loads((Path(__file__).parent / "vectors" / "oauth1.json").read_text("utf-8"))
#: oauthlib sends oauth_version always; RFC 5849 section 3.1 makes it optional, and its examples leave it out.
SIGNABLE = [vector for vector in VECTORS if "oauth_version" in vector["oauth_params"]]


class Example(OAuth1Provider):
    slug = "example"
    label = "Example"
    issuer = "https://example.com"
    uid_claim = "id"
    username_claim = "name"
    request_token_url = "https://example.com/initiate"
    authorize_url = "https://example.com/authorize"
    access_token_url = "https://example.com/token"

    def fetch_profile(self, credentials: Credentials) -> Profile:
        return self.profile_from(credentials)


class Scripted:
    """A transport that answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, dict, bytes | None]] = []

    def send(self, method, url, *, headers=None, body=None) -> Answer:
        self.sent.append((method, url, dict(headers or {}), body))
        return self.answers.pop(0)


def answer(body: str, status: int = 200, **headers: str) -> Answer:
    return Answer(status, "POST example.com/x", headers, body.encode())


def provider(*answers: Answer) -> Example:
    return Example({"CLIENT_ID": "key", "CLIENT_SECRET": "key-secret"}, Scripted(*answers))


PENDING = {"token": "request", "secret": "request-secret", "callback": "https://site.example/cb/"}
GRANTED = "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true"


def header_of(headers: dict) -> dict[str, str]:
    """Return the parameters of an Authorization header, decoded (RFC 5849 section 3.5.1)."""
    return {name: unquote(value) for name, value in parse_authorization_header(headers["Authorization"])}


def hmac_sha1(base: str, secret: str, token_secret: str) -> str:
    return signature.sign_hmac_sha1_with_client(base, Signer("key", secret, resource_owner_secret=token_secret))


def name_of(vector: dict) -> str:
    return vector["name"]


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_library_computes_the_base_string_and_signature_of_every_vector(vector):
    url, body = vector["url"], vector["body"] or ""
    params = signature.collect_parameters(uri_query=url.partition("?")[2], body=body, headers={})
    params += list(vector["oauth_params"].items())
    base = signature.signature_base_string(
        vector["method"], signature.base_string_uri(url), signature.normalize_parameters(params)
    )
    assert base == vector["base_string"]
    assert hmac_sha1(base, vector["consumer_secret"], vector["token_secret"]) == vector["signature"]


@pytest.mark.parametrize("vector", SIGNABLE, ids=name_of)
def test_a_request_of_ours_carries_the_signature_of_the_vector_in_its_header(vector, monkeypatch):
    given = vector["oauth_params"]
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_nonce", lambda: given["oauth_nonce"])
    monkeypatch.setattr("time.time", lambda: int(given["oauth_timestamp"]))
    settings = {"CLIENT_ID": given["oauth_consumer_key"], "CLIENT_SECRET": vector["consumer_secret"]}
    request = SignedRequest(
        vector["method"],
        vector["url"],
        token=given.get("oauth_token", ""),
        secret=vector["token_secret"],
        callback=given.get("oauth_callback", ""),
        verifier=given.get("oauth_verifier", ""),
        form=dict(parse_qsl(vector["body"] or "")),
    )
    _url, headers, _body = Example(settings, Scripted()).sign(request)
    sent = header_of(headers)
    assert sent.pop("oauth_signature") == vector["signature"]
    assert sent == given


def test_a_start_asks_for_a_token_and_sends_the_browser_there_with_nothing_else():
    example = provider(answer(GRANTED))
    redirect = example.authorize("https://site.example/cb/", "login", {"evil": "1"})
    assert redirect.url == "https://example.com/authorize?oauth_token=t"
    assert (redirect.key, redirect.pending["secret"]) == ("t", "s")
    ((method, url, headers, body),) = example.transport.sent
    assert (method, url, body) == ("POST", "https://example.com/initiate", b"")
    signed = header_of(headers)
    assert signed["oauth_callback"] == "https://site.example/cb/"
    assert "oauth_token" not in signed


@pytest.mark.parametrize(
    "body",
    [
        "oauth_token=t&oauth_token_secret=s",
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false",
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=True",
        "oauth_token=&oauth_token_secret=s&oauth_callback_confirmed=true",
        "oauth_token_secret=s&oauth_callback_confirmed=true",
        "oauth_token=t&oauth_callback_confirmed=true",
        "oauth_token=t&oauth_token=u&oauth_token_secret=s&oauth_callback_confirmed=true",
        "<html>",
        "",
        "{}",
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_start_is_refused_unless_token_secret_and_confirmation_are_there(body):
    with pytest.raises(BadAnswer) as raised:
        provider(answer(body)).authorize("https://site.example/cb/", "login", {})
    assert raised.value.cause
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"denied": "request"}, Denied),
        ({"denied": "other"}, Mismatch),
        ({}, Mismatch),
        ({"oauth_token": "other", "oauth_verifier": "v"}, Mismatch),
        ({"oauth_token": "", "oauth_verifier": "v"}, Mismatch),
        ({"oauth_token": "réquest", "oauth_verifier": "v"}, Mismatch),
        ({"oauth_token": "request"}, Mismatch),
        ({"oauth_token": "request", "oauth_verifier": ""}, Mismatch),
        ({"oauth_token": "request", "oauth_verifier": "v" * 501}, Mismatch),
        ({"oauth_token": "request", "oauth_verifier": "\ud800"}, Mismatch),
        ({"oauth_verifier": "v"}, Mismatch),
    ],
)
def test_a_callback_that_does_not_fit_ends_before_any_call(params, error):
    example = provider()
    with pytest.raises(error):
        example.verify(PENDING, params)
    assert example.transport.sent == []


def test_a_callback_that_fits_is_exchanged_with_the_request_tokens_secret():
    example = provider(answer("oauth_token=a&oauth_token_secret=b&id=7&name=ann&x_auth_expires=0"))
    credentials = example.verify(PENDING, {"oauth_token": "request", "oauth_verifier": "v"})
    assert credentials == Credentials("7", "ann", token="a", secret="b")
    ((_method, url, headers, _body),) = example.transport.sent
    signed = header_of(headers)
    assert url == "https://example.com/token"
    assert (signed["oauth_token"], signed["oauth_verifier"]) == ("request", "v")
    assert "oauth_callback" not in signed
    params = [(name, value) for name, value in signed.items() if name != "oauth_signature"]
    base = signature.signature_base_string("POST", url, signature.normalize_parameters(params))
    assert hmac_sha1(base, "key-secret", "request-secret") == signed["oauth_signature"]


@pytest.mark.parametrize(
    "uid", ["", " ", "a" * 256, "a%00b", "a%0Ab", "%E2%80%8B%0A", "%207", "7%20", "%ED%A0%80"], ids=repr
)
def test_an_identifier_that_identifies_nobody_is_refused(uid):
    with pytest.raises(BadAnswer):
        provider(answer(f"oauth_token=a&oauth_token_secret=b&id={uid}")).verify(
            PENDING, {"oauth_token": "request", "oauth_verifier": "v"}
        )


@pytest.mark.parametrize(
    "body", ["oauth_token=a&id=7", "oauth_token_secret=b&id=7", "oauth_token=a&oauth_token_secret=b"]
)
def test_an_answer_without_token_secret_or_identifier_is_refused(body):
    with pytest.raises(BadAnswer):
        provider(answer(body)).verify(PENDING, {"oauth_token": "request", "oauth_verifier": "v"})


def test_an_error_of_the_provider_is_unavailable_from_500_and_refused_below():
    with pytest.raises(Refused) as refused:
        provider(answer("secret words", 403)).authorize("https://site.example/cb/", "login", {})
    assert "https://site.example/cb/" in refused.value.remedy
    assert "secret words" not in str(refused.value)
    with pytest.raises(Unavailable):
        provider(answer("", 503)).authorize("https://site.example/cb/", "login", {})


class Clocked(Example):
    def is_clock_error(self, answer: Answer) -> bool:
        return answer.status == 401


DATE = {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}


def stamps(example: Example) -> list[int]:
    headers = [headers for _method, _url, headers, _body in example.transport.sent]
    return [int(header_of(each)["oauth_timestamp"]) for each in headers]


def test_a_clock_that_is_off_is_corrected_once_and_the_correction_is_kept(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_700_000_900)
    transport = Scripted(answer("", 401, **DATE), answer(GRANTED), answer(GRANTED))
    example = Clocked({"CLIENT_ID": "key", "CLIENT_SECRET": "s"}, transport)
    example.authorize("https://site.example/cb/", "login", {})
    example.authorize("https://site.example/cb/", "login", {})
    assert stamps(example) == [1_700_000_900, 1_700_000_000, 1_700_000_000]


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": "Mon, 01 Jan 1990 00:00:00 GMT"}], ids=str)
def test_a_date_that_is_no_help_changes_nothing_and_nobody_tries_again(headers):
    transport = Scripted(answer("", 401, **headers))
    with pytest.raises(Refused):
        Clocked({"CLIENT_ID": "key", "CLIENT_SECRET": "s"}, transport).authorize(
            "https://site.example/cb/", "login", {}
        )
    assert len(transport.sent) == 1


def test_a_clock_error_that_stays_is_reported_after_one_correction(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_700_000_900)
    transport = Scripted(answer("", 401, **DATE), answer("", 401, **DATE))
    with pytest.raises(Refused):
        Clocked({"CLIENT_ID": "key", "CLIENT_SECRET": "s"}, transport).authorize(
            "https://site.example/cb/", "login", {}
        )
    assert len(transport.sent) == 2


@pytest.mark.slow
def test_nonces_are_unique_a_hundred_thousand_of_them_at_night():
    number = either(10_000, at_night=100_000)
    example = provider()
    request = SignedRequest("GET", "https://example.com/")
    headers = (example.sign(request)[1]["Authorization"] for _ in range(number))
    nonces = {header.partition('oauth_nonce="')[2].partition('"')[0] for header in headers}
    assert len(nonces) == number
