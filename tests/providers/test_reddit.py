"""Reddit, with payloads after https://www.reddit.com/dev/api/oauth#GET_api_v1_me and its own wiki."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import ConfigurationError, Refused, Unavailable
from socialreg.testing.messages import Response
from socialreg.types import Profile
from socialreg_providers.reddit import Reddit

from .grid import CALLBACK, TOKEN, OAuth2Grid, put

AGENT = "web:example.com.login:v1.2.3 (by /u/maralind)"
ICON = "https://styles.redditmedia.com/t5_4f/styles/profileIcon_a1.jpg?width=256&height=256&s=9c"


class TestGrid(OAuth2Grid):
    provider = Reddit
    options = {"USER_AGENT": AGENT}
    token = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "identity"}
    full = {
        "id": "1w72",
        "name": "maralind",
        "icon_img": ICON.replace("&", "&amp;"),
        "created_utc": 1389649907.0,
        "has_verified_email": True,
        "is_employee": False,
        "link_karma": 31,
        "comment_karma": 557,
        "subreddit": {"display_name": "u_maralind", "title": "Mara", "url": "/user/maralind/"},
    }
    expected = Profile("1w72", "maralind", picture=ICON, profile_url="https://www.reddit.com/user/maralind")
    minimal = {"id": "7", "name": "kestrel"}
    expected_minimal = Profile("7", "kestrel", profile_url="https://www.reddit.com/user/kestrel")

    def test_every_call_says_who_calls(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        assert [request.headers["user-agent"] for request in peer.requests] == [AGENT, AGENT]

    def test_headers_of_the_sites_own_stay(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside, TOKEN_HEADERS={"X-A": "1"}, API_HEADERS={"X-B": "2"}))
        assert peer.request("/token").headers["x-a"] == "1"
        assert peer.request("/profile").headers["x-b"] == "2"

    @pytest.mark.parametrize("duration", ["temporary", "permanent"])
    def test_the_duration_is_the_settings_choice(self, peer, outside, duration):
        provider = self.make(peer, outside, DURATION=duration)
        assert parse_qs(urlsplit(provider.authorize(CALLBACK, "login", {}).url).query)["duration"] == [duration]

    def test_nothing_is_asked_for_longer_than_an_hour_unless_the_site_says_so(self, peer, outside):
        assert (
            "duration=temporary" in self.make(peer, outside).authorize(CALLBACK, "login", {"duration": "permanent"}).url
        )

    def test_another_duration_is_told_at_once(self, peer, outside):
        with pytest.raises(ConfigurationError, match="DURATION of Reddit cannot be 'forever'"):
            self.make(peer, outside, DURATION="forever")

    def test_a_permanent_grant_brings_a_refresh_token_and_it_is_kept(self, peer, outside):
        self.serve(peer, self.full)
        peer.answers["/token"] = Response.json({**self.token, "refresh_token": "r3fresh"})
        assert self.log_in(peer, self.make(peer, outside)).refresh_token == "r3fresh"

    def test_two_people_of_one_name_are_two_people(self, peer, outside):
        """A handle that somebody gave up may be taken by somebody else; the id may not."""
        provider = self.make(peer, outside)
        self.serve(peer, self.full)
        mara = self.log_in(peer, provider)
        self.serve(peer, put(self.full, "id", "9zz9"))
        other = self.log_in(peer, provider)
        assert (mara.username, mara.uid) == (other.username, "1w72")
        assert other.uid == "9zz9"

    @pytest.mark.parametrize("icon", ["javascript:alert(1)", "https://a.example/&quot;onload=x", "//a.example/b.png"])
    def test_what_unescaping_makes_of_a_picture_is_an_address_or_nothing(self, peer, outside, icon):
        self.serve(peer, put(self.full, "icon_img", icon))
        assert self.arrive(peer, self.make(peer, outside)).picture == ""

    @pytest.mark.parametrize("name", ["a/b", "../evil", "a b", "<b>", ""])
    def test_a_name_that_is_none_gets_no_page(self, peer, outside, name):
        self.serve(peer, put(self.full, "name", name))
        assert self.arrive(peer, self.make(peer, outside)).profile_url == ""

    def test_an_address_is_never_taken_from_a_verified_flag(self, peer, outside):
        self.serve(peer, {**self.full, "email": "mara.lindqvist@example.com"})
        assert self.arrive(peer, self.make(peer, outside)).email is None

    def test_too_many_requests_read_as_busy(self, peer, outside):
        self.serve(peer, self.full)
        peer.answers["/profile"] = Response.json({"message": "Too Many Requests", "error": 429}, 429)
        with pytest.raises(Unavailable) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (caught.value.code, caught.value.notice) == ("429", "busy")

    def test_a_wrong_secret_is_no_riddle(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        peer.answers["/token"] = Response.json({"message": "Unauthorized", "error": 401}, 401)
        with pytest.raises(Refused, match="CLIENT_SECRET"):
            steps.verify(provider, pending, back)
