"""The documents are true: their tutorial leads where it says, their examples work, their tables agree with the code."""

from __future__ import annotations

import ast
import inspect
import logging
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.core import mail
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client
from django.urls import URLPattern, reverse

from docs._ext import providers as provider_table
from docs.examples import acme, finders, hooks, receivers
from docs.examples.test_login import LogInWithApple, LogInWithGitHub, LogInWithX  # noqa: F401 - they run as they stand
from socialreg import conf, exceptions, failures, oauth2_errors, outcomes, signals, urls
from socialreg.lookup import find_class
from socialreg.meanings import Meaning
from socialreg.models import SocialAccount
from socialreg.notices import NOTICES
from socialreg.oauth1 import OAuth1Provider
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.provider import Provider, _own_business
from socialreg.templatetags import socialreg as templatetags
from socialreg.testing import FAULTS, PEOPLE
from socialreg.testing.contract import ProviderContract
from socialreg.testing.people import remark
from socialreg_providers._x_errors import MEANINGS, PORTAL
from socialreg_providers.github import GitHub
from socialreg_providers.gitlab import GitLab
from tests import shipped
from tests.project import Form, Project, Visitor, forms_of, words_of
from tests.reader import Reader

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

# The tutorial ------------------------------------------------------------------------------------------------------


class TutorialReader(Reader):
    """Somebody who follows the tutorial, with two free ports in the place of 8000 and 8001, and visits the site."""

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        super().__init__(folder, servers, ("8000", "8001"))
        self.come_anew()

    def restart_the_site(self) -> None:
        """Do at once what the development server does within some seconds when a file has changed."""
        port = self.ports["8000"]
        command, server = self.running[port]
        server.close()
        self.serve(command, port)

    def come_anew(self) -> None:
        """Open a private window."""
        self.visitor = Visitor(f"http://127.0.0.1:{self.ports['8000']}")
        self.servers.callback(self.visitor.close)

    def log_in(self, screen_name: str) -> Form:
        """Press the button; be somebody, if the stand-in asks who; return the form that is shown."""
        self.visitor.open("/")
        self.visitor.press("Log in with X")
        if "wants to access your account" in self.visitor.html:
            self.visitor.press("Authorize app", screen_name=screen_name, do="authorize")
        return forms_of(self.visitor.html)[0]


def first_time(reader: TutorialReader) -> None:
    mara = {"username": "maralind", "first_name": "Mara", "last_name": "Lindqvist"}
    assert mara.items() <= reader.log_in("maralind").fields.items()
    assert "Verified by X" in reader.visitor.html
    reader.visitor.press("Create account")
    assert reader.visitor.path == "/"
    assert "You are maralind" in reader.visitor.html


def second_time(reader: TutorialReader) -> None:
    reader.visitor.press("Log out")
    reader.log_in("maralind")
    assert "You are maralind" in reader.visitor.html


def own_form(reader: TutorialReader) -> None:
    reader.restart_the_site()
    reader.come_anew()
    assert reader.log_in("kestrel").asked == {"terms"}
    reader.visitor.press("Create account")
    assert "This field is required" in reader.visitor.html
    reader.visitor.press("Create account", terms="on")
    assert "You are kestrel" in reader.visitor.html


def somebody_without_an_address(reader: TutorialReader) -> None:
    reader.come_anew()
    assert reader.log_in("tomas_ok").asked == {"email", "terms"}
    reader.visitor.press("Create account", terms="on", email="tomas@example.com")
    assert "You are tomas_ok" in reader.visitor.html


def the_account(reader: TutorialReader) -> None:
    reader.visitor.open("/accounts/connections/")
    assert "@tomas_ok" in reader.visitor.html
    assert "Connect X" in words_of(reader.visitor.html)
    reader.visitor.press("Disconnect")
    assert "This is your last way in" in reader.visitor.html


