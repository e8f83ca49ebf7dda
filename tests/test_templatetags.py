"""The buttons: forms with a token, escaped, styled once, without a query, and never the end of the page around them."""

from __future__ import annotations

import re
import struct
from html import unescape
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, RequestContext, Template, TemplateSyntaxError, engines
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from socialreg import stylesheet
from socialreg.registry import providers
from socialreg_providers.twitter import Twitter

KEYS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


class Acme(Twitter):
    """A provider of a site's own whose name needs escaping and holds braces."""

    slug = "acme"
    label = "A&B <Corp> {x}"


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the buttons' names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.names: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), "an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag == "button":
            self._inside = True
            self.names.append("")

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "button"

    def handle_data(self, data):
        if self._inside:
            self.names[-1] = (self.names[-1] + data).strip()

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [each for name, each in self.elements if name == tag and wanted.items() <= each.items()]

    def value(self, name: str) -> str | None:
        found = self.all("input", name=name)
        return found[0]["value"] if found else None


@pytest.fixture(autouse=True)
def enabled(settings):
    def change(**entries):
        settings.SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": entries}

    change(twitter=KEYS)
    return change


def render(text: str, url: str = "/here/?page=2", **values) -> Page:
    request = RequestFactory().get(url)
    request.user = AnonymousUser()
    return Page(engines["django"].from_string("{% load socialreg %}" + text).render(values, request))


def test_a_button_is_a_form_that_posts_with_a_token():
    page = render('{% login_button "twitter" %}')
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", reverse("socialreg:start", args=["twitter"]))
    assert len(page.value("csrfmiddlewaretoken")) == 64
    assert page.all("button") == [
        {"type": "submit", "class": "socialreg-button socialreg-button--twitter"},
    ]
    assert page.names == ["Log in with X"]
    assert page.value("intent") is None


def test_all_options_are_used():
    page = render(
        '{% login_button slug next=there text=words class="wide dark" %}', slug="twitter", there="/t/", words="Go"
    )
    assert page.value("next") == "/t/"
    assert page.names == ["Go"]
    assert page.all("button")[0]["class"].endswith(" wide dark")
    page = render('{% login_button "twitter"|lower next="/a/"|upper %}')
    assert page.value("next") == "/A/"


HOSTILE = """"><script>alert('1')</script> ' onclick=x & {{ 7|add:1 }}"""


@pytest.mark.parametrize("tag", ['login_button "twitter"', "login_buttons", 'connect_button "twitter"'])
def test_what_is_given_is_escaped(tag):
    page = render(f"{{% {tag} next=bad text=bad class=bad %}}", bad=HOSTILE)
    assert page.all("script") == []
    assert page.value("next") == HOSTILE
    assert page.names == [HOSTILE]
    assert page.all("button")[0]["class"].endswith(HOSTILE)
    assert set(page.all("button")[0]) == {"type", "class"}


def test_escaping_does_not_depend_on_the_page_around():
    page = render("{% autoescape off %}{% login_button 'twitter' text=bad %}{% endautoescape %}", bad=HOSTILE)
    assert page.all("script") == []


def test_a_providers_name_is_escaped_and_braces_in_it_are_just_braces(enabled):
    enabled(acme={"PROVIDER": Acme, **KEYS})
    assert render("{% login_buttons %}").names == ["Log in with A&B <Corp> {x}"]


@pytest.mark.parametrize("value", [None, ""])
def test_an_option_without_a_value_is_as_if_left_out(value):
    page = render('{% login_button "twitter" next=v text=v class=v %}', v=value)
    assert page.value("next") is None
    assert page.names == ["Log in with X"]
    assert page.all("button")[0]["class"] == "socialreg-button socialreg-button--twitter"


