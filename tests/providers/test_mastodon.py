"""Mastodon, with payloads after https://docs.joinmastodon.org/entities/Account/ and .../methods/apps/.

Several servers are played by one peer: ``SERVER_ADDRESS`` leads to the path of each.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from socialreg import steps
from socialreg.exceptions import (
    BadAnswer,
    ConfigurationError,
    Denied,
    Mismatch,
    NoSuchServer,
    Refused,
    Unavailable,
)
from socialreg.http import Client
from socialreg.models import Kept, SocialAccount
from socialreg.store import Memory
from socialreg.testing import StandIn
from socialreg.testing.messages import Delivery, Request, Response
from socialreg.testing.server import Server
from socialreg.testing.site import stand_in_for
from socialreg.types import Profile, Redirect
from socialreg_providers._host_names import host_name
from socialreg_providers.mastodon import Mastodon

from .grid import CALLBACK, HTML, RESET, TOKEN, OAuth2Grid, Peer

HERE, THERE = "social.example", "other.example"
REGISTER, TOKENS, PROFILE = "/api/v1/apps", "/oauth/token", "/api/v1/accounts/verify_credentials"
AVATAR = "https://files.social.example/accounts/avatars/000/014/715/original/34aa222f4ae2e0a9.png"
UNKNOWN = Response.json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
MARA: dict[str, Any] = {
    "id": "14715",
    "username": "maralind",
    "acct": "maralind",
    "display_name": "Mara Lindqvist",
    "locked": False,
    "bot": False,
    "created_at": "2016-11-24T10:02:12.085Z",
    "note": "<p>Cartographer of small islands.</p>",
    "url": f"https://{HERE}/@maralind",
    "avatar": AVATAR,
    "avatar_static": AVATAR,
    "followers_count": 821,
    "source": {"privacy": "public", "language": ""},
    "emojis": [],
    "fields": [],
}


class OneServer(Peer):
    """The peer of the grid, with Mastodon's paths under the names that the grid knows."""

    def _answer(self, request: Request) -> Response:
        names = {f"/{HERE}{TOKENS}": "/token", f"/{HERE}{PROFILE}": "/profile"}
        return super()._answer(replace(request, path=names.get(request.path, request.path)))


class TestGrid(OAuth2Grid):
    """One server, and an application registered there by hand: then it is an ordinary provider."""

    provider = Mastodon
    options = {"SERVERS": [HERE]}
    token = {"access_token": TOKEN, "token_type": "Bearer", "scope": "read:accounts", "created_at": 1573979017}
    callback = {"server": HERE}
    redirect_uri = f"{CALLBACK}?server={HERE}"
    full = MARA
    expected = Profile("14715", "maralind", "Mara Lindqvist", "Mara", "Lindqvist", picture=AVATAR)
    minimal = {"id": "7", "username": "kestrel", "acct": "kestrel", "display_name": "", "avatar": ""}
    expected_minimal = Profile("7", "kestrel")

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        with OneServer() as peer:
            yield peer

    def addresses(self, peer: Peer) -> dict[str, object]:
        return {"SERVER_ADDRESS": f"{peer.url}/{{server}}"}


