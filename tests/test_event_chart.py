"""The chart above the timeline counts right, stays in its picture, and says the same in a table."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import localdate, make_aware

from socialreg.event_chart import DAYS, HEIGHT, MOST, WIDTH, Counts, _panel, chart
from socialreg.sign_in_events import SignInEvent
from tests.statements import recorded

pytestmark = pytest.mark.django_db

LIST = "/admin/socialreg/signinevent/"


def happen(number: int = 1, code: str = "ok", back: int = 0, provider: str = "twitter", event: str = "login") -> None:
    """Let something have happened at noon, so many days ago, so many times."""
    noon = make_aware(datetime.combine(localdate() - timedelta(days=back), time(12)))
    rows = (SignInEvent(event=event, code=code, provider=provider, at=noon) for _ in range(number))
    SignInEvent.objects.bulk_create(rows)


def section(client: Client) -> str:
    """Return the chart's part of the page."""
    found = re.search(r'<section class="socialreg-chart".*?</section>', client.get(LIST).content.decode(), re.DOTALL)
    assert found
    return found[0]


# What is counted -----------------------------------------------------------------------------------------------------


def test_each_day_of_a_provider_says_how_many_came_in_and_how_many_did_not():
    happen(3)
    happen(1, "timeout", event="failure")
    happen(2, back=1, event="register")
    happen(1, back=DAYS - 1, event="connect")
    happen(1, "unconfirmed", back=DAYS - 1)
    happen(9, back=DAYS)
    with recorded(connection) as statements:
        drawn = chart()
        (panel,) = drawn.panels
    assert len(statements.queries) == 1
    assert (panel.slug, panel.label, panel.well, panel.not_well, panel.most) == ("twitter", "X", 6, 2, 4)
    assert panel.counts == [(1, 1), *[(0, 0)] * (DAYS - 3), (2, 0), (3, 1)]
    assert drawn.days[-1] == localdate()
    assert drawn.rows[0] == (localdate(), [(3, 1)])
    assert drawn.rows[-1] == (localdate() - timedelta(days=DAYS - 1), [(1, 1)])


@pytest.mark.parametrize("event", ["disconnect", "confirm", "lost"])
def test_what_is_no_way_in_is_not_counted(event):
    happen(event=event)
    happen(event="failure", provider="")
    assert chart().panels == []


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"])
def test_a_day_is_one_of_the_sites_own_time_zone(settings, zone):
    settings.TIME_ZONE = zone
    midnight = make_aware(datetime.combine(localdate(), time.min))
    for at in (midnight, midnight - timedelta(seconds=1)):
        SignInEvent.objects.create(event="login", code="ok", provider="twitter", at=at)
    assert chart().panels[0].counts[-2:] == [(1, 0), (1, 0)]


def test_the_busiest_have_a_picture_of_their_own_and_the_others_share_one():
    for number in range(MOST + 3):
        happen(number + 2, provider=f"closed-{number:02}")
        happen(1, "timeout", event="failure", back=1, provider=f"closed-{number:02}")
    panels = chart().panels
    assert [panel.slug for panel in panels] == [f"closed-{number:02}" for number in range(MOST + 2, 2, -1)] + [""]
    assert panels[0].label == "closed-10"
    assert panels[-1].counts[-2:] == [(0, 3), (2 + 3 + 4, 0)]


# What is drawn -------------------------------------------------------------------------------------------------------

FEW_AND_MANY = (0, 1, 2, 35, 36, 37, 999, 10**6, 10**9)


@pytest.mark.parametrize(("most_well", "most_not"), list(itertools.product(FEW_AND_MANY, repeat=2)))
def test_every_bar_is_in_the_picture_and_whatever_there_was_is_seen(most_well, most_not):
    days: list[Counts] = [(0, 0)] * DAYS
    days[3:6] = [(most_well, 1), (1, most_not), (most_well, most_not)]
    panel = _panel("twitter", "X", days)
    assert 0 <= panel.line <= HEIGHT
    for bar, (well, not_well) in zip(panel.bars, days, strict=True):
        assert (bar.well > 0, bar.not_well > 0) == (well > 0, not_well > 0)
        assert bar.top + bar.well == panel.line
        assert bar.top >= 0
        assert panel.line + bar.not_well <= HEIGHT
        assert 0 <= bar.x < WIDTH
    assert len({bar.x for bar in panel.bars}) == DAYS


def test_twice_as_many_are_twice_as_high():
    bars = _panel("twitter", "X", [(40, 0), (20, 0), (0, 20), *[(0, 0)] * (DAYS - 3)]).bars
    assert bars[0].well == 2 * bars[1].well == 2 * bars[2].not_well


def test_there_is_neither_a_script_nor_a_style_in_it_and_no_screen_reader_reads_the_picture(staff):
    happen(3)
    happen(1, "timeout", event="failure")
    html = section(staff)
    assert not re.search(r"<script|<style|\bstyle=|\bon\w+=|javascript:|xlink|url\(", html)
    assert re.findall(r"<svg [^>]*\baria-hidden=\"(\w+)\"", html) == ["true"]
    assert html.count("<rect") == 2
    assert "socialreg/admin.css" in staff.get(LIST).content.decode()


def test_the_table_says_the_same_and_names_its_columns_and_rows(staff):
    happen(3)
    happen(1, "timeout", event="failure")
    happen(2, back=1)
    html = section(staff)
    rows = re.findall(r'<tr><th scope="row">[^<]+</th>((?:<td[^>]*>\d+</td>)+)</tr>', html)
    assert [re.findall(r">(\d+)<", row) for row in rows] == [["3", "1"], ["2", "0"], *[["0", "0"]] * (DAYS - 2)]
    assert '<th scope="colgroup" colspan="2">X</th>' in html
    assert html.count('<th scope="col">') == 2


@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_numbers_of_the_picture_are_whole_in_every_language(staff, settings, language):
    """A comma or a blank in a coordinate would break it. People read theirs as they are used to."""
    settings.LANGUAGE_CODE, settings.USE_THOUSAND_SEPARATOR = language, True
    happen(1234)
    happen(1, "timeout", event="failure")
    html = section(staff)
    values = re.findall(r'\b(?:x|y|x1|x2|y1|y2|width|height)="([^"]*)"', html)
    assert len(values) >= 14
    assert all(re.fullmatch(r"[0-9]+", value) for value in values)
    assert ">1234<" not in html


def test_where_nothing_has_happened_it_says_so_and_above_what_was_searched_for_there_is_none(staff):
    assert "Nobody has come by a provider" in section(staff)
    assert "<svg" not in section(staff)
    happen()
    assert "socialreg-chart" not in staff.get(f"{LIST}?q=root").content.decode()


def test_a_provider_leads_to_its_events_and_its_failures(staff):
    happen(2)
    happen(3, "timeout", event="failure")
    links = re.findall(r'href="([^"]+)"', section(staff))
    found = [staff.get(LIST + link.replace("&amp;", "&")).content.decode() for link in links]
    assert ["5 sign-in events" in page for page in found] == [True, False]
    assert ["3 sign-in events" in page for page in found] == [False, True]


def test_labels_are_no_markup(staff):
    happen(provider="<script>1</script>")
    assert "<script>1" not in section(staff)
