"""The page of changes, and a form that was filled in: photographed for people, measured by machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from django import forms
from django.template.loader import render_to_string

from socialreg.sync import Question
from socialreg.sync_questions import Asked

from .camera import look
from .conftest import Sandbox
from .visitor import Visitor

pytestmark = pytest.mark.browser

LONG = "Wolfeschlegelsteinhausenbergerdorff-and-Sons-of-the-Northern-Islands نازنین فاطمه"


def show(visitor: Visitor, sandbox: Sandbox, folder: Path, page: str) -> None:
    """Open a page that was rendered here, with the style of the site."""
    (folder / "page.html").write_text(page.replace('href="/accounts/', f'href="{sandbox.url}/accounts/'), "utf-8")
    visitor.browser.get((folder / "page.html").as_uri())


def test_the_page_that_shows_old_and_new(visitor: Visitor, sandbox: Sandbox, tmp_path: Path):
    questions = (
        Question("first_name", "", "Mara"),
        Question("last_name", "Lindqvist", LONG),
        Question("email", "mara.lindqvist@example.com", "a.much.longer.address@islands.example.com", by_mail=True),
        Question("picture", f"{sandbox.stand_in}/avatars/kestrel.svg", f"{sandbox.stand_in}/avatars/maralind.svg"),
    )
    labels = {"picture": "profile picture"}
    rows = [
        {"question": each, "label": labels.get(each.name, each.name.replace("_", " ")), "pictures": each.name in labels}
        for each in questions
    ]
    asked = Asked(1, "twitter", "/", questions, "which")
    show(visitor, sandbox, tmp_path, render_to_string("socialreg/changes.html", {"asked": asked, "rows": rows}))
    look(visitor, "changes")


class Profile(forms.Form):
    """A profile of the site's own."""

    first_name = forms.CharField(initial="Mara")
    last_name = forms.CharField(initial="Lindqvist")


@pytest.mark.parametrize("fields", ["First name, Last name and Email address", ""], ids=["some", "none"])
def test_a_form_that_was_filled_in(visitor: Visitor, sandbox: Sandbox, tmp_path: Path, fields: str, request):
    form = Profile()
    context = {"form": form, "fields": list(form), "pending": {"arrival": {"profile": {"full_name": "Mara"}}}}
    page = render_to_string("socialreg/register.html", {**context, "provider": {"label": "X"}})
    said = render_to_string("socialreg/prefilled.html", {"slug": "twitter", "fields": fields})
    show(visitor, sandbox, tmp_path, page.replace("<form", f"{said}<form", 1))
    look(visitor, f"prefilled-{request.node.callspec.id}")