@pytest.mark.parametrize(
    "tag",
    [
        "login_button",
        "connect_button",
        'login_button "twitter" "github"',
        'login_button "twitter" klass="x"',
        'login_button "twitter" next=',
        'login_button next="/x/"',
        "login_button twitter|",
        'login_buttons "twitter"',
        'login_buttons slug="twitter"',
        'connect_button "twitter" intent="login"',
    ],
)
def test_an_error_in_usage_shows_how_to_use_it(tag):
    name = tag.split()[0]
    slug = "" if name == "login_buttons" else ' "twitter"'
    with pytest.raises(TemplateSyntaxError, match=re.escape(f'Use {{% {name}{slug} next="/here/" text="Words"')):
        render(f"{{% {tag} %}}")


def test_a_login_button_goes_where_a_login_was_asked_for():
    assert render('{% login_button "twitter" %}', "/login/?next=/account/%3Fa%3Db").value("next") == "/account/?a=b"
    assert render('{% login_button "twitter" %}', "/login/").value("next") is None


def test_a_connect_button_comes_back_to_the_page_it_is_on():
    page = render('{% connect_button "twitter" %}', "/settings/?tab=accounts&x=%22")
    assert page.value("intent") == "connect"
    assert page.value("next") == "/settings/?tab=accounts&x=%22"
    assert page.names == ["Connect X"]
    assert render('{% connect_button "twitter" next="/x/" %}').value("next") == "/x/"


def test_without_a_request_there_is_a_button_all_the_same():
    text = Template('{% load socialreg %}{% connect_button "twitter" %}').render(Context({}))
    assert Page(text).names == ["Connect X"]


def test_all_enabled_providers_in_the_order_of_the_settings(enabled):
    enabled(acme={"PROVIDER": Acme, "LABEL": "Acme", **KEYS}, twitter=KEYS)
    assert render("{% login_buttons %}").names == ["Log in with Acme", "Log in with X"]
    enabled()
    assert render("{% login_buttons %}").elements == []


STYLE = "/accounts/style.css?v="
INNER = '{% load socialreg %}{% login_button "twitter" %}'


@pytest.mark.parametrize(
    "text",
    [
        '{% login_button "twitter" %}{% connect_button "twitter" %}{% login_buttons %}',
        "{% for i in '123' %}{% login_button 'twitter' %}{% endfor %}",
        "{% for i in '12' %}{% include inner %}{% endfor %}{% include inner only %}{% login_buttons %}",
        "{% with a=1 %}{% login_buttons %}{% endwith %}{% include inner with b=2 %}",
    ],
)
def test_a_page_links_the_stylesheet_once_however_many_buttons_it_has(text):
    page = render(text, inner=engines["django"].from_string(INNER).template)
    assert len(page.all("form")) >= 3 or "include" in text
    assert [link["href"] for link in page.all("link")] == [f"{STYLE}{stylesheet.version()}"]


def test_the_next_page_links_it_again():
    text = engines["django"].from_string(INNER)
    assert text.render({}).count("<link") == text.render({}).count("<link") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["socialreg:login", "socialreg:connections", "socialreg:start"])
def test_our_own_pages_link_it_once(client, name, django_user_model):
    client.force_login(django_user_model.objects.create_user("mara"))
    page = Page(client.get(reverse(name, args=["twitter"] if name.endswith("start") else [])).content.decode())
    assert page.all("button")
    assert len(page.all("link", rel="stylesheet")) == 1


def test_an_unknown_provider_is_left_out_and_the_log_says_so(caplog):
    page = render('before{% login_button "github" %}{% login_button gone %}{% login_button "twitter" %}after')
    assert page.names == ["Log in with X"]
    assert page.html.startswith("before")
    assert page.html.endswith("after")
    assert "The button for 'github' is left out. There is no provider 'github' here [unknown-provider]" in caplog.text
    assert len(caplog.records) == 2


def test_a_missing_include_leaves_the_buttons_out_and_the_log_says_so(settings, caplog):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    assert render("before{% login_buttons %}after").html == "beforeafter"
    assert "socialreg" in caplog.text


