"""The page on which a user decides what of a changed profile they take over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from . import sync, sync_questions
from .exceptions import Expired
from .models import SocialAccount
from .pages import page
from .redirects import after_login, login_page
from .sync_questions import Asked
from .sync_rules import Rule, rules
from .types import web_address


@page
def changes(request: HttpRequest) -> HttpResponse:
    """Show old and new side by side, and take over what the user ticks: on their answer alone."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_page(request))
    asked = sync_questions.load(request)
    if request.method != "POST":
        return _page(request, asked) if asked else HttpResponseRedirect(after_login(request, ""))
    if asked is None:
        raise Expired(
            "Nothing is asked in this session any more",
            cause="it was answered, or took longer than 30 minutes",
            remedy="Nothing: the user can change it on their own page",
            notice="nothing-asked",
        )
    if request.POST.get("which") != asked.which:  # the page of another tab, which a later login has overtaken
        return HttpResponseRedirect(reverse("socialreg:changes"))
    sync_questions.drop(request)
    if "take" in request.POST:
        _take_over(asked, request.user.pk, request.POST.getlist("field"))
    return HttpResponseRedirect(after_login(request, asked.next))


def _take_over(asked: Asked, user_id: int, ticked: Collection[str]) -> None:
    accounts = SocialAccount.objects.select_related("user").filter(pk=asked.account_id, user_id=user_id)
    account = next(iter(accounts), None)
    if account is not None:  # else they disconnected it meanwhile
        sync.take_over(account, [question for question in asked.questions if question.name in ticked])


def _page(request: HttpRequest, asked: Asked) -> HttpResponse:
    known = {rule.name: rule for rule in rules()}
    rows = [_row(known[each.name], each) for each in asked.questions if each.name in known]
    return render(request, "socialreg/changes.html", {"asked": asked, "rows": rows})


def _row(rule: Rule, question: sync.Question) -> dict[str, Any]:
    """Return a question as the template has it. Pictures are shown where both are plainly addresses of some."""
    pictures = (
        rule.source == "picture" and web_address(question.new) and (not question.old or web_address(question.old))
    )
    return {"question": question, "label": rule.field.verbose_name, "pictures": bool(pictures)}
