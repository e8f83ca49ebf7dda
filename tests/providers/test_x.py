"""X over OAuth 2.0, with payloads from https://docs.x.com/x-api/users/user-lookup-me; and that Twitter is the same."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.urls import reverse

from socialreg.exceptions import Barred, ProviderError, Refused, Unavailable
from socialreg.models import SocialAccount
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.twitter import Twitter
from socialreg_providers.x import X

from .grid import CALLBACK, TOKEN, OAuth2Grid

MARA = "1400000000000000001"


class TestGrid(OAuth2Grid):
    provider = X
    token = {
        "token_type": "bearer",
        "expires_in": 7200,
        "access_token": TOKEN,
        "scope": "users.email users.read tweet.read offline.access",
        "refresh_token": "bWRWa3gzdnk3WHRGU1o0bmRRcTJ5VUxW",
    }
    full = {
        "data": {
            "id": MARA,
            "name": "Mara Lindqvist",
            "username": "maralind",
            "verified": True,
            "confirmed_email": "mara.lindqvist@example.com",
            "profile_image_url": "https://pbs.twimg.com/profile_images/1/abc_normal.jpg",
        }
    }
    expected = Profile(
        MARA,
        "maralind",
        "Mara Lindqvist",
        "Mara",
        "Lindqvist",
        Email("mara.lindqvist@example.com", verified=True),
        "https://pbs.twimg.com/profile_images/1/abc_400x400.jpg",
        "https://x.com/maralind",
    )
    minimal = {"data": {"id": "7", "name": "", "username": "kestrel"}}
    expected_minimal = Profile("7", "kestrel", profile_url="https://x.com/kestrel")

    def test_who_it_is_is_the_same_as_over_oauth_1(self, peer, outside):
        assert self.make(peer, outside).issuer == Twitter.issuer == "https://x.com"

    def test_the_address_asks_for_what_a_login_needs_with_blanks_that_x_takes(self, peer, outside):
        provider = X({"CLIENT_ID": "the-id"}, outside)
        url = provider.authorize(CALLBACK, "login", {}).url
        assert url.startswith("https://x.com/i/oauth2/authorize?")
        assert "scope=users.read%20tweet.read%20users.email%20offline.access" in url

    def test_the_profile_call_names_the_fields_that_are_not_given_by_themselves(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        fields = parse_qs(peer.request("/profile").query)["user.fields"][0].split(",")
        assert {"confirmed_email", "profile_image_url"} <= set(fields)

    def test_the_secret_goes_by_basic_authentication_alone(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        request = peer.request("/token")
        assert request.headers["authorization"].startswith("Basic ")
        assert not {"client_id", "client_secret"} & request.form_fields().keys()

    def test_refresh_token_and_expiry_are_kept(self, peer, outside):
        self.serve(peer, self.full)
        credentials = self.log_in(peer, self.make(peer, outside))
        assert credentials.refresh_token == self.token["refresh_token"]
        assert credentials.expires_at is not None

    def test_an_error_about_a_field_leaves_the_rest_as_it_is(self, peer, outside):
        """A 200 may carry data and errors[]: the address is not authorised for this app."""
        partial = {"resource_type": "user", "field": "confirmed_email", "title": "Field Authorization Error"}
        self.serve(peer, {"data": {"id": MARA, "username": "maralind"}, "errors": [partial]})
        profile = self.arrive(peer, self.make(peer, outside))
        assert (profile.uid, profile.email) == (MARA, None)

    @pytest.mark.parametrize(
        ("body", "kind", "code"),
        [
            ({"errors": [{"title": "Not Found Error", "type": "https://api.twitter.com/2/problems"}]}, Refused, "200"),
            ({"errors": [{"code": 64, "message": "Your account is suspended"}]}, Barred, "64"),
            ({"errors": [{"code": 326, "message": "temporarily locked"}], "data": None}, Barred, "326"),
            ({"errors": [{"code": 88}], "data": {}}, Unavailable, "88"),
        ],
        ids=str,
    )
    def test_a_200_with_errors_in_the_place_of_data_is_an_error(self, peer, outside, body, kind, code):
        self.serve(peer, body)
        with pytest.raises(ProviderError) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (type(caught.value), caught.value.code) == (kind, code)

    @pytest.mark.parametrize(
        ("answer", "kind", "notice"),
        [
            # RFC 7807, as v2 answers.
            (
                Response.json(
                    {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401
                ),
                Refused,
                "refused",
            ),
            (
                Response.json({"title": "Client Forbidden", "reason": "client-not-enrolled", "status": 403}, 403),
                Refused,
                "not-available",
            ),
            (Response.json({"errors": [{"code": 453, "message": "other level"}]}, 403), Refused, "not-available"),
            (Response.json({"title": "Too Many Requests", "status": 429}, 429), Unavailable, "busy"),
            (Response(503, b"Over capacity"), Unavailable, "unavailable"),
        ],
    )  # fmt: skip
    def test_v2s_own_errors_are_understood(self, peer, outside, answer, kind, notice):
        self.serve(peer, self.full)
        peer.answers["/profile"] = answer
        with pytest.raises(ProviderError) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (type(caught.value), caught.value.notice) == (kind, notice)

    @pytest.mark.parametrize(
        ("code", "words", "notice"),
        [
            ("invalid_request", "Value passed for the authorization code was invalid.", "expired"),
            ("unauthorized_client", "Missing valid authorization header", "not-available"),
            ("invalid_grant", "", "expired"),
        ],
    )
    def test_the_token_endpoints_errors_are_understood(self, peer, outside, code, words, notice):
        self.serve(peer, self.full)
        peer.answers["/token"] = Response.json({"error": code, "error_description": words}, 400)
        with pytest.raises(Refused) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (caught.value.code, caught.value.notice) == (code, notice)

    @pytest.mark.parametrize("username", ["../evil", "a b", "<script>", "x" * 51])
    def test_a_handle_that_is_none_has_no_page(self, peer, outside, username):
        self.serve(peer, {"data": {"id": MARA, "username": username}})
        assert self.arrive(peer, self.make(peer, outside)).profile_url == ""


@pytest.mark.django_db
class TestOneAccount:
    """Registered over one protocol, logged in over the other."""

    @pytest.fixture
    def both(self, browser, site, peer, settings):
        grid = TestGrid()
        grid.serve(peer, grid.full)
        given = settings.SOCIALREG
        entry = {"CLIENT_ID": "the-id", "CLIENT_SECRET": "b", **grid.addresses(peer)}
        hosts = [*given["PRIVATE_HOSTS"], urlsplit(peer.url).netloc]
        site(PROVIDERS={**given["PROVIDERS"], "x": entry}, PRIVATE_HOSTS=hosts)
        return browser

    def come_by_x(self, client: Browser):
        start = client.post(reverse("socialreg:start", args=["x"]), {"next": "/home/"})
        sent = dict(parse_qsl(urlsplit(start["Location"]).query))
        return client.get(reverse("socialreg:callback", args=["x"]), {"state": sent["state"], "code": "the-c0de"})

    def register(self, client: Browser, response) -> User:
        assert response["Location"] == reverse("socialreg:register"), response.content.decode()
        client.post(response["Location"], {"username": "mara", "email": "mara.lindqvist@example.com"})
        return User.objects.get()

    def test_registered_by_twitter_logged_in_by_x(self, both):
        user = self.register(both.client, both.log_in("maralind"))
        other = Browser()
        assert self.come_by_x(other)["Location"] == "/home/"
        assert other.session["_auth_user_id"] == str(user.pk)
        account = SocialAccount.objects.get()
        assert (account.issuer, account.subject) == ("https://x.com", MARA)
        assert account.credentials.token == TOKEN

    def test_registered_by_x_logged_in_by_twitter(self, both, other_browser):
        user = self.register(both.client, self.come_by_x(both.client))
        assert other_browser.log_in("maralind", next="/home/")["Location"] == "/home/"
        assert other_browser.user() == user
        assert SocialAccount.objects.count() == 1
