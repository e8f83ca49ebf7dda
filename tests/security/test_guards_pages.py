"""The guards that all our pages share, at their very edge: what a button asks for, and what a failure may say."""

from __future__ import annotations

import traceback

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client

from socialreg import errands, events, pages
from socialreg.exceptions import ConfigurationError, Denied, Mismatch, NotPosted, OutOfOrder
from socialreg.types import Resume
from tests.parsed import Page

NEXT = "/home/?a=b"


@pytest.fixture
def request_(rf, site):
    """A request of somebody."""
    request = rf.get("/accounts/twitter/callback/")
    request.session, request.user = {}, "somebody"
    return request


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, Resume("x", "login")),
        ({"intent": "login", "next": NEXT}, Resume("x", "login", NEXT)),
        ({"intent": "connect", "next": NEXT}, Resume("x", "connect", NEXT)),
        ({"intent": "prefill", "next": NEXT}, Resume("x", "prefill", NEXT)),
        ({"intent": "other", "next": "https://evil.example/"}, Resume("x", "login")),
        ({"intent": "connect", "errand": "e" * 9999}, Resume("x", "connect", errand="e" * errands.LENGTH)),
        ({"intent": "connect", "errand": "e", "keep": "1"}, Resume("x", "connect", errand="e")),
        ({"intent": "login", "errand": "e", "keep": "1"}, Resume("x", "login")),
        ({"intent": "prefill", "errand": "e", "keep": "1"}, Resume("x", "prefill", keep=True)),
        ({"intent": "prefill", "keep": True}, Resume("x", "prefill", keep=True)),
        ({"intent": "prefill", "keep": "0"}, Resume("x", "prefill")),
        ({"intent": "prefill", "keep": "yes"}, Resume("x", "prefill")),
    ],
)
def test_a07_what_a_button_may_ask_for_is_taken_and_nothing_else(given, asked):
    assert pages.resume_from(given, "x") == asked


@pytest.mark.parametrize(
    ("address", "form", "errand", "to"),
    [
        ("", {"intent": "connect", "next": "/form/"}, "", "/form/"),
        ("?intent=connect&next=/address/", {"intent": "connect", "next": "/form/"}, "", "/form/"),
        ("?errand=a&intent=connect&next=/address/", {"next": "/form/"}, "a", "/address/"),
        (
            "?errand=a&intent=connect&next=/address/",
            {"errand": "f", "intent": "connect", "next": "/form/"},
            "f",
            "/form/",
        ),
    ],
)
def test_a07_the_address_says_it_where_it_alone_has_an_errand(rf, address, form, errand, to):
    asked = pages.asked_for(rf.post("/start/" + address, form), "x")
    assert (asked.slug, asked.errand, asked.next) == ("x", errand, to)


@pytest.mark.parametrize("missing", ["session", "user"])
def test_without_a_session_or_a_user_nothing_is_begun(request_, missing):
    pages._need_middleware(request_)
    delattr(request_, missing)
    with pytest.raises(ConfigurationError) as caught:
        pages._need_middleware(request_)
    assert caught.value.code == "middleware"


@pytest.mark.parametrize("method", ["get", "head", "put", "options"])
def test_a07_nothing_but_a_post_presses_a_button(rf, method):
    pages.need_post(rf.post("/"))
    with pytest.raises(NotPosted):
        pages.need_post(getattr(rf, method)("/"))


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_what_a_database_says_when_it_fails_is_told_to_nobody(kind):
    with pytest.raises(OutOfOrder) as caught, pages.resumable(Resume("x")):
        raise kind("s3cret")
    assert caught.value.code == "database"
    assert caught.value.resume == Resume("x")
    assert "s3cret" not in str(caught.value)
    assert kind.__name__ + ": s3cret" not in "".join(traceback.format_exception(caught.value))


def test_what_is_wrong_with_us_stays_what_it_is():
    with pytest.raises(DataError), pages.resumable(Resume("x")):
        raise DataError


@pytest.mark.parametrize("known", ["", "y"])
def test_who_knows_better_how_to_begin_again_is_believed(known):
    error = Mismatch("Lost")
    error.resume = Resume(known)
    with pytest.raises(Mismatch) as caught, pages.resumable(Resume("x", "connect", NEXT)):
        raise error
    assert caught.value.resume == (Resume("y") if known else Resume("x", "connect", NEXT))


