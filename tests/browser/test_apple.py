"""Apple's own class, its answer posted from another site over https, while session cookies are Lax."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from selenium.webdriver import Chrome

from socialreg.http import Client
from socialreg.lookup import find_class
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from tests.servers import make_ca

from .secure import SEEN, SITE_HOST, serving
from .test_form_post import log_in_with_password, requests_to, secure_chromium  # noqa: F401 - a fixture
from .visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CALLBACK = "/accounts/apple/callback/"


@pytest.fixture
def visitor(secure_chromium: Chrome, settings, tmp_path: Path) -> Iterator[Visitor]:  # noqa: F811 - the fixture above
    """Somebody in front of a site that has Apple, who is played on another site by the stand-in."""
    cache.clear()
    authority = make_ca(tmp_path)
    settings.ALLOWED_HOSTS = [SITE_HOST]
    settings.MIDDLEWARE = ["tests.browser.secure.recorder", *settings.MIDDLEWARE]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"  # as Django has it
    with StandIn(ssl_context=authority.issue("127.0.0.1")) as standin, serving(authority) as site:
        host = urlsplit(standin.url).netloc
        apple = standin.play("apple", find_class("apple", {}))
        settings.SOCIALREG = {"BASE_URL": site, "PROVIDERS": {"apple": apple}, "PRIVATE_HOSTS": [host]}
        client = Client(private_hosts=frozenset({host}), ca_file=str(authority.file))
        providers._client = client  # the authority is this test's own, and no setting names another than certifi's
        visitor = Visitor(secure_chromium, site)
        visitor.forget()
        yield visitor
        assert visitor.complaints() == []
        client.close()
    providers.clear()


def at_apple(visitor: Visitor, screen_name: str) -> None:
    """Be somebody at Apple, say yes, and press the button of the page that posts the answer."""
    visitor.until(lambda _: visitor.one(f"[value={screen_name}]"))
    visitor.one(f"[value={screen_name}]").click()
    visitor.press("Authorize app")
    visitor.sees("One more step")
    visitor.press("Continue")


def check_the_hop(*, session: bool) -> None:
    """See that the answer was posted across sites without the session, and that the session was there after the hop."""
    post, get = requests_to(CALLBACK)
    assert (post.method, post.query, post.comes_from) == ("POST", "", "cross-site")
    assert "sessionid" not in post.cookies
    assert (get.method, list(parse_qs(get.query))) == ("GET", ["state"])
    assert ("sessionid" in get.cookies) is session


def test_registering_with_the_name_that_comes_once_and_logging_in_again(visitor: Visitor):
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press("Log in with Apple")
    at_apple(visitor, "maralind")
    visitor.sees("Create your account")
    check_the_hop(session=False)
    assert [visitor.value(name) for name in ("first_name", "last_name")] == ["Mara", "Lindqvist"]
    visitor.press("Create account")
    visitor.sees("Your connected accounts")
    visitor.forget()
    SEEN.clear()
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press("Log in with Apple")
    at_apple(visitor, "maralind")
    visitor.sees("Your connected accounts")
    assert (User.objects.count(), SocialAccount.objects.get().full_name) == (1, "Mara Lindqvist")


def test_connecting_to_the_user_whose_session_the_post_does_not_carry(visitor: Visitor):
    user = log_in_with_password(visitor)
    visitor.open("/accounts/connections/")
    visitor.press("Connect Apple")
    at_apple(visitor, "maralind")
    visitor.sees("Your connected accounts")
    check_the_hop(session=True)
    assert SocialAccount.objects.get().user == user
