"""What a user is asked after a login: which of the provider's new values they take over. See :mod:`set_aside`."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.urls import reverse

from . import set_aside, shelves
from .models import SocialAccount
from .sync import Question


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one login, whose account brought them up, and where the user goes on to.

    ``which`` stands in the page's form: the answer to a page that another login has overtaken answers nothing.
    """

    account_id: int
    slug: str
    next: str
    questions: tuple[Question, ...]
    which: str


def lead(request: HttpRequest, account: SocialAccount, questions: tuple[Question, ...], next_url: str) -> str:
    """Return where somebody who logged in goes: over the page with the questions, if there are any.

    :param next_url: where they go after that, an address on this site.
    """
    if not questions:
        return next_url
    asked = Asked(account.pk, account.provider, next_url, questions, secrets.token_urlsafe(8))
    set_aside.keep(request, "changes", asdict(asked))
    return reverse("socialreg:changes")


def load(request: HttpRequest) -> Asked | None:
    """Return what whoever is logged in is asked, ``None`` if nothing is, or not any more."""
    data = set_aside.find(request, "changes")
    try:
        questions = () if data is None else tuple(Question(**each) for each in data["questions"])
        return None if data is None else Asked(**{**data, "questions": questions})
    except (KeyError, TypeError):  # set aside by an older or a newer release
        return None


def drop(request: HttpRequest) -> None:
    """Ask no more."""
    shelves.clear(request, "changes")