def break_it(reader: TutorialReader) -> None:
    reader.visitor.open(f"http://127.0.0.1:{reader.ports['8001']}/")
    switch = next(form for form in forms_of(reader.visitor.html) if form.fields.get("name") == "unavailable")
    reader.visitor.submit(switch, do="on")
    reader.visitor.open(reader.visitor.site)
    reader.visitor.press("Log out")
    reader.log_in("tomas_ok")
    assert "X is not available just now" in words_of(reader.visitor.html)
    assert any("Try again" in form.text for form in forms_of(reader.visitor.html))
    said = (reader.project.folder / f"{reader.ports['8000']}.log").read_text("utf-8")
    assert "/oauth/request_token with 503 [503]. Cause: X had an internal error. Remedy: " in said


WALKS: dict[str, Callable[[TutorialReader], None]] = {
    "the first time": first_time,
    "the second time": second_time,
    "your own form": own_form,
    "somebody without an address": somebody_without_an_address,
    "the account": the_account,
    "break it": break_it,
}


def test_the_tutorial_leads_from_an_empty_folder_to_a_site_that_people_join(tmp_path: Path):
    with ExitStack() as servers:
        reader = TutorialReader(tmp_path, servers)
        reader.follow((DOCS / "tutorial.md").read_text("utf-8"), WALKS)
    assert reader.walked == list(WALKS)


# The examples ------------------------------------------------------------------------------------------------------


def register(browser, screen_name: str, **changes: str):
    """Log in as somebody new and send the form as it is shown, but for ``changes``; return our answer."""
    page = browser.client.get(browser.log_in(screen_name)["Location"]).content.decode()
    fields = {name: value for form in forms_of(page) for name, value in form.fields.items()}
    return browser.client.post(reverse("socialreg:register"), {**fields, **changes})


RECEIVERS = {
    signals.registered: receivers.welcome,
    signals.logged_in: receivers.greet,
    signals.connected: receivers.tell_of_a_new_way_in,
    signals.disconnected: receivers.tell_of_a_way_less,
    signals.failed: receivers.count,
}
for _signal, _function in RECEIVERS.items():
    assert _signal.disconnect(_function)  # importing the example connected them, for every test of this process


@pytest.fixture
def listening() -> Iterator[None]:
    for signal, function in RECEIVERS.items():
        signal.connect(function)
    yield
    for signal, function in RECEIVERS.items():
        signal.disconnect(function)


@pytest.mark.django_db
def test_before_login_example_keeps_staff_out_and_lets_others_in(browser, other_browser, site):
    register(browser, "maralind")
    site(BEFORE_LOGIN=["docs.examples.hooks.staff_use_their_key"])
    get_user_model().objects.update(is_staff=True)
    response = other_browser.log_in("maralind")
    assert response.status_code == 403
    assert "Staff log in with their password and their key." in response.content.decode()
    assert other_browser.user() is None
    get_user_model().objects.update(is_staff=False)
    other_browser.log_in("maralind")
    assert other_browser.user().username == "maralind"


@pytest.mark.django_db
@pytest.mark.parametrize("screen_name", ["kestrel", "tomas_ok"])
def test_before_register_example_lets_nobody_in_from_elsewhere(browser, other_browser, site, screen_name):
    site(BEFORE_REGISTER=[hooks.colleagues_only])
    response = browser.log_in(screen_name)
    assert response.status_code == 403
    assert "Only people with a verified address at example.com can join." in response.content.decode()
    register(other_browser, "maralind")
    assert get_user_model().objects.get().username == "maralind"


