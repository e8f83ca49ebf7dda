"""An answer posted across sites, in a real browser over https, with the session cookie as Django sets it.

What the browser sends along is what it decides: nothing here tells it what ``SameSite`` means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from socialreg.models import SocialAccount
from socialreg.registry import providers
from tests.servers import make_ca
from tests.test_form_post import Poster

from .conftest import _OFF, _SWITCHES, _program
from .secure import PROVIDER_HOST, SEEN, SITE_HOST, ProviderSide, Seen, serving
from .visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Walk:
    """A provider that answers by post, and what its page posts.

    ``entry`` makes its settings from the address of its page. ``says`` returns what a button ("Continue", "Cancel")
    posts besides ``state``, for the query that a visitor was sent there with.
    """

    slug: str
    label: str
    entry: Callable[[str], Mapping[str, object]]
    says: Callable[[str, Mapping[str, str]], Mapping[str, str]]


def _poster_says(button: str, _query: Mapping[str, str]) -> Mapping[str, str]:
    if button == "Cancel":
        return {"error": "user_cancelled_authorize"}
    return {"code": "somebody", "user": '{"name": {"firstName": "Åsa", "lastName": "Öberg"}}'}


WALKS = [
    Walk("poster", "Poster", lambda url: {"PROVIDER": Poster, "AUTHORIZE_URL": f"{url}/authorize"}, _poster_says),
]


@pytest.fixture(scope="module")
def secure_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser that runs no page's JavaScript and takes certificates of any authority."""
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for switch in (*_SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(switch)
    options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": _OFF})
    options.accept_insecure_certs = True
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options, Service(_program("chromedriver"))) as browser:
        yield browser


@pytest.fixture(params=WALKS, ids=lambda walk: walk.slug)
def walk(request: pytest.FixtureRequest) -> Walk:
    return request.param


@pytest.fixture
def visitor(walk: Walk, secure_chromium: Chrome, settings, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody in front of the site, which has that provider."""
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"  # as Django has it
    with visiting(walk, secure_chromium, settings, tmp_path) as visitor:
        yield visitor


@contextmanager
def visiting(walk: Walk, browser: Chrome, settings, folder: Path) -> Iterator[Visitor]:
    """Put somebody in front of a site over https whose provider is another site."""
    cache.clear()
    Poster.handed.clear()
    authority = make_ca(folder)
    settings.ALLOWED_HOSTS = [SITE_HOST]
    settings.MIDDLEWARE = ["tests.browser.secure.recorder", *settings.MIDDLEWARE]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    with ProviderSide(authority, walk.says).serving() as provider, serving(authority) as site:
        settings.SOCIALREG = {"BASE_URL": site, "PROVIDERS": {walk.slug: walk.entry(provider)}}
        visitor = Visitor(browser, site)
        visitor.forget()
        yield visitor
        assert visitor.complaints() == []
    providers.clear()


def requests_to(path: str) -> list[Seen]:
    return [seen for seen in SEEN if seen.path == path]


def log_in_with_password(visitor: Visitor) -> User:
    user = User.objects.create_user("demo", password="demo")
    visitor.open("/accounts/")
    visitor.write("username", "demo")
    visitor.write("password", "demo")
    visitor.one("main form.socialreg-fields [type=submit]").click()
    visitor.is_at("/home/")
    return user


def at_provider(visitor: Visitor, button: str) -> None:
    """Press a button on the provider's page."""
    visitor.sees("Continue to the site?")
    visitor.press(button)


def check_the_hop(walk: Walk, *, session: bool) -> None:
    """See that the post was across sites and had the attempt's cookie alone, and what was there after it."""
    post, get = requests_to(f"/accounts/{walk.slug}/callback/")
    assert (post.method, post.query, post.comes_from) == ("POST", "", "cross-site")
    assert post.origin.startswith(f"https://{PROVIDER_HOST}:")
    (sent,) = post.cookies
    assert sent.startswith("__Host-socialreg-attempt-across-")
    assert get.method == "GET"
    assert list(parse_qs(get.query)) == ["state"]
    assert ("sessionid" in get.cookies) is session
    assert [name for name in get.cookies if name.startswith("__Host-socialreg-answer-")]


def test_registering_and_logging_in_again(visitor: Visitor, walk: Walk):
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press(f"Log in with {walk.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Create your account")
    check_the_hop(walk, session=False)
    visitor.press("Create account")
    visitor.sees("Your connected accounts")
    assert not [each for each in visitor.browser.get_cookies() if "socialreg" in each["name"]]

    visitor.forget()
    SEEN.clear()
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press(f"Log in with {walk.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Your connected accounts")
    check_the_hop(walk, session=False)
    assert User.objects.count() == SocialAccount.objects.count() == 1


def test_connecting_while_logged_in(visitor: Visitor, walk: Walk):
    """The control: the browser has a session all the time, sends it before and after, and not with the post."""
    user = log_in_with_password(visitor)
    visitor.open("/accounts/connections/")
    assert "sessionid" in SEEN[-1].cookies | SEEN[-2].cookies
    visitor.press(f"Connect {walk.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Your connected accounts")
    check_the_hop(walk, session=True)
    assert SocialAccount.objects.get().user == user
    assert len(visitor.all(".socialreg-accounts > li")) == 1


def test_cancel_finds_the_session_and_begins_again(visitor: Visitor, walk: Walk):
    user = log_in_with_password(visitor)
    visitor.open("/accounts/connections/")
    visitor.press(f"Connect {walk.label}")
    at_provider(visitor, "Cancel")
    visitor.sees("You cancelled")
    check_the_hop(walk, session=True)
    visitor.press("Try again")
    at_provider(visitor, "Continue")
    visitor.sees("Your connected accounts")
    assert SocialAccount.objects.get().user == user


def test_back_and_the_button_again_is_a_page_of_ours(visitor: Visitor, walk: Walk):
    """Our pages are not kept, and the attempt is spent: whoever posts the same answer again is told so."""
    visitor.open("/accounts/")
    visitor.press(f"Log in with {walk.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Create your account")
    visitor.browser.back()
    at_provider(visitor, "Continue")
    visitor.sees("Let us begin again")
    visitor.press("Try again")
    at_provider(visitor, "Continue")
    visitor.sees("Create your account")


def test_somebody_elses_answer_leaves_the_visitors_session_and_forms_alone(visitor: Visitor, walk: Walk, settings):
    """A foreign page posts to the callback. A page of ours there would bring another token and another session."""
    settings.CSRF_USE_SESSIONS = True
    log_in_with_password(visitor)
    before = {each["name"]: each["value"] for each in visitor.browser.get_cookies()}
    visitor.open("/accounts/connections/")
    visitor.press(f"Connect {walk.label}")
    visitor.sees("Continue to the site?")
    (attempt,) = [each["name"] for each in cookies_of(visitor) if "attempt" in each["name"]]
    visitor.browser.execute_cdp_cmd("Network.deleteCookies", {"name": attempt, "url": visitor.site})
    visitor.press("Continue")
    visitor.sees("Let us begin again")
    assert {each["name"]: each["value"] for each in visitor.browser.get_cookies()} == before
    assert visitor.named("Your connected accounts")


def cookies_of(visitor: Visitor) -> list[dict[str, str]]:
    """Return the site's cookies, whichever page is open."""
    return visitor.browser.execute_cdp_cmd("Network.getCookies", {"urls": [visitor.site]})["cookies"]
