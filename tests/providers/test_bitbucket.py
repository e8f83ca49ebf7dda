"""Bitbucket, with payloads after https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.bitbucket import Bitbucket

from .grid import TOKEN, OAuth2Grid, put

UUID = "{a54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3}"
AVATAR = "https://secure.gravatar.com/avatar/0d9f?d=https%3A%2F%2Favatar-management.example.com%2Finitials%2FML-1.png"
PAGE = "https://bitbucket.org/%7Ba54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3%7D/"
MARA = "mara.lindqvist@example.com"


def address(email: object, *, primary: object = False, confirmed: object = False) -> dict[str, object]:
    return {"type": "email", "email": email, "is_primary": primary, "is_confirmed": confirmed}


def page(*values: object) -> dict[str, object]:
    return {"pagelen": 10, "size": len(values), "page": 1, "values": list(values)}


class TestGrid(OAuth2Grid):
    provider = Bitbucket
    token = {
        "access_token": TOKEN,
        "token_type": "bearer",
        "expires_in": 7200,
        "refresh_token": "r3fresh",
        "scopes": "account email",
        "state": "authorization_code",
    }
    full = {
        "type": "user",
        "uuid": UUID,
        "account_id": "557058:c0b72ad0-1cb5-4018-9cdc-0cde8492c443",
        "nickname": "maralind",
        "username": "maralind_old",
        "display_name": "Mara Lindqvist",
        "created_on": "2014-05-09T17:58:22.000000+00:00",
        "links": {"avatar": {"href": AVATAR}, "html": {"href": PAGE}},
    }
    emails = page(address("mara@work.example", confirmed=True), address(MARA, primary=True, confirmed=True))
    expected = Profile(
        UUID, "maralind", "Mara Lindqvist", "Mara", "Lindqvist", Email(MARA, verified=True), AVATAR, PAGE
    )
    minimal = {"type": "user", "uuid": "{7}", "links": {"avatar": {}}}
    expected_minimal = Profile("{7}", email=expected.email)
    error_with_200 = {"error_description": "s3cret words", "error": "invalid_grant"}

    def test_the_uuid_is_kept_with_its_braces(self, peer, outside):
        self.serve(peer, self.full)
        assert self.log_in(peer, self.make(peer, outside)).uid == UUID

    def test_who_takes_over_a_name_is_somebody_else(self, peer, outside):
        provider = self.make(peer, outside)
        self.serve(peer, put(self.full, "uuid", "{b}"))
        assert self.log_in(peer, provider).uid == "{b}"

    @pytest.mark.parametrize(
        ("emails", "chosen"),
        [
            (page(), None),
            (page(address(MARA, primary=True)), Email(MARA, verified=False)),
            (page(address(MARA, primary=True), address("b@x.io", confirmed=True)), Email("b@x.io", verified=True)),
            (page(address(MARA, primary=True, confirmed="true")), Email(MARA, verified=False)),
            (page(address(MARA, confirmed=False)), None),
            (page(None, 7, "x", {}, address(None, primary=True, confirmed=True)), None),
            ({"type": "error", "error": {"message": "no"}}, None),
            ([address(MARA, primary=True, confirmed=True)], None),
        ],
        ids=str,
    )  # fmt: skip
    def test_an_address_counts_as_verified_if_it_is_confirmed_in_so_many_words(self, peer, outside, emails, chosen):
        self.serve(peer, self.full)
        peer.answers["/emails"] = Response.json(emails)
        profile = self.arrive(peer, self.make(peer, outside))
        assert replace(profile, raw={}) == replace(self.expected, email=chosen)

    def test_an_address_in_the_profile_is_passed_over(self, peer, outside):
        self.serve(peer, {**self.full, "email": "evil@example.com", "email_verified": True})
        peer.answers["/emails"] = Response.json(page())
        assert self.arrive(peer, self.make(peer, outside)).email is None

    def test_the_scope_that_was_asked_for_counts_as_granted(self, peer, outside):
        """Bitbucket calls it ``scopes`` in its answer."""
        self.serve(peer, self.full)
        assert self.log_in(peer, self.make(peer, outside)).scope == "account email"
