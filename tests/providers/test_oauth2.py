"""The generic OAuth 2.0 provider: by settings alone. Payloads after Gitea's and Nextcloud's documentation."""

from __future__ import annotations

from typing import ClassVar

import pytest

from socialreg.exceptions import ConfigurationError
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.oauth2 import OAuth2

from .grid import OAuth2Grid

MARA = "mara.lindqvist@example.com"
WHOLE = {
    "CLIENT_ID": "the-id",
    "CLIENT_SECRET": "s",
    "ISSUER": "https://git.example.com",
    "LABEL": "Our Gitea",
    "AUTHORIZE_URL": "https://git.example.com/login/oauth/authorize",
    "TOKEN_URL": "https://git.example.com/login/oauth/access_token",
    "PROFILE_URL": "https://git.example.com/api/v1/user",
    "PROFILE_MAP": {"uid": "id"},
}


class TestGitea(OAuth2Grid):
    """https://docs.gitea.com/api/1.22/#tag/user/operation/userGetCurrent; its addresses are a list of their own."""

    provider = OAuth2
    options = {
        "ISSUER": "https://git.example.com",
        "LABEL": "Our Gitea",
        "SCOPE": ["read:user"],
        "EMAILS_MAP": {},
        "PROFILE_MAP": {
            "uid": "id",
            "username": "login",
            "full_name": "full_name",
            "picture": "avatar_url",
            "profile_url": "html_url",
            "locale": "language",
        },
    }
    full = {
        "id": 41,
        "login": "maralind",
        "login_name": "",
        "source_id": 0,
        "full_name": "Mara Lindqvist",
        "email": "maralind@noreply.git.example.com",
        "avatar_url": "https://git.example.com/avatars/9b41",
        "html_url": "https://git.example.com/maralind",
        "language": "sv-SE",
        "is_admin": False,
        "active": True,
    }
    emails: ClassVar[object] = [
        {"email": MARA, "verified": True, "primary": True, "user_id": 41, "username": "maralind"},
        {"email": "old@example.com", "verified": False, "primary": False},
    ]
    expected = Profile(
        "41",
        "maralind",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email(MARA, verified=True),
        "https://git.example.com/avatars/9b41",
        "https://git.example.com/maralind",
        "sv-SE",
    )
    minimal = {"id": 7, "login": "kestrel"}
    expected_minimal = Profile("7", "kestrel", email=Email(MARA, verified=True))

    def addresses(self, peer):
        return {**super().addresses(peer), "EMAILS_URL": f"{peer.url}/emails"}


class TestNextcloud(OAuth2Grid):
    """https://docs.nextcloud.com/server/latest/developer_manual/client_apis/OCS/ocs-api-overview.html."""

    provider = OAuth2
    options = {
        "ISSUER": "https://cloud.example.com",
        "LABEL": "Our cloud",
        "PROFILE_PARAMS": {"format": "json"},
        "API_HEADERS": {"OCS-APIRequest": "true"},
        "TOKEN_ENDPOINT_AUTH_METHOD": "client_secret_post",
        "PROFILE_MAP": {
            "uid": "ocs.data.id",
            "username": "ocs.data.id",
            "full_name": "ocs.data.displayname",
            "email": "ocs.data.email",
            "locale": "ocs.data.language",
        },
    }
    part_of_uid = ("username",)
    full = {
        "ocs": {
            "meta": {"status": "ok", "statuscode": 200, "message": "OK"},
            "data": {"id": "mara", "displayname": "Mara Lindqvist", "email": MARA, "language": "sv", "groups": ["a"]},
        }
    }
    expected = Profile("mara", "mara", "Mara Lindqvist", "Mara", "Lindqvist", Email(MARA, verified=False), locale="sv")
    minimal = {"ocs": {"meta": {"status": "ok"}, "data": {"id": "kestrel"}}}
    expected_minimal = Profile("kestrel", "kestrel")

    def test_the_profile_call_carries_what_the_settings_say(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        request = peer.request("/profile")
        assert (request.query, request.headers["ocs-apirequest"]) == ("format=json", "true")


class TestSettings:
    """What a site can say, and what it is told if it says it wrong."""

    def test_what_is_required(self):
        assert OAuth2.required_options == tuple(WHOLE)

    def test_there_may_be_any_number_and_none_is_another(self, outside):
        one = OAuth2(WHOLE, outside)
        two = OAuth2({**WHOLE, "LABEL": "B", "ISSUER": "https://b.example", "PROFILE_MAP": {"uid": "data.id"}}, outside)
        assert (one.uid_claim, one.issuer) == ("id", "https://git.example.com")
        assert (two.uid_claim, two.issuer) == ("data.id", "https://b.example")
        assert OAuth2.profile_map == {}

    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"PROFILE_MAP": {"username": "login"}}, "PROFILE_MAP of Our Gitea names no uid"),
            ({"PROFILE_MAP": {"uid": ""}}, "PROFILE_MAP of Our Gitea names no uid"),
            ({"PROFILE_MAP": {"uid": "id", "avatar": "avatar_url"}}, "PROFILE_MAP cannot have 'avatar'"),
            ({"PROFILE_MAP": {"uid": 7}}, "PROFILE_MAP cannot have 'uid'"),
            ({"PROFILE_MAP": ["id"]}, "PROFILE_MAP of OAuth2 has the wrong type"),
            ({"EMAILS_MAP": {"confirmed": "is_confirmed"}}, "EMAILS_MAP cannot have 'confirmed'"),
            ({"EMAILS_MAP": {"items": None}}, "EMAILS_MAP cannot have 'items'"),
            ({"SCOPE": "read:user"}, "SCOPE of OAuth2 has the wrong type"),
            ({"RESPONSE_MODE": "query"}, "RESPONSE_MODE"),
            ({"EMAILS_VERIFIED": True}, "no option 'EMAILS_VERIFIED'"),
            ({"TRUE_STRINGS": ["yes"]}, "no option 'TRUE_STRINGS'"),
            ({"PKCE": False}, "no option 'PKCE'"),
            ({"USERINFO_URL": "https://git.example.com/login/oauth/userinfo"}, "no option 'USERINFO_URL'"),
        ],
        ids=str,
    )
    def test_a_wrong_option_is_told_by_its_name(self, outside, options, named):
        with pytest.raises(ConfigurationError, match=named) as caught:
            OAuth2({**WHOLE, **options}, outside)
        assert caught.value.remedy

    def test_of_the_map_for_addresses_what_is_left_out_stays(self, outside):
        made = OAuth2({**WHOLE, "EMAILS_MAP": {"items": "values"}}, outside)
        assert made.emails_map == {"items": "values", "address": "email", "primary": "primary", "verified": "verified"}

    def test_an_address_is_verified_by_json_true_alone_and_only_where_the_map_says_so(self, peer, outside):
        grid = TestNextcloud()
        for said, expected in [(True, True), ("true", False), (1, False), ("yes", False), (None, False)]:
            data = {"id": "7", "mail": MARA, "mail_ok": said, "email_verified": True}
            peer.answers["/token"] = Response.json(grid.token)
            peer.answers["/profile"] = Response.json(data)
            paths = {"uid": "id", "email": "mail", "email_verified": "mail_ok"}
            profile = grid.arrive(peer, grid.make(peer, outside, PROFILE_MAP=paths))
            assert profile.email == Email(MARA, verified=expected), said
