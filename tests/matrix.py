"""Run the tests on every supported pair of Python and Django whose interpreter is on this machine.

Each pair has an environment of its own, ``.venv-<django>``. The browser walk and the million rows are left to the main
run: they test nothing that differs between releases.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAIRS = {"5.2": "3.11", "6.0": "3.12", "6.1": "3.13"}


def interpreter(version: str) -> str | None:
    """Return a Python of this version: on the path, or among pyenv's, whose shims stand there without working."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    return next((found for found in candidates if found and works(found, version)), None)


def works(python: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == version


def environment(django: str, python: str) -> str:
    """Return the Python of an environment with this Django and the tests' pinned packages."""
    folder = ROOT / f".venv-{django}"
    own = str(folder / "bin" / "python")
    pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    constraints = folder / "constraints.txt"
    if not folder.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    constraints.write_text("\n".join(line for line in pinned if not line.lower().startswith("django==")), "utf-8")
    pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    wanted = ["--constraint", constraints, f"Django~={django}.0", "--editable", ".", "--group", "test"]
    subprocess.run([*pip, *wanted], check=True, cwd=ROOT)
    return own


def run(django: str, version: str) -> bool:
    python = interpreter(version)
    if python is None:
        print(f"Django {django}: left out, there is no Python {version} here", flush=True)
        return True
    print(f"Django {django} on Python {version}", flush=True)
    tests = [environment(django, python), "-m", "pytest", "-q", "-m", "not browser and not slow"]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    done = {django: run(django, version) for django, version in PAIRS.items()}
    sys.exit(not all(done.values()))
