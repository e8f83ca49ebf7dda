"""Nobody is sent off this site: by no address that a visitor brings along, on no way."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import path, reverse, set_script_prefix
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from socialreg.redirects import NEXT_LENGTH, after_login, login_page, safe_next
from tests.test_way import MARA, register, shown
from tests.urls import urlpatterns as site_urls

BASE = "http://testserver"

HOSTILE = [
    "//evil.example",
    "//evil.example/home/",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "\\evil.example",
    "/home/\\..\\..//evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\n//evil.example",
    "/home/\r\nSet-Cookie: a=b",
    "/home/\nLocation: http://evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "\x01http://evil.example",
    "\x1f//evil.example",
    "\x7f//evil.example",
    "\xa0//evil.example",
    "\u2028//evil.example",
    "\u3000//evil.example",
    "\ufeff//evil.example",
    "http://evil.example",
    "https://evil.example",
    "HTTP://EVIL.EXAMPLE",
    "hTtPs://evil.example",
    "http:evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http:\\\\evil.example",
    "ftp://evil.example",
    "ws://testserver/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "javascript://testserver/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:http://testserver/1",
    "mailto:a@evil.example",
    "http://testserver.evil.example",
    "http://testserver@evil.example",
    "http://testserver:80@evil.example",
    "http://testserver:pw@evil.example/",
    "http://user@testserver/",
    "http://testserver\\@evil.example",
    "http://testserver\\.evil.example",
    "http://testserver%2eevil.example",
    "http://testserver%00.evil.example",
    "http://testserver:8000/",
    "http://testserver:80evil.example",
    "http://testservers/",
    "http://eviltestserver/",
    "https://testserver/",
    "http://testserver\u3002evil.example/",
    "http://testserver\uff0eevil.example",
    "http://evil\uff0eexample",
    "http:\uff0f\uff0fevil.example",
    "\uff0f\uff0fevil.example",
    "\u2044\u2044evil.example",
    "//evil\u3002example",
    "//\u2460evil.example",
    "//testserver",
    "//testserver/home/",
    "//testserver@evil.example",
    "http://[",
    "http://[::1",
    "//[",
    "http://]",
    "http://testserver:99999999999/",
    "evil.example",
    "home/",
    "./home/",
    "../home/",
    "@evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "%2f%2fevil.example",
    "%2F%2Fevil.example",
    "%5c%5cevil.example",
    "%09//evil.example",
    "SECRET_KEY",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "home",
    "socialreg:connections",
    "/\ud800",
    "/" + "a" * NEXT_LENGTH,
    "http://testserver/" + "a" * NEXT_LENGTH,
    "",
    " ",
    "/ /evil.example",
]
GOOD = [
    "/",
    "/home/",
    "/home/?a=b&c=d#top",
    "/home/?to=https://elsewhere.example/%2f",
    "/caf\u00e9/?q=\u00fcber",
    "/caf%C3%A9/",
    "/home/?q=a%20b",
    "/%2f%2fevil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/@evil.example",
    "/http://evil.example",
    "/javascript:alert(1)",
    "/home;a=b/",
    "http://testserver",
    "http://testserver/",
    "http://testserver/home/?a=b#top",
    "http://testserver?a=b",
    "http://testserver#top",
    "http://testserver//evil.example",
    "/" + "a" * (NEXT_LENGTH - 1),
]


def test_the_corpus_is_large_enough():
    assert len(set(HOSTILE)) >= 90


def where(address: str, base: str = BASE) -> str:
    """Return the origin to which a browser takes an address (the WHATWG URL standard, as far as it matters here)."""
    address = re.sub(r"[\t\n\r]", "", address.strip("".join(map(chr, range(0x21)))))
    head, mark, tail = address.partition("?") if "?" in address.partition("#")[0] else address.partition("#")
    address = head.replace("\\", "/") + mark + tail
    if re.match(r"https?:", address, re.IGNORECASE):  # a special scheme takes any number of slashes, or none
        scheme, _, rest = address.partition(":")
        address = f"{scheme}://{rest.lstrip('/')}"
    elif address.startswith("//"):
        address = f"//{address.lstrip('/')}"
    parts = urlsplit(urljoin(f"{base}/", address))
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


def test_the_judge_of_these_tests_knows_what_browsers_do():
    for address in ("/\\evil.example", "\t//evil.example", "/\n/evil.example", "///evil.example", "\\\\evil.example"):
        assert where(address) == "http://evil.example"
    assert where("https:evil.example") == "https://evil.example"
    assert where("/home/?//evil.example") == where("?\\\\evil.example") == BASE


@pytest.fixture
def everywhere(settings):
    """A site whose ALLOWED_HOSTS allow everything: nothing that matters here may ask them."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True


