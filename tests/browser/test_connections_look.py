"""The pages of somebody's accounts, in every state, photographed and measured."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from django.conf import settings
from django.core import signing

from .camera import look
from .conftest import Sandbox
from .visitor import Visitor

pytestmark = pytest.mark.browser


def change_session(visitor: Visitor, sandbox: Sandbox, **values: Any) -> None:
    """Change what the site has noted in the session of this browser."""
    cookie = visitor.browser.get_cookie("sessionid")
    assert cookie is not None
    with closing(sqlite3.connect(sandbox.database, timeout=30)) as connection:
        found = connection.execute("SELECT session_data FROM django_session WHERE session_key = ?", [cookie["value"]])
        (data,) = found.fetchone()
    salt, key = "django.contrib.sessions.SessionStore", settings.SECRET_KEY
    session = signing.loads(data, key, salt) | values
    changed = signing.dumps(session, key, salt, compress=True)
    sandbox.change("UPDATE django_session SET session_data = ? WHERE session_key = ?", changed, cookie["value"])


def test_an_account_that_has_to_be_connected_again(visitor: Visitor, sandbox: Sandbox):
    visitor.register("maralind")
    sandbox.change("UPDATE socialreg_socialaccount SET lost_at = '2026-01-01 00:00:00', lost_code = 'revoked'")
    visitor.open("/accounts/connections/")
    look(visitor, "connections-lost")
    visitor.press("Connect it again")
    visitor.consent("maralind")
    visitor.sees("Your connected accounts")
    assert "Connect it again" not in visitor.one("main").text


def test_what_was_removed(visitor: Visitor, sandbox: Sandbox):
    visitor.register("maralind")
    removed = {
        "accounts": [["twitter", "kestrel"], ["github", "someone-with-a-very-long-handle-" * 3]],
        "password": True,
    }
    change_session(visitor, sandbox, socialreg_removed=removed)
    visitor.open("/accounts/connections/?next=/")
    look(visitor, "connections-removed")
    visitor.press("Go on")
    visitor.is_at("/")


def test_logging_in_once_more(visitor: Visitor, sandbox: Sandbox):
    visitor.register("maralind")
    change_session(visitor, sandbox, socialreg_since=1)
    visitor.open("/accounts/connections/")
    visitor.press("Connect GitHub")
    visitor.sees("Log in once more")
    look(visitor, "again")
    visitor.press("Log in with X")  # which knows the person still, and the site
    visitor.sees("Your connected accounts")
    visitor.press("Connect GitHub")
    visitor.until(lambda browser: not browser.current_url.startswith(sandbox.url))


def test_logging_in_once_more_with_a_password(visitor: Visitor, sandbox: Sandbox):
    visitor.open("/login/")
    visitor.write("username", "demo")
    visitor.write("password", "demo")
    visitor.press("Log in")
    visitor.until(lambda _: visitor.named("Log out"))
    change_session(visitor, sandbox, socialreg_since=1)
    visitor.open("/accounts/again/?next=/accounts/connections/")
    visitor.sees("Log in once more")
    look(visitor, "again-password")
    visitor.write("password", "wrong")
    visitor.press("Go on")
    visitor.until(lambda _: visitor.one("[role=alert]"))
    look(visitor, "again-wrong")
    visitor.write("password", "demo")
    visitor.press("Go on")
    visitor.sees("Your connected accounts")


def test_proving_by_another_account(visitor: Visitor, sandbox: Sandbox):
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.consent("ines_moreau")
    visitor.sees("You already have an account")
    look(visitor, "prove-by-another")
