"""Run the tests on every supported pair of Python and Django whose interpreter is on this machine.

Each pair has an environment of its own, ``.venv-<django>``; the pairs run side by side. The pair that the main
environment is made of is left out, for ``make test`` has just run it. So are the browser walk, the faults and what is
made up; of the rest it is a sample (:mod:`tests.effort`), and at night all. The attacks run once more, where Python and
Django are newest: what neither the oldest nor the newest pair shows would be the middle one's alone. A pair that nobody
has tested is the last that is printed; it is no failure, for what a machine has is not this project's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import django

from tests.effort import NIGHTLY

ROOT = Path(__file__).parent.parent
PAIRS = {"5.2": "3.11", "6.0": "3.12", "6.1": "3.13"}
NEWEST = "6.1"
MAIN = (".".join(map(str, django.VERSION[:2])), ".".join(map(str, sys.version_info[:2])))


def interpreter(version: str) -> str | None:
    """Return a Python of this version: on the path, or among pyenv's, whose shims stand there without working."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    return next((found for found in candidates if found and works(found, version)), None)


def works(python: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == version


def environment(release: str, python: str) -> str:
    """Return the Python of an environment with this Django and the tests' pinned packages."""
    folder = ROOT / f".venv-{release}"
    own = str(folder / "bin" / "python")
    if not folder.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(line for line in pinned if not line.lower().startswith("django==")), "utf-8")
    pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    wanted = ["--constraint", constraints, f"Django~={release}.0", "--editable", ".", "--group", "test"]
    subprocess.run([*pip, *wanted], check=True, cwd=ROOT)
    return own


def left_out(release: str) -> tuple[str, ...]:
    """Return the folders of tests that a pair does without."""
    return ("faults", "fuzz", "mutation", *(() if release == NEWEST else ("security",)))


@dataclass(frozen=True)
class Result:
    """What came of a pair: ``told`` is what its tests printed, ``absent`` why there were none."""

    title: str
    told: str = ""
    passed: bool = True
    absent: str = ""


def run(release: str) -> Result:
    """Run the tests of a pair."""
    version = PAIRS[release]
    title = f"Django {release} on Python {version}"
    python = interpreter(version)
    if (release, version) == MAIN:
        return Result(title, "the main environment, tested by make test")
    if python is None:
        return Result(title, absent=f"there is no Python {version} here")
    tests = [environment(release, python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    chosen = ["-m", "not browser", "--numprocesses", "2", "--dist", "loadfile", *([] if NIGHTLY else ["--sample"])]
    chosen += [f"--ignore=tests/{each}" for each in left_out(release)]
    done = subprocess.run([*tests, *chosen], cwd=ROOT, check=False, capture_output=True, text=True)
    return Result(title, f"{done.stdout}{done.stderr}", done.returncode == 0)


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield what is printed, and last what was not tested."""
    yield from (f"{each.title}: {each.told}" for each in results if not each.absent)
    if absent := [each for each in results if each.absent]:
        yield "!" * 79
        yield from (f"NOT TESTED: {each.title}: {each.absent}" for each in absent)


def main() -> int:
    with ThreadPoolExecutor(len(PAIRS)) as pool:
        results = list(pool.map(run, PAIRS))
    for line in lines(results):
        print(line, flush=True)
    return 0 if all(each.passed for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