@pytest.mark.parametrize(
    "entries",
    [
        None,
        ["twitter"],
        {"twitter": None},
        {"twitter": {"API": 1}},
        {"no slug": {"PROVIDER": Acme}},
        {7: {"PROVIDER": Acme}},
    ],
)
def test_wrong_settings_never_break_the_page_around(settings, entries):
    settings.SOCIALREG = {"BASE_URL": "", "PROVIDERS": entries}
    page = render('before{% login_buttons %}{% connect_button "twitter" %}{% provider_icon "twitter" %}after')
    assert page.html == "beforeafter"
    del settings.SOCIALREG
    assert render("before{% login_buttons %}after").html == "beforeafter"


def test_a_provider_without_credentials_keeps_its_button_so_that_the_page_can_say_what_is_wrong(enabled):
    enabled(twitter={})
    assert render("{% login_buttons %}").names == ["Log in with X"]


@pytest.mark.django_db
def test_rendering_makes_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        page = render('{% login_buttons %}{% login_button "twitter" %}{% connect_button "twitter" %}')
    assert len(page.names) == 3


def test_the_picture_is_local_and_inline_without_script_or_style():
    page = render("{% login_buttons %}")
    (svg,) = page.all("svg")
    assert (svg["aria-hidden"], svg["focusable"]) == ("true", "false")  # the words name the button
    assert not {"script", "style", "img", "image", "use", "foreignobject"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "xlink:href"}]
    assert "http://" not in page.html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page.html


def test_icon_and_label_of_a_provider_that_is_gone_are_nothing_and_its_slug():
    page = render("[{% provider_icon 'gone' %}{% provider_label 'gone' %}|{% provider_label 'twitter' %}]")
    assert page.html == "[gone|X]"
    assert len(render("{% provider_icon 'twitter' %}").all("svg")) == 1


def mo_file(messages: dict[str, str]) -> bytes:
    """Return a catalogue as gettext reads it: https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html"""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    texts = [text.encode() for column in zip(*pairs, strict=True) for text in column]
    head, start = [0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0], 28 + 16 * len(pairs)
    for text in texts:
        head += [len(text), start]
        start += len(text) + 1
    return struct.pack(f"<{len(head)}I", *head) + b"".join(text + b"\0" for text in texts)


def test_the_words_are_translated(settings, tmp_path):
    (tmp_path / "eo" / "LC_MESSAGES").mkdir(parents=True)
    catalogue = mo_file({"Log in with {label}": "Ensalutu per {label} {0}", "Connect {label}": "Konektu {label}"})
    (tmp_path / "eo" / "LC_MESSAGES" / "django.mo").write_bytes(catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override("eo"):
        page = render('{% login_button "twitter" %}{% connect_button "twitter" %}')
    assert page.names == ["Ensalutu per X {0}", "Konektu X"]


@pytest.mark.django_db
def test_the_button_works_as_it_stands_on_a_page(site, x):
    """With CSRF checks on, from the page of a site's own to the provider."""
    client = Client(enforce_csrf_checks=True)
    page = Page(client.get("/home/").content.decode())
    form = page.all("form")[0]
    token = {"csrfmiddlewaretoken": page.value("csrfmiddlewaretoken")}
    assert client.post(form["action"], token)["Location"].startswith(f"{x.url}/oauth/authenticate?")
    assert client.post(form["action"], {}).status_code == 403


def test_a_request_context_of_hand_has_it_too(rf):
    request = rf.get("/")
    html = Template(INNER).render(RequestContext(request, {}))
    assert len(unescape(Page(html).value("csrfmiddlewaretoken"))) == 64
    assert providers["twitter"].label == "X"


def test_a_button_without_a_request_is_told_in_development_as_djangos_own_token_is(settings):
    settings.DEBUG = True
    with pytest.warns(UserWarning, match="without a request"):
        engines["django"].from_string('{% load socialreg %}{% login_button "twitter" %}').render({})