class Fediverse:
    """Any number of servers on this machine: each registers applications, and knows its own alone.

    ``answers`` replaces the answer of a path of one server, ``profiles`` has who is told of there.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Response] = {}
        self.profiles: dict[str, dict[str, Any]] = {}
        self.apps: dict[str, dict[str, dict[str, str]]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._server = Server(("127.0.0.1", 0), self._answer, None)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Response:
        _, server, rest = request.path.split("/", 2)
        path, form = f"/{rest}", request.form_fields()
        self.requests.append((server, path, form))
        acts: dict[str, Callable[[str, dict[str, str]], Response]] = {REGISTER: self._register, TOKENS: self._token}
        if (server, path) in self.answers:
            return self.answers[server, path]
        if path == PROFILE:
            return Response.json(self.profiles.get(server, {**MARA, "url": f"{self.url}/{server}/@maralind"}))
        return acts[path](server, form) if path in acts else Response(404, b"nothing here")

    def _register(self, server: str, form: dict[str, str]) -> Response:
        known = self.apps.setdefault(server, {})
        client_id = f"id-{len(known)}-{server}"
        known[client_id] = {**form, "client_secret": f"s3cret-{len(known)}-{server}"}
        return Response.json({**form, "client_id": client_id, "client_secret": known[client_id]["client_secret"]})

    def _token(self, server: str, form: dict[str, str]) -> Response:
        app = self.apps.get(server, {}).get(form["client_id"])
        if app is None or form["client_secret"] != app["client_secret"]:
            return UNKNOWN
        if form["redirect_uri"] not in app["redirect_uris"].split():
            return Response.json({"error": "invalid_grant"}, 400)
        return Response.json(
            {"access_token": f"t0ken-{server}", "token_type": "Bearer", "scope": form.get("scope", "")}
        )

    def asked(self, server: str, path: str) -> list[dict[str, str]]:
        """Return the forms that a path of one server was sent."""
        return [form for name, asked, form in self.requests if (name, asked) == (server, path)]


@pytest.fixture
def fediverse() -> Iterator[Fediverse]:
    with Fediverse() as fediverse:
        yield fediverse


@pytest.fixture
def wire(fediverse: Fediverse) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({urlsplit(fediverse.url).netloc}), plain_http=True)
    yield client
    client.close()


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
def mastodon(fediverse: Fediverse, wire: Client, store: Memory) -> Mastodon:
    return made(fediverse, wire, store)


def made(fediverse: Fediverse, wire: Client, store: Memory, **options: object) -> Mastodon:
    return Mastodon({"SERVER_ADDRESS": f"{fediverse.url}/{{server}}", **options}, wire, store)


def start(mastodon: Mastodon, server: str = HERE) -> Redirect:
    return steps.authorize(mastodon, CALLBACK, "login", {"server": server})


def sent(redirect: Redirect) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(redirect.url).query))


def back(redirect: Redirect, **more: str) -> Mapping[str, str]:
    """Return what the browser brings back: the server adds to the callback as it was registered."""
    callback = dict(parse_qsl(urlsplit(sent(redirect)["redirect_uri"]).query))
    return {**callback, "state": redirect.key, "code": "c0de", **more}


def log_in(mastodon: Mastodon, server: str = HERE):
    redirect = start(mastodon, server)
    return steps.verify(mastodon, redirect.pending, back(redirect))


class TestServer:
    @pytest.mark.parametrize(
        "typed",
        [
            "social.example",
            " Social.Example. ",
            "https://social.example",
            "https://social.example/@maralind",
            "http://social.example/about?x=1#y",
            "social.example/@maralind",
            "@maralind@social.example",
            "maralind@SOCIAL.example",
            "@mara.lind-1_2@social.example/",
        ],
    )
    def test_however_it_is_typed_it_is_one_server(self, mastodon, fediverse, typed):
        assert start(mastodon, typed).url.startswith(f"{fediverse.url}/social.example/oauth/authorize?")

    @pytest.mark.parametrize(
        ("typed", "name"),
        [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BU\u0308CHER.example", "xn--bcher-kva.example"),
            ("@mara@日本.example", "xn--wgv71a.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ],
    )
    def test_an_internationalised_name_is_one_name(self, typed, name):
        assert host_name(typed) == name

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            " ",
            "localhost",
            "intranet",
            "127.0.0.1",
            "127.1.",
            "2130706433",
            "0x7f.0x1",
            "0177.0.0.1",
            "[::1]",
            "http://[::1]/",
            "169.254.169.254/latest/meta-data",
            "social.example:8443",
            "https://social.example:443/",
            "https://mara:secret@social.example/",
            "https://social.example@evil.example/",
            "ftp://social.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "//social.example",
            "social..example",
            ".example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "social.example\\@evil.example",
            "social.example\n.evil.example",
            "social.example%2f.evil.example",
            "so cial.example",
            "social\u200b.example",
            "social\u3002example",
            "\uff53ocial.example",
            "straße.example",
            "example.\u2488com",
            "a." * 130 + "example",
            f"{'x' * 64}.example",
            "x" * 100_000,
            "\0",
            "\ud800.example",
            "{server}.example",
        ],
    )
    def test_what_is_no_public_name_goes_nowhere(self, mastodon, fediverse, typed):
        with pytest.raises(NoSuchServer) as caught:
            start(mastodon, typed)
        assert fediverse.requests == []
        assert typed.strip() == "" or typed.strip() not in str(caught.value)

    def test_without_an_answer_to_the_question_nobody_is_sent_anywhere(self, mastodon):
        with pytest.raises(NoSuchServer):
            steps.authorize(mastodon, CALLBACK, "login", {})

    def test_the_longest_name_can_still_be_stored_as_an_issuer(self):
        longest = f"{'.'.join(['a' * 60] * 4)}.io"[1:].ljust(247, "o")
        assert len(longest) == 247
        assert host_name(longest) == longest
        assert host_name(f"a{longest}") == ""
        label = "\u00fc" + "a" * 53
        typed = f"{label}.{label}.{label}.{label}.io"
        assert len(typed) < 247 < len(typed.encode("idna")) < 254
        assert host_name(typed) == ""

    def test_a_long_text_costs_nothing(self):
        """Python's codec takes ten seconds for this one."""
        began = time.process_time()
        assert host_name("\ufdfa" * 50_000) == ""
        assert time.process_time() - began < 1


