"""The question for somebody's server: by keyboard, without JavaScript, photographed in light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from socialreg.registry import providers
from tests.test_server_question import Islands

from .camera import look
from .secure import SITE_HOST, serving
from .visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

QUESTION = "Where is your Islands account?"


class Home(Islands):
    """Lets people arrive at a page of the site's own instead of at a server."""

    slug = "home"

    def authorize(self, redirect_uri, intent, options):
        redirect = super().authorize(redirect_uri, intent, options)
        return type(redirect)("/home/", redirect.key, redirect.pending)


@pytest.fixture
def visitor(chromium: Chrome, settings) -> Iterator[Visitor]:
    cache.clear()
    settings.ALLOWED_HOSTS = [SITE_HOST]
    with serving(None) as site:
        settings.SOCIALREG = {"BASE_URL": site, "PROVIDERS": {"home": {"PROVIDER": Home}}}
        visitor = Visitor(chromium, site)
        visitor.forget()
        Islands.told.clear()
        yield visitor
        assert visitor.complaints() == []
    providers.clear()


def test_how_the_question_looks(visitor: Visitor):
    visitor.open("/accounts/")
    visitor.press("Log in with Islands")
    visitor.sees(QUESTION)
    look(visitor, "server")
    visitor.write("server", "a server whose name is not one, and long enough to be cut off at the field's end")
    visitor.press("Continue")
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "server-wrong")
    visitor.browser.execute_script("document.documentElement.dir = 'rtl'")
    look(visitor, "server-rtl")


def test_the_question_by_keyboard(visitor: Visitor):
    visitor.open("/accounts/")
    visitor.press("Log in with Islands")
    visitor.sees(QUESTION)
    assert visitor.focus_is_visible()
    visitor.key("no such")
    visitor.key(Keys.ENTER)
    visitor.until(lambda _: visitor.one("[role=alert]"))
    assert visitor.value("server") == "no such"
    visitor.key(Keys.CONTROL + "a")
    visitor.key("harbour.example")
    visitor.tab_to("Continue")
    visitor.key(Keys.ENTER)
    visitor.is_at("/home/")
    assert Islands.told[-1] == {"server": "harbour.example"}


def test_after_no_answer_the_question_comes_with_what_was_typed(visitor: Visitor):
    visitor.open("/accounts/")
    visitor.press("Log in with Islands")
    visitor.sees(QUESTION)
    visitor.write("server", "down.example")
    visitor.press("Continue")
    visitor.sees("Islands is not available just now")
    look(visitor, "server-failed")
    visitor.press("Try again")
    visitor.sees(QUESTION)
    assert visitor.value("server") == "down.example"
