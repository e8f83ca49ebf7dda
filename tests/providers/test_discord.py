"""Discord, with payloads from https://discord.com/developers/docs/resources/user#user-object."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from socialreg.exceptions import Refused, Unavailable
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.discord import Discord

from .grid import TOKEN, OAuth2Grid

MARA = "80351110224678912"
STILL, MOVING = "8342729096ea3675442027381ff50dfe", "a_1269e74af4df7417b13759eae50c83dc"


class TestGrid(OAuth2Grid):
    provider = Discord
    token = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 604800,
        "refresh_token": "D43f5y0ahjqew82jZ4NViEr2YafMKhue",
        "scope": "identify email",
    }
    full = {
        "id": MARA,
        "username": "maralind",
        "discriminator": "0",
        "global_name": "Mara Lindqvist",
        "avatar": STILL,
        "verified": True,
        "email": "mara.lindqvist@example.com",
        "flags": 64,
        "banner": "06c16474723fe537c283b8efa61a30c8",
        "accent_color": 16711680,
        "premium_type": 1,
        "public_flags": 64,
        "locale": "en-GB",
        "mfa_enabled": True,
    }
    expected = Profile(
        MARA,
        "maralind",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email("mara.lindqvist@example.com", verified=True),
        f"https://cdn.discordapp.com/avatars/{MARA}/{STILL}.png",
        locale="en-GB",
    )
    minimal = {"id": "7", "username": "kestrel", "discriminator": "0", "global_name": None, "avatar": None}
    expected_minimal = Profile("7", "kestrel")

    @pytest.mark.parametrize(
        ("avatar", "file"),
        [
            (STILL, f"{STILL}.png"),
            (MOVING, f"{MOVING}.gif"),
            (None, ""),
            ("", ""),
            ("../../evil", ""),
            (f"{STILL}.svg?x=", ""),
            (STILL[:-1], ""),
            (STILL.upper(), ""),
            (7, ""),
            ({"hash": STILL}, ""),
        ],
        ids=str,
    )
    def test_the_pictures_address_is_made_of_a_hash_and_of_nothing_else(self, peer, outside, avatar, file):
        self.serve(peer, {**self.full, "avatar": avatar})
        picture = self.arrive(peer, self.make(peer, outside)).picture
        assert picture == (file and f"https://cdn.discordapp.com/avatars/{MARA}/{file}")

    @pytest.mark.parametrize("number", ["0", "0000", None, "", 1337, "13371", "#1337", "abcd", ["1337"]])
    def test_names_are_unique_by_themselves(self, peer, outside, number):
        self.serve(peer, {**self.full, "discriminator": number})
        assert self.arrive(peer, self.make(peer, outside)).username == "maralind"

    def test_but_those_of_old_need_their_number(self, peer, outside):
        self.serve(peer, {**self.full, "username": "Nelly", "discriminator": "1337"})
        assert self.arrive(peer, self.make(peer, outside)).username == "Nelly#1337"
        self.serve(peer, {**self.full, "username": "x" * 255, "discriminator": "1337"})
        assert len(self.arrive(peer, self.make(peer, outside)).username) == 255

    def test_the_name_that_is_shown_is_the_display_name_alone(self, peer, outside):
        self.serve(peer, {**self.full, "global_name": None})
        profile = self.arrive(peer, self.make(peer, outside))
        assert (profile.username, profile.full_name, profile.first_name) == ("maralind", "", "")

    def test_verified_is_said_of_the_address(self, peer, outside):
        self.serve(peer, {**self.full, "verified": False})
        assert self.arrive(peer, self.make(peer, outside)).email == Email("mara.lindqvist@example.com")

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Response.json({"message": "401: Unauthorized", "code": 0}, 401), Refused),
            (Response.json({"message": "internal network error", "code": 40333}, 403), Refused),
            (
                Response.json({"message": "You are being rate limited.", "retry_after": 64.57, "global": False}, 429),
                Unavailable,
            ),
        ],
    )
    def test_errors_of_the_api_are_understood_by_their_status(self, peer, outside, answer, kind):
        self.serve(peer, self.full)
        peer.answers["/profile"] = answer
        with pytest.raises(kind):
            self.log_in(peer, self.make(peer, outside))


def test_the_addresses_are_the_documented_ones(outside):
    assert sorted(Discord({}, outside).endpoints()) == [
        "https://discord.com/api/oauth2/token",
        "https://discord.com/api/oauth2/token/revoke",
        "https://discord.com/api/v10/users/@me",
        "https://discord.com/oauth2/authorize",
    ]
    assert {urlsplit(url).netloc for url in Discord({"HOST": "https://d.example"}, outside).endpoints()} == {
        "d.example"
    }
