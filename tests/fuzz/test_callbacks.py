"""What browsers bring to the site: queries, posts, cookies and forms of any kind, to pages that wait for good ones."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from socialreg.callback import Awaited, read_code
from socialreg.oauth2_errors import MEANINGS
from tests.fuzz.altered import filled, form
from tests.fuzz.claims import told
from tests.fuzz.pages import check_page, raw
from tests.fuzz.profiles import dear, fuzz
from tests.world import begin

pytestmark = pytest.mark.django_db

_STATE, _ISSUER = "s" * 43, "https://provider.example"
_QUERY = {"state": _STATE, "code": "the-c0de", "iss": _ISSUER}


@fuzz
@given(
    st.one_of(
        filled(_QUERY), filled({**_QUERY, "error": "access_denied"}), filled({**_QUERY, "error": "server_error"})
    ),
    st.sampled_from((("", False), (_ISSUER, False), (_ISSUER, True))),
)
def test_a_code_is_read_from_a_callback_that_is_all_that_it_must_be_and_from_no_other(params, issuer):
    awaited = Awaited(_STATE, "https://site.example/cb/", lambda: issuer, frozenset({"access_denied"}), MEANINGS)
    code = told(lambda: read_code(params, awaited))
    (expected, promised), given_ = issuer, params.get("iss", "")
    right = (
        params.get("state") == _STATE
        and "error" not in params
        and (given_ == expected or not (expected and given_))
        and not (promised and not given_)
        and _is_code(params.get("code", ""))
    )
    assert code == (params["code"] if right else None)


def _is_code(code: str) -> bool:
    return 0 < len(code) <= 4096 and all(" " <= character <= "~" for character in code)


_WAY = {"state": "?", "code": "the-c0de", "iss": "?", "server": "one.example"}
_FORM = "application/x-www-form-urlencoded"
#: As they should be, with something wrong, with one parameter twice, and as bytes.
_queries = st.tuples(
    st.one_of(st.just(_WAY), filled(_WAY), filled({**_WAY, "error": "access_denied"}), form(_WAY)),
    st.sampled_from(("", "", "", "&code=the-c0de", "&state=", "&=", "&;")),
)


def _written(query: tuple[dict[str, str] | bytes, str], back: Mapping[str, str], issuer: str) -> str:
    """Return a query with what this attempt waits for in the place of its question marks."""
    fields, more = query
    if isinstance(fields, bytes):
        return fields.decode("latin-1") + more
    right = {"state": back["state"], "iss": issuer}
    whole = {name: right.get(name, value) if value == "?" else value for name, value in fields.items()}
    return raw(whole).decode() + more


def _is_double(sent: str) -> bool:
    pairs = parse_qsl(sent, keep_blank_values=True)
    return len(dict(pairs)) < len(pairs)


@pytest.mark.slow
@dear
@given(st.sampled_from(("acme", "corp", "mastodon")), _queries, st.sampled_from(("get", "head", "post", "put")))
def test_no_query_breaks_a_callback_and_none_but_the_right_one_is_exchanged(site, slug, query, method):
    cache.clear()
    browser = Client()
    path, back = begin(site, slug, browser)
    asked, sent = len(site.peer.requests), _written(query, back, site.peer.url)
    check_page(getattr(browser, method)(f"{path}?{sent}"))
    if dict(parse_qsl(sent, keep_blank_values=True)).get("state") != back["state"] or _is_double(sent):
        assert len(site.peer.requests) == asked
    assert not User.objects.exists()


_LENGTHS = st.sampled_from((*[None] * 20, "", "0", "-1", "+5", "5 ", "²", "٣", "9" * 20, "9" * 5_000, "1e3", "x"))
_TYPES = st.sampled_from(
    (
        *[_FORM] * 12,
        f"{_FORM}; charset=utf-16",
        f"{_FORM}; charset=nonsense",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json",
        "text/plain",
        "",
        "\xff",
    )
)


@pytest.mark.slow
@dear
@given(_queries, _TYPES, _LENGTHS)
def test_no_post_breaks_the_hop_of_a_provider_that_answers_by_one(site, query, kind, length):
    """Whatever is posted, nothing goes out, and what follows is a redirect to the same address, or a page of ours."""
    cache.clear()
    browser = Client()
    path, back = begin(site, "poster", browser)
    asked = len(site.peer.requests)
    body = _written(query, back, site.peer.url)
    headers = {} if length is None else {"CONTENT_LENGTH": length}
    answer = browser.generic("POST", path, body.encode("latin-1"), content_type=kind, **headers)
    check_page(answer)
    assert answer.status_code == 303
    assert answer["Location"] in {path, f"{path}?{urlencode({'state': back['state']})}"}
    if _is_double(body) or length is not None or not kind.startswith(_FORM):
        assert answer["Location"] == path
    elif query == (_WAY, ""):
        assert answer["Location"] != path
    assert len(site.peer.requests) == asked
    check_page(browser.get(answer["Location"]))


_NAMES = st.one_of(
    st.sampled_from(
        (
            "socialreg-attempt-" + "0" * 24,
            "__Host-socialreg-attempt-" + "f" * 24,
            "socialreg-attempt-across-" + "0" * 24,
        )
    ),
    st.sampled_from(
        ("sessionid", "csrftoken", "messages", "", " ", "\xa0__Host-socialreg-attempt-" + "f" * 24, "$Version")
    ),
)
_cookies = st.lists(
    st.tuples(_NAMES, st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)), max_size=8
).map(lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs))


@pytest.mark.slow
@dear
@given(
    st.sampled_from(("acme", "corp", "poster")),
    _cookies,
    st.sampled_from(("start", "callback", "register", "prove", "link", "connections")),
)
def test_no_cookie_breaks_a_page_and_none_that_we_have_not_made_is_an_attempt(site, slug, cookies, page):
    path = reverse(f"socialreg:{page}", args=[slug] if page in {"start", "callback"} else [])
    asked = len(site.peer.requests)
    browser = Client(HTTP_COOKIE=cookies)
    answer = browser.post(path) if page == "start" else browser.get(path, {"state": "x", "code": "y"})
    check_page(answer)
    if page == "callback":
        assert answer.status_code == 400
        assert len(site.peer.requests) == asked
