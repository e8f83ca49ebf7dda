"""Ask for known vulnerabilities of what a site installs with this package: ``python tests/audit.py``.

That is what ``[project].dependencies`` of ``pyproject.toml`` names and what those need in turn, in the versions that
``constraints.txt`` pins, or, where it leaves one free, in the one that is installed. Development tools are left out.

Where nobody could be asked, it says so, and the exit status is 0: a machine without a way out is no vulnerability. The
status is 1 if a vulnerability is known, or if the tool itself failed.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
TOOL = (str(Path(sys.executable).parent / "pip-audit"),)
#: No pip, and nothing resolved: what is written down is what is asked for.
OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--requirement")
#: A release with vulnerabilities that everybody knows: whoever knows of none there, knows of none anywhere.
CANARY = ("jinja2", "2.10")
#: Seconds for all of it.
PATIENCE = 300
UNREACHABLE = "could not be audited: no vulnerability service reachable"
#: The last line then: a run that asked nobody must not look like one that found nothing.
WARNING = "WARNING: nobody was asked for known vulnerabilities"
#: What the tool says of a network without a way to the service; anything else is a failure of its own.
_NO_WAY_OUT = re.compile(
    r"requests\.exceptions\.\w*(Connection|Proxy|SSL|Timeout|HTTP)|Could not connect|may be blocking"
)


def runtime(root: Path = ROOT) -> dict[str, str]:
    """Return what a site installs: versions by name."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = _pinned((root / "constraints.txt").read_text("utf-8").splitlines())
    found: dict[str, str] = {}
    left = _names(project["dependencies"])
    while left:
        name = left.pop()
        if name not in found:
            found[name] = pinned.get(name) or importlib.metadata.version(name)
            left |= _names(importlib.metadata.requires(name) or ())
    return dict(sorted(found.items()))


def _pinned(lines: Iterable[str]) -> dict[str, str]:
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {canonicalize_name(name.strip()): version.strip() for name, version in pairs}


def _names(requirements: Iterable[str]) -> set[str]:
    """Return the names of requirements that hold here, those of extras left out."""
    read = map(Requirement, requirements)
    return {canonicalize_name(each.name) for each in read if each.marker is None or each.marker.evaluate({"extra": ""})}


def ask(versions: Mapping[str, str], tool: Sequence[str] = TOOL) -> subprocess.CompletedProcess[str]:
    """Run the tool over these versions, and the one that is known to be vulnerable."""
    lines = [f"{name}=={version}" for name, version in (*versions.items(), CANARY)]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(lines), "utf-8")
        command = [*tool, *OPTIONS, str(file)]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def judge(versions: Mapping[str, str], done: subprocess.CompletedProcess[str]) -> tuple[int, list[str]]:
    """Return the exit status, and what is to be said."""
    try:
        answers: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _failed(done.stderr)
    by_name = {canonicalize_name(each["name"]): each.get("vulns") for each in answers}
    known = {name: by_name.get(name) for name in versions}
    said = [_vulnerable(name, versions[name], each) for name, found in known.items() for each in found or ()]
    if said:
        return 1, said
    if not by_name.get(CANARY[0]):
        return 0, [f"{len(versions)} packages {UNREACHABLE}", WARNING]
    asked = [name for name, found in known.items() if found is not None]
    said.append(f"{len(asked)} packages audited, no known vulnerabilities")
    if len(asked) < len(versions):
        said.append(f"could not be audited: {', '.join(name for name in versions if name not in asked)}")
    return 0, said


def _vulnerable(name: str, version: str, vulnerability: Mapping[str, Any]) -> str:
    names = ", ".join([vulnerability["id"], *vulnerability.get("aliases", ())])
    mended = " or ".join(vulnerability.get("fix_versions", ())) or "no release yet"
    return f"{name} {version} is vulnerable: {names}; mended in {mended}"


def _failed(stderr: str) -> tuple[int, list[str]]:
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "it said nothing")
    if _NO_WAY_OUT.search(stderr):
        return 0, [UNREACHABLE, WARNING]
    return 1, [f"pip-audit failed: {last}"]


def main(tool: Sequence[str] = TOOL) -> int:
    versions = runtime()
    try:
        done = ask(versions, tool)
    except subprocess.TimeoutExpired:
        print(f"{UNREACHABLE}\n{WARNING}")
        return 0
    status, said = judge(versions, done)
    print("\n".join(said))
    return status


if __name__ == "__main__":
    sys.exit(main())
