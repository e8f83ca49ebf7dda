"""A profile form is filled in from an account, once, for whom it waits, and nothing is saved before they save."""

from __future__ import annotations

import time
from html import unescape
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django import forms
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import TemplateSyntaxError, engines
from django.test import Client, RequestFactory
from django.urls import path, reverse

from docs.examples import profile as example
from socialreg import prefill
from socialreg.encryption import unseal
from socialreg.models import SocialAccount
from tests.conftest import Browser
from tests.project import forms_of, words_of
from tests.statements import recorded
from tests.urls import urlpatterns as site_patterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_prefill")]

PAGE = "/profile/"
BUTTON = '{% prefill_button "twitter" form %}'
XSS = """"><script>alert('1')</script><img src=x onerror=y> ' onclick=z & {{ 7|add:1 }}"""


class AnyForm(forms.Form):
    """Every kind of field that a profile could answer, and those that it must not."""

    username = forms.CharField(required=False)
    full_name = forms.CharField(required=False)
    email = forms.EmailField(required=False)
    picture = forms.FileField(required=False)
    locale = forms.ChoiceField(choices=[("de", "German"), ("sv", "Swedish")], initial="sv", required=False)
    consent = forms.BooleanField()
    first_name = forms.CharField(disabled=True, initial="Fixed")
    nickname = forms.CharField(required=False)

    profile_map = {
        "nickname": "username",
        "picture": "picture",
        "consent": lambda profile: True,
        "locale": lambda profile: "xx",
    }


#: What the page at /any/ shows: the form, the template, what the view does before.
SHOWN = SimpleNamespace()


@pytest.fixture(autouse=True)
def _shown() -> None:
    SHOWN.form = AnyForm
    SHOWN.template = f"{BUTTON}{{{{ form.as_p }}}}"
    SHOWN.before = lambda request, form: None
    SHOWN.bind = lambda request: request.POST or None
    SHOWN.other = None


def any_page(request: HttpRequest) -> HttpResponse:
    form = SHOWN.form(SHOWN.bind(request))
    SHOWN.before(request, form)
    page = engines["django"].from_string("{% load socialreg %}" + SHOWN.template)
    return HttpResponse(page.render({"form": form, "other": SHOWN.other}, request))


urlpatterns = [
    *site_patterns,
    path("profile/", example.edit, name="profile"),
    path("below/", example.edit_below),
    path("any/", any_page),
]


@pytest.fixture
def user(browser) -> User:
    """Somebody who is registered in a way of the site's own, and logged in."""
    user = User.objects.create_user("mara", "mara@example.org", "secret", first_name="M.")
    browser.client.force_login(user)
    return user


@pytest.fixture(autouse=True)
def _templates(settings) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": ["docs/examples/templates"]}]


def rows() -> dict[str, list[object]]:
    """Return everything that every table holds, but for sessions."""
    models = [model for model in apps.get_models() if model._meta.model_name != "session"]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


def press(browser: Browser, page: str = PAGE, screen_name: str = "maralind", **data: str) -> HttpResponse:
    """Open a page, press the button on it, consent at X; return our answer to the callback."""
    html = browser.client.get(page).content.decode()
    form = next(form for form in forms_of(html) if form.fields.get("intent") == "prefill")
    begun = browser.client.post(form.action, {**form.fields, **data})
    assert begun.status_code == 302, begun.content.decode()
    return browser.client.get(browser.x.approve(begun["Location"], screen_name))


def fields(html: str) -> dict[str, str]:
    """Return what the fields of the site's form hold."""
    return forms_of(html)[-1].fields


def opened(browser: Browser, page: str = PAGE) -> str:
    response = browser.client.get(page)
    assert response.status_code == 200
    return response.content.decode()


# The whole way -----------------------------------------------------------------------------------------------------


def test_the_form_of_the_page_is_filled_in_and_nothing_is_saved_before_the_user_saves(browser, user):
    before = rows()
    assert press(browser)["Location"] == PAGE
    html = opened(browser)
    assert {"first_name": "Mara", "last_name": "Lindqvist", "email": "mara.lindqvist@example.com"}.items() <= fields(
        html
    ).items()
    assert fields(html)["website"] == "https://x.com/maralind"
    assert rows() == before
    browser.client.post(PAGE, fields(html))
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.email) == ("Mara", "Lindqvist", "mara.lindqvist@example.com")