class TestSettings:
    def test_nothing_is_needed(self, wire):
        mastodon = Mastodon({}, wire)
        assert mastodon.required_options == ()
        assert mastodon.server_example == "mastodon.social"
        assert mastodon.endpoints() == ["https://mastodon.social"]

    def test_of_some_servers_the_visitor_is_asked_and_others_are_refused(self, fediverse, wire, store):
        mastodon = made(fediverse, wire, store, SERVERS=[THERE, "https://Social.Example/"])
        assert mastodon.server_example == THERE
        assert log_in(mastodon, "@m@social.example").issuer == f"https://{HERE}"
        with pytest.raises(NoSuchServer):
            start(mastodon, "third.example")

    def test_of_one_server_nobody_is_asked(self, fediverse, wire, store):
        mastodon = made(fediverse, wire, store, SERVERS=(HERE,))
        assert mastodon.server_example == ""
        assert mastodon.endpoints() == [f"{fediverse.url}/{HERE}"]
        redirect = steps.authorize(mastodon, CALLBACK, "login", {})
        assert steps.verify(mastodon, redirect.pending, back(redirect)).issuer == f"https://{HERE}"
        assert len(fediverse.asked(HERE, REGISTER)) == 1

    def test_an_application_made_by_hand_is_used_as_it_is(self, fediverse, wire, store):
        fediverse.apps[HERE] = {"by-hand": {"client_secret": "s3", "redirect_uris": f"{CALLBACK}?server={HERE}"}}
        mastodon = made(fediverse, wire, store, SERVERS=[HERE], CLIENT_ID="by-hand", CLIENT_SECRET="s3")
        assert log_in(mastodon).uid == "14715"
        assert [path for _, path, _ in fediverse.requests] == [TOKENS, PROFILE]
        assert store._kept == {}

    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"SERVERS": ["localhost"]}, "SERVERS"),
            ({"SERVERS": [7]}, "SERVERS"),
            ({"SERVERS": ["social.example:8443"]}, "SERVERS"),
            ({"SERVER_ADDRESS": "https://social.example"}, "SERVER_ADDRESS"),
            ({"CLIENT_ID": "x"}, "CLIENT_ID"),
            ({"CLIENT_ID": "x", "SERVERS": ["a.example", "b.example"]}, "CLIENT_ID"),
            ({"ISSUER": "https://social.example"}, "ISSUER"),
            ({"TOKEN_URL": "https://social.example/oauth/token"}, "TOKEN_URL"),
            ({"PROFILE_URL": "https://a.example/", "EMAILS_URL": "https://a.example/"}, "PROFILE_URL and EMAILS_URL"),
            ({"SERVER_EXAMPLE": "a.example"}, "SERVER_EXAMPLE"),
        ],
        ids=str,
    )
    def test_an_option_of_no_use_is_told_by_its_name(self, wire, options, named):
        with pytest.raises(ConfigurationError, match=named):
            Mastodon(options, wire)

    def test_what_a_server_is_told_of_the_site(self, mastodon, fediverse, wire, store):
        start(mastodon)
        assert fediverse.asked(HERE, REGISTER) == [
            {
                "client_name": "site.example",
                "website": "https://site.example",
                "redirect_uris": f"{CALLBACK}?server={HERE}",
                "scopes": "read:accounts",
            }
        ]
        options = {"CLIENT_NAME": "Ä" * 99, "WEBSITE": "https://www.site.example/", "SCOPE": ["profile"]}
        start(made(fediverse, wire, store, **options))
        told = fediverse.asked(HERE, REGISTER)[1]
        assert (told["client_name"], told["website"]) == ("Ä" * 60, "https://www.site.example/")
        assert told["scopes"] == "profile"


