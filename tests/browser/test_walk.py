"""From the button to the account and back, in a browser that runs no JavaScript, under a strict Content Security Policy."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .conftest import Sandbox
from .visitor import CONSENT, Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _no_complaint(visitor: Visitor):
    """No step of any walk breaks the policy."""
    yield
    assert visitor.complaints() == []


def test_the_main_walk(visitor: Visitor):
    """Button, consent, a form that is filled in, logged in; log out; log in again without a form."""
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("maralind")

    visitor.sees("Create your account")
    values = {name: visitor.value(name) for name in ("username", "first_name", "last_name", "email")}
    assert values == {
        "username": "maralind",
        "first_name": "Mara",
        "last_name": "Lindqvist",
        "email": "mara.lindqvist@example.com",
    }
    assert "Verified by X" in visitor.one(".socialreg-verified").text
    visitor.press("Create account")
    visitor.sees("Welcome, Mara")
    assert visitor.is_at("/welcome/")

    visitor.press("Log out")
    visitor.sees("Swap seeds with the people next door")
    visitor.press("Log in with X")
    visitor.sees("Welcome, Mara")
