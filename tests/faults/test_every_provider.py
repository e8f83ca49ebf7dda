"""F01 over every provider that ships: each call of a login in turn is answered by each of the stand-in's faults.

By one provider of each protocol every fault is at every call; by the others each is at one of them, in turn, so that
every call and every fault has its turn, and at night it is every fault at every call there, too.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import cycle, product

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.models import Kept, SocialAccount
from socialreg.registry import providers
from socialreg.testing import FAULTS, OAUTH2_FAULTS, StandIn
from socialreg.testing.wire_faults import BODY_FAULTS, ERROR_FAULTS, TRANSPORT_FAULTS
from tests.effort import NIGHTLY
from tests.faults.sparing import SPARED, stops
from tests.parsed import Page
from tests.security.visiting import REGISTER
from tests.security.walking import EVERY, SERVER, come_back
from tests.shipped import PROTOCOLS

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

#: Those that take their time: what becomes of them is F02's. Beside them, those that change nothing that matters here.
SLOW = {"slow", "drip", "drip-headers"}
#: Those of the wire can befall any call; the others know where they belong.
WIRE = [fault.name for fault in (*ERROR_FAULTS, *BODY_FAULTS, *TRANSPORT_FAULTS) if fault.name not in SLOW]
OTHERS = sorted({*FAULTS, *OAUTH2_FAULTS} - SLOW - set(WIRE))


def log_in(standin: StandIn, client: Client, slug: str) -> HttpResponse:
    """Press the button, and come back if that leads anywhere; return our last answer."""
    began = client.post(reverse("socialreg:start", args=[slug]), SERVER)
    if began.status_code != 302:
        return began
    return come_back(client, standin.approve(began["Location"], "maralind"))


def as_new(standin: StandIn) -> None:
    """Let nobody remember anything."""
    cache.clear()
    Kept.objects.all().delete()
    standin.reset()


def check(response: HttpResponse, client: Client, caplog: pytest.LogCaptureFixture, what: str) -> None:
    """Assert that a login goes on without what it does not need, or is a page of ours with a line in the log."""
    assert response.status_code in {200, 302, 400, 403, 502, 503}, what
    assert not User.objects.exists(), what
    assert not SocialAccount.objects.exists(), what
    assert "_auth_user_id" not in client.session, what
    lines = [each.getMessage() for each in caplog.records if each.name.startswith("socialreg")]
    assert not [line for line in lines if "Traceback" in line or "raised" in line], (what, lines)
    if response.status_code == 302:
        assert response["Location"] == REGISTER, what
        return
    page = Page(response)
    assert page.of("h1"), what
    assert page.of("form", "a"), what
    assert any(". Cause: " in line and "]. " in line for line in lines), (what, lines)


def where(slug: str, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Return which fault of the wire befalls which call."""
    return list(product(WIRE, paths) if NIGHTLY or slug in PROTOCOLS else zip(WIRE, cycle(paths), strict=False))


@pytest.mark.parametrize("slug", EVERY)
def test_f01_every_fault_and_every_call_has_its_turn(standin: StandIn, caplog, slug: str):
    caplog.set_level(logging.DEBUG, "socialreg")
    assert log_in(standin, Client(), slug)["Location"] == REGISTER
    paths = list(dict.fromkeys(record.path for record in standin.api_requests))
    assert len(WIRE) > len(paths)
    for fault, path in [*where(slug, paths), *product(OTHERS, [None])]:
        as_new(standin)
        providers.clear()
        standin.fault(fault, path=path)
        caplog.clear()
        client, what = Client(), f"{fault} at {path}"
        response = log_in(standin, client, slug)
        check(response, client, caplog, what)
        assert path is None or path in {record.path for record in standin.api_requests}, what
        spared = SPARED.get(slug) == path if path else not stops(slug, fault)
        assert (response.status_code == 302) is spared, (what, response.status_code)


def test_f01_there_are_more_than_48_faults():
    assert len({*WIRE, *OTHERS}) > 48
