"""What each provider answers for a token that is good for nothing, from its documentation or seen: the account is lost.

And what it answers for something else: that loses nobody.
"""

from __future__ import annotations

import pytest

from socialreg import steps
from socialreg.exceptions import ProviderError, Revoked
from socialreg.lookup import find_class
from socialreg.testing.messages import Response
from socialreg.types import Credentials

OLD = Credentials("7", token="old", refresh_token="r0", expires_at=1)


def provider(slug: str, peer, outside):
    addresses = {"TOKEN_URL": f"{peer.url}/token", "AUTHORIZE_URL": f"{peer.url}/a"}
    more = {"USERINFO_URL": f"{peer.url}/me", "JWKS_URL": f"{peer.url}/jwks"} if slug in {"slack", "twitch"} else {}
    more = more or {"PROFILE_URL": f"{peer.url}/me"}
    return find_class(slug, {})({"CLIENT_ID": "id", "CLIENT_SECRET": "s", **addresses, **more}, outside)


@pytest.mark.parametrize(
    ("slug", "status", "body"),
    [
        ("x", 400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}),
        ("x", 400, {"error": "invalid_grant"}),
        ("github", 200, {"error": "bad_refresh_token"}),
        ("slack", 200, {"ok": False, "error": "invalid_refresh_token"}),
        ("twitch", 400, {"status": 400, "message": "Invalid refresh token"}),
        ("discord", 400, {"error": "invalid_grant"}),
    ],
)
def test_a_dead_refresh_token(peer, outside, slug, status, body):
    peer.answers["/token"] = Response.json(body, status)
    with pytest.raises(Revoked):
        steps.refresh(provider(slug, peer, outside), OLD)


@pytest.mark.parametrize(
    ("slug", "status", "body"),
    [
        ("x", 401, {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}),
        ("github", 200, {"error": "incorrect_client_credentials"}),
        ("slack", 200, {"ok": False, "error": "bad_client_secret"}),
        ("twitch", 403, {"status": 403, "message": "invalid client secret"}),
        ("discord", 401, {"error": "invalid_client"}),
        ("discord", 429, {"message": "You are being rate limited.", "retry_after": 1.5}),
    ],
)
def test_another_refusal_of_a_refresh_is_not_the_tokens(peer, outside, slug, status, body):
    peer.answers["/token"] = Response.json(body, status)
    with pytest.raises(ProviderError) as caught:
        steps.refresh(provider(slug, peer, outside), OLD)
    assert not isinstance(caught.value, Revoked)


@pytest.mark.parametrize(
    ("slug", "status", "body"),
    [
        ("slack", 200, {"ok": False, "error": "token_revoked"}),
        ("github", 401, {"message": "Bad credentials"}),
        ("discord", 401, {"message": "401: Unauthorized", "code": 0}),
        ("facebook", 400, {"error": {"type": "OAuthException", "code": 190, "error_subcode": 460}}),
    ],
)
def test_a_dead_access_token(peer, outside, slug, status, body):
    peer.answers["/me"] = Response.json(body, status)
    with pytest.raises(Revoked):
        steps.check_alive(provider(slug, peer, outside), OLD)
    assert peer.asked() == ["/me"]
