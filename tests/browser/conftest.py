"""A sandbox in a process of its own, and headless Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from .process import PATIENCE, environment, free_ports, greeting, start
from .visitor import Visitor

_OFF = 2  # "block", in Chromium's content settings
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


_AS_NEW = (
    "UPDATE sandbox_organisation SET twitter_id = NULL",
    "UPDATE sandbox_bot SET twitter_id = NULL",
    "DELETE FROM sandbox_portrait",
    "DELETE FROM socialreg_socialaccount",
    "DELETE FROM socialreg_useraddress",
    "DELETE FROM socialreg_signinevent",
    "DELETE FROM auth_user WHERE username NOT IN ('demo', 'staff')",
    "UPDATE auth_user SET first_name = 'Inês', last_name = 'Moreau' WHERE username = 'demo'",
    "UPDATE auth_user SET email = 'ines.moreau@example.net' WHERE username = 'demo'",
)


@dataclass(frozen=True)
class Sandbox:
    """The demo site, its stand-in and its real provider: three addresses and a database file."""

    url: str
    stand_in: str
    acme: str
    database: Path

    def fault(self, name: str, path: str) -> None:
        """Switch a fault on, by the stand-in's own page."""
        self._switch({"do": "on", "name": name, "path": path})

    def as_new(self) -> None:
        """Forget everybody but the users who are there from the start, and switch all faults off."""
        self._switch({"do": "clear"})
        for statement in _AS_NEW:
            self.change(statement)

    def change(self, statement: str, *values: str) -> None:
        """Change the database behind the site's back."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            connection.execute(statement, values)

    def _switch(self, form: dict[str, str]) -> None:
        with urlopen(f"{self.stand_in}/faults", urlencode(form).encode(), timeout=10) as answer:
            assert answer.status == 200


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox on free ports, with a file of its own; Ctrl-C ends it, and nothing went wrong in it."""
    folder = tmp_path_factory.mktemp("sandbox")
    ports = free_ports()
    log = folder / "log"
    with start(environment(folder, ports), log) as process:
        assert "Ctrl-C stops" in greeting(process), log.read_text()
        yield Sandbox(*(f"http://127.0.0.1:{port}" for port in ports), folder / "db.sqlite3")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser that runs no page's JavaScript."""
    with _browser({"javascript": _OFF}, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def chromium_without_cookies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser that keeps no cookie."""
    with _browser({"javascript": _OFF, "cookies": _OFF}, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def visitor(chromium: Chrome, sandbox: Sandbox) -> Visitor:
    """Somebody who has never been here, at a site where nobody but the demo user is registered."""
    sandbox.as_new()
    visitor = Visitor(chromium, sandbox.url)
    visitor.forget()
    return visitor


@pytest.fixture
def visitor_without_cookies(chromium_without_cookies: Chrome, sandbox: Sandbox) -> Visitor:
    """Somebody whose browser keeps no cookie."""
    sandbox.as_new()
    return Visitor(chromium_without_cookies, sandbox.url)


def _browser(blocked: dict[str, int], profile: Path) -> Chrome:
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for switch in (*_SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    preferences = {f"profile.managed_default_content_settings.{name}": value for name, value in blocked.items()}
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options, Service(_program("chromedriver")))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} is not installed: Debian and Ubuntu have it in the packages chromium and chromium-driver"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
