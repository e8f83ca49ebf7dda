"""GitHub, with payloads from https://docs.github.com/en/rest/users/users and .../rest/users/emails."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import ConfigurationError, Mismatch, Refused, Unavailable
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.github import GitHub

from .grid import CALLBACK, TOKEN, OAuth2Grid

ISS = "https://github.com/login/oauth"
AVATAR = "https://avatars.githubusercontent.com/u/1400000001?v=4"
PAGE = "https://github.com/maralind"


class TestGrid(OAuth2Grid):
    provider = GitHub
    token = {"access_token": TOKEN, "token_type": "bearer", "scope": "read:user,user:email"}
    callback = {"iss": ISS}
    full = {
        "login": "maralind",
        "id": 1400000001,
        "node_id": "MDQ6VXNlcjE0MDAwMDAwMDE=",
        "avatar_url": AVATAR,
        "gravatar_id": "",
        "html_url": PAGE,
        "type": "User",
        "site_admin": False,
        "name": "Mara Lindqvist",
        "company": None,
        "blog": "https://mara.example.com/",
        "location": "Visby",
        "email": None,
        "hireable": None,
        "bio": "Cartographer of small islands.",
        "public_repos": 2,
        "created_at": "2009-05-09T17:58:22Z",
    }
    emails = [
        {"email": "maralind@users.noreply.github.com", "verified": True, "primary": False, "visibility": None},
        {"email": "mara.lindqvist@example.com", "verified": True, "primary": True, "visibility": "private"},
    ]
    expected = Profile(
        "1400000001",
        "maralind",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email("mara.lindqvist@example.com", verified=True),
        AVATAR,
        PAGE,
    )
    minimal = {"login": "kestrel", "id": 7, "avatar_url": "", "html_url": "https://github.com/kestrel", "name": None}
    expected_minimal = Profile("7", "kestrel", email=expected.email, profile_url="https://github.com/kestrel")
    # https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    error_with_200 = {
        "error": "bad_verification_code",
        "error_description": "s3cret words",
        "error_uri": "https://docs.github.com/apps/",
    }

    @pytest.mark.parametrize(
        ("emails", "chosen"),
        [
            ([], None),
            (None, None),
            ({"message": "Not Found"}, None),
            (
                [{"email": "a@example.com", "verified": False, "primary": True}],
                Email("a@example.com", verified=False),
            ),
            (
                [
                    {"email": "a@example.com", "verified": False, "primary": True},
                    {"email": "b@example.com", "verified": True, "primary": False},
                ],
                Email("b@example.com", verified=True),
            ),
            ([{"email": "a@example.com", "verified": "true", "primary": True}], Email("a@example.com", verified=False)),
            ([None, 7, "x", {"email": 7, "verified": True, "primary": True}, {}], None),
        ],
        ids=str,
    )
    def test_the_primary_address_counts_if_it_is_verified_else_another_that_is(self, peer, outside, emails, chosen):
        self.serve(peer, self.full)
        peer.answers["/emails"] = Response.json(emails)
        assert self.arrive(peer, self.make(peer, outside)).email == chosen

    def test_somebody_new_costs_three_requests(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        assert peer.asked() == ["/token", "/profile", "/emails"]

    def test_calls_carry_the_headers_that_github_asks_for(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        for path in ("/profile", "/emails"):
            headers = peer.request(path).headers
            assert headers["accept"] == "application/vnd.github+json"
            assert headers["x-github-api-version"] == "2022-11-28"
            assert headers["user-agent"].startswith("socialreg/")
        assert peer.request("/token").headers["accept"] == "application/json"

    def test_the_secret_goes_in_the_body(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        assert peer.request("/token").form_fields()["client_secret"] == "the:s%cret"

    @pytest.mark.parametrize("code", sorted(GitHub.meanings))
    def test_errors_with_200_are_told_apart_and_tell_the_callback(self, peer, outside, code):
        self.serve(peer, self.full)
        peer.answers["/token"] = Response.form({"error": code, "error_description": "s3cret words"})
        with pytest.raises(Refused) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (caught.value.code, caught.value.cause) == (code, GitHub.meanings[code].cause)
        assert "s3cret" not in str(caught.value)
        if code == "redirect_uri_mismatch":
            assert CALLBACK in caught.value.remedy

    def test_a_user_name_that_changes_hands_is_nobodys_identity(self, peer, outside):
        self.serve(peer, self.full)
        provider = self.make(peer, outside)
        before = self.log_in(peer, provider)
        self.serve(peer, {**self.full, "id": 1400000002})
        assert self.log_in(peer, provider).uid != before.uid
        self.serve(peer, {**self.full, "login": "mara"})
        assert self.log_in(peer, provider).uid == before.uid


class TestIssuer:
    """RFC 9207: GitHub says who it is in its callbacks, since 2026."""

    def verify(self, outside, iss: str | None, **options: object):
        provider = GitHub({"CLIENT_ID": "the-id", "CLIENT_SECRET": "b", **options}, outside)
        redirect = provider.authorize(CALLBACK, "login", {})
        back = {"state": redirect.key, "error": "server_error"} | ({"iss": iss} if iss is not None else {})
        provider.verify(redirect.pending, back)

    @pytest.mark.parametrize("iss", [ISS, None])
    def test_its_own_is_taken_and_none_is_too(self, outside, iss):
        with pytest.raises(Unavailable, match="server_error"):
            self.verify(outside, iss)

    @pytest.mark.parametrize("iss", ["https://github.com", f"{ISS}/", "https://ghe.example/login/oauth", "x"])
    def test_another_is_a_mix_up(self, outside, iss):
        with pytest.raises(Mismatch):
            self.verify(outside, iss)

    def test_that_of_an_enterprise_server_follows_its_host(self, outside):
        with pytest.raises(Unavailable, match="server_error"):
            self.verify(outside, "https://ghe.example/login/oauth", HOST="https://ghe.example")
        with pytest.raises(Mismatch):
            self.verify(outside, ISS, HOST="https://ghe.example")


class TestEnterprise:
    def test_one_option_moves_everything_and_its_people_are_others(self, outside):
        provider = GitHub({"HOST": "https://ghe.example"}, outside)
        assert provider.issuer == "https://ghe.example"
        assert provider.authorize_url == "https://ghe.example/login/oauth/authorize"
        assert provider.token_url == "https://ghe.example/login/oauth/access_token"
        assert provider.profile_url == "https://ghe.example/api/v3/user"
        assert provider.emails_url == "https://ghe.example/api/v3/user/emails"

    def test_what_is_set_besides_comes_first(self, outside):
        options = {
            "HOST": "https://octo.ghe.com",
            "API_HOST": "https://api.octo.ghe.com",
            "ISSUER": "https://i.example",
        }
        provider = GitHub(options, outside)
        assert provider.profile_url == "https://api.octo.ghe.com/user"
        assert provider.issuer == "https://i.example"

    def test_without_it_everything_is_githubs_own(self, outside):
        for options in ({}, {"HOST": "https://github.com"}):
            provider = GitHub(options, outside)
            assert provider.issuer == "https://github.com"
            assert {urlsplit(url).netloc for url in provider.endpoints()} == {"github.com", "api.github.com"}

    def test_a_host_of_another_type_is_told_as_that(self, outside):
        with pytest.raises(ConfigurationError, match="HOST"):
            GitHub({"HOST": 7}, outside)


class TestAuthorize:
    def query(self, outside, intent="login", options=None, **settings: object) -> dict[str, list[str]]:
        provider = GitHub({"CLIENT_ID": "the-id", **settings}, outside)
        url = steps.authorize(provider, CALLBACK, intent, options or {}).url
        ours = {"login", "prompt", "allow_signup"}
        return {name: values for name, values in parse_qs(urlsplit(url).query).items() if name in ours}

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, {}),
            ({"login": "maralind"}, {"login": ["maralind"]}),
            ({"login": "mona_octo-corp"}, {"login": ["mona_octo-corp"]}),
            ({"login": "a&scope=repo"}, {}),
            ({"login": "x" * 101}, {}),
            ({"prompt": "select_account"}, {"prompt": ["select_account"]}),
            ({"prompt": "none"}, {}),
            ({"allow_signup": "false"}, {}),
        ],
        ids=str,
    )
    def test_of_what_a_start_form_asks_sound_values_alone_reach_the_address(self, outside, options, expected):
        assert self.query(outside, options=options) == expected

    def test_connecting_shows_which_account_it_is_going_to_be(self, outside):
        assert self.query(outside, "connect") == {"prompt": ["select_account"]}

    def test_a_site_may_keep_new_people_from_making_an_account_there(self, outside):
        assert self.query(outside, ALLOW_SIGNUP=False) == {"allow_signup": ["false"]}


def test_an_address_that_cannot_be_read_again_stays_the_one_that_was_stored(peer, outside):
    grid = TestGrid()
    grid.serve(peer, grid.full)
    provider = grid.make(peer, outside)
    credentials = replace(grid.log_in(peer, provider), extra={})
    peer.answers["/emails"] = Response(403, b"{}")
    assert steps.fetch_again(provider, credentials, grid.expected).email == grid.expected.email