class TestWay:
    def test_identity_is_by_server(self, mastodon, fediverse):
        here, there = log_in(mastodon, HERE), log_in(mastodon, THERE)
        assert (here.uid, here.issuer) == ("14715", "https://social.example")
        assert (there.uid, there.issuer) == ("14715", "https://other.example")
        assert (here.token, there.token) == ("t0ken-social.example", "t0ken-other.example")
        assert mastodon.issuer == ""

    def test_a_profile_is_read_where_the_person_is(self, mastodon, fediverse):
        fediverse.profiles[THERE] = {**MARA, "url": f"{fediverse.url}/{THERE}/@maralind", "username": "mara2"}
        credentials = log_in(mastodon, THERE)
        assert steps.fetch_profile(mastodon, credentials).username == "mara2"
        fediverse.requests.clear()
        again = replace(credentials, extra={})
        stored = Profile("14715")
        for profile in (
            steps.fetch_again(mastodon, credentials, stored),
            steps.fetch_profile(mastodon, again),
            steps.fetch_again(mastodon, again, stored),
        ):
            assert (profile.username, profile.profile_url) == ("mara2", f"{fediverse.url}/{THERE}/@maralind")
        assert [(server, path) for server, path, _ in fediverse.requests] == [(THERE, PROFILE)] * 2

    @pytest.mark.parametrize(
        "url",
        [
            "https://other.example/@maralind",
            "https://social.example.evil.example/@maralind",
            "https://social.example",
            "javascript:alert(1)",
            None,
            7,
        ],
    )
    def test_a_page_at_another_host_is_nobodys_page(self, wire, url):
        bound = Mastodon({}, wire).at(HERE)
        assert bound.profile_of({**MARA, "url": url}).profile_url == ""
        assert bound.profile_of(MARA).profile_url == f"https://{HERE}/@maralind"

    def test_another_servers_handle_is_not_believed(self, mastodon, fediverse):
        fediverse.profiles[HERE] = {**MARA, "acct": "admin@other.example", "uri": "https://other.example/users/admin"}
        profile = steps.fetch_profile(mastodon, log_in(mastodon))
        assert "other.example" not in f"{profile.username}{profile.full_name}{profile.profile_url}"

    def test_an_address_is_never_taken_from_a_server_whatever_the_settings_say(self, fediverse, wire, store):
        paths = {**Mastodon.profile_map, "email": "email", "email_verified": "verified"}
        fediverse.profiles[HERE] = {**MARA, "email": "victim@example.com", "verified": True}
        mastodon = made(fediverse, wire, store, PROFILE_MAP=paths)
        assert steps.fetch_profile(mastodon, log_in(mastodon)).email is None

    def test_a_refresh_token_is_not_kept(self, mastodon, fediverse):
        start(mastodon)
        body = {"access_token": "t", "token_type": "Bearer", "refresh_token": "r"}
        fediverse.answers[HERE, TOKENS] = Response.json(body)
        credentials = log_in(mastodon)
        assert credentials.refresh_token == ""
        with pytest.raises(Refused, match="no refresh token"):
            mastodon.refresh(credentials)

    def test_secrets_stay_out_of_what_is_shown(self, mastodon, fediverse, caplog):
        caplog.set_level(logging.DEBUG)
        redirect = start(mastodon)
        assert "s3cret" not in redirect.url
        assert "s3cret" not in repr(redirect)
        steps.verify(mastodon, redirect.pending, back(redirect))
        assert "s3cret" not in caplog.text


