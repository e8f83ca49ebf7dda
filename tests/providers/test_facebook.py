"""Facebook, with payloads from https://developers.facebook.com/docs/graph-api/reference/user and error-handling."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from socialreg.exceptions import Barred, Denied, ProviderError, Refused, Unavailable
from socialreg.testing.messages import Response
from socialreg.types import Email, Profile
from socialreg_providers.facebook import Facebook

from .grid import CALLBACK, TOKEN, OAuth2Grid, put

PICTURE = "https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=10224&height=400&width=400&ext=1&hash=AbC"


def graph_error(code: object, **more: object) -> dict[str, object]:
    error = {"message": "s3cret words", "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu", **more}
    return {"error": error}


class TestGrid(OAuth2Grid):
    provider = Facebook
    token = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 5183944}
    full = {
        "id": "10224000000000001",
        "name": "Mara Lindqvist",
        "first_name": "Mara",
        "last_name": "Lindqvist",
        "email": "mara.lindqvist@example.com",
        "picture": {"data": {"height": 400, "is_silhouette": False, "url": PICTURE, "width": 400}},
    }
    expected = Profile(
        "10224000000000001",
        full_name="Mara Lindqvist",
        first_name="Mara",
        last_name="Lindqvist",
        email=Email("mara.lindqvist@example.com", verified=False),
        picture=PICTURE,
    )
    minimal = {"id": "10224000000000002"}
    expected_minimal = Profile("10224000000000002")
    error_with_200 = graph_error(190)

    def test_an_address_never_counts_as_verified(self, peer, outside):
        for said in ({"verified": True}, {"email_verified": True}, {"is_verified": True}):
            self.serve(peer, {**self.full, **said})
            assert self.arrive(peer, self.make(peer, outside)).email == Email("mara.lindqvist@example.com")

    def test_a_silhouette_is_nobodys_picture(self, peer, outside):
        provider = self.make(peer, outside)
        self.serve(peer, put(self.full, "picture.data.is_silhouette", True))
        assert self.arrive(peer, provider).picture == ""
        for other in ("true", 1, None, ...):
            self.serve(peer, put(self.full, "picture.data.is_silhouette", other))
            assert self.arrive(peer, provider).picture == PICTURE

    @pytest.mark.parametrize("picture", [None, "x", [], {}, {"data": None}, {"data": []}, {"data": {"url": 7}}])
    def test_a_picture_of_another_shape_is_left_out(self, peer, outside, picture):
        self.serve(peer, {**self.full, "picture": picture})
        assert self.arrive(peer, self.make(peer, outside)).picture == ""

    def test_the_profile_call_names_its_fields_and_proves_that_we_have_the_secret(self, peer, outside):
        self.serve(peer, self.full)
        self.arrive(peer, self.make(peer, outside))
        query = parse_qs(peer.request("/profile").query)
        assert set(query) == {"fields", "appsecret_proof"}
        fields = query["fields"][0].split(",")
        assert {"id", "name", "first_name", "last_name", "email"} <= set(fields)
        # PHP's hash_hmac('sha256', $access_token, $app_secret), in Facebook's own example.
        assert query["appsecret_proof"] == [hmac.new(b"the:s%cret", TOKEN.encode(), sha256).hexdigest()]

    def test_the_secret_goes_by_post_and_in_no_address(self, peer, outside):
        self.serve(peer, self.full)
        self.log_in(peer, self.make(peer, outside))
        request = peer.request("/token")
        assert (request.method, request.query) == ("POST", "")
        assert request.form_fields()["client_secret"] == "the:s%cret"
        assert "code_verifier" not in request.form_fields()

    @pytest.mark.parametrize(
        ("code", "kind", "notice"),
        [
            (1, Unavailable, "unavailable"),
            (2, Unavailable, "unavailable"),
            (3, Refused, "not-available"),
            (4, Unavailable, "busy"),
            (10, Refused, "not-available"),
            (17, Unavailable, "busy"),
            (100, Refused, "expired"),
            (101, Refused, "not-available"),
            (102, Refused, "expired"),
            (190, Refused, "expired"),
            (200, Refused, "not-available"),
            (299, Refused, "not-available"),
            (341, Unavailable, "busy"),
            (368, Refused, "not-available"),
        ],
    )
    @pytest.mark.parametrize("path", ["/token", "/profile"])
    def test_documented_codes_are_told_apart(self, peer, outside, code, kind, notice, path):
        self.serve(peer, self.full)
        peer.answers[path] = Response.json(graph_error(code), 400)
        with pytest.raises(ProviderError) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (type(caught.value), caught.value.notice, caught.value.code) == (kind, notice, str(code))
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("subcode", "kind", "notice"),
        [
            (458, Refused, "expired"),
            (459, Barred, "locked"),
            (460, Refused, "expired"),
            (463, Refused, "expired"),
            (464, Barred, "locked"),
            (467, Refused, "expired"),
        ],
    )
    def test_a_subcode_that_is_documented_says_more_than_its_code(self, peer, outside, subcode, kind, notice):
        self.serve(peer, self.full)
        peer.answers["/profile"] = Response.json(graph_error(190, error_subcode=subcode), 400)
        with pytest.raises(ProviderError) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert (type(caught.value), caught.value.notice, caught.value.code) == (kind, notice, str(subcode))

    @pytest.mark.parametrize("subcode", [None, 0, "", True, [], {}, 36007, "x" * 70_000])
    def test_any_other_subcode_leaves_it_to_the_code(self, peer, outside, subcode):
        self.serve(peer, self.full)
        peer.answers["/profile"] = Response.json(graph_error(190, error_subcode=subcode), 400)
        with pytest.raises(Refused) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert caught.value.code == "190"

    @pytest.mark.parametrize("error", ["text", [], [1], {"code": None}, {"code": {}}, {"code": True}, 7])
    def test_an_error_of_another_shape_is_an_error_all_the_same(self, peer, outside, error):
        self.serve(peer, self.full)
        peer.answers["/profile"] = Response.json({"error": error}, 400)
        with pytest.raises(Refused) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert caught.value.code != "provider"

    def test_a_callback_that_is_not_registered_is_named_in_the_log(self, peer, outside):
        self.serve(peer, self.full)
        peer.answers["/token"] = Response.json(graph_error(100), 400)
        with pytest.raises(Refused) as caught:
            self.log_in(peer, self.make(peer, outside))
        assert CALLBACK in caught.value.remedy

    def test_cancel_as_facebook_documents_it(self, peer, outside):
        provider = self.make(peer, outside)
        pending, _, back = self.begin(provider)
        cancel = {"error_reason": "user_denied", "error": "access_denied", "error_description": "Permissions error."}
        with pytest.raises(Denied):
            provider.verify(pending, {"state": back["state"], **cancel})
        assert peer.asked() == []

    def test_scopes_are_parted_by_commas(self, peer, outside):
        _, sent, _ = self.begin(self.make(peer, outside))
        assert sent["scope"] == "public_profile,email"


def test_the_version_is_one_option_for_all_addresses(outside):
    assert {urlsplit(url).path.split("/")[1] for url in Facebook({}, outside).endpoints()} == {"v26.0"}
    changed = Facebook({"GRAPH_VERSION": "v27.0"}, outside)
    assert {urlsplit(url).path.split("/")[1] for url in changed.endpoints()} == {"v27.0"}
    assert changed.issuer == Facebook.issuer, "another version knows the same people"
