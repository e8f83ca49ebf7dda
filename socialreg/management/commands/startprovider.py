"""``manage.py startprovider acme --protocol oauth2``: the four files of a provider, its test green from the start."""

from __future__ import annotations

import keyword
import re
from argparse import ArgumentParser
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from socialreg.entries import SLUG_LENGTH

_TEMPLATES = Path(__file__).parent.parent.parent / "startprovider"
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_WRITTEN = """Written:
{files}
Next: put the provider's facts into {stem}.py, run the test with pytest, and enable the provider:

    "{slug}": {{"PROVIDER": "{dotted}", "CLIENT_ID": "...", "CLIENT_SECRET": "..."}},

The judgement calls (which field is the uid, when is an address verified) are in the guide "Add a provider"."""


class Command(BaseCommand):
    """Write the class, the picture, the test and the page of a provider, for the developer to fill in."""

    help = "Writes the four files of a new provider: class, picture, test and page."
    requires_system_checks = []  # it works in a project that is not set up yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("name", help="the provider's slug, such as acme: small letters, digits, hyphens")
        parser.add_argument("directory", nargs="?", default=".", type=Path, help="where to write (default: here)")
        parser.add_argument("--protocol", choices=["oauth1", "oauth2", "oidc"], default="oauth2")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the files, or none of them."""
        slug: str = options["name"]
        directory: Path = options["directory"]
        if not _SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH:
            raise CommandError(
                f"{slug!r} is no slug. Use small letters, digits and hyphens, such as acme or acme-photos."
            )
        if not directory.is_dir():
            raise CommandError(f"There is no directory {directory}. Make it first, or name another.")
        values = _values(slug, directory)
        _refuse_name(values["module"])
        texts = _texts(values, options["protocol"])
        _write(directory, texts)
        files = "".join(f"    {directory / name}\n" for name in texts)
        self.stdout.write(_WRITTEN.format(files=files, **values))


def _values(slug: str, directory: Path) -> dict[str, str]:
    words = slug.split("-")
    class_name = "".join(word.capitalize() for word in words)
    module = ".".join([*_package(directory.resolve()), "_".join(words)])
    return {
        "slug": slug,
        "stem": "_".join(words),
        "label": " ".join(word.capitalize() for word in words),
        "class_name": class_name,
        "site": f"https://{slug}.example",
        "module": module,
        "dotted": f"{module}.{class_name}",
    }


def _package(directory: Path) -> list[str]:
    """Return the names of the packages that a directory is in, the outermost first."""
    return [*_package(directory.parent), directory.name] if (directory / "__init__.py").is_file() else []


def _texts(values: Mapping[str, str], protocol: str) -> dict[str, str]:
    """Return what goes into each file, by its name."""
    stem = values["stem"]
    templates = {
        f"{stem}.py": f"{protocol}.py-tpl",
        f"{stem}.svg": "icon.svg-tpl",
        f"test_{stem}.py": "test.py-tpl",
        f"{stem}.md": "page.md-tpl",
    }
    return {
        name: Template((_TEMPLATES / template).read_text("utf-8")).substitute(values)
        for name, template in templates.items()
    }


def _refuse_name(module: str) -> None:
    # In no package it would hide, or be hidden by, whatever else goes by that name.
    if keyword.iskeyword(module.rpartition(".")[2]) or ("." not in module and find_spec(module) is not None):
        raise CommandError(f"Python has another use for the name {module}. Choose another, or write into a package.")


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    """Write all, or leave nothing behind."""
    written: list[Path] = []
    try:
        for name, text in texts.items():
            with (directory / name).open("x", encoding="utf-8") as file:
                written.append(directory / name)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink()
        where = error.filename or directory
        raise CommandError(f"{where} cannot be written: {error.strerror}. Nothing was written.") from error
