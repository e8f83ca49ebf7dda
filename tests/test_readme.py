"""The README's lines, taken out of it to the letter, make a project of ``startproject`` log people in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from socialreg.lookup import find_class
from socialreg.oauth1 import OAuth1Provider
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.testing import XStandIn
from tests import shipped
from tests.project import Project, Visitor, forms_of, free_port

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")

#: What a test needs and a site does not: the stand-in in the place of X, and a page to put the button on.
_SETTINGS = """
SOCIALREG["BASE_URL"] = "http://127.0.0.1:{port}"
SOCIALREG["PRIVATE_HOSTS"] = ["{host}"]
SOCIALREG["PROVIDERS"]["twitter"].update({provider})
TEMPLATES[0]["DIRS"] = [BASE_DIR]
"""
_URLS = """
from django.views.generic import TemplateView
urlpatterns += [path("", TemplateView.as_view(template_name="page.html"))]
"""


def blocks() -> dict[str, str]:
    """Return the README's three pieces by where they go."""
    section = README.partition("## Eight lines")[2].partition("\n## ")[0]
    found = re.findall(r"```(?:python|html\+django)\n(.*?)```", section, re.DOTALL)
    return dict(zip(("settings", "urls", "template"), found, strict=True))


@pytest.fixture(scope="module")
def x() -> Iterator[XStandIn]:
    with XStandIn() as x:
        yield x


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fresh project with the README's lines in it, and nothing else."""
    project = Project(tmp_path_factory.mktemp("readme"))
    project.run("python -m django startproject mysite .")
    pieces = blocks()
    for name in ("settings", "urls"):
        path = project.folder / "mysite" / f"{name}.py"
        path.write_text(path.read_text("utf-8") + pieces[name], "utf-8")
    (project.folder / "page.html").write_text(pieces["template"], "utf-8")
    return project


@pytest.fixture(scope="module")
def site(project: Project, x: XStandIn) -> Iterator[str]:
    port = free_port()
    for name, more in {"settings": _SETTINGS, "urls": _URLS}.items():
        path = project.folder / "mysite" / f"{name}.py"
        filled = more.format(port=port, host=urlsplit(x.url).netloc, provider=x.provider_settings())
        path.write_text(path.read_text("utf-8") + filled, "utf-8")
    project.run("python manage.py migrate --verbosity 0")
    with project.serve(f"python manage.py runserver --noreload {port}", port) as address:
        yield address


def test_there_are_at_most_eight_lines_and_none_edits_middleware_or_backends():
    lines = [line for piece in blocks().values() for line in piece.splitlines() if line.strip()]
    assert len(lines) <= 8
    assert not any("MIDDLEWARE" in line or "AUTHENTICATION_BACKENDS" in line for line in lines)


def test_the_lines_pass_every_check_of_django(project: Project):
    assert "no issues" in project.run("python manage.py check --fail-level WARNING")


@pytest.mark.parametrize(
    ("page", "screen_name", "full_name"),
    [("/", "maralind", "Mara Lindqvist"), ("/accounts/", "kestrel", "Kestrel")],
    ids=["the button of the template", "the login page that comes along"],
)
def test_button_consent_prefilled_form_logged_in(site: str, x: XStandIn, page: str, screen_name: str, full_name: str):
    visitor = Visitor(site)
    visitor.open(page)
    visitor.press("Log in with X")  # ends on the consent page of the stand-in
    visitor.open(x.approve(visitor.url, screen_name))
    (form,) = forms_of(visitor.html)
    assert form.fields["username"] == screen_name
    assert full_name.startswith(form.fields["first_name"])
    assert form.fields["email"].startswith(screen_name[:4])
    visitor.press("Create account")
    assert visitor.path == "/accounts/connections/"
    assert f"@{screen_name}" in visitor.html
    visitor.close()


def test_every_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_provider_that_ships_is_named_and_counted():
    pages = re.findall(r"docs/reference/providers/([\w-]+)\.md", README.partition("## Eight lines")[0])
    assert sorted(pages) == shipped.slugs()
    assert "eighteen providers" in README
    assert len(pages) == shipped.PROMISED


def test_the_table_has_every_provider_under_the_protocol_that_it_speaks():
    rows = dict(re.findall(r"^\| (O[\w. ]+) \| (.+) \|$", README, re.MULTILINE))
    kinds = {"OAuth 1.0a": OAuth1Provider, "OAuth 2.0": OAuth2Provider, "OpenID Connect": OIDCProvider}
    for protocol, row in rows.items():
        for slug in re.findall(r"providers/([\w-]+)\.md", row):
            spoken = [name for name, kind in kinds.items() if issubclass(find_class(slug, {}), kind)]
            assert spoken[-1] == protocol, slug