@pytest.mark.parametrize("candidate", HOSTILE)
def test_no_hostile_address_is_let_through(candidate, everywhere):
    assert safe_next(candidate) == ""


@pytest.mark.parametrize("candidate", [None, 7, b"/home/", ["/home/"], {"next": "/"}, object()])
def test_what_is_no_text_is_no_address(candidate):
    assert safe_next(candidate) == ""


@pytest.mark.parametrize("candidate", GOOD)
def test_addresses_on_this_site_are_kept_as_they_are(candidate):
    assert safe_next(candidate) == candidate
    assert where(candidate) == BASE


def test_over_https_plain_http_is_another_site(settings):
    settings.SOCIALREG = {"BASE_URL": "https://example.com:8443/"}
    assert safe_next("https://example.com:8443/home/") == "https://example.com:8443/home/"
    for candidate in ("http://example.com:8443/", "https://example.com/", "https://example.com:84430/"):
        assert safe_next(candidate) == ""


@pytest.mark.parametrize("base", [None, "", "http://[", "https://example.com/shop", 7])
def test_without_a_usable_base_url_paths_are_still_of_this_site_and_nothing_else_is(settings, base):
    settings.SOCIALREG = {"BASE_URL": base}
    assert safe_next("/home/") == "/home/"
    for candidate in HOSTILE:
        assert safe_next(candidate) == ""


_pieces = st.sampled_from(
    [*"/\\:@?#%. \t\n\r\0;&=[]a", "//", "..", "http:", "https:", "http://", "testserver", "evil.example", "%2f", "%5c"]
)
_odd = st.sampled_from(["\uff0f", "\u3002", "\u2044", "\u2028", "\xa0", "\xad", "javascript:", BASE])
_tails = st.lists(st.one_of(_pieces, _odd, st.characters()), max_size=7).map("".join)
_candidates = st.builds("{}{}".format, st.sampled_from(["", "/", "/", BASE, f"{BASE}/", "//"]), _tails)


@given(_candidates)
@example("/\\evil.example")
@example("//evil.example")
@example(f"{BASE}@evil.example")
@example(f"{BASE}.evil.example")
@effort(max_examples=500, deadline=None)
def test_whatever_is_let_through_leads_a_browser_to_this_site(candidate):
    found = safe_next(candidate)
    assert found in {"", candidate}
    if found:
        assert urlsplit(urljoin(f"{BASE}/", found))[:2] == ("http", "testserver")
        assert where(found) == BASE


def request_at(script: str = ""):
    return RequestFactory().get("/", SCRIPT_NAME=script)


@pytest.mark.parametrize(
    ("setting", "leads"),
    [
        ("/home/", "/home/"),
        ("/home/?tab=1#top", "/home/?tab=1#top"),
        ("home", "/home/"),
        ("admin:index", "/admin/"),
        ("https://app.example.com/", "https://app.example.com/"),
        ("/accounts/profile/", None),
        ("/gone/", None),
        ("gone", None),
        ("gone:too", None),
        ("", None),
        (None, None),
        (7, None),
        ("http://[", None),
        ("./home/", None),
    ],
)
def test_settings_lead_where_they_say_or_to_a_page_that_is_there(settings, setting, leads):
    settings.LOGIN_REDIRECT_URL = settings.LOGIN_URL = setting
    assert after_login(request_at(), "") == (leads or "/accounts/connections/")
    assert login_page(request_at()) == (leads or "/accounts/")


def test_a_next_that_is_hostile_falls_back_to_the_setting(settings):
    assert after_login(request_at(), "//evil.example") == "/home/"
    assert after_login(request_at(), "/other/") == "/other/"


@pytest.mark.parametrize(
    ("setting", "leads"),
    [
        ("home", "/shop/home/"),
        ("/shop/home/", "/shop/home/"),
        ("/shop/gone/", None),
        ("/shophome/", None),
        ("/home/", "/home/"),  # Django itself leaves such a path alone: it may be another application's
    ],
)
def test_a_site_under_a_prefix_is_known_under_it(settings, setting, leads):
    settings.LOGIN_REDIRECT_URL = settings.LOGIN_URL = setting
    set_script_prefix("/shop/")
    try:
        assert after_login(request_at("/shop"), "") == (leads or "/shop/accounts/connections/")
        assert login_page(request_at("/shop")) == (leads or "/shop/accounts/")
    finally:
        set_script_prefix("/")


class OtherUrls:
    """The URLs of one request, as some middleware sets them."""

    urlpatterns = [*site_urls, path("only-here/", lambda request: None)]


def test_a_request_with_urls_of_its_own_is_asked_for_those(settings):
    settings.LOGIN_URL = "/only-here/"
    request = request_at()
    assert login_page(request) == "/accounts/"
    request.urlconf = OtherUrls
    assert login_page(request) == "/only-here/"


FORGED = {"HTTP_HOST": "evil.example", "HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PROTO": "https"}


