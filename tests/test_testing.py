"""The stand-in for X: it refuses what X refuses, and every fault does what its sentence says.

The client here is oauthlib's and requests', so that nothing of ours is on both sides.
"""

from __future__ import annotations

import gzip
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849.signature import sign_hmac_sha1_with_client

from socialreg.exceptions import ConfigurationError
from socialreg.testing import CODES, CONSUMER_KEY, CONSUMER_SECRET, FAULTS, PEOPLE, SHAPES, Person, XStandIn

REQUEST_TOKEN = "/oauth/request_token"
ACCESS_TOKEN = "/oauth/access_token"
ME = "/2/users/me"
V1 = "/1.1/account/verify_credentials.json"
INVALIDATE = "/1.1/oauth/invalidate_token.json"
METHODS = {REQUEST_TOKEN: "POST", ACCESS_TOKEN: "POST", ME: "GET", V1: "GET", INVALIDATE: "POST"}
CALLBACK = "http://127.0.0.1:8000/accounts/twitter/callback/"
FIELDS = "?user.fields=profile_image_url%2Cconfirmed_email%2Cverified"


class App:
    """An application with the stand-in's own key, or with another."""

    def __init__(self, x: XStandIn, secret: str = CONSUMER_SECRET, key: str = CONSUMER_KEY) -> None:
        self.x = x
        self.key, self.secret = key, secret
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = ("", "")
        self.consented = (("", ""), "")

    def prepare(self) -> None:
        """Go so far that every call has what it needs, before a fault stands in the way."""
        self.token = self.access()
        self.consented = self.consent()

    def sign(self, path: str, token: tuple[str, str] = ("", ""), **options) -> dict[str, str]:
        client = Client(self.key, self.secret, token[0] or None, token[1] or None, **options)
        return client.sign(self.x.url + path, METHODS[path.partition("?")[0]])[1]

    def call(self, path: str, token: tuple[str, str] = ("", ""), **options) -> requests.Response:
        return self.send(path, self.sign(path, token, **options))

    def send(self, path: str, headers: dict[str, str]) -> requests.Response:
        method = METHODS[path.partition("?")[0]]
        return self.session.request(method, self.x.url + path, headers=headers, timeout=10, allow_redirects=False)

    def request_token(self, callback: str = CALLBACK) -> tuple[str, str]:
        return token_of(self.call(REQUEST_TOKEN, callback_uri=callback))

    def consent(self, screen_name: str = "maralind") -> tuple[tuple[str, str], str]:
        """Get a request token approved; return it with its verifier."""
        token = self.request_token()
        back = self.x.approve(f"{self.x.url}/oauth/authenticate?oauth_token={token[0]}", screen_name)
        return token, parse_qs(urlsplit(back).query)["oauth_verifier"][0]

    def exchange(self, screen_name: str = "maralind") -> requests.Response:
        token, verifier = self.consent(screen_name)
        return self.call(ACCESS_TOKEN, token, verifier=verifier)

    def access(self, screen_name: str = "maralind") -> tuple[str, str]:
        return token_of(self.exchange(screen_name))


def token_of(response: requests.Response) -> tuple[str, str]:
    assert response.status_code == 200, response.text
    fields = dict(parse_qsl(response.text))
    return fields["oauth_token"], fields["oauth_token_secret"]


def codes(response: requests.Response) -> list[int]:
    return [error["code"] for error in response.json()["errors"]]


@pytest.fixture
def app(x: XStandIn) -> Iterator[App]:
    app = App(x)
    yield app
    app.session.close()


# The way, as it should go


def test_an_application_gets_from_a_request_token_to_the_person_s_profile(app):
    answer = app.call(REQUEST_TOKEN, callback_uri=CALLBACK)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert dict(parse_qsl(answer.text))["oauth_callback_confirmed"] == "true"

    answer = app.exchange("maralind")
    fields = dict(parse_qsl(answer.text))
    assert (fields["user_id"], fields["screen_name"]) == (PEOPLE[0].id, "maralind")
    assert fields["oauth_token"].startswith(f"{PEOPLE[0].id}-")

    token = token_of(answer)
    assert app.call(ME, token).json() == {
        "data": {"id": PEOPLE[0].id, "name": "Mara Lindqvist", "username": "maralind"}
    }
    assert app.call(ME + FIELDS, token).json()["data"]["confirmed_email"] == "mara.lindqvist@example.com"
    assert app.call(V1, token).json()["id_str"] == PEOPLE[0].id


