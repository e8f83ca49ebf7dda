"""What ``django.setup()`` pays for this package: counted in modules and megabytes, in processes of their own.

How long it takes is for ``make bench``. What it imports decides that, and is the same on every machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import socialreg
import socialreg_providers
from tests import shipped

_SOURCES = [str(Path(str(package.__file__)).parent.parent) for package in (socialreg, socialreg_providers)]

#: The apps of ``startproject``.
BARE = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
#: Promised are 15. Measured is 1: so there is room for other systems and for growth, and none for another library.
MOST_MEGABYTES = 6
#: Modules of ours, of which there were 41 when this was written, nine of them the admin's.
MOST_MODULES = 43

#: Sets a project up and prints what that came to. ``{then}`` runs afterwards.
_PROJECT = """
import json, os, sys
sys.path[:0] = {sources!r}
from django.conf import settings
settings.configure(
    INSTALLED_APPS={apps!r}, SOCIALREG=json.loads({socialreg!r}), SECRET_KEY="x" * 50, STATIC_URL="/static/",
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    ROOT_URLCONF="urls", TEMPLATES=[{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}],
)
def memory():
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
import django
memory_before = memory()
django.setup()
grown = memory_before and memory() - memory_before
modules = sorted(sys.modules)
{then}
print(json.dumps([modules, grown]))
"""


@dataclass(frozen=True)
class SetUp:
    """What a process had imported, and how many bytes its memory had grown by."""

    modules: frozenset[str]
    grown: int | None


def set_up(*apps: str, providers: dict[str, Any] | None = None, then: str = "") -> SetUp:
    """Set up a project in a process of its own."""
    given = json.dumps({"BASE_URL": "https://example.com", "PROVIDERS": providers or {}})
    code = _PROJECT.format(sources=_SOURCES, apps=[*BARE, *apps], socialreg=given, then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules, grown = json.loads(done.stdout.splitlines()[-1])
    return SetUp(frozenset(modules), grown)


@pytest.fixture(scope="module")
def bare() -> SetUp:
    return set_up()


@pytest.fixture(scope="module")
def full() -> SetUp:
    """A project with all that ships enabled."""
    return set_up("socialreg", providers=shipped.everything())


def test_as_many_are_enabled_as_are_promised():
    assert len(shipped.everything()) >= shipped.PROMISED


def test_no_library_is_imported_that_only_a_login_needs(bare, full):
    """Not requests, urllib3, certifi, oauthlib, jwt, cryptography: nothing at all but this package."""
    packages = {name.partition(".")[0] for name in full.modules - bare.modules}
    assert packages - set(sys.stdlib_module_names) == {"socialreg"}


def test_no_provider_is_imported_and_nothing_that_speaks_to_one(full):
    ours = {name for name in full.modules if name.startswith("socialreg")}
    assert not [name for name in ours if name.startswith("socialreg_providers")]
    rooms = {name.removeprefix("socialreg.") for name in ours}
    assert not rooms & {"http", "sockets", "oauth1", "oauth2", "oidc", "shared", "ciphers", "views", "testing", "env"}


def test_the_number_of_modules_does_not_grow_unseen(bare, full):
    """Those of Python's own library included."""
    new = full.modules - bare.modules
    assert len(new) <= MOST_MODULES, sorted(new)


def test_enabling_all_providers_imports_no_more_than_enabling_none(full):
    assert full.modules == set_up("socialreg").modules


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from Linux's /proc")
def test_the_memory_it_takes_is_within_the_budget():
    """The least of three: whatever else a system does to a process adds to it."""
    bare, full = (min(_grown(apps) for _ in range(3)) for apps in ([], ["socialreg"]))
    assert (full - bare) / 2**20 <= MOST_MEGABYTES


def _grown(apps: list[str]) -> int:
    grown = set_up(*apps, providers=shipped.everything()).grown
    assert grown is not None
    return grown


#: Renders the buttons, then runs all checks but those of the database.
_USE = """
import types
from django.core.management import call_command
from django.template import engines
from django.urls import include, path
sys.modules["urls"] = types.ModuleType("urls")
sys.modules["urls"].urlpatterns = [path("accounts/", include("socialreg.urls"))]
page = engines["django"].from_string("{% load socialreg %}{% login_buttons %}{% login_button 'nobody' %}").render({})
assert page.count("<button") == len(settings.SOCIALREG["PROVIDERS"]), page
from django.core import checks
messages = checks.run_checks()
modules = sorted(sys.modules)
"""


def test_a_provider_that_is_not_enabled_is_not_imported_after_buttons_and_checks_either():
    enabled = {"twitter": shipped.entry("twitter"), "corp": {"PROVIDER": "oidc", **shipped.entry("oidc")}}
    used = set_up("socialreg", providers=enabled, then=_USE)
    assert _providers(used.modules) == {"twitter", "oidc"}


def test_nor_does_an_entry_that_is_wrong_import_the_others():
    """The checks name all that ship; they are found in the folder."""
    then = _USE.replace("assert page.count", "page.count") + "assert 'github' in str(messages), messages\n"
    used = set_up("socialreg", providers={"twiter": {}}, then=then)
    assert _providers(used.modules) == set()


#: Enables one after the other; of each, notes which modules are new.
_ONE_BY_ONE = """
from django.test import override_settings
from socialreg.registry import providers
told = {}
for slug, entry in settings.SOCIALREG["PROVIDERS"].items():
    before = set(sys.modules)
    with override_settings(SOCIALREG={"PROVIDERS": {slug: entry}}):
        providers[slug]
    told[slug] = sorted(set(sys.modules) - before)
pairs = [(slug, name) for slug, names in told.items() for name in names]
modules = [" ".join(pair) for pair in pairs if pair[1].startswith("socialreg_providers.")]
"""


def test_a_provider_imports_no_other():
    """What two have in common stands in a module of its own, with an underscore, or in the package below."""
    told = set_up("socialreg", providers=shipped.everything(), then=_ONE_BY_ONE).modules
    generic = {name: slug for slug, name in shipped.GENERIC.items()}
    pairs = [line.replace("socialreg_providers.", "").split() for line in told]
    strangers = [
        (slug, name) for slug, name in pairs if name[0] != "_" and name != generic.get(slug, slug).replace("-", "_")
    ]
    assert strangers == []
    assert len(pairs) >= len(shipped.everything())


def _providers(modules: frozenset[str]) -> set[str]:
    names = {name.partition(".")[2] for name in modules if name.startswith("socialreg_providers.")}
    return {name for name in names if not name.startswith("_")}
