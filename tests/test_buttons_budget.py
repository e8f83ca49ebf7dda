"""What a page with a button for every provider costs: no query, no request, and little to do for each button.

How many milliseconds that is, is for ``make bench``. What is counted here is the same on every machine of one Python.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.template import engines
from django.test import RequestFactory

from socialreg.registry import providers
from tests import shipped
from tests.statements import recorded

#: Calls of functions, those in C included, for one button more. Where each was rendered by itself they were 500, and
#: eighteen took 1.4 ms; now they are 260, and eighteen take 0.6 ms.
MOST_CALLS = 320
PAGE = "{% load socialreg %}{% login_buttons %}"


@pytest.fixture(autouse=True)
def enabled(settings) -> Callable[[dict[str, Any]], None]:
    def change(entries: dict[str, Any]) -> None:
        settings.SOCIALREG = {"BASE_URL": "https://example.com", "PROVIDERS": entries}

    change(shipped.everything())
    return change


def render() -> str:
    request = RequestFactory().get("/login/")
    request.user = AnonymousUser()
    return engines["django"].from_string(PAGE).render({}, request)


@pytest.mark.django_db
@pytest.mark.parametrize("first", [True, False])
def test_buttons_of_all_providers_make_no_query_and_need_none_of_them(first):
    """Not even the first page of a worker, which makes them all: the hosts in these settings answer nobody."""
    if not first:
        render()
    with recorded(connection) as statements:
        page = render()
    assert statements.queries == []
    assert statements.control == []
    assert page.count("<button") == len(shipped.everything())


def test_each_button_leads_to_its_own_provider():
    page = render()
    for slug in shipped.everything():
        assert page.count(f'action="/accounts/{slug}/start/"') == 1


def test_a_provider_is_made_once_for_all_pages():
    render()
    made = {slug: providers[slug] for slug in providers}
    render()
    assert all(providers[slug] is provider for slug, provider in made.items())


def test_one_button_more_costs_little(enabled):
    many, few = 18, 1
    costs = {}
    for number in (many, few):
        enabled({f"p{each}": {**shipped.entry("twitter"), "PROVIDER": "twitter"} for each in range(number)})
        render()
        costs[number] = calls(render)
    assert (costs[many] - costs[few]) / (many - few) <= MOST_CALLS


def calls(act: Callable[[], object]) -> int:
    """Return how many functions were called."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count
