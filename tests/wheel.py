"""Install the wheel into an environment of its own and run the tests against it, with no source in sight."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "build" / "wheel"
#: What needs the repository, and what is shown by the main run and has nothing to do with packaging.
LEFT_OUT = (
    "browser",
    "matrix.py",
    "test_acme_sso.py",
    "test_answer.py",
    "test_audit.py",
    "test_docs.py",
    "test_docs_audit.py",
    "test_effort.py",
    "test_env.py",
    "test_files.py",
    "test_guide.py",
    "test_http.py",
    "test_matrix.py",
    "test_million.py",
    "test_mutation.py",
    "test_mutation_page.py",
    "test_readme.py",
    "test_security_table.py",
    "test_skips.py",
    "test_testing.py",
    "test_tweepy.py",
    "test_types.py",
    "wheel.py",
)

_INI = """[pytest]
pythonpath = .
testpaths = tests
DJANGO_SETTINGS_MODULE = tests.settings
addopts = -ra --strict-markers -m "not browser" --sample
    --ignore=tests/faults --ignore=tests/fuzz --ignore=tests/mutation --ignore=tests/security
filterwarnings = error
markers =
    browser: left out here
    slow: left out here
    lasting: left out here
    nightly: left out here
    whole: run here
"""
_WHERE = """
import oauthlib, socialreg, socialreg_providers
print(socialreg.__file__, socialreg_providers.__file__, oauthlib.__version__.partition(".")[0])
"""


def main() -> int:
    (wheel,) = (ROOT / "dist").glob("*.whl")
    venv.create(HOUSE / "venv", with_pip=True, clear=True)
    python = str(HOUSE / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    groups = ["--group", "services", "--group", "tools"]  # not tweepy, which keeps oauthlib below 4
    subprocess.run([*pip, "--constraint", "constraints.txt", str(wheel), *groups], check=True, cwd=ROOT)
    shutil.copytree(ROOT / "tests", HOUSE / "tests", ignore=shutil.ignore_patterns("__pycache__", *LEFT_OUT))
    shutil.copytree(ROOT / "docs" / "examples", HOUSE / "docs" / "examples")  # forms that tests register with
    shutil.copytree(ROOT / "docs" / "reference", HOUSE / "docs" / "reference")  # pages that tests compare lines with
    (HOUSE / "pytest.ini").write_text(_INI, "utf-8")
    where = subprocess.run([python, "-c", _WHERE], cwd=HOUSE, check=True, capture_output=True, text=True).stdout
    if where.count("site-packages") != 2 or not where.endswith(" 4\n"):
        print(f"The packages come from elsewhere than the wheel, or oauthlib is not 4: {where}", file=sys.stderr)
        return 1
    tests = [python, "-m", "pytest", "--numprocesses", "3", "--dist", "loadfile"]
    return subprocess.run(tests, cwd=HOUSE, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
