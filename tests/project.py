"""A Django project made from nothing in a folder of its own, its server, and somebody who visits it over real HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

import socialreg
import socialreg_providers

#: Longer than any machine takes: only a broken test waits this long.
PATIENCE = 120.0
#: Where the packages under test were imported from: the project's processes import the same.
_SOURCES = [str(Path(str(package.__file__)).parent.parent) for package in (socialreg, socialreg_providers)]


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Project:
    """A folder, and commands that are run in it."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the environment of the commands: ``python`` is this Python, and no settings are inherited."""
        binaries = self.folder / ".bin"
        python = binaries / "python"
        if not python.exists():
            binaries.mkdir(parents=True)
            python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
            python.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHON"))}
        path = os.pathsep.join([str(binaries), os.environ.get("PATH", "")])
        return {**kept, "PATH": path, "PYTHONPATH": os.pathsep.join(_SOURCES), "PYTHONUNBUFFERED": "1"}

    def run(self, command: str, cwd: Path | None = None) -> str:
        """Run a command line to its end; return what it said."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=cwd or self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def serve(self, command: str, port: int, cwd: Path | None = None) -> Iterator[str]:
        """Run a server until the block ends; give its address once it accepts connections."""
        output = self.folder / f"{port}.log"
        with output.open("w") as log:
            server = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=cwd or self.folder,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its reloader's child ends with it
            )
            try:
                _wait_for(port, server, output)
                yield f"http://127.0.0.1:{port}"
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(PATIENCE)
                _wait_until_free(port)  # the reloader's child may outlive its parent for a moment


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_free(port: int) -> None:
    ends = time.monotonic() + PATIENCE
    while _answers(port) and time.monotonic() < ends:
        time.sleep(0.05)  # between two looks at a process that has no other way to say that it is gone


def _wait_for(port: int, server: subprocess.Popen[bytes], output: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        assert server.poll() is None, output.read_text()
        if _answers(port):
            return
        time.sleep(0.05)  # between two looks at a process that has no other way to say that it is ready
    raise AssertionError(f"No server on {port}: {output.read_text()}")


@dataclass
class Form:
    """A form of a page: where it goes, what its fields hold, and the words on its button."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""
    #: The names of the fields that a person sees.
    asked: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "input" and self.forms and "name" in given:
            box = given.get("type") == "checkbox"
            self.forms[-1].fields[given["name"]] = "" if box else given.get("value", "")
            if given.get("type") != "hidden":
                self.forms[-1].asked.add(given["name"])

    def handle_data(self, data: str) -> None:
        if self.forms:
            self.forms[-1].text += data


def forms_of(html: str) -> list[Form]:
    """Return the forms of a page, in order."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


def words_of(html: str) -> str:
    """Return what a person reads on a page, as one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


class Visitor:
    """A browser without pictures: keeps cookies, follows redirects, presses buttons."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.url = site
        self.html = ""
        self._session = requests.Session()
        self._session.trust_env = False

    def open(self, address: str) -> str:
        """Open a page; return its HTML."""
        return self._see(self._session.get(urljoin(self.url, address), timeout=PATIENCE))

    def press(self, text: str, **answers: str) -> str:
        """Fill in the form that has these words on its button, and press it; return the page that follows."""
        matching = [form for form in forms_of(self.html) if text in form.text]
        assert matching, f"No button {text!r} on {self.url}: {words_of(self.html)}"
        return self.submit(matching[0], **answers)

    def submit(self, form: Form, **answers: str) -> str:
        """Send a form as a browser does, an empty box left out; return the page that follows."""
        address = urljoin(self.url, form.action)
        data = {name: value for name, value in {**form.fields, **answers}.items() if value}
        return self._see(self._session.post(address, data, headers={"Referer": self.url}, timeout=PATIENCE))

    @property
    def path(self) -> str:
        """The path and query of the page that is open."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _see(self, response: requests.Response) -> str:
        self.url, self.html = response.url, response.text
        return self.html

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
