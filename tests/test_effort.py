"""What is tried in every run, in one beside it, and at night."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shipped import NAMES, PROTOCOLS

ROOT = Path(__file__).parent.parent
INI = "[pytest]\naddopts = --strict-markers\nmarkers =\n    slow: s\n    lasting: l\n    nightly: n\n"
FILES = {
    "test_many.py": """
import pytest
from tests.effort import either
from tests.shipped import NAMES
@pytest.mark.parametrize("slug", sorted(NAMES))
def test_every(slug): pass
@pytest.mark.parametrize("slug", ["mastodon", "x"])
def test_two(slug): pass
@pytest.mark.slow
def test_slow(): pass
def test_number(): assert either(1, at_night=2) == 1
""",
    "test_one.py": """
import pytest
from tests import stores
pytestmark = pytest.mark.lasting
@pytest.fixture
def database(request): return request.param
@stores.on("postgres", at_night=["mysql"])
def test_one(database): pass
@stores.on_with("slug", "twitter", "x")
def test_with(database, slug): pass
""",
}
SERVERS = "postgres://nobody@127.0.0.1:1/none,mysql://nobody@127.0.0.1:1/none"


def run(folder: Path, *more: str, **environment: str) -> tuple[int, list[str], str]:
    """Run the files; return the exit status, the tests that passed in their order, and what was printed."""
    for name, content in {"pytest.ini": INI, **FILES}.items():
        (folder / name).write_text(content, "utf-8")
    rest = {name: value for name, value in os.environ.items() if name not in {"CI", "EFFORT", "DJANGO_SETTINGS_MODULE"}}
    path = f"{ROOT}{os.pathsep}{ROOT / 'providers'}"
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-p", "no:django", "-p", "tests.effort"]
    env = {**rest, "PYTHONPATH": path, "SOCIALREG_TEST_DATABASES": SERVERS, **environment}
    done = subprocess.run([*command, *more], cwd=folder, env=env, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return done.returncode, re.findall(r"^test_\w+\.py::(\S+) PASSED", said, re.M), said


ORDINARY = ["test_one[postgres]", "test_with[sqlite-twitter]", "test_with[postgres-twitter]"]
ORDINARY += ["test_with[mysql-twitter]", "test_with[postgres-x]"]
TWO = ["test_two[mastodon]", "test_two[x]"]


def test_every_run_does_without_what_is_for_the_night_and_begins_with_what_lasts(tmp_path):
    status, passed, said = run(tmp_path)
    assert status == 0, said
    assert passed == [*ORDINARY, *(f"test_every[{slug}]" for slug in sorted(NAMES)), *TWO, "test_slow", "test_number"]
    assert "3 deselected" in said


def test_at_night_there_is_all_of_it_with_the_higher_numbers(tmp_path):
    status, passed, said = run(tmp_path, EFFORT="nightly")
    assert {*ORDINARY, "test_one[mysql]", "test_with[sqlite-x]", "test_with[mysql-x]"} < set(passed)
    assert (status, "test_number" in passed) == (1, False), "either() is 2"
    assert "deselected" not in said


def test_a_sample_has_one_provider_of_each_protocol_and_nothing_slow(tmp_path):
    status, passed, said = run(tmp_path, "--sample")
    assert status == 0, said
    assert passed == [*ORDINARY, *(f"test_every[{slug}]" for slug in sorted(PROTOCOLS)), *TWO, "test_number"]


def test_an_effort_that_nobody_knows_is_no_silent_ordinary_one(tmp_path):
    status, passed, said = run(tmp_path, EFFORT="nigthly")
    assert (status, passed) == (pytest.ExitCode.USAGE_ERROR, [])
    assert "EFFORT=nigthly is none of ordinary, nightly" in said