@pytest.mark.parametrize("where", ["body", "query", "header"])
def test_the_verifier_may_travel_in_body_query_or_header(app, where):
    token, verifier = app.consent()
    client = Client(CONSUMER_KEY, CONSUMER_SECRET, *token, verifier=verifier if where == "header" else None)
    url, body, headers = app.x.url + ACCESS_TOKEN, None, {}
    if where == "query":
        url += f"?oauth_verifier={verifier}"
    if where == "body":
        body, headers = {"oauth_verifier": verifier}, {"Content-Type": "application/x-www-form-urlencoded"}
    url, headers, body = client.sign(url, "POST", body, headers)
    assert token_of(app.session.post(url, data=body, headers=headers, timeout=10))


def test_a_person_has_one_access_token_until_it_is_invalidated(app):
    token = app.access()
    assert app.access() == token
    assert app.call(INVALIDATE, token).json() == {"access_token": token[0]}
    assert codes(app.call(V1, token)) == [89]
    assert app.call(ME, token).status_code == 401
    assert app.access() != token


def test_only_the_exact_word_true_gives_the_email_on_v1(app):
    token = app.access()
    assert "email" not in app.call(f"{V1}?include_email=True", token).json()
    assert app.call(f"{V1}?include_email=true", token).json()["email"] == "mara.lindqvist@example.com"
    assert app.call(f"{V1}?include_email=true", app.access("tomas_ok")).json()["email"] is None


def test_v1_leaves_out_status_and_entities_when_asked_and_dead_fields_are_null(app):
    token = app.access()
    full = app.call(V1, token).json()
    lean = app.call(f"{V1}?skip_status=true&include_entities=false", token).json()
    assert {"status", "entities"} <= full.keys()
    assert not {"status", "entities"} & lean.keys()
    assert full["utc_offset"] is full["time_zone"] is full["lang"] is None


def test_v2_gives_fields_that_were_asked_for_and_refuses_unknown_ones(app):
    token = app.access("tomas_ok")
    assert app.call(ME + FIELDS, token).json()["data"].keys() == {
        "id", "name", "username", "profile_image_url", "verified",
    }  # fmt: skip
    answer = app.call(f"{ME}?user.fields=shoe_size", token)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_every_answer_tells_the_rate_limit_and_the_time(app):
    for answer in (app.call(REQUEST_TOKEN, callback_uri=CALLBACK), app.call(ME), app.call(V1, app.access())):
        assert answer.headers["x-rate-limit-limit"] == "75"
        assert int(answer.headers["x-rate-limit-reset"]) > time.time()
        assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()) < 60


@pytest.mark.parametrize(("screen_name", "code"), [("vstahl", 64), ("nadiabloom", 326)])
def test_a_suspended_and_a_locked_account_are_refused_with_their_codes(app, screen_name, code):
    answer = app.exchange(screen_name)
    assert (answer.status_code, codes(answer)) == (403, [code])
    if code == 326:
        assert {"sub_error_code", "bounce_location"} <= answer.json()["errors"][0].keys()


def test_a_person_may_change_while_the_token_lives(app):
    token = app.access("kestrel")
    app.x.people["kestrel"] = replace(app.x.people["kestrel"], screen_name="falcon", name="Falcon")
    assert app.call(ME, token).json()["data"]["username"] == "falcon"
    app.x.people["kestrel"] = replace(app.x.people["kestrel"], suspended=True)
    assert codes(app.call(ME, token)) == [64]
    del app.x.people["kestrel"]
    assert app.call(ME, token).status_code == 401


def test_a_test_may_bring_its_own_person(app):
    app.x.people["new"] = Person("42", "newcomer", "New Comer")
    assert dict(parse_qsl(app.exchange("newcomer").text))["user_id"] == "42"


# What X refuses


def test_an_unknown_consumer_is_refused(x):
    assert codes(App(x, key="somebody-else").call(REQUEST_TOKEN, callback_uri=CALLBACK)) == [32]


def test_a_wrong_consumer_secret_is_refused(x):
    assert codes(App(x, "guessed").call(REQUEST_TOKEN, callback_uri=CALLBACK)) == [32]


def test_a_wrong_token_secret_is_refused(app):
    assert codes(app.call(V1, (app.access()[0], "guessed"))) == [32]


def test_another_consumer_cannot_use_our_access_token(app):
    assert codes(App(app.x, key="somebody-else").call(V1, app.access())) == [32]


def test_a_signature_is_good_for_its_own_url_and_parameters_only(app):
    token = app.access()
    headers = app.sign(V1, token)
    assert codes(app.send(f"{V1}?include_email=true", headers)) == [32]
    assert app.send(ME, headers).status_code == 401
    assert app.send(V1, headers).status_code == 200


