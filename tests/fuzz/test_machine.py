"""The callback as a state machine: whatever visitors do in whichever order, nobody becomes somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from hypothesis import settings as effort
from hypothesis.stateful import run_state_machine_as_test

from socialreg.lookup import find_class
from socialreg.testing import StandIn
from socialreg.testing.site import plain_http
from tests.effort import either
from tests.fuzz.machine import Visits
from tests.fuzz.profiles import dear
from tests.fuzz.visits import TOKENS, Clock, clean_site
from tests.shipped import GENERIC

#: Steps of one example.
STEPS = either(12, at_night=20)


@pytest.fixture
def standin(settings) -> Iterator[StandIn]:
    """A provider over each protocol, and the site that has them."""
    kinds = {slug: next((kind for kind, name in GENERIC.items() if name == slug), slug) for slug in TOKENS}
    with StandIn() as standin, plain_http():
        entries = {}
        for slug, kind in kinds.items():
            named = {"PROVIDER": kind} if kind != slug else {}
            entries[slug] = {**named, **standin.play(slug, find_class(slug, named), named)}
        hosts = [urlsplit(standin.url).netloc]
        settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries, "PRIVATE_HOSTS": hosts}
        yield standin
        cache.clear()


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.lasting
def test_nobody_becomes_somebody_else_whatever_visitors_do(standin, monkeypatch):
    clock = Clock(time.time)
    monkeypatch.setattr("time.time", clock)
    opened = partial(clean_site, standin, clock)
    run_state_machine_as_test(lambda: Visits(opened), settings=effort(dear, stateful_step_count=STEPS))
