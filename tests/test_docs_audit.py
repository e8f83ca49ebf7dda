"""The pages on the audit trail and on log records are true: their tables, their example, their counters."""

from __future__ import annotations

import json
import logging
import logging.config
import re
from io import StringIO

import pytest

from docs.examples import json_logging
from socialreg import codes, conf, events, floods, metrics, outcomes, pruning
from socialreg.floods import Flood
from socialreg.management.commands.socialreg_prune import Command
from socialreg.sign_in_events import Event, SignInEvent
from tests.test_docs import DOCS, NOT_IN_THE_LOG, _source
from tests.test_events import reference_of

AUDIT = (DOCS / "howto/audit.md").read_text("utf-8")
LOGGING = (DOCS / "reference/logging.md").read_text("utf-8")
SETTINGS = (DOCS / "reference/settings.md").read_text("utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a line that begins with this."""
    table = page.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def names(page: str, heading: str) -> list[str]:
    """Return what is named in the first column."""
    return [name for first, *_ in rows(page, heading) for name in re.findall(r"`([\w.]+)`", first)]


def test_the_page_has_every_event_and_every_field_and_no_other():
    assert names(AUDIT, "Event") == SignInEvent.Kind.values
    fields = {field.name for field in SignInEvent._meta.concrete_fields} - {"id"}
    assert set(names(AUDIT, "Field")) == fields


def test_the_page_has_every_counter_with_its_labels():
    counters = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows(AUDIT, "Counter")}
    made = (metrics._EVENTS, metrics._REQUESTS, metrics._OPENED)
    assert counters == {f"{each._name}_total": list(each._labelnames) for each in made}
    queried = re.findall(r'code=~"([^"]+)"|code!~"([^"]+)"', AUDIT)
    assert {code for pair in queried for code in "|".join(filter(None, pair)).split("|")} <= codes.OURS
    assert set(re.findall(r"socialreg_\w+_total", AUDIT)) == counters.keys()


def test_the_page_has_the_numbers_that_the_code_has():
    assert f"batches of {pruning.BATCH:,}," in AUDIT
    assert f"writes down {floods.MOST} a minute" in AUDIT
    assert f"`--days` is {Command().create_parser('', '').get_default('days')} unless" in AUDIT


@pytest.mark.parametrize("page", [AUDIT, SETTINGS])
def test_the_pages_have_every_value_of_the_setting(page):
    part = page.partition("### `EVENTS`")[2] or page
    assert [value for value in ("afterwards", "at-once", "off") if f'`"{value}"`' not in part] == []
    assert f'`"{conf.DEFAULTS["EVENTS"]}"` (default)' in part


def test_the_page_has_every_attribute_of_a_record_and_no_other():
    assert names(LOGGING, "Attribute") == list(events.facts(Event("login")))


def test_the_page_has_every_logger_and_no_other():
    source = _source("socialreg", "providers").replace("logging.getLogger(__name__)", "")
    found = set(re.findall(r"getLogger\(\"(socialreg[\w.]*)\"\)", source)) | {"socialreg.http", "socialreg.metadata"}
    assert set(names(LOGGING, "Logger")) == found


def test_the_page_on_errors_has_every_code_that_an_event_can_have():
    page = (DOCS / "reference/errors.md").read_text("utf-8")
    assert codes.OURS - set(re.findall(r"`([a-z-]+)`", page)) == set()


@pytest.fixture
def written(monkeypatch, site):
    """What the example's configuration writes, while it is in force."""
    monkeypatch.setattr(events, "_failures", Flood())
    stream, ours = StringIO(), logging.getLogger("socialreg")
    before = ours.level, ours.handlers[:], ours.propagate
    logging.config.dictConfig(json_logging.LOGGING)
    ours.handlers[0].setStream(stream)
    yield stream
    ours.setLevel(before[0])
    ours.handlers[:], ours.propagate = before[1:]


@pytest.mark.django_db
def test_the_example_writes_each_record_as_json_with_all_its_attributes(written, browser):
    page = browser.client.get("/accounts/twitter/callback/?oauth_token=x").content.decode()
    (told,) = map(json.loads, written.getvalue().splitlines())
    facts = {"event": "failure", "provider": "twitter", "code": "mismatch", "user": "", "account": None}
    facts["reference"] = reference_of(page)
    assert {name: told[f"socialreg_{name}"] for name in facts} == facts
    assert (told["level"], told["logger"]) == ("WARNING", "socialreg")
    shown = json.loads(re.search(r"```json\n(.*)\n```", LOGGING)[1])
    assert shown.keys() == told.keys()


@pytest.mark.django_db
def test_the_example_writes_an_exception_in_one_line(written):
    try:
        raise ZeroDivisionError("two\nlines")  # noqa: TRY301 - it is what is logged
    except ZeroDivisionError:
        logging.getLogger("socialreg").exception("It failed\nbadly")
    (told,) = map(json.loads, written.getvalue().splitlines())
    assert told["message"] == "It failed\nbadly"
    assert told["exception"].endswith("ZeroDivisionError: two\nlines")


def test_what_counts_as_a_code_of_ours_is_what_the_code_says():
    found = set(re.findall(r"\bcode(?:: str)? ?= ?\"([a-z-]+)\"", _source("socialreg", "providers")))
    found |= set(re.findall(r"Refuse\(\"([a-z-]+)\"", _source("socialreg")))
    assert found | outcomes.ERRORS.keys() | {"unknown-code"} == codes.OURS | NOT_IN_THE_LOG


def test_nothing_else_follows_the_secret_key():
    """The guide about keys names these two; whoever signs something else has to name it there as well."""
    rooms = [path for folder in ("socialreg", "providers") for path in (DOCS.parent / folder).rglob("*.py")]
    read = {path.name: path.read_text("utf-8") for path in rooms if "testing" not in path.parts}
    signing_rooms = {name for name, text in read.items() if re.search(r"django\.core(\.| import )signing", text)}
    reading_rooms = {name for name, text in read.items() if re.search(r"settings\.SECRET_KEY|get_signed_cookie", text)}
    other_ways = {name for name, text in read.items() if re.search(r"salted_hmac|default_token_generator", text)}
    assert (signing_rooms, reading_rooms, other_ways) == ({"errands.py", "address_link.py"}, {"conf.py"}, set())