@pytest.mark.django_db
def test_finder_example_finds_an_imported_user_who_then_proves_it(browser, site):
    get_user_model().objects.create_user("x1400000000000000002")
    site(FINDERS=["socialreg.finders.by_email", finders.by_imported_id])
    assert browser.log_in("tomas_ok")["Location"] == reverse("socialreg:prove")
    assert browser.log_in("kestrel")["Location"] == reverse("socialreg:register")
    assert not SocialAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_receivers_example_hears_of_everything(browser, other_browser, x, listening):
    register(browser, "maralind")
    assert [message.subject for message in mail.outbox] == ["Welcome"]
    returned = other_browser.log_in("maralind")
    assert [str(message) for message in get_messages(returned.wsgi_request)] == ["Welcome back, @maralind."]
    mail.outbox.clear()
    other_browser.log_in("kestrel", intent="connect")
    kestrel = SocialAccount.objects.get(username="kestrel")
    other_browser.client.post(reverse("socialreg:disconnect", args=[kestrel.pk]))
    assert [message.subject for message in mail.outbox] == ["A new way to log in", "A way to log in was removed"]
    other_browser.client.get(x.deny(other_browser.start()["Location"]))
    assert cache.get("login-failed:denied") == 1


@pytest.mark.django_db(transaction=True)
def test_receivers_example_writes_to_no_address_that_was_changed_on_the_form(browser, listening):
    register(browser, "maralind", email="other@example.com")
    assert get_user_model().objects.get().email == "other@example.com"
    assert mail.outbox == []


FORMS = {
    "JoinForm": ({"username": "maralind", "email": "mara.lindqvist@example.com", "terms": ""}, {"terms": "on"}),
    "MemberForm": ({"username": "maralind", "email": "mara.lindqvist@example.com"}, {"heard_of_us": "friend"}),
    "ShortForm": (
        {"nickname": "maralind", "mail": "mara.lindqvist@example.com", "greeting": "Hello, I am Mara"},
        {},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMS)
def test_form_examples_are_filled_in_and_make_a_user(browser, site, name):
    shown, answers = FORMS[name]
    site(REGISTRATION_FORM=f"docs.examples.forms.{name}")
    page = browser.client.get(browser.log_in("maralind")["Location"]).content.decode()
    (form,) = forms_of(page)
    assert shown.items() <= form.fields.items()
    browser.client.post(reverse("socialreg:register"), {**form.fields, **answers})
    user = browser.user()
    assert (user.username, user.email) == ("maralind", "mara.lindqvist@example.com")
    assert not user.has_usable_password()


_EMAIL_USER = """
from urllib.parse import urlsplit
from django.test import Client
from django.test import Client
from django.urls import URLPattern, reverse
from socialreg.models import SocialAccount
from socialreg.testing import XStandIn
from django.conf import settings

with XStandIn() as x:
    settings.SOCIALREG["PROVIDERS"]["twitter"] = x.provider_settings()
    settings.SOCIALREG["PRIVATE_HOSTS"] = [urlsplit(x.url).netloc]
    client = Client(headers={"host": "127.0.0.1"})
    client.get(x.approve(client.post(reverse("socialreg:start", args=["twitter"]))["Location"], "junofox"))
    page = client.get(reverse("socialreg:register")).content.decode()
    print("juno.park@example.com" in page, "Juno" in page, "name=\\"username\\"" in page)
    client.post(reverse("socialreg:register"), {"email": "juno@example.org", "full_name": "Juno Park"})
    print(SocialAccount.objects.get().user, client.get("/accounts/connections/").status_code)
"""


def test_a_user_model_without_user_name_needs_no_form_of_its_own(tmp_path: Path):
    """The model of the example, in a project of its own: a user model can only be chosen once per process."""
    project = Project(tmp_path)
    project.run("python -m django startproject mysite . && python -m django startapp people")
    shutil.copy(DOCS / "examples" / "email_user.py", tmp_path / "people" / "models.py")
    with (tmp_path / "mysite" / "settings.py").open("a") as file:
        file.write("""
INSTALLED_APPS += ["people", "socialreg"]
AUTH_USER_MODEL = "people.Member"
SOCIALREG = {"BASE_URL": "http://127.0.0.1", "PROVIDERS": {"twitter": {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}}}
""")
    with (tmp_path / "mysite" / "urls.py").open("a") as file:
        file.write('from django.urls import include\nurlpatterns += [path("accounts/", include("socialreg.urls"))]\n')
    (tmp_path / "walk.py").write_text(_EMAIL_USER, "utf-8")
    project.run("python manage.py makemigrations people --verbosity 0 && python manage.py migrate --verbosity 0")
    said = project.run("python manage.py shell --verbosity 0 < walk.py")
    assert said.split("\n")[:2] == ["True True False", "juno@example.org 200"]


@pytest.mark.django_db
def test_provider_example_logs_people_in_and_believes_no_address(browser, site, x):
    acme_settings = {
        **{name: x.provider_settings()[name] for name in ("CLIENT_ID", "CLIENT_SECRET")},
        "PROVIDER": "docs.examples.acme.Acme",
        "HOST": x.url,
        "PROFILE_URL": "{host}/1.1/account/verify_credentials.json",
    }
    site(PROVIDERS={"acme": acme_settings})
    assert [message for message in run_checks(tags=["socialreg"]) if message.is_serious()] == []
    start = browser.start("acme", lang="fr", next="/home/")
    assert "lang=fr" in start["Location"]
    assert "lang=" not in browser.start("acme", lang="x&force_login=true")["Location"]
    assert browser.client.get(x.approve(start["Location"], "maralind"))["Location"] == reverse("socialreg:register")
    assert "Verified by" not in browser.client.get(reverse("socialreg:register")).content.decode()
    browser.client.post(reverse("socialreg:register"), {"username": "mara", "email": "mara@example.com"})
    account = SocialAccount.objects.get()
    assert (account.provider, account.issuer, account.handle) == ("acme", "https://photos.example", "maralind")
    assert account.email_verified is False
    assert account.full_name == "Mara Lindqvist"
    assert "<svg" in acme.Acme.icon()
    assert "#7a1f5c" in browser.client.get(reverse("socialreg:style")).content.decode()


@pytest.mark.django_db
def test_provider_example_says_when_its_plan_is_used_up(browser, site, x, caplog):
    keys = {name: x.provider_settings()[name] for name in ("CLIENT_ID", "CLIENT_SECRET")}
    site(PROVIDERS={"acme": {**keys, "PROVIDER": acme.Acme, "HOST": x.url}})
    x.fault("rate-limited")
    response = browser.start("acme")
    assert "Acme Photos is busy just now" in response.content.decode()
    assert "larger plan" in caplog.text


@pytest.mark.django_db
def test_base_template_example_frames_our_pages(browser, settings):
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [DOCS / "examples" / "templates"]}]
    page = browser.client.get(reverse("socialreg:login")).content.decode()
    assert "<title>Log in · Cartographers</title>" in page
    assert page.index("<header>") < page.index("Log in with X")


