"""The guide "Add a provider", followed to the letter in a fresh project, until its result logs somebody in."""

from __future__ import annotations

import ast
import importlib.util
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.management import call_command

from socialreg.provider import Provider
from socialreg.testing import StandIn
from tests.project import Project, Visitor, forms_of, free_port
from tests.reader import Reader

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs/howto/adding-a-provider.md").read_text("utf-8")
#: The sections that build a provider, and the slug of what they build.
SECTIONS = {"OAuth 2.0": "harbour", "OpenID Connect": "quay", "OAuth 1.0a": "pier"}

#: What the guide takes for granted: a project that socialreg is in.
_SETTINGS = """
INSTALLED_APPS += ["socialreg"]
SOCIALREG = {"BASE_URL": "http://127.0.0.1:8000", "PROVIDERS": {}}
"""
_URLS = """
from django.urls import include
urlpatterns += [path("accounts/", include("socialreg.urls"))]
"""
#: What a test needs and a site does not: the stand-in in the place of the provider.
_STAND_IN = """
SOCIALREG["BASE_URL"] = "{site}"
SOCIALREG["PRIVATE_HOSTS"] = ["{host}"]
SOCIALREG["PROVIDERS"]["{slug}"].update({options})
"""


def section(title: str) -> str:
    """Return a section of the guide."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def class_in(path: Path, slug: str) -> type[Provider]:
    """Return the provider's class in a module of another project."""
    spec = importlib.util.spec_from_file_location(f"guide_{slug}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[Provider] = getattr(module, slug.capitalize())
    return found


def come_and_join(site: str, standin: StandIn, label: str) -> None:
    visitor = Visitor(site)
    visitor.open("/accounts/")
    visitor.press(f"Log in with {label}")
    visitor.open(standin.approve(visitor.url, "maralind"))
    (form,) = forms_of(visitor.html)
    assert {"username": "maralind", "first_name": "Mara", "last_name": "Lindqvist"}.items() <= form.fields.items()
    assert form.fields["email"] == "mara.lindqvist@example.com"
    assert ("Verified by" in visitor.html) is (label != "Pier"), (
        "Pier's class does not say that any address is verified"
    )
    visitor.press("Create account")
    assert visitor.path == "/accounts/connections/"
    assert "@maralind" in visitor.html
    visitor.close()


def come_back(site: str, standin: StandIn, label: str) -> None:
    visitor = Visitor(site)
    visitor.open("/accounts/")
    visitor.press(f"Log in with {label}")
    visitor.open(standin.approve(visitor.url, "maralind"))
    assert visitor.path == "/accounts/connections/"
    visitor.close()


@pytest.mark.parametrize("title", SECTIONS)
def test_the_guide_leads_to_a_provider_that_people_log_in_with(tmp_path: Path, title: str):
    slug = SECTIONS[title]
    project = Project(tmp_path)
    project.run("python -m django startproject mysite .")
    add(tmp_path / "mysite" / "settings.py", _SETTINGS)
    add(tmp_path / "mysite" / "urls.py", _URLS)
    with ExitStack() as servers:
        reader = Reader(tmp_path, servers)
        reader.follow(section(title), {})
        assert "no issues" in reader.said  # of manage.py check, the last of its commands
        standin = servers.enter_context(StandIn())
        options = standin.play(slug, class_in(tmp_path / "mysite" / f"{slug}.py", slug))
        port = free_port()
        values = {"site": f"http://127.0.0.1:{port}", "host": standin.url.removeprefix("http://"), "slug": slug}
        add(tmp_path / "mysite" / "settings.py", _STAND_IN.format(**values, options=options))
        project.run("python manage.py migrate --verbosity 0")
        site = servers.enter_context(project.serve(f"python manage.py runserver --noreload {port}", port))
        come_and_join(site, standin, slug.capitalize())
        come_back(site, standin, slug.capitalize())


def test_a_typical_provider_takes_fifteen_lines_of_python():
    """Comments, blank lines, the docstring and imports aside."""
    block = section("OAuth 2.0").partition(":caption: mysite/harbour.py\n")[2].partition("```")[0]
    (found,) = (node for node in ast.parse(block).body if isinstance(node, ast.ClassDef))
    said = [node for node in found.body if isinstance(node, ast.Expr)]
    left_out = {number for node in said for number in range(node.lineno, (node.end_lineno or 0) + 1)}
    lines = block.splitlines()[found.lineno - 1 : found.end_lineno]
    code = [
        line
        for number, line in enumerate(lines, found.lineno)
        if line.strip() and not line.strip().startswith("#") and number not in left_out
    ]
    assert 5 < len(code) <= 15, "\n".join(code)


def test_what_is_written_stands_under_the_rules_of_this_project(tmp_path: Path):
    """So that a provider can be moved into the package as it is."""
    for protocol in ("oauth1", "oauth2", "oidc"):
        call_command("startprovider", f"acme-{protocol}", str(tmp_path), protocol=protocol, verbosity=0)
    project = Project(tmp_path)
    config = f"--config {ROOT / 'pyproject.toml'}"
    ignored = "--ignore S101,S105,INP001"  # as for our own: tests assert, and addresses are no passwords
    project.run(f"python -m ruff check {config} {ignored} . && python -m ruff format --check {config} .")