def test_a_signature_by_another_method_is_refused_even_if_it_is_right(app):
    Client.register_signature_method("HMAC-OTHER", sign_hmac_sha1_with_client)
    for method in ("PLAINTEXT", "HMAC-OTHER"):
        assert codes(app.call(REQUEST_TOKEN, callback_uri=CALLBACK, signature_method=method)) == [32]


def test_a_replayed_request_is_refused(app):
    headers = app.sign(REQUEST_TOKEN, callback_uri=CALLBACK)
    assert app.send(REQUEST_TOKEN, headers).status_code == 200
    assert codes(app.send(REQUEST_TOKEN, headers)) == [32]


def test_a_refused_request_uses_no_nonce_up(app):
    """Otherwise anybody who guesses a nonce could burn it."""
    options = {"callback_uri": CALLBACK, "nonce": "n" * 32, "timestamp": str(int(time.time()))}
    assert App(app.x, "guessed").call(REQUEST_TOKEN, **options).status_code == 401
    assert app.call(REQUEST_TOKEN, **options).status_code == 200


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_timestamp_more_than_five_minutes_off_is_refused(app, minutes):
    timestamp = str(int(time.time()) + 60 * minutes)
    answer = app.call(REQUEST_TOKEN, callback_uri=CALLBACK, timestamp=timestamp)
    assert (answer.status_code, codes(answer)) == (401, [135])


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_timestamp_less_than_five_minutes_off_is_taken(app, minutes):
    timestamp = str(int(time.time()) + 60 * minutes)
    assert app.call(REQUEST_TOKEN, callback_uri=CALLBACK, timestamp=timestamp).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer abc", "OAuth", "OAuth nonsense", 'OAuth oauth_nonce="1"'])
def test_a_missing_or_malformed_header_is_bad_authentication_data(app, header):
    answer = app.send(V1, {"Authorization": header} if header else {})
    assert (answer.status_code, codes(answer)) == (400, [215])


def test_a_parameter_that_comes_twice_is_refused(app):
    assert codes(app.call(f"{V1}?include_email=true&include_email=false", app.access())) == [215]


def test_a_call_without_a_callback_is_refused(app):
    answer = app.call(REQUEST_TOKEN)
    assert (answer.status_code, 'code="415"' in answer.text) == (403, True)


@pytest.mark.parametrize("callback", ["oob", "javascript://a/%0Aalert(1)", "app://back", "/accounts/", "", "http://"])
def test_a_callback_that_is_no_web_address_is_refused(app, callback):
    assert app.call(REQUEST_TOKEN, callback_uri=callback).status_code == 403


def test_a_callback_is_compared_with_the_allow_list_exactly():
    with XStandIn(callbacks=(CALLBACK,)) as x:
        app = App(x)
        assert app.call(REQUEST_TOKEN, callback_uri=CALLBACK).status_code == 200
        for callback in (CALLBACK[:-1], CALLBACK + "?a=1", CALLBACK.replace("127.0.0.1", "localhost")):
            answer = app.call(REQUEST_TOKEN, callback_uri=callback)
            assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (403, "application/xml")
            assert "Callback URL not approved" in answer.text
        app.session.close()


@pytest.mark.parametrize("verifier", [None, "wrong"])
def test_a_missing_or_wrong_verifier_is_refused_in_plain_text_and_spends_nothing(app, verifier):
    token, right = app.consent()
    answer = app.call(ACCESS_TOKEN, token, verifier=verifier)
    assert answer.status_code == 401
    assert answer.text == "Error processing your OAuth request: Invalid oauth_verifier parameter"
    assert app.call(ACCESS_TOKEN, token, verifier=right).status_code == 200


def test_a_request_token_that_nobody_approved_is_refused(app):
    assert app.call(ACCESS_TOKEN, app.request_token(), verifier="x").status_code == 401


def test_a_request_token_is_spent_once(app):
    token, verifier = app.consent()
    assert app.call(ACCESS_TOKEN, token, verifier=verifier).status_code == 200
    answer = app.call(ACCESS_TOKEN, token, verifier=verifier)
    assert (answer.status_code, answer.text) == (401, "Reverse auth credentials are invalid")