class TestApplication:
    def test_a_server_is_registered_at_once_and_for_everybody(self, mastodon, fediverse, wire, store):
        for _ in range(3):
            log_in(mastodon)
        log_in(made(fediverse, wire, store))
        assert len(fediverse.asked(HERE, REGISTER)) == 1

    def test_a_rush_of_visitors_registers_once(self, mastodon, fediverse):
        assert len({start(mastodon).pending["client_id"] for _ in range(20)}) == 1
        assert len(fediverse.asked(HERE, REGISTER)) == 1

    def test_nothing_is_kept_for_good_before_somebody_has_logged_in(self, mastodon, fediverse, store):
        for number in range(50):
            start(mastodon, f"a{number}.example")
        assert store._kept == {}
        log_in(mastodon)
        # By its callback, for the next login, and by its scope, for the day on which the token is revoked.
        assert [dict(value) for value in store._kept.values()] == [
            {"client_id": f"id-0-{HERE}", "client_secret": f"s3cret-0-{HERE}"}
        ] * 2

    def test_a_login_that_fails_keeps_nothing(self, mastodon, fediverse, store):
        fediverse.profiles[HERE] = {"username": "nobody"}
        with pytest.raises(BadAnswer):
            log_in(mastodon)
        assert store._kept == {}

    def test_what_waits_in_the_browser_is_enough(self, mastodon, fediverse, wire, store):
        """Another process, and a memory that has lost everything."""
        redirect = start(mastodon)
        other = made(fediverse, wire, Memory())
        assert steps.verify(other, redirect.pending, back(redirect)).uid == "14715"
        assert len(fediverse.asked(HERE, REGISTER)) == 1

    @pytest.mark.parametrize("option", [{"SCOPE": ["profile"]}, {"SERVER_ADDRESS": "{url}/x.{{server}}"}])
    def test_another_scope_or_address_is_another_application(self, mastodon, fediverse, wire, store, option):
        log_in(mastodon)
        changed = {name: v.format(url=fediverse.url) if isinstance(v, str) else v for name, v in option.items()}
        start(made(fediverse, wire, store, **changed))
        assert len([1 for _, path, _ in fediverse.requests if path == REGISTER]) == 2
        assert len(store._kept) == 2

    def test_another_callback_is_another_application(self, mastodon, fediverse):
        log_in(mastodon)
        steps.authorize(mastodon, "https://www.site.example/accounts/it/callback/", "login", {"server": HERE})
        assert len(fediverse.asked(HERE, REGISTER)) == 2

    def test_a_server_that_forgot_us_at_the_token_call_is_registered_with_anew(self, mastodon, fediverse, store):
        log_in(mastodon)
        redirect = start(mastodon)
        fediverse.apps.clear()
        with pytest.raises(Refused) as caught:
            steps.verify(mastodon, redirect.pending, back(redirect))
        assert (caught.value.code, caught.value.notice) == ("invalid_client", "expired")
        assert store._kept == {}
        assert log_in(mastodon).uid == "14715"
        assert len(fediverse.asked(HERE, REGISTER)) == 2

    def test_an_old_attempt_does_not_throw_away_a_newer_application(self, mastodon, fediverse, store):
        log_in(mastodon)
        old = start(mastodon)
        fediverse.apps.clear()
        with pytest.raises(Refused):
            steps.verify(mastodon, old.pending, back(old))
        fediverse.apps[HERE] = {"placeholder": {}}
        log_in(mastodon)
        with pytest.raises(Refused):
            steps.verify(mastodon, old.pending, back(old))
        assert {value["client_id"] for value in store._kept.values()} == {f"id-1-{HERE}"}

    def test_a_server_that_forgot_us_before_is_found_out_at_the_start(self, mastodon, fediverse, wire, store):
        """Its visitors would be shown an error there, and never come back to tell."""
        log_in(mastodon)
        fediverse.apps[HERE] = {"placeholder": {}}
        redirect = start(mastodon)
        assert redirect.pending["client_id"] == f"id-1-{HERE}"
        assert steps.verify(mastodon, redirect.pending, back(redirect)).uid == "14715"
        assert {value["client_id"] for value in store._kept.values()} == {f"id-1-{HERE}"}

    def test_it_is_asked_whether_it_knows_us_once_a_day_and_not_with_every_login(self, mastodon, fediverse):
        for _ in range(5):
            log_in(mastodon)
        grants = [form["grant_type"] for form in fediverse.asked(HERE, TOKENS)]
        assert grants.count("client_credentials") == 1
        assert grants.count("authorization_code") == 5

    @pytest.mark.parametrize(
        "answer",
        [
            Response.json({"error": "unsupported_grant_type"}, 400),
            Response.json({"error": "invalid_client"}, 200),
            Response(500),
            Response(404),
            HTML,
            RESET,
        ],
    )
    def test_a_server_that_does_not_answer_this_question_is_taken_to_know_us(self, mastodon, fediverse, answer):
        log_in(mastodon)
        fediverse.answers[HERE, TOKENS] = answer
        assert start(mastodon).pending["client_id"] == f"id-0-{HERE}"
        assert len(fediverse.asked(HERE, REGISTER)) == 1