def test_the_tag_says_which_fields_were_filled_in_from_where_and_that_nothing_is_saved_yet(browser, user):
    assert 'role="status"' not in opened(browser)
    press(browser)
    html = opened(browser)
    assert html.count('role="status"') == 1
    assert "Filled in from X: First name, Last name, Email address and Website. Nothing is saved yet" in words_of(html)


def test_it_happens_once_and_a_reload_shows_the_saved_values_again(browser, user):
    press(browser)
    assert fields(opened(browser))["first_name"] == "Mara"
    html = opened(browser)
    assert fields(html)["first_name"] == "M."
    assert 'role="status"' not in html


def test_a_form_that_was_sent_is_left_as_it_is_and_so_is_what_waits(browser, user):
    press(browser)
    html = browser.client.post(PAGE, {"first_name": "Typed", "email": "no address"}).content.decode()
    assert fields(html)["first_name"] == "Typed"
    assert 'role="status"' not in html
    assert fields(opened(browser))["first_name"] == "Mara"


def test_a_form_that_is_sent_by_its_address_is_left_as_it_is_too(browser, user):
    press(browser, "/any/?nickname=Typed")
    SHOWN.bind = lambda request: request.GET
    html = opened(browser, "/any/?nickname=Typed")
    assert fields(html)["nickname"] == "Typed"
    assert fields(html)["full_name"] == ""
    assert 'role="status"' not in html


def test_a_view_fills_in_what_a_tag_below_the_fields_would_fill_in_too_late(browser, user):
    SHOWN.template = f"<form>{{{{ form.as_p }}}}</form>{BUTTON}"
    press(browser, "/any/")
    assert forms_of(opened(browser, "/any/"))[0].fields["full_name"] == ""
    press(browser, "/below/")
    html = opened(browser, "/below/")
    assert forms_of(html)[0].fields["first_name"] == "Mara"
    assert html.count('role="status"') == 1, "the tag says what the view did"
    assert forms_of(opened(browser, "/below/"))[0].fields["first_name"] == "M."


def test_fill_says_whether_anything_was_filled_in(browser, user):
    said = []
    SHOWN.before = lambda request, form: said.append(prefill.fill(request, form))
    press(browser, "/any/")
    opened(browser, "/any/")
    opened(browser, "/any/")
    assert said == [False, True, False]


def test_a_head_request_takes_nothing(browser, user):
    press(browser)
    browser.client.head(PAGE)
    assert fields(opened(browser))["first_name"] == "Mara"


# What is filled in -------------------------------------------------------------------------------------------------


def test_files_consents_closed_fields_and_the_user_name_are_left_alone(browser, user):
    press(browser, "/any/")
    html = opened(browser, "/any/")
    shown = fields(html)
    assert shown["full_name"] == "Mara Lindqvist"
    assert shown["nickname"] == "maralind", "profile_map names it"
    assert shown["username"] == ""
    assert shown["first_name"] == "Fixed"
    assert "checked" not in html
    assert shown["picture"] == ""
    assert '<option value="sv" selected>' in html, "a choice that is not offered does not replace the one there is"
    assert "Filled in from X: Full name, Email and Nickname." in words_of(html)


def test_the_user_name_is_filled_in_where_profile_map_names_it(browser, user):
    class Named(forms.Form):
        username = forms.CharField()
        profile_map = {"username": "username"}

    SHOWN.form = Named
    press(browser, "/any/")
    assert fields(opened(browser, "/any/"))["username"] == "maralind"


def test_the_initial_values_that_a_view_shares_between_requests_stay_as_they_are(browser, user):
    shared = {"nickname": "?"}

    class Shared(AnyForm):
        def __init__(self, data=None):
            super().__init__(data, initial=shared)

    SHOWN.form = Shared
    press(browser, "/any/")
    assert fields(opened(browser, "/any/"))["nickname"] == "maralind"
    assert shared == {"nickname": "?"}


def test_a_profile_that_answers_nothing_of_the_form_says_so(browser, user):
    SHOWN.form = type("Shoes", (forms.Form,), {"size": forms.IntegerField()})
    press(browser, "/any/")
    html = opened(browser, "/any/")
    assert "X told us nothing that this form asks for." in words_of(html)
    assert 'role="status"' not in opened(browser, "/any/")


