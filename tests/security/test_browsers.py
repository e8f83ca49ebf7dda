"""What somebody can make another's browser do: with cookies of a neighbouring host, and with forms of another site."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from socialreg.testing.messages import FORM
from tests.security.walking import come_back, start

pytestmark = pytest.mark.django_db

SECURE = "https://testserver"
#: What a browser takes for a letter at the beginning of a name, and Django for a blank.
BLANKS = ["\u2000", "\u2003", "\u2028", "\u205f", "\u3000", "\u00a0", "\u0085", "\u1680"]
PAGES = [
    "/accounts/",
    "/accounts/github/start/",
    "/accounts/github/callback/",
    "/accounts/nobody/start/",
    "/accounts/mastodon/start/",
    "/accounts/register/",
    "/accounts/prove/",
    "/accounts/link/",
    "/accounts/connections/",
    "/accounts/connections/1/disconnect/",
]
FOREIGN = {"HTTP_ORIGIN": "https://evil.example", "HTTP_SEC_FETCH_SITE": "cross-site"}


def attempts(client: Client) -> dict[str, str]:
    return {name: cookie.value for name, cookie in client.cookies.items() if "attempt" in name}


@pytest.mark.parametrize("slug", ["github", "google", "apple", "twitter"])
@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_neighbouring_host_cannot_plant_an_attempt_by_a_blank_before_host(standin, settings, blank, slug):
    """``\\u2000__Host-...`` has no prefix for a browser, which takes it from any neighbour, and has one for Django.

    With it somebody would log a visitor in as themselves, to see what the visitor does there.
    """
    settings.SOCIALREG = {**settings.SOCIALREG, "BASE_URL": SECURE}
    attacker, visitor = Client(), Client()
    back = standin.approve(start(attacker, slug), "maralind")
    ((name, value),) = attempts(attacker).items()
    assert name.startswith("__Host-")
    before = len(standin.api_requests)
    planted = f"{blank}{name}={value}".encode().decode("latin-1")  # as WSGI hands it on
    for header in (planted, f"other=1; {planted}", f"other=1;{planted}; x=y"):
        defaults, visitor.defaults = visitor.defaults, {"HTTP_COOKIE": header}
        if slug == "apple":
            hop = visitor.post(str(back), urlencode(back.fields), FORM)
            assert hop.status_code == 303
            assert not hop.cookies
        else:
            assert visitor.get(back).status_code == 400
        visitor.defaults = defaults
    assert len(standin.api_requests) == before
    assert come_back(attacker, back).status_code == 302  # under its own name it is one


@pytest.mark.parametrize("in_session", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_a_form_of_another_site_costs_nobody_their_session_or_their_token(standin, settings, path, in_session):
    """A page with a token, shown to a browser that sent no cookie, would set another in the place of the visitor's."""
    settings.CSRF_USE_SESSIONS = in_session
    response = Client(enforce_csrf_checks=True).post(path, {"next": "/home/", "server": "one.example"}, **FOREIGN)
    assert response.status_code in {400, 403, 404}
    assert not response.cookies
    assert b"<form" not in response.content
    assert b"csrfmiddlewaretoken" not in response.content
    assert b"<a " in response.content  # a way on


@pytest.mark.parametrize("in_session", [False, True])
def test_whoever_is_logged_in_still_is_after_a_form_of_another_site(standin, settings, in_session):
    settings.CSRF_USE_SESSIONS = in_session
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    client.get("/accounts/connections/")
    kept = client.cookies.copy()
    client.cookies.clear()  # SameSite=Lax: a browser sends none of them along
    response = client.post("/accounts/github/start/", {}, **FOREIGN)
    client.cookies = kept
    client.cookies.update(response.cookies)
    assert client.get("/accounts/connections/").status_code == 200
    assert client.session["_auth_user_id"]


def test_a_form_of_this_site_without_a_token_still_gets_a_button(standin):
    for site in ("same-origin", "same-site", "none", ""):
        response = Client(enforce_csrf_checks=True).post("/accounts/github/start/", HTTP_SEC_FETCH_SITE=site)
        assert response.status_code == 403
        assert b"csrfmiddlewaretoken" in response.content
