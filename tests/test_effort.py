"""What is tried in every run, in one beside it, and at night."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.effort import SAMPLE
from tests.shipped import NAMES, PROTOCOLS

ROOT = Path(__file__).parent.parent
INI = "[pytest]\naddopts = --strict-markers\nmarkers =\n    slow: s\n    lasting: l\n    nightly: n\n    whole: w\n"
FILES = {
    "test_many.py": """
import pytest
from tests.effort import SAMPLE, either
from tests.shipped import NAMES
@pytest.mark.parametrize("slug", sorted(NAMES))
def test_every(slug): pass
@pytest.mark.whole
@pytest.mark.parametrize("slug", sorted(NAMES))
def test_whole(slug): pass
@pytest.mark.parametrize("slug", ["gitlab", "x"])
def test_two(slug): pass
@pytest.mark.parametrize("slug", sorted(NAMES - SAMPLE))
def test_others(slug): pass
@pytest.mark.nightly
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
COLLECTED = {
    "test_gc.py": """
import gc
def is_in_sight(): return any(each is is_in_sight for each in gc.get_objects())
def test_frozen(): assert not is_in_sight()
def test_in_sight(): assert is_in_sight()
"""
}
SERVERS = "postgres://nobody@127.0.0.1:1/none,mysql://nobody@127.0.0.1:1/none"


#: What a run beside this one is not to be told.
OURS = {"CI", "EFFORT", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS"}
ORDER = "--no-loadscope-reorder"


def run(folder: Path, *more: str, files: Mapping[str, str] = FILES, **environment: str) -> tuple[int, list[str], str]:
    """Run the files; return the exit status, the tests that passed in their order, and what was printed."""
    for name, content in {"pytest.ini": INI, **files}.items():
        (folder / name).write_text(content, "utf-8")
    rest = {name: value for name, value in os.environ.items() if name not in OURS}
    path = f"{ROOT}{os.pathsep}{ROOT / 'providers'}"
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-p", "no:django", "-p", "tests.effort"]
    env = {**rest, "PYTHONPATH": path, "SOCIALREG_TEST_DATABASES": SERVERS, **environment}
    done = subprocess.run([*command, *more], cwd=folder, env=env, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return done.returncode, re.findall(r"^test_\w+\.py::(\S+) PASSED", said, re.M), said


ORDINARY = ["test_one[postgres]", "test_with[sqlite-twitter]", "test_with[postgres-twitter]"]
ORDINARY += ["test_with[mysql-twitter]", "test_with[postgres-x]"]
TWO = ["test_two[gitlab]", "test_two[x]"]


def of(test: str, slugs: Iterable[str]) -> list[str]:
    return [f"{test}[{slug}]" for slug in sorted(slugs)]


OTHERS = of("test_others", NAMES - SAMPLE)


def test_every_run_does_without_what_is_for_the_night_and_begins_with_what_lasts(tmp_path):
    status, passed, said = run(tmp_path, ORDER)
    assert status == 0, said
    assert passed == [*ORDINARY, *of("test_every", NAMES), *of("test_whole", NAMES), *TWO, *OTHERS, "test_number"]
    assert "4 deselected" in said


def test_whoever_names_files_gets_them_in_their_order(tmp_path):
    status, passed, said = run(tmp_path, "test_many.py", "test_one.py")
    assert (status, passed[-5:]) == (0, ORDINARY), said


def test_at_night_there_is_all_of_it_with_the_higher_numbers(tmp_path):
    status, passed, said = run(tmp_path, EFFORT="nightly")
    assert {*ORDINARY, "test_slow", "test_one[mysql]", "test_with[sqlite-x]", "test_with[mysql-x]"} < set(passed)
    assert (status, "test_number" in passed) == (1, False), "either() is 2"
    assert "deselected" not in said


def test_a_sample_has_one_provider_of_each_protocol_and_nothing_slow(tmp_path):
    """And Mastodon; but all of what is marked whole, of few, and of those that are none of these."""
    status, passed, said = run(tmp_path, "--sample", ORDER)
    assert status == 0, said
    sampled = {*PROTOCOLS, "mastodon"}
    assert passed == [*ORDINARY, *of("test_every", sampled), *of("test_whole", NAMES), *TWO, *OTHERS, "test_number"]
    assert f"{4 + len(NAMES - sampled)} deselected" in said


def test_what_stays_to_the_end_is_out_of_the_collectors_sight_in_processes_of_xdist_alone(tmp_path):
    assert run(tmp_path, files=COLLECTED)[1] == ["test_in_sight"]
    status, _, said = run(tmp_path, "-n", "1", files=COLLECTED)
    assert (status, said.count("PASSED test_gc.py::test_frozen")) == (1, 1), said


def test_an_effort_that_nobody_knows_is_no_silent_ordinary_one(tmp_path):
    status, passed, said = run(tmp_path, EFFORT="nigthly")
    assert (status, passed) == (pytest.ExitCode.USAGE_ERROR, [])
    assert "EFFORT=nigthly is none of ordinary, nightly" in said