def test_of_two_who_spend_a_request_token_at_once_one_succeeds(app):
    token, verifier = app.consent()
    headers = [app.sign(ACCESS_TOKEN, token, verifier=verifier) for _ in range(4)]
    statuses: list[int] = []
    start = threading.Barrier(len(headers))

    def spend(mine: dict[str, str]) -> None:
        start.wait(10)
        statuses.append(requests.post(app.x.url + ACCESS_TOKEN, headers=mine, timeout=10).status_code)

    threads = [threading.Thread(target=spend, args=(mine,)) for mine in headers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(statuses) == [200, 401, 401, 401]


def test_a_request_token_is_no_access_token(app):
    assert codes(app.call(V1, app.request_token())) == [89]


# The consent page


def page(
    app: App, name: str = "authenticate", callback: str = CALLBACK, **query: str
) -> tuple[tuple[str, str], requests.Response]:
    token = app.request_token(callback)
    url = f"{app.x.url}/oauth/{name}?" + urlencode({"oauth_token": token[0], **query})
    return token, app.session.get(url, timeout=10, allow_redirects=False)


def choose(app: App, token: tuple[str, str], screen_name: str = "maralind") -> requests.Response:
    form = {"oauth_token": token[0], "screen_name": screen_name, "do": "authorize"}
    return app.session.post(f"{app.x.url}/oauth/consent", data=form, timeout=10, allow_redirects=False)


def test_the_consent_page_says_who_asks_and_offers_everybody(app):
    _, answer = page(app)
    assert answer.status_code == 200
    assert CONSUMER_KEY in answer.text
    assert "127.0.0.1:8000" in answer.text
    assert all(f'value="{person.screen_name}"' in answer.text for person in PEOPLE)
    assert 'value="maralind" required checked' in answer.text


def test_screen_name_chooses_beforehand(app):
    assert 'value="junofox" required checked' in page(app, screen_name="junofox")[1].text


def test_the_pages_allow_no_script_no_frame_and_no_form_but_to_the_callback(app):
    _, answer = page(app)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["form-action"] == "'self' http://127.0.0.1:8000"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    index = requests.get(app.x.url, timeout=10)
    assert "form-action 'self';" in index.headers["Content-Security-Policy"]
    for text in (answer.text, index.text):
        assert "<script" not in text
        assert "style=" not in text


def test_authenticate_asks_a_browser_once_and_then_sends_it_straight_back(app):
    token, _ = page(app)
    assert choose(app, token, "kestrel").status_code == 302
    token, answer = page(app)
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["oauth_token"] == [token[0]]
    final = app.call(ACCESS_TOKEN, token, verifier=query["oauth_verifier"][0])
    assert dict(parse_qsl(final.text))["screen_name"] == "kestrel"


def test_another_browser_is_asked(app):
    choose(app, page(app)[0])
    app.session.cookies.clear()
    assert page(app)[1].status_code == 200


@pytest.mark.parametrize(
    ("name", "query"),
    [("authorize", {}), ("authenticate", {"force_login": "true"}), ("authenticate", {"screen_name": "junofox"})],
)
def test_a_browser_that_has_approved_is_asked_again_when_the_site_wants_it(app, name, query):
    choose(app, page(app)[0])
    assert page(app, name, **query)[1].status_code == 200


def test_a_callback_in_the_browser_s_query_is_ignored(app):
    token, _ = page(app, oauth_callback="http://evil.example/")
    assert choose(app, token).headers["Location"].startswith(CALLBACK)


def test_a_request_token_is_approved_once(app):
    token, _ = page(app)
    assert choose(app, token, "maralind").status_code == 302
    assert choose(app, token, "kestrel").status_code == 403


def test_cancel_goes_back_with_denied_alone_and_ends_the_token(app):
    token = app.request_token(CALLBACK + "?provider=twitter")
    url = f"{app.x.url}/oauth/authorize?oauth_token={token[0]}"
    assert app.x.deny(url) == f"{CALLBACK}?provider=twitter&denied={token[0]}"
    assert app.session.get(url, timeout=10).status_code == 403
    assert app.call(ACCESS_TOKEN, token, verifier="x").status_code == 401


@pytest.mark.parametrize("name", ["authenticate", "authorize"])
def test_an_unknown_and_an_approved_token_get_a_page_that_says_so(app, name):
    token, _ = app.consent()
    for key in ("unknown", token[0], ""):
        answer = requests.get(f"{app.x.url}/oauth/{name}", {"oauth_token": key}, timeout=10)
        assert (answer.status_code, "<h1>" in answer.text) == (403, True)


def test_approve_says_when_nobody_is_let_through(app):
    with pytest.raises(ConfigurationError, match="consent page answered 403"):
        app.x.approve(f"{app.x.url}/oauth/authenticate?oauth_token=unknown", "maralind")
    with pytest.raises(ConfigurationError, match="consent page answered 400"):
        app.x.approve(f"{app.x.url}/oauth/authenticate?oauth_token={app.request_token()[0]}", "nobody")


def test_names_are_escaped_on_every_page(app):
    app.x.people["evil"] = Person("666", "evil", "<script>alert(1)</script>", 'a"b<i>@example.com')
    for text in (page(app)[1].text, requests.get(app.x.url, timeout=10).text):
        assert "<script" not in text
        assert "<i>" not in text
        assert "&lt;script&gt;" in text


# Pictures


def test_a_picture_is_there_in_x_s_variants_and_the_default_picture_in_one(app):
    url = app.call(ME + FIELDS, app.access()).json()["data"]["profile_image_url"]
    assert url.endswith("/avatars/maralind_normal.svg")
    for variant, size in (("_normal", 48), ("_400x400", 400), ("", 1024)):
        answer = requests.get(url.replace("_normal", variant), timeout=10)
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert f'width="{size}"' in answer.text
    default = app.call(ME + FIELDS, app.access("ines_moreau")).json()["data"]["profile_image_url"]
    assert requests.get(default, timeout=10).status_code == 200
    assert requests.get(default.replace("_normal", "_400x400"), timeout=10).status_code == 404


# Every fault


def on(app: App, path: str, **options) -> requests.Response:
    """Make one call as an application would that has come so far without a fault."""
    if path == REQUEST_TOKEN:
        return app.call(path, callback_uri=CALLBACK, **options)
    if path == ACCESS_TOKEN:
        return app.call(path, app.consented[0], verifier=app.consented[1])
    return app.call(path + {ME: FIELDS, V1: "?include_email=true"}.get(path, ""), app.token)


def fields(app: App, path: str) -> dict[str, str]:
    return dict(parse_qsl(on(app, path).text, keep_blank_values=True))


def both_profiles(app: App) -> tuple[dict, dict]:
    return on(app, ME).json()["data"], on(app, V1).json()


def back(app: App) -> tuple[str, dict[str, str]]:
    token = app.request_token()[0]
    url = app.x.approve(f"{app.x.url}/oauth/authenticate?oauth_token={token}", "maralind")
    return token, dict(parse_qsl(urlsplit(url).query))


def lacks(path: str, name: str) -> Callable[[App], bool]:
    return lambda app: name not in fields(app, path)


def has_body(path: str, test: Callable[[bytes], bool]) -> Callable[[App], bool]:
    def check(app: App) -> bool:
        answer = on(app, path)
        return answer.status_code == 200 and test(answer.content)

    return check


def is_unusable_json(content: bytes) -> bool:
    try:
        json.loads(content, parse_constant=lambda _: 1 / 0)
    except (ValueError, RecursionError, ZeroDivisionError):
        return True
    return False


def fails(path: str, status: int) -> Callable[[App], bool]:
    return lambda app: on(app, path).status_code == status


def check_skew(app: App) -> bool:
    answer = on(app, REQUEST_TOKEN)
    server = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    corrected = on(app, REQUEST_TOKEN, timestamp=str(int(server)))
    return codes(answer) == [135] and server - time.time() > 3000 and corrected.status_code == 200


def check_stranger(app: App) -> bool:
    v2, v1 = both_profiles(app)
    ours = PEOPLE[0].id
    return v2["id"] != ours and v1["id_str"] != ours and str(v1["id"]) == v1["id_str"]


def check_no_id(app: App) -> bool:
    v2, v1 = both_profiles(app)
    return "id" not in v2 and not {"id", "id_str"} & v1.keys()


def check_no_email(app: App) -> bool:
    v2, v1 = both_profiles(app)
    return "confirmed_email" not in v2 and v1["email"] is None


def check_partial(app: App) -> bool:
    body = on(app, ME).json()
    gone = {error["field"] for error in body["errors"]}
    return gone == {"confirmed_email", "profile_image_url"} and not gone & body["data"].keys()


def check_field(app: App) -> bool:
    body = on(app, ME).json()
    return body["errors"][0]["type"].endswith("/not-authorized-for-field") and "confirmed_email" not in body["data"]


def check_not_enrolled(app: App) -> bool:
    answer = on(app, ME)
    return answer.status_code == 403 and answer.json()["reason"] == "client-not-enrolled"


def check_types(app: App) -> bool:
    v2, v1 = both_profiles(app)
    return v2["id"] == PEOPLE[0].id and v2["name"] == v1["name"] == 7 and v1["screen_name"] == {"a": 1}


def check_limit(app: App) -> bool:
    answer = on(app, V1)
    wait = int(answer.headers["x-rate-limit-reset"]) - time.time()
    return codes(answer) == [88] and answer.headers["x-rate-limit-remaining"] == "0" and 800 < wait < 1000


def check_redirect(app: App) -> bool:
    answer = on(app, REQUEST_TOKEN)
    location = answer.headers["Location"]
    return answer.status_code == 302 and location.startswith("http://localhost:") and location.endswith(REQUEST_TOKEN)


def check_duplicate(app: App) -> bool:
    form = [name for name, _ in parse_qsl(on(app, REQUEST_TOKEN).text)]
    seen: list[str] = []
    json.loads(on(app, ME).content, object_pairs_hook=lambda pairs: seen.extend(name for name, _ in pairs))
    return form.count("oauth_token") == 2 and seen.count("data") == 2


def check_huge(app: App) -> bool:
    return len(on(app, ME).content) > 20 << 20 and len(on(app, REQUEST_TOKEN).content) > 20 << 20


def check_bomb(app: App) -> bool:
    answer = app.session.post(
        app.x.url + REQUEST_TOKEN, headers=app.sign(REQUEST_TOKEN, callback_uri=CALLBACK), timeout=10, stream=True
    )
    packed = answer.raw.read(decode_content=False)
    return len(packed) < 1 << 20 and len(gzip.decompress(packed)) > 64 << 20


def times_out(app: App) -> bool:
    try:
        headers = app.sign(REQUEST_TOKEN, callback_uri=CALLBACK)
        app.session.post(app.x.url + REQUEST_TOKEN, headers=headers, timeout=0.1)
    except (requests.Timeout, requests.ConnectionError):
        return True
    return False


def first_bytes(app: App) -> bytes:
    """Send a call over a bare socket; return what arrives within a fifth of a second."""
    headers = app.sign(REQUEST_TOKEN, callback_uri=CALLBACK)
    address = urlsplit(app.x.url)
    with socket.create_connection((address.hostname, address.port), timeout=0.2) as connection:
        lines = [
            f"POST {REQUEST_TOKEN} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: {headers['Authorization']}",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        arrived = b""
        try:
            while piece := connection.recv(4096):
                arrived += piece
        except TimeoutError:
            pass
    return arrived


def check_drip(app: App) -> bool:
    head, _, body = first_bytes(app).partition(b"\r\n\r\n")
    return b"Content-Length" in head and len(body) == 1


def check_cut(app: App) -> bool:
    try:
        on(app, REQUEST_TOKEN)
    except requests.exceptions.ChunkedEncodingError:
        return True
    return False


def check_reset(app: App) -> bool:
    try:
        on(app, REQUEST_TOKEN)
    except requests.ConnectionError as error:
        return "reset" in str(error).lower() and app.x.requests_to(REQUEST_TOKEN)[-1].status == 0
    return False


CHECKS: dict[str, Callable[[App], bool]] = {
    "callback-unconfirmed": lambda app: fields(app, REQUEST_TOKEN)["oauth_callback_confirmed"] == "false",
    "callback-confirmation-missing": lacks(REQUEST_TOKEN, "oauth_callback_confirmed"),
    "token-missing": lacks(REQUEST_TOKEN, "oauth_token"),
    "secret-missing": lacks(REQUEST_TOKEN, "oauth_token_secret"),
    "user-id-missing": lacks(ACCESS_TOKEN, "user_id"),
    "user-id-empty": lambda app: fields(app, ACCESS_TOKEN)["user_id"] == "",
    "screen-name-missing": lacks(ACCESS_TOKEN, "screen_name"),
    "extra-fields": lambda app: fields(app, ACCESS_TOKEN)["x_auth_expires"] == "0",
    "clock-skew": check_skew,
    "no-date": lambda app: "Date" not in on(app, REQUEST_TOKEN).headers,
    "other-person": check_stranger,
    "id-missing": check_no_id,
    "no-email-permission": check_no_email,
    "partial": check_partial,
    "field-not-authorized": check_field,
    "not-enrolled": check_not_enrolled,
    "v1-not-in-tier": lambda app: codes(on(app, V1)) == [453] and on(app, ME).status_code == 200,
    "wrong-types": check_types,
    "lone-surrogate": lambda app: on(app, ME).json()["data"]["name"].endswith("\ud83e"),
    "error": lambda app: codes(on(app, REQUEST_TOKEN)) == [131],
    "rate-limited": check_limit,
    "server-error": fails(REQUEST_TOKEN, 500),
    "bad-gateway": fails(REQUEST_TOKEN, 502),
    "unavailable": lambda app: on(app, V1).headers["Retry-After"] == "120" and on(app, V1).status_code == 503,
    "redirect": check_redirect,
    "empty": has_body(REQUEST_TOKEN, lambda content: content == b""),
    "truncated": has_body(ME, is_unusable_json),
    "html": has_body(ACCESS_TOKEN, lambda content: content.startswith(b"<!DOCTYPE html>")),
    "not-form": has_body(ACCESS_TOKEN, lambda content: json.loads(content) == {"ok": True}),
    "not-json": has_body(ME, is_unusable_json),
    "not-utf8": has_body(REQUEST_TOKEN, lambda content: "\ufffd" in content.decode("utf-8", "replace")),
    "xml-broken": has_body(REQUEST_TOKEN, lambda content: content.endswith(b"<error code=")),
    "duplicate": check_duplicate,
    "json-list": has_body(ME, lambda content: json.loads(content) == [1, 2]),
    "json-null": has_body(ME, lambda content: json.loads(content) is None),
    "json-string": has_body(ME, lambda content: json.loads(content) == "ok"),
    "json-nan": has_body(ME, is_unusable_json),
    "json-deep": has_body(ME, is_unusable_json),
    "json-long-number": has_body(ME, is_unusable_json),
    "huge": check_huge,
    "gzip-bomb": check_bomb,
    "slow": times_out,
    "drip": check_drip,
    "drip-headers": lambda app: len(first_bytes(app)) == 1,
    "cut": check_cut,
    "reset": check_reset,
    "back-bare": lambda app: back(app)[1] == {},
    "back-without-verifier": lambda app: back(app)[1].keys() == {"oauth_token"},
    "back-with-other-verifier": lambda app: back(app)[1]["oauth_verifier"] == "made-up",
    "back-with-other-token": lambda app: back(app)[1]["oauth_token"] == "made-up",
}


def test_every_fault_has_a_check():
    assert CHECKS.keys() == FAULTS.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_does_what_its_sentence_says_until_it_is_cleared(app, name):
    app.prepare()
    app.x.fault(name)
    assert CHECKS[name](app)
    app.x.clear()
    app.prepare()
    assert not does(name, app)


def does(name: str, app: App) -> bool:
    """Return whether a fault's effect is seen. A check that finds no error or field to look at has not seen it."""
    try:
        return CHECKS[name](app)
    except (KeyError, AttributeError, ValueError, gzip.BadGzipFile):
        return False


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("code", CODES)
def test_every_error_can_be_had_at_every_call_in_every_shape(app, path, code):
    app.prepare()
    for shape in SHAPES:
        app.x.fault("error", times=1, path=path, code=code, shape=shape)
        answer = on(app, path)
        assert answer.status_code == CODES[code].status
        assert READ[shape](answer) in (code, CODES[code].text, CODES[code].status)
        assert {"Date", "x-rate-limit-reset"} <= answer.headers.keys()


READ: dict[str, Callable[[requests.Response], object]] = {
    "json": lambda answer: codes(answer)[0],
    "xml": lambda answer: int(ET.fromstring(answer.content).find("error").attrib["code"]),
    "hash": lambda answer: ET.fromstring(answer.content).find("error").text,
    "text": lambda answer: answer.text,
    "problem": lambda answer: answer.json()["status"],
}


@pytest.mark.parametrize(("code", "kind"), [(32, "json"), (415, "xml"), (417, "hash")])
def test_an_error_has_its_usual_shape_unless_told_otherwise(app, code, kind):
    app.x.fault("error", code=code)
    answer = on(app, REQUEST_TOKEN)
    assert READ[kind](answer)
    assert answer.text.startswith({"json": '{"errors"', "xml": "<?xml", "hash": "<hash>"}[kind])


def test_a_fault_lasts_as_many_requests_as_told_and_meets_its_own_path_alone(app):
    app.prepare()
    app.x.fault("server-error", times=2, path=ME)
    assert [on(app, path).status_code for path in (V1, ME, ME, ME)] == [200, 500, 500, 200]


def test_several_faults_work_together(app):
    app.prepare()
    app.x.fault("user-id-missing")
    app.x.fault("extra-fields")
    found = fields(app, ACCESS_TOKEN)
    assert "user_id" not in found
    assert "something_new" in found


def test_a_call_that_fails_spends_nothing(app):
    app.prepare()
    app.x.fault("unavailable", times=1)
    assert on(app, ACCESS_TOKEN).status_code == 503
    assert on(app, ACCESS_TOKEN).status_code == 200


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_has_the_status_asked_for_and_its_target_is_seen_if_anybody_follows(app, status):
    app.x.fault("redirect", times=1, code=status)
    location = on(app, REQUEST_TOKEN).headers["Location"]
    assert len(app.x.requests_to(REQUEST_TOKEN)) == 1
    requests.post(location, timeout=10)
    assert len(app.x.requests_to(REQUEST_TOKEN)) == 2


@pytest.mark.parametrize(
    "options", [{"name": "gremlins"}, {"name": "error", "code": 1}, {"name": "error", "shape": "yaml"}]
)
def test_a_fault_that_does_not_exist_is_refused_with_the_list_of_those_that_do(x, options):
    with pytest.raises(ConfigurationError, match="Use one of"):
        x.fault(**options)


# The first page


def test_the_first_page_lists_people_faults_key_and_what_was_asked(app):
    app.prepare()
    text = requests.get(app.x.url, timeout=10).text
    assert all(person.screen_name in text for person in PEOPLE)
    assert all(name in text for name in FAULTS)
    assert CONSUMER_KEY in text
    assert ACCESS_TOKEN in text


def test_a_person_can_switch_faults_on_and_off_there(app):
    def press(**form: str) -> int:
        return app.session.post(app.x.url + "/faults", data=form, timeout=10).status_code

    assert press(name="error", code="453", path=V1, do="on") == 200
    assert press(name="empty", do="on") == 200
    assert on(app, REQUEST_TOKEN).content == b""
    assert press(name="empty", do="off") == 200
    app.prepare()
    assert codes(on(app, V1)) == [453]
    assert press(do="clear") == 200
    assert on(app, V1).status_code == 200
    assert press(name="gremlins", do="on") == 400


def test_an_address_without_a_page_says_so(x):
    assert requests.get(x.url + "/favicon.ico", timeout=10).status_code == 404
    assert requests.post(x.url + "/", timeout=10).status_code == 404


# The server


def test_connections_are_kept_alive_and_counted(app):
    before = app.x.connections
    for _ in range(5):
        assert app.call(REQUEST_TOKEN, callback_uri=CALLBACK).status_code == 200
    assert app.x.connections == before + 1
    app.consent()
    assert app.x.connections == before + 1, "a browser's connections do not count"


def test_requests_are_recorded_in_order_and_reset_forgets_them(app):
    app.exchange()
    assert [(r.method, r.path, r.status) for r in app.x.api_requests] == [
        ("POST", REQUEST_TOKEN, 200),
        ("POST", ACCESS_TOKEN, 200),
    ]
    assert [r.path for r in app.x.requests if r.browser] == ["/oauth/authenticate", "/oauth/consent"]
    app.x.people.clear()
    app.x.fault("empty")
    app.x.reset()
    assert app.x.requests == []
    assert list(app.x.people.values()) == list(PEOPLE)
    assert app.exchange().status_code == 200


@pytest.mark.parametrize("name", ["slow", "drip", "drip-headers"])
def test_stopping_lets_a_held_answer_go_and_leaves_no_thread(name):
    before = set(threading.enumerate())
    outcome: list[str] = []
    with XStandIn() as x:
        x.fault(name, seconds=300)
        app = App(x)
        held = threading.Thread(target=lambda: outcome.append("ended" if ends_without_an_answer(app) else "answered"))
        held.start()
        wait_until(lambda: x.requests)
    held.join(10)
    app.session.close()
    assert outcome == ["ended"]
    assert set(threading.enumerate()) <= before


def ends_without_an_answer(app: App) -> bool:
    try:
        app.call(REQUEST_TOKEN, callback_uri=CALLBACK)
    except requests.Timeout:
        return False
    except requests.RequestException:
        return True
    return False


def wait_until(seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not seen() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert seen()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.com"])
def test_it_listens_on_loopback_only(host):
    with pytest.raises(ConfigurationError, match="does not listen"):
        XStandIn(host=host)


def test_it_speaks_https_when_given_a_context(tmp_path):
    context, bundle = certificate(tmp_path)
    with XStandIn(ssl_context=context) as x:
        app = App(x)
        app.session.verify = bundle
        assert x.url.startswith("https://")
        assert app.exchange().status_code == 200
        assert x.connections == 1
        app.session.close()


def test_a_client_that_does_not_trust_the_certificate_disturbs_nobody(tmp_path, capfd):
    context, bundle = certificate(tmp_path)
    with XStandIn(ssl_context=context) as x:
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(x.url, timeout=10)
        assert requests.get(x.url, timeout=10, verify=bundle).status_code == 200
    assert capfd.readouterr().err == ""


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Make a certificate for 127.0.0.1; return a server's context and the bundle that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "bundle.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "bundle.pem", folder / "key.pem")
    return context, str(folder / "bundle.pem")


def test_it_runs_alone_and_django_is_not_needed():
    code = "import sys, socialreg.testing.__main__; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "False"


def test_the_module_serves_until_it_is_interrupted():
    command = [sys.executable, "-m", "socialreg.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http://"))
        assert requests.get(url, timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