def test_a_profile_map_that_is_wrong_breaks_no_page_and_is_logged(browser, user, caplog):
    SHOWN.form = type("Wrong", (forms.Form,), {"size": forms.CharField(), "profile_map": {"size": "shoe_size"}})
    press(browser, "/any/")
    assert 'name="size"' in opened(browser, "/any/")
    assert "Wrong is not filled in. A profile_map fills 'size' from 'shoe_size'" in caplog.text


def test_a37_every_field_of_the_profile_is_escaped(browser, user, x):
    x.tell("twitter", dict.fromkeys(("username", "full_name", "email", "picture"), XSS))
    SHOWN.form = type(
        "Bare",
        (forms.Form,),
        {name: forms.CharField(label=name) for name in ("full_name", "first_name", "last_name", "raw_bio", "handle")}
        | {"profile_map": {"raw_bio": lambda profile: f"{profile.raw}", "handle": "username"}},
    )
    press(browser, "/any/")
    html = opened(browser, "/any/")
    assert "alert(" in unescape(fields(html)["full_name"])
    assert "<script" not in html
    assert "<img" not in html


def test_a37_the_labels_and_the_providers_name_are_escaped_too(browser, user, site, x):
    site(PROVIDERS={"twitter": {**x.provider_settings(), "LABEL": XSS}})
    SHOWN.form = type("Bare", (forms.Form,), {"full_name": forms.CharField(label=XSS)})
    SHOWN.template = f"{{% autoescape off %}}{BUTTON}{{% endautoescape %}}"
    press(browser, "/any/")
    html = opened(browser, "/any/")
    assert 'role="status"' in html
    assert "<script" not in html


def test_what_is_stored_of_an_account_is_not_taken_for_what_the_provider_says_now(browser, other_browser, user, x):
    other_browser.log_in("maralind")
    other_browser.client.post(reverse("socialreg:register"), {"username": "old", "email": "old@example.com"})
    x.tell("twitter", {"full_name": "Mara Ek"})
    press(browser)
    assert fields(opened(browser))["last_name"] == "Ek"
    assert SocialAccount.objects.get().last_name == "Lindqvist", "and is left as it was"


# For whom, for where, for how long ---------------------------------------------------------------------------------


def test_whoever_is_not_logged_in_is_led_over_the_login_page_and_no_provider_is_asked(browser, x):
    response = browser.start(intent="prefill", next=PAGE)
    assert response["Location"] == f"/login/?{urlencode({'next': PAGE})}".replace("%2F", "/")
    assert x.api_requests == []


def test_a27_who_started_must_be_who_comes_back(browser, user):
    begun = browser.start(intent="prefill", next=PAGE)
    callback = browser.x.approve(begun["Location"], "maralind")
    User.objects.create_user("else", password="secret")
    browser.client.login(username="else", password="secret")
    response = browser.client.get(callback)
    assert response.status_code == 403
    assert "Somebody else is logged in now" in response.content.decode()
    assert fields(opened(browser))["first_name"] == ""


def test_a27_somebody_who_logged_out_meanwhile_gets_nothing(browser, user):
    begun = browser.start(intent="prefill", next=PAGE)
    callback = browser.x.approve(begun["Location"], "maralind")
    del browser.client.cookies["sessionid"]
    assert browser.client.get(callback).status_code == 403
    assert not SocialAccount.objects.exists()


def test_another_user_in_the_same_session_is_never_shown_it(browser, user):
    """Django throws a session away when its user changes; a site may carry it over."""
    press(browser)
    waiting = browser.client.session["socialreg_prefill"]
    browser.client.force_login(User.objects.create_user("else", first_name="Else"))
    session = browser.client.session
    session["socialreg_prefill"] = waiting
    session.save()
    html = opened(browser)
    assert fields(html)["first_name"] == "Else"
    assert "Lindqvist" not in html


def test_what_waits_for_another_page_stays_where_it_is(browser, user):
    press(browser)
    for elsewhere in ("/any/", "/profile/?page=2"):
        assert "Lindqvist" not in opened(browser, elsewhere)
    assert fields(opened(browser))["last_name"] == "Lindqvist"


