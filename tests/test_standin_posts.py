"""The stand-in keeps posts as X does. The client here is requests' and oauthlib's, so that nothing of ours is on both
sides."""

from __future__ import annotations

import re

import pytest
import requests
from oauthlib.oauth1 import Client

from socialreg.registry import providers
from socialreg.testing import CONSUMER_KEY, CONSUMER_SECRET, FAULTS
from socialreg.testing.x import endpoint
from socialreg.testing.x_posts import LENGTH
from socialreg.types import Credentials
from tests.using import WRITING, credentials_of, plays_x

JSON = {"Content-Type": "application/json"}


class App:
    """An application that calls X in somebody's name."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self.url = url
        self.credentials = credentials
        self.uid = credentials.uid

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = JSON["Content-Type"]):
        url, headers = f"{self.url}{path}", {"Content-Type": kind} if body is not None else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, headers=self.sign(method, url, headers, body), data=body, timeout=10)

    def sign(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> dict[str, str]:
        token, secret = self.credentials.token, self.credentials.secret
        if not secret:
            return {**headers, "Authorization": f"Bearer {token}"}
        client = Client(CONSUMER_KEY, CONSUMER_SECRET, token, secret)
        is_form = "form" in headers.get("Content-Type", "")
        given = (body.decode(), headers) if body and is_form else (None, {})
        return {**headers, **client.sign(url, method, *given)[1]}

    def post(self, text: str):
        return self.send("POST", "/2/tweets", requests.compat.json.dumps({"text": text}).encode())


@pytest.fixture
def app_of(site, x, settings):
    def make(slug: str = "twitter", screen_name: str = "maralind", **entry: object) -> App:
        if slug == "x":
            plays_x(x, settings, **entry)
        elif entry:
            given = {**settings.SOCIALREG["PROVIDERS"]["twitter"], **entry}
            settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": given}}
        return App(x.url, credentials_of(x, slug, screen_name))

    return make


@pytest.mark.parametrize("slug", ["twitter", "x"])
def test_a_post_is_made_listed_and_deleted(app_of, x, slug):
    app = app_of(slug)
    made = app.post("Hello, islands")
    (post,) = x.posts
    assert (made.status_code, made.json()["data"]["id"], made.json()["data"]["text"]) == (201, post.id, post.text)
    assert (post.author_id, post.text) == (app.uid, "Hello, islands")
    app.post("And again")
    listed = app.send("GET", f"/2/users/{app.uid}/tweets").json()
    assert ([each["text"] for each in listed["data"]], listed["meta"]) == (
        ["And again", "Hello, islands"],
        {"result_count": 2},
    )
    assert app.send("GET", "/2/users/7/tweets").json() == {"meta": {"result_count": 0}}
    assert app.send("DELETE", f"/2/tweets/{post.id}").json() == {"data": {"deleted": True}}
    assert app.send("DELETE", f"/2/tweets/{post.id}").status_code == 404
    assert [each.text for each in x.posts] == ["And again"]


def test_the_same_text_twice_is_refused_unless_somebody_else_says_it(app_of):
    app = app_of()
    app.post("twice")
    again = app.post("twice")
    assert (again.status_code, again.json()["detail"]) == (
        403,
        "You are not allowed to create a Tweet with duplicate content.",
    )
    assert app_of(screen_name="junofox").post("twice").status_code == 201


def test_nobody_deletes_what_somebody_else_has_said(app_of, x):
    app_of().post("mine")
    other = app_of(screen_name="junofox")
    assert other.send("DELETE", f"/2/tweets/{x.posts[0].id}").status_code == 403
    assert len(x.posts) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"text": ""}', "application/json"),
        (b'{"text": 7}', "application/json"),
        (b"{}", "application/json"),
        (b"[1]", "application/json"),
        (b"not json", "application/json"),
        (b"text=hello", "application/x-www-form-urlencoded"),
        (b'{"text": "%s"}' % (b"a" * (LENGTH + 1)), "application/json"),
    ],
)
def test_what_is_no_post_is_refused(app_of, x, body, kind):
    assert app_of().send("POST", "/2/tweets", body, kind).status_code == 400
    assert x.posts == []


def test_v1_takes_a_form_and_gives_the_status(app_of, x):
    app = app_of()
    form = "application/x-www-form-urlencoded"
    made = app.send("POST", "/1.1/statuses/update.json", b"status=Hello%20there", form).json()
    assert (made["text"], made["id_str"], made["user"]["screen_name"]) == ("Hello there", x.posts[0].id, "maralind")
    again = app.send("POST", "/1.1/statuses/update.json?status=Hello%20there")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (403, 187)


def test_v1_takes_no_token_of_oauth2(app_of):
    refused = app_of("x").send("POST", "/1.1/statuses/update.json?status=a")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, 220)


def test_a_token_for_reading_alone_writes_nothing(app_of, x):
    app = app_of(X_AUTH_ACCESS_TYPE="read")
    for refused in (app.post("a"), app.send("DELETE", "/2/tweets/1")):
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "oauth1-permissions")
    assert app.send("POST", "/1.1/statuses/update.json?status=a").json()["errors"][0]["code"] == 261
    assert app.send("GET", f"/2/users/{app.uid}/tweets").status_code == 200
    assert x.posts == []


def test_over_oauth2_writing_needs_its_scope_and_reading_its_own(app_of, x):
    app = app_of("x", SCOPE=["users.read", "tweet.read"])
    assert (app.post("a").status_code, app.post("a").json()["detail"]) == (403, "Forbidden")
    assert app.send("GET", f"/2/users/{app.uid}/tweets").status_code == 200
    assert app_of("x", SCOPE=["tweet.write"]).send("GET", "/2/users/7/tweets").status_code == 403
    assert x.posts == []


@pytest.mark.parametrize("slug", ["twitter", "x"])
def test_who_comes_without_a_good_token_is_told_nothing(app_of, slug):
    app = app_of(slug)
    app.credentials = Credentials("1", token="unknown", secret=app.credentials.secret)
    for refused in (app.post("a"), app.send("DELETE", "/2/tweets/1"), app.send("GET", "/2/users/1/tweets")):
        assert (refused.status_code, refused.json()["detail"]) == (401, "Unauthorized")


@pytest.mark.parametrize(("screen_name", "code"), [("vstahl", 64), ("nadiabloom", 326)])
def test_who_is_suspended_or_locked_posts_nothing(app_of, x, screen_name, code):
    app = app_of()
    x.people["maralind"] = x.people.pop(screen_name).__class__(app.uid, "maralind", "M", **{_WHY[code]: True})
    assert app.post("a").json()["errors"][0]["code"] == code


_WHY = {64: "suspended", 326: "locked"}


def test_tokens_of_another_provider_open_nothing_of_xs(standin):
    github = App(standin.url, credentials_of(standin, "github"))
    assert github.post("a").status_code == 401


def test_whatever_name_x_goes_by_its_tokens_are_good(app_of, x, settings):
    credentials = app_of("x").credentials
    assert providers["x"].api_host == x.url
    assert App(x.url, credentials).send("GET", "/2/users/me").json()["data"]["username"] == "maralind"
    assert set(WRITING) == set(credentials.scope.split())


def test_limits_and_every_fault_of_the_wire_reach_these_calls(app_of, x):
    app = app_of()
    x.fault("rate-limited", path="/2/tweets/:id")
    assert app.send("DELETE", "/2/tweets/1").status_code == 429
    assert app.post("a").status_code == 201
    x.clear()
    x.fault("rate-limited")
    for answer in (app.post("b"), app.send("DELETE", "/2/tweets/1"), app.send("GET", "/2/users/1/tweets")):
        assert (answer.status_code, answer.headers["x-rate-limit-remaining"]) == (429, "0")
        assert int(answer.headers["x-rate-limit-reset"]) > 1_700_000_000
        assert answer.json()["errors"][0]["code"] == 88
    assert "rate-limited" in FAULTS


def test_posts_are_an_applications_calls(app_of, x):
    app_of().post("a")
    assert [record.path for record in x.api_requests][-1] == "/2/tweets"
    assert (endpoint("/2/tweets/12"), endpoint("/2/users/12/tweets"), endpoint("/2/tweets/x")) == (
        "/2/tweets/:id",
        "/2/users/:id/tweets",
        "",
    )


def test_the_page_shows_them_the_latest_first_and_escaped(app_of, x):
    shown = requests.get(f"{x.url}/posts", timeout=10)
    assert "Nothing was posted yet" in shown.text
    app = app_of()
    app.post("<script>alert(1)</script>")
    app.post("Second")
    shown = requests.get(f"{x.url}/posts", timeout=10)
    assert re.findall(r'<p class="text">(.*?)</p>', shown.text) == ["Second", "&lt;script&gt;alert(1)&lt;/script&gt;"]
    assert "Mara Lindqvist" in shown.text
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert '<a href="/posts">' in requests.get(x.url, timeout=10).text
    del x.people["maralind"]
    assert "Somebody who is gone" in requests.get(f"{x.url}/posts", timeout=10).text


def test_reset_forgets_them(app_of, x):
    app_of().post("a")
    x.reset()
    assert x.posts == []
