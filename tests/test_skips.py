"""What is missing on a machine: a skip that says so, and with ``CI=true`` a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import caches, stores

ROOT = Path(__file__).parent.parent
SKIPPED = {
    "test_file.py": """
import pytest
pytest.skip("not today", allow_module_level=True)
""",
    "test_one.py": """
import pytest
@pytest.mark.skip(reason="nor tomorrow")
def test_that_is_skipped(): pass
@pytest.mark.xfail(reason="known")
def test_that_fails_as_is_known(): assert False
""",
}
ON_EVERYTHING = """
import pytest
from tests import caches, stores
@pytest.fixture
def database(request): return request.param
shared = database
@stores.on("sqlite", "postgres", "mysql")
def test_on_every_database(database): pass
@caches.everywhere
def test_on_every_cache(shared): pass
def test_in_redis():
    with caches.in_redis(): pass
"""
#: With nothing named but what every machine has.
BARE = {"SOCIALREG_TEST_DATABASES": "", "SOCIALREG_TEST_CACHE": ""}


def run(folder: Path, files: Mapping[str, str], *more: str, **environment: str) -> tuple[int, str]:
    """Run some files of tests; return the exit status, and what was printed."""
    for name, content in {"pytest.ini": "[pytest]\n", **files}.items():
        (folder / name).write_text(content, "utf-8")
    rest = {name: value for name, value in os.environ.items() if name not in {"CI", "DJANGO_SETTINGS_MODULE", *BARE}}
    path = f"{ROOT}{os.pathsep}{ROOT / 'providers'}"
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "tests.skips", *more]
    env = {**rest, "PYTHONPATH": path, **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_is_skipped_elsewhere_is_no_failure(tmp_path: Path):
    status, said = run(tmp_path, SKIPPED)
    assert status == 0
    assert "2 skipped, 1 xfailed" in said


@pytest.mark.parametrize("more", [[], ["-n", "2"]])
def test_what_is_skipped_on_the_build_server_is_a_failure_a_whole_file_too(tmp_path: Path, more: list[str]):
    status, said = run(tmp_path, SKIPPED, "--continue-on-collection-errors", *more, CI="true")
    assert status == 1
    assert "test_file.py was skipped, and CI=true allows no skip" in said
    assert "test_one.py::test_that_is_skipped was skipped, and CI=true allows no skip" in said
    assert "1 xfailed, 2 errors" in said


def test_no_test_is_gone_where_a_database_or_a_cache_is_not_named(tmp_path: Path):
    status, said = run(tmp_path, {"test_all.py": ON_EVERYTHING}, **BARE)
    assert status == 0
    assert "3 passed, 7 skipped" in said  # SQLite, and caches in it and in files


def test_on_the_build_server_what_is_not_named_is_a_failure_that_says_what_to_set(tmp_path: Path):
    status, said = run(tmp_path, {"test_all.py": ON_EVERYTHING}, CI="true", **BARE)
    assert status == 1
    assert "1 failed, 3 passed, 6 errors" in said
    for name, url in stores.WANTED.items():
        assert (f"SOCIALREG_TEST_DATABASES names no {name}: add one to it, such as {url}" in said) is (name != "sqlite")
    for name, url in caches.WANTED.items():
        assert f"SOCIALREG_TEST_CACHE names no {name}: add one to it, such as {url}" in said