class TestHostile:
    @pytest.mark.parametrize("place", [{}, {"server": THERE}, {"server": ""}, {"server": f"{HERE}/"}])
    @pytest.mark.parametrize("kind", [{"code": "c0de"}, {"error": "access_denied"}])
    def test_an_answer_of_one_server_is_never_taken_to_another(self, mastodon, fediverse, place, kind):
        """The mix-up (RFC 9700 section 4.4): a bad server sends its visitor on to a good one, to be handed its code."""
        evil = start(mastodon, HERE)
        before = len(fediverse.requests)
        with pytest.raises(Mismatch):
            steps.verify(mastodon, evil.pending, {"state": evil.key, **kind, **place})
        assert len(fediverse.requests) == before

    def test_every_server_has_a_callback_of_its_own(self, mastodon, fediverse):
        here, there = sent(start(mastodon, HERE)), sent(start(mastodon, THERE))
        assert here["redirect_uri"] != there["redirect_uri"]
        assert fediverse.asked(HERE, REGISTER)[0]["redirect_uris"] == here["redirect_uri"]

    def test_cancelling_is_cancelling(self, mastodon):
        redirect = start(mastodon)
        answer = {name: value for name, value in back(redirect).items() if name != "code"}
        with pytest.raises(Denied):
            steps.verify(mastodon, redirect.pending, {**answer, "error": "access_denied"})

    def test_no_server_can_speak_for_another(self, mastodon, fediverse):
        claims = {"issuer": "https://other.example", "iss": "https://other.example", "server": THERE}
        fediverse.profiles[HERE] = {**MARA, **claims, "domain": THERE}
        redirect = start(mastodon)
        fediverse.answers[HERE, TOKENS] = Response.json({"access_token": "t", "token_type": "Bearer", **claims})
        found = steps.verify(mastodon, redirect.pending, back(redirect, iss="https://other.example"))
        assert found.issuer == f"https://{HERE}"
        assert not [1 for server, _, _ in fediverse.requests if server == THERE]

    def test_a_browser_is_sent_to_the_server_that_was_named_whatever_it_says(self, mastodon, fediverse):
        app = {
            "client_id": "i",
            "client_secret": "s",
            "redirect_uri": "https://evil.example/",
            "url": "https://evil.example/",
        }
        fediverse.answers[HERE, REGISTER] = Response.json({**app, "authorization_endpoint": "https://evil.example/"})
        redirect = start(mastodon)
        assert redirect.url.startswith(f"{fediverse.url}/{HERE}/oauth/authorize?")
        assert sent(redirect)["redirect_uri"] == f"{CALLBACK}?server={HERE}"

    @pytest.mark.parametrize(
        "answer",
        [
            Response(404, b"nothing here"),
            Response(403, b""),
            Response.json({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422),
            Response(500),
            Response(429),
            Response(301, headers={"Location": "https://www.social.example/api/v1/apps"}),
            HTML,
            RESET,
            Response(200, b"x" * 3_000_000),
            Response(200, delivery=Delivery(padding=3_000_000)),
            Response.json(None),
            Response.json([]),
            Response.json({}),
            Response.json({"client_id": "i"}),
            Response.json({"client_id": "i", "client_secret": None}),
            Response.json({"client_id": 7, "client_secret": "s"}),
            Response.json({"client_id": "", "client_secret": "s"}),
            Response.json({"client_id": "i", "client_secret": "s" * 201}),
            Response.json({"client_id": "i" * 201, "client_secret": "s"}),
            Response.json({"client_id": "i", "client_secret": "a b"}),
            Response.json({"client_id": "i\r\nX: y", "client_secret": "s"}),
            Response.json({"client_id": "\u00e9", "client_secret": "s"}),
        ],
        ids=repr,
    )
    def test_what_is_no_mastodon_is_asked_for_again(self, mastodon, fediverse, store, answer):
        """The visitor named it, so it is theirs to mend; an operator who named it is told what is wrong."""
        fediverse.answers[HERE, REGISTER] = answer
        with pytest.raises(NoSuchServer) as caught:
            start(mastodon)
        assert caught.value.cause
        assert store._kept == {}
        assert len(fediverse.requests) == 1

    @pytest.mark.parametrize(
        ("answer", "error"), [(Response(404), Refused), (Response(503), Unavailable), (HTML, BadAnswer)]
    )
    def test_of_the_operators_own_servers_the_truth_is_told(self, fediverse, wire, store, answer, error):
        fediverse.answers[HERE, REGISTER] = answer
        with pytest.raises(error):
            start(made(fediverse, wire, store, SERVERS=[HERE, THERE]))

    def test_a_server_that_keeps_us_waiting_does_not_keep_us_long(self, mastodon, fediverse, monkeypatch):
        monkeypatch.setattr("socialreg_providers._mastodon_apps._PATIENCE", 0.3)
        fediverse.answers[HERE, REGISTER] = Response(200, delivery=Delivery(hold=3))
        with pytest.raises(NoSuchServer, match=r"not done after|is over"):
            start(mastodon)

    def test_a_name_that_leads_inside_is_the_visitors_mistake_and_no_request_is_made(self, fediverse):
        """Not a mistake in the settings: nobody shall be able to fill the log with those."""
        client = Client(private_hosts=frozenset(), plain_http=True)
        mastodon = Mastodon({"SERVER_ADDRESS": f"{fediverse.url}/{{server}}"}, client)
        with pytest.raises(ConfigurationError, match="not named in PRIVATE_HOSTS"):
            start(mastodon)  # plain http is the operator's choice
        mastodon = Mastodon({"SERVER_ADDRESS": f"{fediverse.url.replace('http:', 'https:')}/{{server}}"}, client)
        redirect = None
        with pytest.raises(NoSuchServer, match="not a public address"):
            redirect = start(mastodon)
        assert redirect is None
        assert fediverse.requests == []
        client.close()

    def test_a_server_that_moves_inside_after_the_start_is_not_followed(self, mastodon, fediverse):
        redirect = start(mastodon)
        before = len(fediverse.requests)
        client = Client(private_hosts=frozenset(), plain_http=True)
        moved = Mastodon({"SERVER_ADDRESS": f"{fediverse.url.replace('http:', 'https:')}/{{server}}"}, client)
        with pytest.raises(NoSuchServer):
            steps.verify(moved, redirect.pending, back(redirect))
        assert len(fediverse.requests) == before
        client.close()

    def test_of_the_operators_own_server_inside_it_is_a_mistake_in_the_settings(self, fediverse):
        client = Client(private_hosts=frozenset(), plain_http=True)
        options = {"SERVER_ADDRESS": f"{fediverse.url.replace('http:', 'https:')}/{{server}}", "SERVERS": [HERE]}
        with pytest.raises(ConfigurationError, match="PRIVATE_HOSTS"):
            start(Mastodon(options, client))
        client.close()

    @pytest.mark.parametrize("uid", [None, "", True, [], {}, 1.5, "\0", "x" * 256])
    def test_nobody_is_nobody_at_every_server(self, mastodon, fediverse, uid):
        fediverse.profiles[HERE] = {**MARA, "id": uid}
        with pytest.raises(BadAnswer):
            log_in(mastodon)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.mark.django_db
class TestSite:
    """The whole way, in a site: the one place in here that has Django in it."""

    @pytest.fixture(autouse=True)
    def _site(self, standin: StandIn) -> Iterator[None]:
        cache.clear()
        with stand_in_for(standin, "mastodon", {"PROVIDER": "mastodon"}):
            yield
        cache.clear()

    def start(self, browser: Browser, **data: str):
        return browser.post(reverse("socialreg:start", args=["mastodon"]), data)

    def register(self, browser: Browser, standin: StandIn, server: str, name: str) -> None:
        callback = standin.approve(self.start(browser, server=server)["Location"], "maralind")
        assert browser.get(callback)["Location"] == reverse("socialreg:register")
        data = {"username": name, "email": f"{name}@example.com", "first_name": "Mara", "last_name": "Lindqvist"}
        assert browser.post(reverse("socialreg:register"), data).status_code == 302

    def test_the_same_person_at_two_servers_is_two_accounts(self, standin):
        self.register(Browser(), standin, "@maralind@social.example", "one")
        self.register(Browser(), standin, "https://other.example/@maralind", "two")
        accounts = SocialAccount.objects.order_by("pk")
        assert [each.issuer for each in accounts] == ["https://social.example", "https://other.example"]
        assert {each.user.get_username() for each in accounts} == {"one", "two"}
        assert accounts[0].picture.startswith(standin.url)
        assert accounts[0].profile_url == f"{standin.url}/mastodon/social.example/@maralind"

    def test_a_returning_visitor_costs_two_requests_and_no_statement_at_the_start(
        self, standin, django_assert_num_queries
    ):
        self.register(Browser(), standin, "social.example", "one")
        other = Browser()
        self.start(other, server="social.example")  # the first one of a day asks whether we are still known
        standin.requests.clear()
        with django_assert_num_queries(0):
            location = self.start(other, server="social.example")["Location"]
        assert standin.requests == []
        callback = standin.approve(location, "maralind")
        standin.requests.clear()
        assert other.get(callback)["Location"] == "/home/"
        assert [each.path.partition("example")[2] for each in standin.requests] == [TOKENS, PROFILE]

    def test_a_server_that_is_none_is_asked_for_again_with_what_was_typed(self, standin, client):
        for typed in ("localhost", "127.0.0.1:8000", "nobody.example.com:1"):
            response = self.start(client, server=typed)
            assert response.status_code == 400
            assert f'value="{typed}"' in response.content.decode()
        assert standin.requests == []

    def test_where_there_is_one_server_alone_nobody_is_asked(self, standin, client):
        with stand_in_for(standin, "mastodon", {"PROVIDER": "mastodon", "SERVERS": ["social.example"]}):
            response = self.start(client)
        assert response["Location"].startswith(f"{standin.url}/mastodon/social.example/oauth/authorize?")

    def test_no_secret_of_an_application_is_in_the_clear_anywhere(self, standin, caplog):
        caplog.set_level(logging.DEBUG)
        browser = Browser()
        callback = standin.approve(self.start(browser, server="social.example")["Location"], "maralind")
        (app,) = standin._stage.scene("mastodon", "social.example").grants.clients.values()
        remembered = repr([pickle.loads(value) for value in cache._cache.values()])
        cookies = repr([each.value for each in browser.cookies.values()])
        browser.get(callback)
        kept = repr(list(Kept.objects.values()))
        assert len(kept) > 100
        assert app.secret not in remembered + cookies + kept + caplog.text
        assert app.secret not in repr([pickle.loads(value) for value in cache._cache.values()])
