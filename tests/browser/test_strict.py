"""A session cookie that stays at home, ``SameSite=Strict``, in a real browser over https, beside a provider elsewhere.

What the browser sends along is what it decides: nothing here tells it what ``SameSite`` means.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from socialreg.models import SocialAccount

from .secure import SEEN, Seen
from .test_form_post import WALKS, at_provider, log_in_with_password, secure_chromium, visiting
from .visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

__all__ = ["secure_chromium"]
(WALK,) = WALKS
CALLBACK = f"/accounts/{WALK.slug}/callback/"


@pytest.fixture
def visitor(secure_chromium: Chrome, settings, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody in front of a site whose cookies are as strict as can be."""
    settings.SESSION_COOKIE_SAMESITE = settings.CSRF_COOKIE_SAMESITE = "Strict"
    with visiting(WALK, secure_chromium, settings, tmp_path) as visitor:
        yield visitor


def came_back() -> list[Seen]:
    return [seen for seen in SEEN if seen.path == CALLBACK and seen.method == "GET"]


def test_f09_a_new_visitor_registers_and_comes_back(visitor: Visitor):
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press(f"Log in with {WALK.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Create your account")
    first, second = came_back()
    assert (first.comes_from, second.comes_from) == ("cross-site", "same-origin")
    assert first.query == second.query
    visitor.press("Create account")
    visitor.sees("Your connected accounts")

    visitor.forget()
    SEEN.clear()
    visitor.open("/accounts/?next=/accounts/connections/")
    visitor.press(f"Log in with {WALK.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Your connected accounts")
    assert len(came_back()) == 2


def test_f09_somebody_who_is_logged_in_connects_an_account(visitor: Visitor):
    user = log_in_with_password(visitor)
    visitor.open("/accounts/connections/")
    visitor.press(f"Connect {WALK.label}")
    at_provider(visitor, "Continue")
    visitor.sees("Your connected accounts")
    assert SocialAccount.objects.get().user == user
    first, second = came_back()
    assert "sessionid" not in first.cookies
    assert "sessionid" in second.cookies
