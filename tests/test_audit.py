"""What ``make lint`` says of known vulnerabilities: what was asked, what came back, and where nobody could be asked.

The answers are in the form that pip-audit 2.10 gives them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import audit
from tests.audit import CANARY, ROOT, UNREACHABLE, WARNING, judge, main, runtime

VERSIONS = {"django": "5.2.19", "requests": "2.34.2"}
KNOWN = {
    "id": "PYSEC-2019-217",
    "fix_versions": ["2.10.1"],
    "aliases": ["CVE-2019-10906"],
    "description": "a sandbox that can be left",
}
FOUND = {
    "id": "PYSEC-2099-1",
    "fix_versions": ["5.2.20", "6.0.1"],
    "aliases": ["CVE-2099-1", "GHSA-x"],
    "description": "bad",
}


def said(name: str, version: str, *vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": list(vulnerabilities)}


def skipped(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "skip_reason": f"Dependency not found and could not be audited: {name} ({version})"}


def done(*answers: dict[str, Any], status: int = 0, stderr: str = "") -> subprocess.CompletedProcess[str]:
    text = json.dumps({"dependencies": list(answers), "fixes": []})
    return subprocess.CompletedProcess([], status, text, stderr)


def failed(stderr: str, status: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], status, "", stderr)


WELL = (said(*CANARY, KNOWN), said("django", "5.2.19"), said("requests", "2.34.2"))


# -- what came back


def test_where_nothing_is_known_it_says_of_how_many():
    assert judge(VERSIONS, done(*WELL, status=1)) == (0, ["2 packages audited, no known vulnerabilities"])


def test_a_known_vulnerability_fails_and_is_named_with_what_mends_it():
    answers = (said(*CANARY, KNOWN), said("django", "5.2.19", FOUND), said("requests", "2.34.2"))
    assert judge(VERSIONS, done(*answers, status=1)) == (
        1,
        ["django 5.2.19 is vulnerable: PYSEC-2099-1, CVE-2099-1, GHSA-x; mended in 5.2.20 or 6.0.1"],
    )


def test_one_that_nothing_mends_yet_fails_too():
    answers = (said(*CANARY, KNOWN), said("Django", "5.2.19", {**FOUND, "fix_versions": []}))
    status, lines = judge(VERSIONS, done(*answers))
    assert (status, lines[0].endswith("; mended in no release yet")) == (1, True)


def test_a_vulnerability_counts_whatever_else_could_not_be_asked():
    status, _ = judge(VERSIONS, done(skipped(*CANARY), said("django", "5.2.19", FOUND), skipped("requests", "2.34.2")))
    assert status == 1


NOBODY = {
    "all are skipped": (skipped(*CANARY), skipped("django", "5.2.19"), skipped("requests", "2.34.2")),
    "a mirror that has packages and knows of no vulnerability": (
        said(*CANARY),
        said("django", "5.2.19"),
        said("requests", "2.34.2"),
    ),
    "an empty answer": (),
    "the one that is known to be vulnerable is missing": WELL[1:],
}


@pytest.mark.parametrize("answers", NOBODY.values(), ids=NOBODY)
def test_where_nobody_could_be_asked_it_says_so_and_never_that_nothing_is_known(answers):
    status, lines = judge(VERSIONS, done(*answers))
    assert lines[-1].startswith("WARNING: ")
    assert (status, lines) == (0, [f"2 packages {UNREACHABLE}", WARNING])
    assert "no known" not in "".join(lines)


def test_what_was_not_asked_of_some_is_said_of_those():
    answers = (said(*CANARY, KNOWN), said("django", "5.2.19"), skipped("requests", "2.34.2"))
    assert judge(VERSIONS, done(*answers)) == (
        0,
        ["1 packages audited, no known vulnerabilities", "could not be audited: requests"],
    )


NO_WAY_OUT = {
    "no route": "Traceback (most recent call last):\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(...)",
    "a proxy": "requests.exceptions.ProxyError: HTTPSConnectionPool(...): Max retries exceeded",
    "an inspected connection": "requests.exceptions.SSLError: certificate verify failed",
    "no answer": "requests.exceptions.ReadTimeout: read timed out",
    "out of order": "requests.exceptions.HTTPError: 503 Server Error\nServiceError",
    "in its own words": "ERROR:pip_audit._cli:Could not connect to the vulnerability feed\nTip: your network ...",
}


@pytest.mark.parametrize("stderr", NO_WAY_OUT.values(), ids=NO_WAY_OUT)
def test_a_machine_without_a_way_out_is_no_vulnerability(stderr):
    assert judge(VERSIONS, failed(stderr)) == (0, [UNREACHABLE, WARNING])


BROKEN = {
    "usage": (failed("usage: pip-audit ...\npip-audit: error: unrecognized arguments: --x", 2), "unrecognized"),
    "its own error": (failed("ERROR:pip_audit._cli:package django has duplicate requirements"), "duplicate"),
    "silence": (failed(""), "it said nothing"),
    "another form": (subprocess.CompletedProcess([], 0, "[]", "odd"), "odd"),
}


@pytest.mark.parametrize(("answer", "words"), BROKEN.values(), ids=BROKEN)
def test_a_tool_that_fails_by_itself_is_a_failure(answer, words):
    status, lines = judge(VERSIONS, answer)
    assert status == 1
    assert re.match(f"pip-audit failed: .*{words}", lines[0])


# -- what is asked


def test_what_is_asked_about_is_what_a_site_installs_in_the_versions_that_are_pinned():
    found = runtime()
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    assert {"django", "requests", "urllib3", "cryptography", "pyjwt", "certifi", "oauthlib", "django-environ"} <= set(
        found
    )
    assert {"asgiref", "sqlparse", "cffi", "idna", "charset-normalizer"} <= set(found), "what those need"
    free = {name for name, version in found.items() if f"{name}=={version}".lower() not in pinned.lower()}
    assert free == {"oauthlib"}


def test_nothing_else_is_asked_about():
    """Not the tools that it is developed with, nor what is installed for an extra alone."""
    assert not {"pytest", "ruff", "mypy", "tweepy", "selenium", "pip-audit", "prometheus-client"} & set(runtime())
    assert CANARY[0] not in runtime()


def test_every_dependency_of_the_project_is_asked_about():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {re.split(r"[<>=~! ]", each)[0].lower() for each in project["dependencies"]}
    assert named <= set(runtime())


# -- the tool itself


@pytest.fixture
def tool(tmp_path: Path) -> Callable[[str], list[str]]:
    """A program in the place of pip-audit, of these lines."""

    def make(code: str) -> list[str]:
        file = tmp_path / "tool.py"
        file.write_text(f"import sys, json, time\nlines = open(sys.argv[-1]).read().splitlines()\n{code}", "utf-8")
        return [sys.executable, str(file)]

    return make


ALL_WELL = """
answers = [{"name": each.split("==")[0], "version": each.split("==")[1], "vulns": []} for each in lines]
answers[-1]["vulns"] = [{"id": "A", "fix_versions": [], "aliases": []}]
print(json.dumps({"dependencies": answers, "fixes": []}))
"""


def test_the_tool_is_given_the_versions_resolves_nothing_and_is_believed(tool, capsys, tmp_path):
    seen = tmp_path / "seen"
    assert main(tool(f"open({str(seen)!r}, 'w').write(' '.join(sys.argv) + ' ' + ' '.join(lines)){ALL_WELL}")) == 0
    assert capsys.readouterr().out == f"{len(runtime())} packages audited, no known vulnerabilities\n"
    asked = seen.read_text()
    assert "--no-deps --disable-pip" in asked
    assert all(f"{name}=={version}" in asked for name, version in runtime().items())
    assert "==".join(CANARY) in asked


def test_a_known_vulnerability_is_an_exit_status(tool, capsys):
    found = ALL_WELL.replace("print(", 'answers[0]["vulns"] = answers[-1]["vulns"]; print(')
    assert main(tool(f"{found}\nsys.exit(1)")) == 1
    assert "is vulnerable: A; mended in no release yet" in capsys.readouterr().out


def test_one_that_does_not_end_is_ended(tool, capsys, monkeypatch):
    monkeypatch.setattr(audit, "PATIENCE", 0.5)
    assert main(tool("time.sleep(60)")) == 0
    assert capsys.readouterr().out == f"{UNREACHABLE}\n{WARNING}\n"
