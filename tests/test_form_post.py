"""A provider that answers by a form, posted from its own site: one hop, and the session is there; nothing leaks."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import attempt, posted
from socialreg.ciphers import Cipher
from socialreg.encryption import _cipher, seal, unseal
from socialreg.exceptions import Denied, Mismatch, Unavailable
from socialreg.models import SocialAccount
from socialreg.provider import Provider
from socialreg.registry import providers
from socialreg.types import Credentials, Email, Profile, Redirect
from tests.statements import recorded
from tests.test_pages import line_of, press, reference_on
from tests.test_way import shown

pytestmark = pytest.mark.django_db

SITE = "https://testserver"
PROVIDER = "https://login.poster.example"
START, CALLBACK = "/accounts/poster/start/", "/accounts/poster/callback/"
NEXT = "/home/?a=b"
#: What the provider's page posts besides ``state``.
ANSWER = {"code": "c0de-that-nobody-else-may-see", "user": '{"name": "Åsa Öberg"}'}


class Poster(Provider):
    """Answers by a post, vouches for whoever has a code, and tells what it was handed."""

    slug = "poster"
    label = "Poster"
    issuer = PROVIDER
    uid_claim = "uid"
    answers_by_post = True
    required_options = ()
    authorize_url = f"{PROVIDER}/authorize"
    handed: ClassVar[list[dict[str, str]]] = []

    def correlate(self, params: Mapping[str, str]) -> str:
        return params.get("state", "")

    def authorize(self, redirect_uri, intent, options):
        state = secrets.token_urlsafe(32)
        query = urlencode({"redirect_uri": redirect_uri, "state": state, "response_mode": "form_post"})
        return Redirect(f"{self.authorize_url}?{query}", state, {"state": state})

    def verify(self, pending, params):
        self.handed.append(dict(params))
        if params["state"] != pending["state"]:
            raise Mismatch("Another state")
        if "error" in params:
            raise Denied("The visitor declined")
        if params["code"] == "out-of-order":
            raise Unavailable("Out of order")
        return Credentials(uid=params["code"])

    def fetch_profile(self, credentials):
        address = Email("asa@example.com")
        return Profile(credentials.uid, "asa", first_name="Åsa", email=address, raw={"uid": credentials.uid})


class Quiet(Poster):
    """The same, answering by GET."""

    slug = "quiet"
    answers_by_post = False


class Browser:
    """A browser's manners with cookies: a post from another site gets those with ``SameSite=None`` alone."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def start(self, slug: str = "poster", **data: str) -> HttpResponse:
        """Press the button."""
        token = shown(self.get(reverse("socialreg:login")).content.decode())["csrfmiddlewaretoken"]
        fields = {"csrfmiddlewaretoken": token, **data}
        return self.client.post(reverse("socialreg:start", args=[slug]), fields, secure=True, HTTP_ORIGIN=SITE)

    def state(self, **data: str) -> str:
        """Press the button; return the state that the provider sees."""
        return parse_qs(urlsplit(self.start(**data)["Location"]).query)["state"][0]

    def get(self, url: str) -> HttpResponse:
        return self.client.get(url, secure=True)

    def post(self, fields: object, url: str = CALLBACK, kind: str = posted._FORM) -> HttpResponse:
        """Let the provider's page post a form to the callback."""
        mine = self.client.cookies
        self.client.cookies = SimpleCookie()
        self.client.cookies.update({name: cookie for name, cookie in mine.items() if cookie["samesite"] == "None"})
        body = fields if isinstance(fields, bytes) else urlencode(fields)
        try:
            return self.client.post(url, body, kind, secure=True, HTTP_ORIGIN=PROVIDER)
        finally:
            mine.update({name: cookie for name, cookie in self.client.cookies.items() if name not in mine})
            self.client.cookies = mine

    def log_in(self, **data: str) -> HttpResponse:
        """Press the button, come back by post, follow to our answer."""
        return self.get(self.post({"state": self.state(**data), **ANSWER})["Location"])

    def cookies(self, part: str) -> dict[str, str]:
        """Return what the browser keeps in cookies of such names."""
        return {name: each.value for name, each in self.client.cookies.items() if part in name and each.value}

    def user(self) -> object:
        return self.client.session.get("_auth_user_id")