def test_the_page_of_a_failure_has_a_reference_and_one_of_who_cancelled_has_none(request_):
    lost, cancelled = (pages.failure(request_, error) for error in (Mismatch("Lost"), Denied("Cancelled")))
    assert (lost.status_code, cancelled.status_code) == (400, 200)
    assert b"<code>" in lost.content
    assert b"<code>" not in cancelled.content


def test_the_page_of_a_database_that_is_down_asks_it_for_nobody(request_):
    pages.failure(request_, Mismatch("Lost"))
    assert request_.user == "somebody"
    pages.failure(request_, OutOfOrder("Down"))
    assert request_.user == AnonymousUser()


@pytest.mark.parametrize("slug", ["twitter", "gone"])
def test_the_button_to_begin_again_is_there_if_its_provider_is(request_, slug):
    error = Mismatch("Lost")
    error.resume = Resume(slug, "login", NEXT)
    actions = [attrs.get("action") for _, attrs in Page(pages.failure(request_, error)).of("form")]
    assert actions == (["/accounts/twitter/start/"] if slug == "twitter" else [])


def test_a36_every_page_says_who_may_keep_and_frame_it(rf, settings):
    answered = pages._sealed(lambda request, **named: HttpResponse(str(named)))
    response = answered(rf.get("/"), a=1)
    assert response.content == b"{'a': 1}"
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    policy = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    assert response["Content-Security-Policy"] == policy
    for name in ("SECURE_CSP", "CONTENT_SECURITY_POLICY"):
        setattr(settings, name, {"default-src": ["'self'"]})
        assert "Content-Security-Policy" not in answered(rf.get("/"))
        setattr(settings, name, None)
    assert answered(rf.get("/"))["Content-Security-Policy"] == policy


@pytest.mark.parametrize("begun", ["cross-site", "same-origin"])
def test_a07_a_form_of_another_site_gets_a_page_without_a_button_and_a_token(site, begun):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/twitter/start/", {"next": NEXT}, HTTP_SEC_FETCH_SITE=begun)
    assert response.status_code == 403
    is_ours = begun == "same-origin"
    assert bool(Page(response).of("form")) is is_ours
    assert ("csrftoken" in response.cookies) is is_ours
    assert response["X-Frame-Options"] == "DENY"


def test_a_view_whose_database_fails_gets_a_page_of_ours(request_):
    def view(request):
        raise OperationalError("s3cret")

    answered = pages._guarded(lambda request, error: HttpResponse(error.code), view)
    assert answered(request_).content == b"database"


def test_who_opened_a_buttons_address_goes_on_and_does_not_try_again(request_):
    for error, words in ((NotPosted("Opened"), b"Continue"), (Mismatch("Lost"), b"Try again")):
        error.resume = Resume("twitter", "login", NEXT)
        assert words in pages.failure(request_, error).content


def test_a07_a_form_that_leads_to_no_view_is_refused_all_the_same(rf):
    check = pages._CsrfCheck(lambda request: HttpResponse(), lambda request, error: HttpResponse(repr(error.resume)))
    assert check._reject(rf.post("/", {"next": NEXT}), "reason").content.decode() == repr(Resume("", "login", NEXT))


def test_the_login_page_has_a_next_where_there_is_one(request_):
    assert "next" not in pages._login_page(request_, "")
    assert "?next=/home/%3Fa%3Db" in pages._login_page(request_, NEXT)


@pytest.mark.parametrize(("begun", "has_token"), [("cross-site", False), ("same-origin", True)])
def test_a07_no_template_of_a_site_makes_a_token_for_a_form_of_another_site(rf, settings, site, begun, has_token):
    loaders = [("django.template.loaders.locmem.Loader", {"socialreg/failed.html": "{{ csrf_token }}"})]
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": loaders}}
    settings.TEMPLATES = [engine]
    request = rf.post("/", HTTP_SEC_FETCH_SITE=begun)
    assert (pages.failure(request, Mismatch("Lost")).content != b"NOTPROVIDED") is has_token
    assert request.META.get("CSRF_COOKIE_NEEDS_UPDATE", False) is has_token


def test_what_is_noted_while_a_page_is_made_is_collected(rf):
    answered = pages._sealed(lambda request: HttpResponse(type(events._page.get()).__name__))
    assert answered(rf.get("/")).content == b"_Page"
    assert events._page.get() is None
