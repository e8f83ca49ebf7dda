"""Prometheus counts what happened, in a bounded number of series; without the package nothing is missed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from prometheus_client import REGISTRY
from prometheus_client.exposition import generate_latest

from socialreg import breakers, events
from socialreg.sign_in_events import Event
from tests.test_setup_budget import set_up
from tests.test_way import register

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "socialreg_events_total"
REQUESTS = "socialreg_outbound_requests_total"
OPENED = "socialreg_circuit_opened_total"


def series(name: str) -> dict[tuple[str, ...], float]:
    """Return what is counted by a counter, by its labels."""
    samples = (sample for family in REGISTRY.collect() for sample in family.samples if sample.name == name)
    return {tuple(sample.labels.values()): sample.value for sample in samples}


@pytest.fixture
def grown():
    """Return what was counted since the test began."""
    before = {name: series(name) for name in (EVENTS, REQUESTS, OPENED)}

    def read(name: str) -> dict[tuple[str, ...], float]:
        news = {labels: value - before[name].get(labels, 0) for labels, value in series(name).items()}
        return {labels: value for labels, value in news.items() if value}

    return read


def test_what_happened_is_counted_by_provider_event_and_code(browser, grown):
    """With the audit trail switched off as well."""
    register(browser)
    browser.client.cookies.clear()
    for _ in range(2):
        browser.log_in("maralind")
    browser.client.get("/accounts/twitter/callback/?oauth_token=x")
    assert grown(EVENTS) == {
        ("twitter", "register", "ok"): 1,
        ("twitter", "login", "ok"): 2,
        ("twitter", "failure", "mismatch"): 1,
    }


def test_no_more_series_are_made_than_there_are_providers_and_codes(browser, grown):
    """Whoever makes up providers or codes makes no series: a slug of an address, a code of a provider."""
    for number in range(5):
        browser.client.get(f"/accounts/made-up-{number}/callback/")
        events.note(Event("failure", "twitter", code=f"made_up_{number}"))
        events.note(Event("failure", "twitter", code=f"made-up-{number}"))
        events.note(Event("failure", "twitter", code=f"made up {number}"))
        events.note(Event("confirm"))
    assert grown(EVENTS) == {
        ("unknown", "failure", "unknown-provider"): 5,
        ("twitter", "failure", "provider"): 10,
        ("twitter", "failure", "unknown-code"): 5,
        ("", "confirm", "ok"): 5,
    }


def test_no_series_names_anybody(browser):
    register(browser)
    exposed = generate_latest(REGISTRY).decode()
    ours = "\n".join(line for line in exposed.splitlines() if "socialreg" in line)
    assert 'socialreg_events_total{code="ok",event="register",provider="twitter"}' in ours
    assert "maralind" not in ours


def test_requests_to_a_provider_are_counted_by_what_became_of_them(browser, x, grown):
    browser.log_in("maralind")
    assert grown(REQUESTS) == {("twitter", "answered"): 3}
    x.fault("reset")
    browser.start()
    assert grown(REQUESTS) == {("twitter", "answered"): 3, ("twitter", "failed"): 1}
    x.reset()
    x.fault("error", code=32)  # they said no, and are well
    browser.start()
    assert grown(REQUESTS) == {("twitter", "answered"): 4, ("twitter", "failed"): 1}


def test_a_circuit_that_opens_is_counted_and_who_is_not_let_through_asks_nobody(browser, x, grown):
    x.fault("reset")
    for _ in range(breakers.FAILURES + 2):
        browser.start()
    assert grown(OPENED) == {("twitter",): 1}
    assert grown(REQUESTS) == {("twitter", "failed"): breakers.FAILURES}
    assert grown(EVENTS)["twitter", "failure", "circuit-open"] == 2


def test_settings_that_cannot_be_read_name_no_provider(site, grown):
    site(PROVIDERS=None)
    events.note(Event("login", "twitter"))
    assert grown(EVENTS) == {("unknown", "login", "ok"): 1}


def test_setting_up_django_imports_nothing_of_it():
    modules = set_up("socialreg").modules
    assert "socialreg.sign_in_events" in modules
    assert not {"prometheus_client", "socialreg.metrics", "socialreg.events", "socialreg.event_chart"} & modules


#: A process in which the package is not installed. ``None`` is what makes ``import`` say so.
_WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
import django
django.setup()
from socialreg import metrics
from socialreg.sign_in_events import Event
from django.urls import reverse
reverse("socialreg:login")
metrics.happened(Event("login", "twitter"))
metrics.asked("twitter", answered=True)
metrics.opened("twitter")
print(metrics.Counter, "socialreg.views" in sys.modules)
"""


def test_without_the_package_nothing_is_counted_and_nothing_fails():
    done = subprocess.run([sys.executable, "-W", "error", "-c", _WITHOUT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("None True\n", "")
