"""The command that begins a provider: what it writes passes its own test; nothing is overwritten or left half done."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.project import Project

PROTOCOLS = ("oauth1", "oauth2", "oidc")


def start(name: str, directory: Path, protocol: str = "oauth2") -> None:
    call_command("startprovider", name, str(directory), protocol=protocol, verbosity=0)


def files_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_written_passes_its_test_inside_a_package_and_outside(tmp_path: Path, protocol: str):
    package = tmp_path / "mysite" / "providers"
    package.mkdir(parents=True)
    for directory in (package, package.parent):
        (directory / "__init__.py").touch()
    start("acme-photos", package, protocol)
    start("harbour", tmp_path, protocol)
    assert files_in(package) - {"__init__.py"} == {
        "acme_photos.py",
        "acme_photos.svg",
        "test_acme_photos.py",
        "acme_photos.md",
    }
    assert '"PROVIDER": "mysite.providers.acme_photos.AcmePhotos"' in (package / "acme_photos.md").read_text("utf-8")
    assert '"PROVIDER": "harbour.Harbour"' in (tmp_path / "harbour.md").read_text("utf-8")
    said = Project(tmp_path).run("python -m pytest -q -W error .")
    assert said.count("passed") == 1
    assert "skipped" not in said


def test_what_is_written_fails_a_class_that_takes_a_name_for_the_identity(tmp_path: Path):
    start("acme", tmp_path)
    path = tmp_path / "acme.py"
    path.write_text(path.read_text("utf-8").replace('"uid": "id"', '"uid": "login"'), "utf-8")
    said = Project(tmp_path).run("python -m pytest -q -p no:cacheprovider test_acme.py || true")
    assert "FAILED test_acme.py::TestAcme::test_the_uid_is_no_name_and_no_address" in said


@pytest.mark.parametrize(
    "slug",
    ["Acme", "9lives", "acme_photos", "acme--photos", "acme-", "../acme", "acme.photos", "", "a" * 101, "import"],
)
def test_what_is_no_slug_is_refused(tmp_path: Path, slug: str):
    with pytest.raises(CommandError):
        start(slug, tmp_path)
    assert files_in(tmp_path) == set()


def test_a_module_that_python_has_already_is_not_hidden(tmp_path: Path):
    """Beside ``manage.py`` a ``json.py`` would be everybody's ``json``; within a package it is nobody's business."""
    with pytest.raises(CommandError, match="another use"):
        start("json", tmp_path)
    assert files_in(tmp_path) == set()
    (tmp_path / "__init__.py").touch()
    start("json", tmp_path)
    assert "json.py" in files_in(tmp_path)


@pytest.mark.parametrize("name", ["acme.py", "acme.svg", "test_acme.py", "acme.md"])
def test_a_file_that_is_there_is_left_alone_and_no_other_is_written(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(CommandError, match=name):
        start("acme", tmp_path)
    assert files_in(tmp_path) == {name}
    assert (tmp_path / name).read_text("utf-8") == "mine"


def test_what_cannot_be_written_to_the_end_is_taken_back(tmp_path: Path):
    """A link that leads nowhere looks like no file, and cannot be written. It is the last of the four."""
    (tmp_path / "acme.md").symlink_to(tmp_path / "nowhere" / "acme.md")
    with pytest.raises(CommandError, match=r"acme\.md"):
        start("acme", tmp_path)
    assert files_in(tmp_path) == {"acme.md"}


def test_a_directory_that_is_none_is_not_made(tmp_path: Path):
    for directory in (tmp_path / "missing", Path(__file__)):
        with pytest.raises(CommandError, match="no directory"):
            start("acme", directory)
    assert files_in(tmp_path) == set()