def test_the_page_may_have_a_query_and_letters_beyond_ascii(browser, user):
    page = "/profile/?" + urlencode({"von": "Übersicht", "q": "a b"})
    assert press(browser, page)["Location"] == page
    assert fields(opened(browser, page))["last_name"] == "Lindqvist"


def test_next_names_another_page_whose_form_is_to_be_filled_in(browser, user, settings):
    SHOWN.template = '{% prefill_button "twitter" form next="http://testserver/profile/#names" %}'
    assert press(browser, "/any/")["Location"] == "http://testserver/profile/#names"
    assert "Lindqvist" not in opened(browser, "/any/")
    assert fields(opened(browser))["last_name"] == "Lindqvist"


def test_without_a_page_that_can_be_gone_back_to_it_waits_where_a_login_leads(browser, user, settings):
    settings.LOGIN_REDIRECT_URL = PAGE
    assert press(browser, next="https://evil.example/")["Location"] == PAGE
    assert fields(opened(browser))["last_name"] == "Lindqvist"


def test_it_waits_for_half_an_hour_and_then_it_is_gone(browser, user, monkeypatch):
    press(browser)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1801)
    assert fields(opened(browser))["last_name"] == ""
    assert "socialreg_prefill" not in browser.client.session


def test_it_is_sealed_in_the_session(browser, user):
    press(browser)
    assert "Lindqvist" not in browser.client.session["socialreg_prefill"]


def test_another_providers_button_does_not_take_it(browser, user, site, x):
    site(PROVIDERS={"twitter": x.provider_settings(), "x": {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}})
    press(browser, "/any/")
    SHOWN.template = '{% prefill_button "x" form %}' + SHOWN.template
    html = opened(browser, "/any/")
    assert html.count('role="status"') == 1
    assert html.index("button--x") < html.index("button--twitter") < html.index('role="status"')
    assert fields(html)["full_name"] == "Mara Lindqvist"


def test_the_form_of_another_providers_button_is_left_alone(browser, user, site, x):
    site(PROVIDERS={"twitter": x.provider_settings(), "x": {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}})
    press(browser, "/any/")
    SHOWN.other = AnyForm(prefix="other")
    SHOWN.template = '{% prefill_button "x" other %}' + SHOWN.template
    assert fields(opened(browser, "/any/"))["full_name"] == "Mara Lindqvist"
    assert SHOWN.other.initial == {}


def test_of_two_forms_on_a_page_one_is_filled_in(browser, user):
    SHOWN.before = lambda request, form: setattr(SHOWN, "second", AnyForm())
    press(browser, "/any/")
    filled = []
    SHOWN.before = lambda request, form: filled.extend([prefill.fill(request, AnyForm()), prefill.fill(request, form)])
    assert 'role="status"' not in opened(browser, "/any/")
    assert filled == [True, False]


# What is kept ------------------------------------------------------------------------------------------------------


def test_nothing_is_written_to_any_table_and_no_token_is_kept(browser, user, x):
    before = rows()
    with recorded(connection) as statements:
        press(browser)
    assert rows() == before
    writes = [sql for sql, _ in statements.queries if not sql.startswith("SELECT")]
    assert [sql for sql in writes if "django_session" not in sql] == []
    assert "token" not in str(unseal("prefill", browser.client.session["socialreg_prefill"]))


def test_an_account_that_somebody_has_is_not_touched(browser, other_browser, user):
    other_browser.log_in("maralind")
    other_browser.client.post(reverse("socialreg:register"), {"username": "old", "email": "old@example.com"})
    before = rows()
    press(browser)
    assert rows() == before
    assert fields(opened(browser))["first_name"] == "Mara"


def test_keep_connects_the_account_as_well(browser, user, site):
    site(RECENT_LOGIN=None)
    SHOWN.template = '{% prefill_button "twitter" form keep=True %}{{ form.as_p }}'
    key = browser.client.session.session_key
    press(browser, "/any/")
    assert SocialAccount.objects.get().user == user
    assert browser.client.session.session_key != key
    assert fields(opened(browser, "/any/"))["full_name"] == "Mara Lindqvist"


@pytest.mark.parametrize("keep", ["keep=False", 'keep=""', ""])
def test_nothing_is_kept_unless_the_tag_says_so(browser, user, keep):
    SHOWN.template = f'{{% prefill_button "twitter" form {keep} %}}'
    press(browser, "/any/")
    assert not SocialAccount.objects.exists()