@pytest.fixture
def _site(settings) -> Iterator[None]:
    cache.clear()
    entries = {"poster": {"PROVIDER": Poster}, "quiet": {"PROVIDER": Quiet}}
    settings.SOCIALREG = {"BASE_URL": SITE, "PROVIDERS": entries}
    Poster.handed.clear()
    yield
    providers.clear()


@pytest.fixture
def browser(_site) -> Browser:
    return Browser()


@pytest.fixture
def other_browser(_site) -> Browser:
    return Browser()


def is_lost(response: HttpResponse) -> bool:
    return response.status_code == 400 and b"Let us begin again" in response.content


# The way --------------------------------------------------------------------------------------------------------------


def test_the_whole_way_from_the_button_to_a_user(browser):
    state = browser.state(next=NEXT)
    hop = browser.post({"state": state, **ANSWER})
    assert hop.status_code == 303
    assert hop["Location"] == f"{CALLBACK}?state={state}"
    assert Poster.handed == []
    response = browser.get(hop["Location"])
    assert response["Location"] == reverse("socialreg:register"), response.content.decode()
    assert Poster.handed == [{"state": state, **ANSWER}]
    form = shown(browser.get(response["Location"]).content.decode())
    assert form["first_name"] == "Åsa"
    response = browser.client.post(response["Location"], form, secure=True, HTTP_ORIGIN=SITE)
    assert response["Location"] == NEXT
    assert browser.user() == str(User.objects.get().pk)
    assert (browser.cookies("attempt"), browser.cookies("answer")) == ({}, {})


def test_connecting_finds_the_session_that_the_post_did_not_bring(browser):
    user = User.objects.create_user("somebody")
    browser.client.force_login(user)
    hop = browser.post({"state": browser.state(intent="connect"), **ANSWER})
    assert not hop.wsgi_request.user.is_authenticated
    assert browser.get(hop["Location"])["Location"] == reverse("socialreg:connections")
    assert SocialAccount.objects.get().user == user
    assert browser.user() == str(user.pk)


def test_somebody_else_who_is_here_by_then_gets_nothing(browser):
    browser.client.force_login(User.objects.create_user("somebody"))
    hop = browser.post({"state": browser.state(intent="connect"), **ANSWER})
    browser.client.force_login(User.objects.create_user("another"))
    response = browser.get(hop["Location"])
    assert response.status_code == 403
    assert b"Somebody else is logged in now" in response.content
    assert not SocialAccount.objects.exists()


def test_only_the_attempts_cookie_is_for_other_sites_and_over_https_alone(browser, settings):
    for slug, samesite, across in (("poster", "None", True), ("quiet", "Lax", False)):
        ((name, cookie),) = [item for item in browser.start(slug).cookies.items() if "attempt" in item[0]]
        assert re.fullmatch(rf"__Host-socialreg-attempt-{'across-' if across else ''}[0-9a-f]{{24}}", name)
        found = [cookie[each] for each in ("samesite", "secure", "httponly", "path", "domain")]
        assert found == [samesite, True, True, "/", ""]
    settings.SOCIALREG = {**settings.SOCIALREG, "BASE_URL": "http://testserver"}
    ((name, cookie),) = [item for item in browser.start().cookies.items() if "attempt" in item[0]]
    assert not name.startswith("__Host-")
    assert (cookie["samesite"], cookie["secure"]) == ("Lax", "")


