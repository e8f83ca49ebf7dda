"""Where ``next`` leads: to this site, as urllib reads it and as browsers do (the WHATWG URL standard, by ada)."""

from __future__ import annotations

import json
from urllib.parse import urljoin, urlsplit

import pytest
from ada_url import URL
from django.contrib.auth.models import User
from django.http import HttpResponseRedirect
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from socialreg.redirects import NEXT_LENGTH, safe_next
from tests.fuzz.profiles import dear

#: Sites: as in development, as in production, with a port, with an address for a name.
BASES = ("http://testserver", "https://example.com", "https://example.com:8443", "http://[::1]:8000")
#: The pages that send a browser on, from which a browser reads what is no whole address.
PAGES = ("/", "/accounts/twitter/callback/?oauth_token=a&oauth_verifier=b", "/accounts/register/", "/login/?next=/")
#: Of what addresses are made that look like something else.
PIECES = (
    *("/", "//", "\\", ":", "@", "?", "#", "%", ";", "&", "=", ".", "..", "[", "]", "(", ")", "*", "!", "|", "^", "`"),
    *("\t", "\n", "\r", " ", "\0", "\x0b", "\x1f", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u2028", "\u3000"),
    *("\ufeff", "\u202e", "\u2044", "\u2215", "\u29f5", "\u3002", "\uff0e", "\uff0f", "\uff1a", "\uff20", "\uff3c"),
    *("%2f", "%5c", "%09", "%0a", "%00", "%2e%2e", "%40", "%3a", "%e3%80%82", "%ff"),
    *("http", "https", "HTTP:", "https:", "javascript:", "data:", "file:", "blob:", "ws:", "//localhost", "mailto:"),
    *("evil.example", "evil.example.", "127.1", "0x7f.1", "[::1]", "xn--evil", "bücher.example", "user:pw", "\ud800"),
    *("home", "accounts", "next=", "é", "\u017f", "ﬁ", "K", "a" * 300),
    *(f"{base}{end}" for base in BASES for end in ("", "/", ".evil.example", "@evil.example", ":80", "\\", "?", "#")),
    *(urlsplit(base).netloc for base in BASES),
)
candidates = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=2)), max_size=8).map("".join),
    # What begins well: all but the first check are passed.
    st.lists(st.sampled_from(PIECES), max_size=6).map(lambda pieces: "/" + "".join(pieces)),
    st.tuples(st.sampled_from(BASES), st.lists(st.sampled_from(PIECES), max_size=5).map("".join)).map("".join),
    st.text(max_size=30),
)


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def check_stays(address: str, base: str) -> None:
    """Assert that an address leads to ``base``, from whichever page and whoever reads it."""
    for page in PAGES:
        assert origin(urljoin(f"{base}{page}", address)) == base
        assert URL(address, base=f"{base}{page}").origin == base


@pytest.fixture(params=BASES)
def base(request, settings) -> str:
    """A site whose settings allow every host: nothing that matters here may ask them."""
    settings.SOCIALREG = {"BASE_URL": request.param}
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    base: str = request.param
    return base


@dear
@given(candidates)
@example("/\\evil.example")
@example("//evil.example")
@example("/\t/evil.example")
@example("https:evil.example")
@example("\\\\evil.example")
def test_whatever_is_let_through_leads_to_this_site_for_urllib_and_for_browsers(base, candidate):
    """As it stands in a form or a cookie, and as Django writes it into the header."""
    kept = safe_next(candidate)
    assert kept in {"", candidate}
    if kept:
        check_stays(kept, base)
        check_stays(HttpResponseRedirect(kept)["Location"], base)


_SEGMENT = st.text(st.sampled_from("abzAZ019-._~!$&'()*+,;=:@é漢%"), max_size=6).map(
    lambda text: text.replace("%", "%2f")
)
_PATH = st.lists(_SEGMENT, max_size=5).map(lambda segments: "/" + "/".join(segments))
_QUERY = st.one_of(st.just(""), st.tuples(st.sampled_from("?#"), _SEGMENT, _PATH).map("".join))


@dear
@given(_PATH, _QUERY, st.booleans())
def test_a_good_address_is_kept_as_it_is(base, path, query, is_whole):
    address = (base if is_whole else "") + path + query
    is_short = len(json.dumps(address)) - 2 <= NEXT_LENGTH
    # "//" at the beginning of a path is a host for whoever reads it alone.
    assert safe_next(address) == (address if is_short and not address.startswith("//") else "")


@dear
@given(st.one_of(st.none(), st.integers(), st.binary(), st.lists(st.text()), st.text(st.characters(codec=None))))
def test_what_is_no_address_raises_nothing(base, candidate):
    kept = safe_next(candidate)
    assert kept == (candidate if kept else "")


@pytest.mark.slow
@dear
@given(candidates)
@pytest.mark.django_db
def test_no_login_page_sends_anybody_off_this_site(admin_user, candidate):
    """Over the view, whose own parsing comes before."""
    browser, here = Client(), reverse("socialreg:login")
    query = {"next": candidate.encode("utf-8", "replace").decode()}
    answer = browser.post(here, {"username": "admin", "password": "password", **query})
    assert answer.status_code == 302
    check_stays(answer["Location"], BASES[0])
    assert User.objects.count() == 1