def test_a28_keep_takes_no_account_from_anybody_and_fills_in_nothing_then(browser, other_browser, user, site):
    site(RECENT_LOGIN=None)
    other_browser.log_in("maralind")
    other_browser.client.post(reverse("socialreg:register"), {"username": "old", "email": "old@example.com"})
    response = press(browser, keep="1")
    assert response.status_code == 403
    assert "Already in use" in response.content.decode()
    assert SocialAccount.objects.get().user.username == "old"
    assert fields(opened(browser))["last_name"] == ""


def test_keep_asks_for_a_recent_login_and_a_prefill_alone_does_not(browser, user, x):
    session = browser.client.session
    session["socialreg_since"] = int(time.time()) - 86400
    session.save()
    assert browser.start(intent="prefill", next=PAGE)["Location"].startswith(x.url)
    response = browser.start(intent="prefill", next=PAGE, keep="1")
    assert response["Location"].startswith(reverse("socialreg:again"))


def test_keep_counts_for_a_prefill_alone(browser, x):
    """A login with it is a login."""
    assert browser.log_in("maralind", keep="1")["Location"] == reverse("socialreg:register")


def test_whoever_cancels_at_the_provider_finds_the_way_back_to_the_form(browser, user, x):
    begun = browser.start(intent="prefill", next=PAGE)
    html = browser.client.get(x.deny(begun["Location"])).content.decode()
    assert f'href="{PAGE}"' in html
    again = next(form for form in forms_of(html) if "Try again" in form.text)
    assert {"intent": "prefill", "next": PAGE}.items() <= again.fields.items()


# What it costs, and how the tag is written -------------------------------------------------------------------------


def test_a_page_with_the_button_costs_no_query_more_and_leaves_the_session_alone(browser, user):
    opened(browser)
    with recorded(connection) as statements:
        response = browser.client.get(PAGE)
    assert not response.wsgi_request.session.modified
    assert len(statements.queries) == 2, "session and user, for @login_required"
    press(browser)
    assert not browser.client.get("/any/").wsgi_request.session.modified, "what waits elsewhere"
    assert browser.client.get(PAGE).wsgi_request.session.modified


def test_nobody_sees_a_button_too_and_no_query_is_made_for_them(browser):
    with recorded(connection) as statements:
        html = browser.client.get("/any/").content.decode()
    assert "Fill in from X" in html
    assert statements.queries == []


@pytest.mark.parametrize(
    "tag",
    [
        "prefill_button",
        'prefill_button "twitter"',
        'prefill_button "twitter" next="/"',
        'prefill_button "twitter" form other=1',
        'prefill_button "twitter" form form',
    ],
)
def test_a_tag_that_is_written_wrongly_says_how_it_is_written(tag):
    with pytest.raises(TemplateSyntaxError, match=r'Use {% prefill_button "twitter" form next="/here/"'):
        engines["django"].from_string("{% load socialreg %}{% " + tag + " %}")


def test_all_options_are_used(browser, user):
    SHOWN.template = '{% prefill_button "twitter" form next="/profile/" text="Take X" class="wide" %}'
    (form,) = forms_of(opened(browser, "/any/"))
    assert form.text.strip() == "Take X"
    assert form.fields["next"] == PAGE
    assert "socialreg-button--twitter wide" in opened(browser, "/any/")


def test_without_a_form_there_is_no_button_and_with_debug_a_warning_says_why(settings):
    page = engines["django"].from_string('{% load socialreg %}{% prefill_button "twitter" nothing %}')
    assert page.render({}) == ""
    settings.DEBUG = True
    with pytest.warns(UserWarning, match="was given no form"):
        page.render({})


def test_a_template_that_is_rendered_without_a_request_fills_in_nothing(settings):
    page = engines["django"].from_string("{% load socialreg %}" + BUTTON)
    assert "Fill in from X" in page.render({"form": AnyForm()})
    assert "Fill in from X" in page.render({"form": AnyForm()}, RequestFactory().get("/")), "nor without a session"


def test_one_browser_does_not_see_what_waits_in_another(browser, user, site):
    press(browser)
    client = Client()
    client.force_login(user)
    assert "Lindqvist" not in client.get(PAGE).content.decode()