def typed(candidate: str) -> str:
    """Return what a form sends for an address: half a character becomes a question mark."""
    return candidate.encode(errors="replace").decode()


SENT = [typed(candidate) for candidate in HOSTILE if candidate != "/\ud800"]


@pytest.fixture
def known(browser, everywhere):
    """Somebody who has registered, in a browser of theirs."""
    register(browser)
    return browser


@pytest.mark.django_db
def test_a_login_goes_nowhere_else_whatever_its_next(known, other_browser, site):
    """One by one through the real routes, each in one session: the button, consent, the callback, its Location."""
    site(RATE_LIMITS={action: {"account": None} for action in ("start", "callback")})
    for candidate in SENT:
        start = other_browser.client.post(reverse("socialreg:start", args=["twitter"]), {"next": candidate}, **FORGED)
        response = other_browser.client.get(known.x.approve(start["Location"], "maralind"), **FORGED)
        assert response["Location"] == "/home/", candidate


@pytest.mark.django_db
@pytest.mark.parametrize(
    "candidate", ["/home/?a=b#top", "/caf\u00e9/", "http://testserver/home/?x", "/%2f%2fevil.example"]
)
def test_a_login_goes_where_it_was_to_go(known, other_browser, candidate):
    location = other_browser.log_in("maralind", next=candidate)["Location"]
    assert location == candidate.replace("\u00e9", "%C3%A9")


@pytest.mark.django_db
def test_a_registration_goes_nowhere_else(browser, everywhere):
    for candidate in SENT[::9]:
        browser.log_in("maralind", next=candidate)
        assert browser.client.post(reverse("socialreg:register"), MARA, **FORGED)["Location"] == "/home/", candidate
        User.objects.all().delete()
        browser.client.logout()


@pytest.mark.django_db
def test_our_login_page_sends_nobody_off(site, everywhere):
    User.objects.create_user("mara", password="secret")
    url = reverse("socialreg:login")
    for candidate in SENT:
        for target, extra in ((url, {"next": candidate}), (f"{url}?{urlencode({'next': candidate})}", {})):
            answers = {"username": "mara", "password": "secret", **extra}
            assert Client().post(target, answers, **FORGED)["Location"] == "/home/", candidate
    answers = {"username": "mara", "password": "secret", "next": "/home/?kept"}
    assert Client().post(url, answers)["Location"] == "/home/?kept"


@pytest.mark.django_db
def test_connecting_and_linking_send_nobody_off(browser, client, everywhere):
    client.force_login(User.objects.create_user("somebody"))
    for candidate in SENT[::9]:
        response = browser.log_in("kestrel", intent="connect", next=candidate)
        assert response["Location"] == reverse("socialreg:connections"), candidate


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["link", "cancel"])
@pytest.mark.parametrize("candidate", ["//evil.example", "/\\evil.example", "http://testserver@evil.example"])
def test_the_answer_to_link_sends_nobody_off(browser, everywhere, candidate, answer):
    User.objects.create_user("mara", MARA["email"], "secret")
    browser.log_in("maralind", next=candidate)
    login = browser.client.post(reverse("socialreg:prove"), {"prove": "1"})["Location"]
    back = shown(browser.client.get(login).content.decode())["next"]
    response = browser.client.post("/login/", {"username": "mara", "password": "secret", "next": unescape(back)})
    response = browser.client.post(response["Location"], {answer: "1"})
    assert response["Location"] == reverse("socialreg:connections")


@pytest.mark.django_db
def test_error_pages_hand_on_no_hostile_address(browser, x, everywhere):
    """Neither in the form that begins again nor in the link to the login page."""
    x.fault("server-error", path="/oauth/request_token")
    for candidate in SENT:
        response = browser.client.post(reverse("socialreg:start", args=["twitter"]), {"next": candidate})
        page = response.content.decode()
        assert "next" not in shown(page), candidate
        assert 'href="/login/"' in page, candidate
        assert "evil.example" not in page, candidate


@pytest.mark.django_db
def test_error_pages_keep_a_good_one(browser, x):
    x.fault("server-error", path="/oauth/request_token")
    page = browser.start(next="/home/?a=b").content.decode()
    assert shown(page)["next"] == "/home/?a=b"
    assert 'href="/login/?next=/home/%3Fa%3Db"' in page


@pytest.mark.django_db
def test_the_callback_address_comes_from_the_settings_whatever_host_is_asked_for(browser, x, everywhere):
    url = reverse("socialreg:start", args=["twitter"])
    for host in ("testserver", "evil.example", "testserver:8000"):
        response = browser.client.post(url, HTTP_HOST=host, HTTP_X_FORWARDED_HOST="evil.example")
        assert x.approve(response["Location"]).startswith("http://testserver/accounts/twitter/callback/?oauth_token=")