# The reference -----------------------------------------------------------------------------------------------------


def start(browser, x) -> None:
    browser.start()


def come_back(browser, x) -> None:
    browser.log_in("maralind")


def come_back_twice(browser, x) -> None:
    callback = browser.approve("maralind")
    cookies = dict(browser.client.cookies)
    browser.client.get(callback)
    browser.client.cookies.update(cookies)
    browser.client.get(callback)


def come_back_without_cookie(browser, x) -> None:
    callback = browser.approve("maralind")
    browser.client.cookies.clear()
    browser.client.get(callback)


def cancel(browser, x) -> None:
    browser.client.get(x.deny(browser.start()["Location"]))


def post_without_token(browser, x) -> None:
    Client(enforce_csrf_checks=True).post(reverse("socialreg:start", args=["twitter"]))


#: What is switched on at the stand-in, what is changed in the provider's settings, and what the visitor does.
SITUATIONS = {
    "callback not registered": ({"name": "error", "code": 415}, {}, start),
    "wrong secret": ({}, {"CLIENT_SECRET": "mistyped"}, start),
    "no secret": ({}, {"CLIENT_SECRET": ""}, start),
    "over capacity": ({"name": "error", "code": 130}, {}, start),
    "connection reset": ({"name": "reset"}, {}, start),
    "too much": ({"name": "huge", "path": "/oauth/access_token"}, {}, come_back),
    "no v2": ({"name": "not-enrolled"}, {}, come_back),
    "suspended": ({"name": "error", "code": 64, "path": "/oauth/access_token"}, {}, come_back),
    "lost cookie": ({}, {}, come_back_without_cookie),
    "twice": ({}, {}, come_back_twice),
    "cancelled": ({}, {}, cancel),
    "no CSRF token": ({}, {}, post_without_token),
}