def test_cookies_are_removed_with_the_attributes_that_they_were_set_with(browser):
    made = dict(browser.start().cookies)
    (name,) = [name for name in made if "attempt" in name]
    state = unseal("attempt", made[name].value)["key"]
    hop = browser.post({"state": state, **ANSWER})
    made.update(hop.cookies)
    removed = browser.get(hop["Location"]).cookies
    for each in ("attempt", "answer"):
        (name,) = [name for name in made if each in name]
        for attribute in ("samesite", "secure", "path", "domain", "httponly"):
            assert removed[name][attribute] == made[name][attribute]
        assert (removed[name].value, removed[name]["max-age"]) == ("", 0)


def test_the_answer_waits_a_minute_in_a_cookie_that_says_nothing(browser):
    ((name, cookie),) = browser.post({"state": browser.state(), **ANSWER}).cookies.items()
    assert re.fullmatch(r"__Host-socialreg-answer-across-[0-9a-f]{24}", name)
    found = [cookie[each] for each in ("samesite", "secure", "httponly", "path", "domain", "max-age")]
    assert found == ["Lax", True, True, "/", "", 60]
    assert ANSWER["code"] not in cookie.value


def test_five_tabs_finish_in_any_order(browser):
    tabs = [browser.state(next=f"/home/?tab={tab}") for tab in range(5)]
    for tab in (3, 0, 4, 2, 1):
        hop = browser.post({"state": tabs[tab], "code": f"person-{tab}"})
        assert browser.get(hop["Location"])["Location"] == reverse("socialreg:register")
    assert [each["code"] for each in Poster.handed] == ["person-3", "person-0", "person-4", "person-2", "person-1"]


def test_a_provider_on_the_same_site_as_in_development_may_bring_the_session_along(browser, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "BASE_URL": "http://testserver"}
    client = Client()
    state = parse_qs(urlsplit(client.post(START)["Location"]).query)["state"][0]
    hop = client.post(CALLBACK, urlencode({"state": state, **ANSWER}), posted._FORM)
    assert client.get(hop["Location"])["Location"] == reverse("socialreg:register")


