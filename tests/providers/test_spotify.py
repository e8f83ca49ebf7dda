"""Spotify, with payloads after https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile."""

from __future__ import annotations

import pytest

from socialreg.exceptions import BadAnswer
from socialreg.types import Email, Profile
from socialreg_providers.spotify import Spotify

from .grid import TOKEN, OAuth2Grid, put

LARGE = "https://i.scdn.co/image/ab6775700000ee85a1"
SMALL = "https://i.scdn.co/image/ab67757000003b82a1"
PAGE = "https://open.spotify.com/user/maralind"


def image(url: object, width: object) -> dict[str, object]:
    return {"url": url, "height": width, "width": width}


class TestGrid(OAuth2Grid):
    provider = Spotify
    token = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "scope": "user-read-email",
        "expires_in": 3600,
        "refresh_token": "r3fresh",
    }
    full = {
        "account_id": "aB3dE5fG7h",
        "display_name": "Mara Lindqvist",
        "email": "mara.lindqvist@example.com",
        "external_urls": {"spotify": PAGE},
        "href": "https://api.spotify.com/v1/users/maralind",
        "id": "maralind",
        "images": [image(SMALL, 64), image(LARGE, 300)],
        "type": "user",
        "uri": "spotify:user:maralind",
        "country": "SE",
        "product": "premium",
        "followers": {"href": None, "total": 2},
    }
    expected = Profile(
        "aB3dE5fG7h",
        "",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email("mara.lindqvist@example.com", verified=False),
        LARGE,
        PAGE,
    )
    minimal = {"account_id": "zz7", "id": "kestrel", "display_name": None, "images": [], "type": "user"}
    expected_minimal = Profile("zz7")

    def test_the_id_that_can_change_identifies_nobody(self, peer, outside):
        """Spotify says so: it was a user name for those who came early."""
        self.serve(peer, put(self.full, "account_id", ...))
        with pytest.raises(BadAnswer) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert caught.value.code == "uid"
        self.serve(peer, put(self.full, "id", "somebody-else"))
        assert self.log_in(peer, self.make(peer, outside)).uid == "aB3dE5fG7h"

    @pytest.mark.parametrize("claimed", [True, "true", 1])
    def test_no_address_counts_as_verified(self, peer, outside, claimed):
        self.serve(peer, {**self.full, "email_verified": claimed, "verified": claimed})
        assert self.arrive(peer, self.make(peer, outside)).email == self.expected.email

    @pytest.mark.parametrize(
        ("images", "picture"),
        [
            ([image(LARGE, 300), image(SMALL, 64)], LARGE),
            ([image(SMALL, 64), image(LARGE, 300)], LARGE),
            ([image(SMALL, None)], SMALL),
            ([image(SMALL, None), image(LARGE, 300)], LARGE),
            ([image(SMALL, 64), image("javascript:alert(1)", 640)], SMALL),
            ([image(SMALL, 64), image("http://a.example/a.png", 640), None, "x", {}], SMALL),
            ([image(SMALL, 64), image(LARGE, "300")], SMALL),
            ([], ""),
            ({}, ""),
            (None, ""),
        ],
    )
    def test_the_picture_is_the_widest_that_can_be_shown(self, peer, outside, images, picture):
        self.serve(peer, put(self.full, "images", images))
        assert self.arrive(peer, self.make(peer, outside)).picture == picture