@pytest.mark.django_db
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_log_line_of_the_page_on_errors_is_one_that_is_written(browser, site, x, caplog, situation):
    fault, changes, act = SITUATIONS[situation]
    caplog.set_level(logging.INFO, "socialreg")
    site(PROVIDERS={"twitter": {**x.provider_settings(), **changes}})
    if fault:
        x.fault(**fault)
    act(browser, x)
    assert _as_on_the_page(caplog.records, urlsplit(x.url).netloc) in (DOCS / "reference/errors.md").read_text("utf-8")


#: Whom the stand-in plays, what is switched on there, and what of the site's address is replaced on the page.
GRANTS: dict[str, tuple[type[Provider], dict[str, object]]] = {
    "client refused": (GitHub, {"name": "client-refused"}),
    "code spent": (GitHub, {"name": "code-refused"}),
    "scope unknown": (GitHub, {"name": "denied", "code": "invalid_scope"}),
    "no identifier": (GitHub, {"name": "no-uid"}),
    "no addresses": (GitHub, {"name": "emails-refused"}),
    "another issuer": (GitLab, {"name": "other-issuer"}),
    "another audience": (GitLab, {"name": "wrong-aud"}),
    "keys out of reach": (GitLab, {"name": "server-error", "path": "/gitlab/jwks"}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("situation", GRANTS)
def test_every_log_line_of_oauth_2_on_the_page_is_one_that_is_written(browser, site, x, caplog, situation):
    kind, fault = GRANTS[situation]
    caplog.set_level(logging.INFO, "socialreg")
    site(PROVIDERS={kind.slug: x.play(kind.slug, kind)})
    x.fault(**fault)
    begun = browser.start(kind.slug)
    if begun.status_code == 302:
        browser.client.get(x.approve(begun["Location"], "maralind"))
    assert _as_on_the_page(caplog.records, urlsplit(x.url).netloc) in (DOCS / "reference/errors.md").read_text("utf-8")


#: Where the stand-in has what providers have elsewhere.
PLACES = {
    "/github/token": "github.com/login/oauth/access_token",
    "/github/emails": "api.github.com/user/emails",
    "/gitlab/.well-known": "gitlab.com/.well-known",
    "/gitlab/jwks": "gitlab.com/oauth/discovery/keys",
}


def _as_on_the_page(records: list[logging.LogRecord], stand_in: str) -> str:
    """Return the last line of ours, with X in the place of the stand-in and one reference for all."""
    last = [record for record in records if record.name.startswith("socialreg") and record.levelno >= logging.INFO][-1]
    line = f"{last.levelname} {last.name}: {last.getMessage()}"
    for here, there in PLACES.items():
        line = line.replace(f"{stand_in}{here}", there)
    line = line.replace(stand_in, "api.x.com").replace("http://testserver", "https://example.com")
    return re.sub(r"\[reference [0-9a-f]{8}\]", "[reference 5f0c9a3e]", line)


X_ERROR = "| {code} | {cause} | {remedy} | {notice} |"


def test_the_page_on_x_has_every_code_with_the_cause_and_the_remedy_that_the_log_gives():
    rows = [
        X_ERROR.format(
            code=code,
            cause=meaning.cause,
            remedy=meaning.remedy.replace(PORTAL, "[the app's page](https://console.x.com)"),
            notice=f"`{meaning.notice}`",
        )
        for code, meaning in MEANINGS.items()
    ]
    page = (DOCS / "reference/providers/twitter.md").read_text("utf-8")
    assert [row for row in rows if row not in page] == []
    assert len(re.findall(r"^\| \d+ \|", page, re.MULTILINE)) == len(rows)


def test_the_page_on_errors_has_every_code_of_oauth_2_with_what_the_log_says():
    page = (DOCS / "reference/errors.md").read_text("utf-8")
    rows = [X_ERROR.format(code=f"`{code}`", **_words(meaning)) for code, meaning in oauth2_errors.MEANINGS.items()]
    assert [row for row in rows if row not in page] == []
    table = page.partition("### OAuth 2.0 and OpenID Connect")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| `", table, re.MULTILINE)) == len(rows)


def _words(meaning: Meaning) -> dict[str, str]:
    return {"cause": meaning.cause, "remedy": meaning.remedy, "notice": f"`{meaning.notice}`"}


def _headings(page: str) -> set[str]:
    return set(re.findall(r"^### `?([\w.]+)`?$", (DOCS / page).read_text("utf-8"), re.MULTILINE))


def _source(*folders: str) -> str:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text("utf-8") for path in paths)


def test_the_page_on_checks_has_every_id_and_no_other():
    in_the_code = {f"socialreg.{number}" for number in re.findall(r"\b([EW]0\d\d)\"", _source("socialreg"))}
    assert _headings("reference/checks.md") == in_the_code


def test_the_page_on_settings_has_every_name_and_no_other():
    assert _headings("reference/settings.md") == set(conf.DEFAULTS)


def test_the_page_on_errors_has_every_code():
    page = (DOCS / "reference/errors.md").read_text("utf-8")
    codes = set(re.findall(r"\bcode(?:: str)? ?= ?\"([a-z-]+)\"", _source("socialreg", "providers")))
    assert (codes | outcomes.ERRORS.keys()) - set(re.findall(r"`([a-z-]+)`", page)) - NOT_IN_THE_LOG == set()


#: Of a form's errors, which Django names; and of the stand-in, which no site sees.
NOT_IN_THE_LOG = {"unique", "no-consent", "not-loopback", "not-played", "unknown-fault"}


def test_the_page_on_errors_has_every_notice_with_its_title():
    page = (DOCS / "reference/errors.md").read_text("utf-8")
    rows = [f"| `{name}` | {notice.title} | {'yes' if notice.again else 'no'} |" for name, notice in NOTICES.items()]
    assert [row for row in rows if row not in page] == []


def test_the_page_on_errors_draws_the_whole_tree_with_the_status_and_the_level_of_each():
    page = (DOCS / "reference/errors.md").read_text("utf-8")
    tree = page.partition("## The tree")[2].partition("## Codes")[0]
    drawn = {name: (int(status), level) for name, status, level in re.findall(r"(\w+) +(\d{3})(?:, (\w+))?", tree)}
    classes = [each for each in vars(exceptions).values() if inspect.isclass(each) and issubclass(each, Exception)]
    assert drawn.keys() == {each.__name__ for each in classes}
    for each in classes:
        status, level = drawn[each.__name__]
        assert status == each.status
        assert level in {"", logging.getLevelName(failures.level(each.__new__(each)))}


def test_the_page_on_the_stand_in_has_everybody_and_every_fault():
    page = (DOCS / "reference/stand-in.md").read_text("utf-8")
    rows = [f"| `{name}` | {says} |" for name, says in FAULTS.items()]
    rows += [f"| `{person.screen_name}` | {person.name} | {remark(person)} |" for person in PEOPLE]
    assert [row for row in rows if row not in page] == []


def test_the_page_on_signals_names_what_each_is_sent_with():
    page = (DOCS / "reference/signals.md").read_text("utf-8")
    source = inspect.getsource(signals)
    told = re.findall(r"^#: ``([^`]+)``:.*\n(?:#:.*\n)*(\w+) = Signal", source, re.MULTILINE)
    assert len(told) == 8
    assert [name for arguments, name in told if f"| `{name}` | `{arguments}` |" not in page] == []


def test_the_page_on_addresses_has_every_name():
    page = (DOCS / "reference/template-tags.md").read_text("utf-8")
    rows = {route.name: f"| `socialreg:{route.name}` | `{_path(route)}` |" for route in urls.urlpatterns}
    assert [name for name, row in rows.items() if row not in page] == []


def _path(route: URLPattern) -> str:
    return re.sub(r"<\w+:(\w+?)(_id)?>", lambda part: "<id>" if part[2] else f"<{part[1]}>", str(route.pattern)) or "/"


def test_the_page_on_template_tags_has_every_tag():
    page = (DOCS / "reference/template-tags.md").read_text("utf-8")
    assert [name for name in templatetags.register.tags if f"{{% {name}" not in page] == []


def test_the_page_on_buttons_has_every_custom_property_of_the_pages():
    page = (DOCS / "howto/buttons.md").read_text("utf-8")
    style = (ROOT / "socialreg/static/socialreg/socialreg.css").read_text("utf-8")
    names = set(re.findall(r"--socialreg-([\w-]+):", style.partition("/* Buttons")[0]))
    assert [name for name in names if f"`{name}`" not in page] == []


# The options of providers ------------------------------------------------------------------------------------------

PAGES = DOCS / "reference/providers"
#: The sections of the page on settings, and the class whose options each of them adds to, or changes in, another's.
COMMON: dict[str, tuple[type[Provider], type[Provider] | None]] = {
    "Of every provider": (Provider, None),
    "Over OAuth 1.0a": (OAuth1Provider, Provider),
    "Over OAuth 2.0": (OAuth2Provider, Provider),
    "Over OpenID Connect": (OIDCProvider, OAuth2Provider),
}
_ROW = re.compile(r"^\| (`[A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) \| (.*?) \|(?: .*\|)?$", re.MULTILINE)
#: In the place of a default that every class has to state.
STATED = ...


def options_of(kind: type[Provider]) -> dict[str, object]:
    """Return the options of a class with their defaults, those without one included."""
    annotated = {name: str(hint) for base in kind.__mro__ for name, hint in inspect.get_annotations(base).items()}
    stated = {name for name, hint in annotated.items() if "ClassVar" not in hint and not name.startswith("_")}
    without = {name.upper(): STATED for name in stated if not hasattr(kind, name)}
    return without | {name: getattr(kind, name.lower()) for name in kind.option_names()}


def rows_of(text: str) -> dict[str, str]:
    """Return the defaults in a table of options, as they are written, by the options' names."""
    return {name: default for names, default in _ROW.findall(text) for name in re.findall(r"`(\w+)`", names)}


def is_default(name: str, written: str, default: object) -> bool:
    """Whether a cell of the table is the default, or speaks of one that is too long, or is none."""
    value = re.fullmatch(r"`(.+)`", written)
    if value is None:
        return default in (STATED, "") or isinstance(default, Mapping) or name.endswith("COLOR")
    return ast.literal_eval(value[1]) == (dict(default) if isinstance(default, Mapping) else default)


def wrong_rows(rows: dict[str, str], options: dict[str, object]) -> dict[str, str]:
    return {
        name: written
        for name, written in rows.items()
        if name not in options or not is_default(name, written, options[name])
    }


@pytest.mark.parametrize("title", COMMON)
def test_the_page_on_settings_has_the_options_that_every_provider_has(title: str):
    kind, other = COMMON[title]
    page = (DOCS / "reference/settings.md").read_text("utf-8")
    rows = rows_of(page.partition(f"\n### {title}\n")[2].partition("\n### ")[0])
    known = options_of(other) if other else {}
    options = options_of(kind)
    assert rows.keys() == {name for name in options if known.get(name, "(new)") != options[name]}
    assert wrong_rows(rows, options) == {}


@pytest.mark.parametrize("slug", shipped.slugs())
def test_the_page_of_a_provider_has_the_options_of_its_own_with_their_defaults(slug: str):
    """Those that all of its protocol have may be left out, but none may be wrong."""
    kind = find_class(slug, {})
    rows = rows_of((PAGES / f"{slug}.md").read_text("utf-8").partition("\n## Options\n")[2].partition("\n## ")[0])
    base = next(base for base, _ in reversed(COMMON.values()) if issubclass(kind, base))
    assert rows
    assert kind.option_names() - options_of(base).keys() - rows.keys() == set()
    assert wrong_rows(rows, options_of(kind)) == {}


@pytest.mark.parametrize("slug", shipped.slugs())
def test_the_page_of_a_provider_has_its_slug_its_callback_and_what_it_was_made_from(slug: str):
    page = (PAGES / f"{slug}.md").read_text("utf-8")
    assert f"`{slug}`" in page or f'`"PROVIDER": "{slug}"`' in page
    name = "[a-z]+" if slug in shipped.GENERIC else slug
    assert re.search(rf"^ *https://example\.com/accounts/{name}/callback/", page, re.MULTILINE)
    sources = re.findall(r"https://[^\s)]+", inspect.getmodule(find_class(slug, {})).__doc__ or "")
    assert sources
    if slug not in shipped.GENERIC:  # those name the standards
        assert [source for source in sources if source.rstrip(".") not in page] == []


def test_the_guide_has_what_a_class_alone_can_state_with_its_default():
    page = (DOCS / "howto/adding-a-provider.md").read_text("utf-8")
    table = page.partition("\n## Attributes\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    kinds = [kind for kind, _ in COMMON.values()]
    assert rows.keys() == set().union(*(_own_business(kind) for kind in kinds))
    members = {name: value for kind in kinds for name, value in inspect.getmembers_static(kind)}
    for name in rows.keys() & {name for name, value in members.items() if not isinstance(value, property)}:
        assert ast.literal_eval(rows[name].strip("`")) == members[name], name


def test_the_guide_names_methods_that_are_there():
    page = (DOCS / "howto/adding-a-provider.md").read_text("utf-8")
    table = page.partition("\n## Methods\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| `(\w+)\(([\w, ]*)\)` \| (.+) \|$", table, re.MULTILINE)
    assert len(rows) > 15
    kinds = {"all": (OAuth1Provider, OIDCProvider), "OAuth 1.0a": (OAuth1Provider,)}
    kinds |= {"OAuth 2.0": (OAuth2Provider,), "OpenID Connect": (OIDCProvider,)}
    for name, parameters, protocols in rows:
        for kind in (kind for protocol in protocols.split(", ") for kind in kinds[protocol]):
            given = list(inspect.signature(getattr(kind, name)).parameters)[1:]
            assert given == (parameters.split(", ") if parameters else []), (kind, name)


def test_the_table_of_providers_has_a_full_row_for_each_that_ships():
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in provider_table.table().splitlines()[2:]]
    assert [row[0] for row in rows] == [f"[]({slug}.md)" for slug in shipped.slugs()]
    assert [row for row in rows if len(row) != len(provider_table.HEAD) or not all(row)] == []


@pytest.mark.parametrize("slug", shipped.slugs())
def test_the_table_of_providers_counts_the_requests_that_a_login_makes(slug: str):
    """Of somebody new and of somebody known. What is asked once in an hour or a day has been asked before."""
    kind = find_class(slug, {})
    written = re.fullmatch(r"(\d)(?: or (\d))? / (\d)", provider_table.row(slug, kind)[-2])
    assert written is not None
    contract = type("Contract", (ProviderContract,), {"provider": kind})()
    with contract.trial() as trial:
        for _ in range(2):
            trial.profile("maralind")
        warm = trial.calls()
        trial.profile("junofox")
        new = trial.calls() - warm
        trial.credentials("junofox")
        known = trial.calls() - warm - new
    assert str(new) in written.groups()[:2]
    assert str(known) == written[3]