# What the post may not do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("use_sessions", [True, False])
def test_the_post_asks_no_store_and_gives_nobody_another_session_or_token(
    browser, settings, monkeypatch, ours, use_sessions
):
    """A page shown there, to a browser that sent neither, would log people out or spoil the forms in other tabs."""
    settings.CSRF_USE_SESSIONS = use_sessions
    browser.client.force_login(User.objects.create_user("somebody"))
    state = browser.state(intent="connect") if ours else "guess"

    def no_cache(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the cache was asked")

    with monkeypatch.context() as patch, recorded(connection) as statements:
        for name in ("add", "set", "get", "incr", "delete"):
            patch.setattr(cache, name, no_cache)
        response = browser.post({"state": state, **ANSWER})
    assert statements.queries == []
    assert ["answer" in name for name in response.cookies] == [True] * ours
    assert response.content == b""


def test_the_post_is_headed_like_every_page_of_ours(browser):
    for state in (browser.state(), "guess"):
        response = browser.post({"state": state, **ANSWER})
        assert set(response["Cache-Control"].split(", ")) >= {"no-store", "private"}
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
        assert response["Referrer-Policy"] == "same-origin"


def test_another_browsers_answer_goes_nowhere(browser, other_browser, caplog):
    """Somebody lets a visitor's browser post an answer of their own, to be logged in there as them."""
    hop = other_browser.post({"state": browser.state(), **ANSWER})
    assert (hop.status_code, hop["Location"]) == (303, CALLBACK)
    assert not hop.cookies
    response = other_browser.get(hop["Location"])
    assert is_lost(response)
    assert line_of(caplog, reference_on(response)).levelno == logging.WARNING
    assert Poster.handed == []
    assert press(other_browser.client, response)["Location"].startswith(PROVIDER)
    assert other_browser.user() is None


def long_text(letter: str, length: int) -> dict[str, str]:
    return {**ANSWER, "user": letter * length}


REFUSED = {
    "without state": lambda state: urlencode(ANSWER),
    "empty": lambda state: "",
    "empty state": lambda state: urlencode({"state": "", **ANSWER}),
    "another state": lambda state: urlencode({"state": state[:-1], **ANSWER}),
    "state twice": lambda state: urlencode([("state", state), ("state", state), *ANSWER.items()]),
    "code twice": lambda state: urlencode([("state", state), *ANSWER.items(), ("code", "other")]),
    "a hundred parameters": lambda state: urlencode({"state": state, **{str(n): "" for n in range(100)}}),
    "too long": lambda state: urlencode({"state": state, **long_text("x", posted.MOST_BYTES)}),
    "too long for a cookie": lambda state: urlencode({"state": state, **long_text("x", posted.MOST_BYTES - 500)}),
    "too long once sealed": lambda state: urlencode({"state": state, **long_text("\0", 600)}),
    "megabytes": lambda state: urlencode({"state": state, **long_text("x", 3_000_000)}),
    "not UTF-8": lambda state: f"state={state}&code=".encode() + b"\xff",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_answer_to_an_attempt_of_this_browser_is_dropped(browser, caplog, case):
    body = REFUSED[case](browser.state())
    hop = browser.post(body.encode() if isinstance(body, str) else body)
    assert (hop.status_code, hop["Location"]) == (303, CALLBACK)
    assert not hop.cookies
    assert "A posted answer was dropped [mismatch]. Cause: it " in caplog.text
    assert is_lost(browser.get(hop["Location"]))
    assert Poster.handed == []
    assert len(browser.cookies("attempt")) == 1  # nothing is spent: the true answer may be on its way


def test_the_page_on_errors_has_the_line_of_a_dropped_answer(browser, caplog):
    browser.post({"state": "guess", **ANSWER})
    (record,) = [record for record in caplog.records if record.name == "socialreg.posted"]
    line = f"{record.levelname} {record.name}: {record.getMessage()}".replace("poster", "apple")
    assert line in (Path(__file__).parent.parent / "docs/reference/errors.md").read_text("utf-8")


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json", "text/plain", ""])
def test_what_is_no_form_is_dropped_unread(browser, kind):
    body = urlencode({"state": browser.state(), **ANSWER}).encode()
    assert browser.post(body, kind=kind)["Location"] == CALLBACK


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²"])
def test_a_post_that_does_not_say_how_long_it_is_is_dropped_unread(browser, rf, length):
    state = browser.state()
    request = rf.post(CALLBACK, urlencode({"state": state, **ANSWER}), posted._FORM, secure=True, CONTENT_LENGTH=length)
    request.META["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in browser.cookies("attempt").items())
    assert posted.hop(request, "poster", providers["poster"])["Location"] == CALLBACK


def test_an_answer_at_another_providers_callback_is_dropped(browser, settings):
    entries = settings.SOCIALREG["PROVIDERS"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "second": {"PROVIDER": Poster}}}
    second = reverse("socialreg:callback", args=["second"])
    assert browser.post({"state": browser.state(), **ANSWER}, second)["Location"] == second


def test_an_ordinary_providers_callback_takes_no_post_whatever_it_carries(browser):
    browser.start("quiet")
    ((name, sealed),) = browser.cookies("attempt").items()
    state = unseal("attempt", sealed)["key"]
    browser.client.cookies[name]["samesite"] = "None"  # as if it came along after all
    callback = reverse("socialreg:callback", args=["quiet"])
    token = browser.client.cookies["csrftoken"].value
    for url in (callback, f"{callback}?{urlencode({'state': state, **ANSWER})}"):
        response = browser.post({"state": state, "csrfmiddlewaretoken": token, **ANSWER}, url)
        assert is_lost(response)
        assert browser.cookies("answer") == {}
    assert Poster.handed == []


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("slug", ["poster", "quiet"])
def test_no_other_method_finishes_an_attempt(browser, method, slug):
    browser.start(slug)
    (sealed,) = browser.cookies("attempt").values()
    query = urlencode({"state": unseal("attempt", sealed)["key"], **ANSWER})
    assert is_lost(getattr(browser.client, method)(f"/accounts/{slug}/callback/?{query}", secure=True))
    assert Poster.handed == []


# What the GET may not do ----------------------------------------------------------------------------------------------


def test_the_address_adds_nothing_to_what_was_posted(browser):
    state = browser.state()
    hop = browser.post({"state": state, **ANSWER})
    browser.get(f"{hop['Location']}&code=mine&error=access_denied&more=1")
    assert Poster.handed == [{"state": state, **ANSWER}]


@pytest.mark.parametrize("query", [{}, ANSWER])
def test_an_address_alone_is_no_answer_and_keeps_next(browser, query):
    response = browser.get(f"{CALLBACK}?{urlencode({'state': browser.state(next=NEXT, intent='login'), **query})}")
    assert is_lost(response)
    assert shown(response.content.decode())["next"] == NEXT
    assert Poster.handed == []
    assert browser.cookies("attempt") == {}


def restore(browser: Browser, kept: dict[str, str]) -> None:
    """Put cookies back: a browser that restored its windows, or a thief."""
    for name, value in kept.items():
        browser.client.cookies[name] = value
        browser.client.cookies[name]["samesite"] = "None"


def test_a_replay_of_the_get_goes_nowhere(browser):
    hop = browser.post({"state": browser.state(next=NEXT), **ANSWER})
    kept = {**browser.cookies("attempt"), **browser.cookies("answer")}
    browser.get(hop["Location"])
    assert is_lost(browser.get(hop["Location"]))
    restore(browser, kept)
    response = browser.get(hop["Location"])
    assert response.status_code == 400
    assert b"This step is done already" in response.content
    assert shown(response.content.decode())["next"] == NEXT
    assert len(Poster.handed) == 1
    assert (browser.cookies("attempt"), browser.cookies("answer")) == ({}, {})


def test_a_replay_of_the_post_goes_nowhere(browser):
    state = browser.state(next=NEXT)
    kept = browser.cookies("attempt")
    for follow in ("register", CALLBACK):
        hop = browser.post({"state": state, **ANSWER})
        assert follow in browser.get(hop["Location"]).get("Location", CALLBACK)
    restore(browser, kept)
    response = browser.get(browser.post({"state": state, **ANSWER})["Location"])
    assert b"This step is done already" in response.content
    assert len(Poster.handed) == 1


def another_attempts(browser: Browser, name: str) -> str:
    browser.post({"state": browser.state(), "code": "another"})
    return next(value for each, value in browser.cookies("answer").items() if each != name)


def a_minute_old(browser: Browser, name: str) -> str:
    data = unseal("answer", browser.cookies("answer")[name])
    cipher: Cipher = _cipher("answer")
    return cipher.encrypt_at_time(repr(data).replace("'", '"').encode(), int(time.time()) - 61).decode()


SWAPPED = {
    "another attempt's": another_attempts,
    "a minute old": a_minute_old,
    "changed": lambda browser, name: browser.cookies("answer")[name][:-3] + "AA=",
    "cut": lambda browser, name: browser.cookies("answer")[name][:-8],
    "sealed for another purpose": lambda browser, name: next(iter(browser.cookies("attempt").values())),
    "sealed by somebody else": lambda browser, name: Fernet(Fernet.generate_key()).encrypt(b"{}").decode(),
    "nonsense": lambda browser, name: "é",
    "gone": lambda browser, name: "",
}


@pytest.mark.parametrize("case", SWAPPED)
def test_only_the_answer_to_this_very_attempt_counts_and_for_a_minute(browser, case):
    state = browser.state(next=NEXT)
    hop = browser.post({"state": state, "code": "mine"})
    (name,) = browser.cookies("answer")
    browser.client.cookies[name] = SWAPPED[case](browser, name)
    response = browser.get(hop["Location"])
    assert is_lost(response)
    assert shown(response.content.decode())["next"] == NEXT
    assert Poster.handed == []
    assert name not in browser.cookies("answer")
    browser.client.cookies.clear()
    assert browser.log_in()["Location"] == reverse("socialreg:register")


def test_an_answer_is_good_for_all_of_its_minute(browser):
    hop = browser.post({"state": browser.state(), "code": "mine"})
    (name,) = browser.cookies("answer")
    data = unseal("answer", browser.cookies("answer")[name])
    text = repr(data).replace("'", '"').encode()
    browser.client.cookies[name] = _cipher("answer").encrypt_at_time(text, int(time.time()) - 58).decode()
    assert browser.get(hop["Location"])["Location"] == reverse("socialreg:register")


def test_an_answer_to_an_attempt_that_took_too_long_is_told_so_and_keeps_next(browser):
    state = browser.state(next=NEXT)
    ((name, sealed),) = browser.cookies("attempt").items()
    data = unseal("attempt", sealed)
    browser.client.cookies[name].set(name, *[seal("attempt", {**data, "started": data["started"] - 601})] * 2)
    response = browser.get(browser.post({"state": state, **ANSWER})["Location"])
    assert response.status_code == 400
    assert b"That took a little long" in response.content
    assert shown(response.content.decode())["next"] == NEXT


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["post", "query"])
@pytest.mark.parametrize("intent", ["login", "connect"])
def test_cancel_takes_the_same_way_or_the_address(browser, way, intent):
    user = User.objects.create_user("somebody")
    if intent == "connect":
        browser.client.force_login(user)
    fields = {"state": browser.state(next=NEXT, intent=intent), "error": "user_cancelled_authorize"}
    address = browser.post(fields)["Location"] if way == "post" else f"{CALLBACK}?{urlencode(fields)}"
    response = browser.get(address)
    assert response.status_code == 200
    assert b"You cancelled" in response.content
    form = shown(response.content.decode())
    assert (form["next"], form.get("intent", "login")) == (NEXT, intent)
    assert (browser.cookies("attempt"), browser.cookies("answer")) == ({}, {})


def test_a_provider_out_of_order_is_a_page_of_ours_and_leaves_no_cookie(browser):
    hop = browser.post({"state": browser.state(next=NEXT), "code": "out-of-order"})
    response = browser.get(hop["Location"])
    assert response.status_code == 503
    assert reference_on(response)
    assert shown(response.content.decode())["next"] == NEXT
    assert response["X-Frame-Options"] == "DENY"
    assert (browser.cookies("attempt"), browser.cookies("answer")) == ({}, {})


def test_a_provider_that_is_not_enabled_takes_no_post(browser):
    assert browser.post(ANSWER, "/accounts/nobody/callback/").status_code == 404


def test_no_log_line_holds_what_was_posted(browser, caplog):
    caplog.set_level(logging.DEBUG)
    browser.log_in()
    browser.post({"state": "guess-of-somebody", **ANSWER})
    browser.get(browser.post({"state": browser.state(), **ANSWER, "error": "x"})["Location"])
    written = "\n".join(repr({**vars(record), "request": None}) for record in caplog.records)
    assert "A posted answer was dropped" in written
    assert not re.search("c0de|Öberg|guess-of-somebody", written)


def test_the_longest_answer_beside_the_most_attempts_is_what_servers_take_as_a_cookie_header(browser):
    states = [browser.state(next="/home/?" + "x" * 690) for _ in range(6)]
    length = 0
    for size in range(1, posted.MOST_BYTES, 10):
        hop = browser.post({"state": states[-1], "code": "x" * size})
        if not hop.cookies:
            break
        length = size
    assert length > 1500
    browser.post({"state": states[-1], "code": "x" * length})
    header = "; ".join(f"{name}={cookie.value}" for name, cookie in browser.client.cookies.items() if cookie.value)
    assert len(header) < 8190
    assert attempt.MOST_BYTES + posted.MOST_BYTES < 8190
