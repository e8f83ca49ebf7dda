"""From the reference on a visitor's page to the row in the admin's timeline, and what the chart above it looks like."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from .camera import photograph
from .conftest import Sandbox
from .test_afterwards import log_in
from .visitor import Visitor

pytestmark = pytest.mark.browser

TIMELINE = "/admin/socialreg/signinevent/"
#: How busy some providers are, and on which of the past days they failed people: one was down for two days.
BUSY = {
    "twitter": (46, {4: 38, 5: 22}),
    "google": (31, {9: 1}),
    "github": (12, {2: 3}),
    "apple": (5, {}),
    "discord": (4, {0: 2, 12: 1}),
    "linkedin": (3, {}),
    "mastodon": (2, {7: 2}),
    "microsoft": (2, {}),
    "reddit": (1, {}),
    "twitch": (1, {}),
}


@pytest.fixture(autouse=True)
def _policy_is_kept(visitor: Visitor) -> Iterator[None]:
    """No page breaks the Content Security Policy: the chart has neither a script nor a style of its own."""
    yield
    assert visitor.complaints() == []


def two_weeks(sandbox: Sandbox) -> None:
    """Let there have been two weeks."""
    noon = datetime.now(UTC).replace(hour=0, minute=1, second=0, microsecond=0)
    rows = []
    for place, (slug, (number, failures)) in enumerate(BUSY.items()):
        for back in range(14):
            at = (noon - timedelta(days=back)).isoformat(" ", "microseconds")[:-6]
            well = number - (number * ((back * 5 + place * 3) % 7)) // 12
            rows += [(at, "login", slug, "ok", "")] * well
            rows += [(at, "failure", slug, "timeout", f"{place:04x}{back:04x}")] * failures.get(back, 0)
    with closing(sqlite3.connect(sandbox.database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO socialreg_signinevent (at, event, provider, user, code, reference, address, agent) "
            "VALUES (?, ?, ?, '', ?, ?, '8.8.4.0/24', 'Firefox')",
            rows,
        )


def test_from_the_page_to_the_row(visitor: Visitor, sandbox: Sandbox):
    visitor.register("maralind")
    visitor.forget()
    sandbox.fault("server-error", "/oauth/request_token")
    visitor.open("/")
    visitor.press("Log in with X")
    visitor.sees("X is not available just now")
    reference = visitor.one(".socialreg-reference code").text
    visitor.forget()

    log_in(visitor, "staff", to=TIMELINE)
    visitor.until(lambda _: len(visitor.all("#result_list tbody tr")) == 2)
    photograph(visitor, "timeline-two")
    visitor.write("q", reference)
    visitor.one("#changelist-search [type=submit]").click()
    visitor.until(lambda _: len(visitor.all("#result_list tbody tr")) == 1)
    cells = [cell.text for cell in visitor.all("#result_list tbody tr > *")]
    assert cells[1:4] == ["X", "failure", "500"]
    assert reference in cells
    assert not visitor.all(".socialreg-chart")
    visitor.write("q", "maralind")
    visitor.one("#changelist-search [type=submit]").click()
    visitor.until(lambda _: "registration" in visitor.one("#result_list tbody tr").text)
    visitor.press("maralind")
    visitor.until(lambda _: visitor.one("#user_form"))


def test_the_chart_of_two_weeks(visitor: Visitor, sandbox: Sandbox):
    two_weeks(sandbox)
    log_in(visitor, "staff", to=TIMELINE)
    visitor.until(lambda _: len(visitor.all(".socialreg-panel svg")) == 9)
    photograph(visitor, "timeline")
    visitor.press("The same in numbers")
    visitor.until(lambda _: visitor.one(".socialreg-numbers table").is_displayed())
    complaints = photograph(visitor, "timeline-numbers")
    ours = [each for each in complaints if not re.search("base-svgs|Django administration", each)]
    assert not [each for each in ours if re.search("contrast|twice|nowhere|inline style|heading|wider|aloud", each)]
    first = visitor.one(".socialreg-panel")
    assert "X" in first.text
    visitor.press("60 did not")
    visitor.until(lambda _: "60 results" in visitor.one("#changelist-search").text)
    assert {row.text.split()[3] for row in visitor.all("#result_list tbody tr")} == {"failure"}


def test_before_anything_has_happened(visitor: Visitor):
    log_in(visitor, "staff", to=TIMELINE)
    visitor.until(lambda _: "Nobody has come by a provider" in visitor.one(".socialreg-chart").text)
    photograph(visitor, "timeline-empty")
