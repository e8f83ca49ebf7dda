"""Slack over real HTTP. Claims as in https://docs.slack.dev/reference/methods/openid.connect.token."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer, NotAllowed, Refused
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.slack import Slack

from .grid import CALLBACK, NOBODY, TOKEN, OIDCGrid, put

TEAM, USER = "https://slack.com/team_id", "https://slack.com/user_id"
PICTURE = "https://avatars.slack-edge.com/2026-01-01/1234_abcd_512.png"


class TestSlack(OIDCGrid):
    provider = Slack
    userinfo = {"ok": True}
    token = {"ok": True, "access_token": TOKEN, "token_type": "Bearer"}
    error_with_200 = {"ok": False, "error": "invalid_code", "message": "s3cret words"}
    part_of_uid = ("team",)
    full = {
        "sub": "U0R7MFMJM",
        USER: "U0R7MFMJM",
        TEAM: "T0R7GR",
        "auth_time": 1755000000,
        "email": "mara.lindqvist@example.com",
        "email_verified": True,
        "date_email_verified": 1622128723,
        "locale": "en-US",
        "name": "Mara Lindqvist",
        "given_name": "Mara",
        "family_name": "Lindqvist",
        "https://slack.com/user_image_24": PICTURE.replace("512", "24"),
        "https://slack.com/user_image_512": PICTURE,
        "https://slack.com/team_image_default": True,
    }
    expected = Profile(
        "T0R7GR:U0R7MFMJM",
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("mara.lindqvist@example.com", verified=True),
        picture=PICTURE,
        locale="en-US",
    )
    minimal = {"sub": "U0R7MFMJM", TEAM: "T0R7GR", "given_name": "", "family_name": ""}
    expected_minimal = Profile("T0R7GR:U0R7MFMJM")

    def test_one_id_in_two_workspaces_is_two_people(self, peer, outside):
        slack = self.make(peer, outside)
        found = set()
        for team in ("T0R7GR", "T0R7GS"):
            self.serve(peer, {**self.full, TEAM: team})
            found.add(self.log_in(peer, slack).uid)
        assert found == {"T0R7GR:U0R7MFMJM", "T0R7GS:U0R7MFMJM"}

    @pytest.mark.parametrize("path", [TEAM, "sub"])
    def test_a_team_or_a_user_that_is_none_is_refused(self, peer, outside, path):
        """With a colon in one of them, two people could have one identifier."""
        slack = self.make(peer, outside)
        for odd in (*NOBODY, "T0:U0", "T0 ", "T0\n", "\u0422" + "0R7GR", "T" * 101):
            self.serve(peer, put(self.full, path, odd))
            with pytest.raises(BadAnswer):
                self.log_in(peer, slack)

    def test_team_is_asked_for_and_checked(self, peer, outside):
        self.serve(peer, self.full)
        mine = self.make(peer, outside, TEAM="T0R7GR")
        assert parse_qs(urlsplit(mine.authorize(CALLBACK, "login", {}).url).query)["team"] == ["T0R7GR"]
        assert self.log_in(peer, mine).uid == self.expected.uid
        with pytest.raises(NotAllowed) as caught:
            self.log_in(peer, self.make(peer, outside, TEAM="T0R7GS"))
        assert "T0R7GR" not in str(caught.value)

    def test_without_team_anybody_may_come_and_slack_asks(self, peer, outside):
        self.serve(peer, self.full)
        slack = self.make(peer, outside)
        assert "team" not in parse_qs(urlsplit(slack.authorize(CALLBACK, "login", {"team": "T0"}).url).query)
        assert self.log_in(peer, slack).uid == self.expected.uid

    @pytest.mark.parametrize(
        ("error", "notice"),
        [
            ("invalid_code", "expired"),
            ("code_already_used", "expired"),
            ("bad_client_secret", "not-available"),
            ("invalid_client_id", "not-available"),
            ("bad_redirect_uri", "not-available"),
            ("fatal_error", "refused"),
        ],
    )
    def test_an_error_is_read_though_the_status_is_200(self, peer, outside, error, notice):
        self.serve(peer, self.full)
        slack = self.make(peer, outside)
        pending, _, back = self.begin(slack)
        peer.answers["/token"] = Response.json({"ok": False, "error": error})
        with pytest.raises(Refused) as caught:
            steps.verify(slack, pending, back)
        assert (caught.value.code, caught.value.notice) == (error, notice)

    def test_an_answer_that_is_not_ok_and_says_no_more_is_unusable(self, peer, outside):
        self.serve(peer, self.full)
        slack = self.make(peer, outside)
        pending, _, back = self.begin(slack)
        peer.answers["/token"] = Response.json({"ok": False})
        with pytest.raises(BadAnswer):
            steps.verify(slack, pending, back)

    def test_an_error_of_userinfo_stops_no_login(self, peer, outside):
        self.serve(peer, self.minimal)
        peer.answers["/userinfo"] = Response.json({"ok": False, "error": "invalid_auth"})
        assert self.arrive(peer, self.make(peer, outside)).uid == self.expected.uid

    def test_userinfo_fills_in_what_the_id_token_lacks(self, peer, outside):
        self.userinfo = {"ok": True, TEAM: "T0R7GS", "name": "Mara Lindqvist", "email": "mara.lindqvist@example.com"}
        self.serve(peer, self.minimal)
        profile = self.arrive(peer, self.make(peer, outside))
        assert (profile.uid, profile.full_name) == ("T0R7GR:U0R7MFMJM", "Mara Lindqvist")
        assert profile.email == Email("mara.lindqvist@example.com", verified=False)

    def test_the_secret_goes_into_the_body(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        assert peer.request("/token").form_fields()["client_secret"] == "the:s%cret"

    def test_the_addresses_are_slacks_own(self, outside):
        assert Slack({}, outside).endpoints() == ["https://slack.com", "https://slack.com/api/auth.revoke"]
