"""The guards of the one more hop: who is sent round, and where to."""

from __future__ import annotations

import pytest

from socialreg import bounce
from tests.parsed import Page


@pytest.mark.parametrize(
    ("samesite", "method", "begun", "is_needed"),
    [
        ("Strict", "get", "cross-site", True),
        ("strict", "get", "cross-site", True),
        ("STRICT", "get", "cross-site", True),
        ("Lax", "get", "cross-site", False),
        ("None", "get", "cross-site", False),
        (False, "get", "cross-site", False),
        (None, "get", "cross-site", False),
        ("Strict", "post", "cross-site", False),
        ("Strict", "head", "cross-site", False),
        ("Strict", "get", "same-site", False),
        ("Strict", "get", "same-origin", False),
        ("Strict", "get", "none", False),
        ("Strict", "get", None, False),
    ],
)
def test_f09_sent_round_is_who_comes_from_another_site_without_a_strict_cookie(
    rf, settings, samesite, method, begun, is_needed
):
    settings.SESSION_COOKIE_SAMESITE = samesite
    headers = {} if begun is None else {"HTTP_SEC_FETCH_SITE": begun}
    assert bounce.is_needed(getattr(rf, method)("/accounts/x/callback/", **headers)) is is_needed


@pytest.mark.parametrize(
    "query", ["", "?code=c&state=s", "?next=https://evil.example/", "?a=%0d%0aSet-Cookie:%20x=y", '?a="><script>']
)
def test_f09_the_page_leads_to_the_very_same_address_and_nowhere_else(rf, query):
    request = rf.get("/accounts/x/callback/" + query, HTTP_SEC_FETCH_SITE="cross-site")
    response = bounce.page(request)
    here = request.get_full_path()
    assert here.startswith("/accounts/x/callback/")
    assert response.status_code == 200
    assert response["Refresh"] == f"0; url={here}"
    assert [attrs.get("href") for _, attrs in Page(response).of("a")][1:] == [here]  # the first is the site's name
    assert b"<script>" not in response.content
    assert "Set-Cookie" not in response
