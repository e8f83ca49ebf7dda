"""What a provider that is down costs the rest of a site: four workers of gunicorn's, twenty logins a second, a page."""

from __future__ import annotations

import time
from statistics import median

from tests.faults.asking import Provider, until
from tests.faults.load import LOGINS, WORKERS, Load, Visit, p95, said, served
from tests.faults.test_load import AT_FIRST, BODIES

#: Seconds that each state is looked at.
SPAN = 8.0
#: Seconds in which a provider that answers nobody is left alone, at the latest.
PATIENCE = 40
OPENED = "^WARNING socialreg.circuits: Acme is left alone at .+/token for now"


def report() -> None:
    """Measure and print."""
    with Provider(BODIES, pause=0.05) as provider, served(provider) as site:
        print(f"A provider that falls silent: {WORKERS} workers, {LOGINS} logins a second, and a page")
        print(f"  {'':<40}{'p95 ms':>10}{'ratio':>8}{'logins':>9}{'refused':>9}{'ms':>8}{'most ms':>9}")
        with Load(site) as load:
            until(lambda: len(load.logins) > LOGINS)
            _report(load, provider)
    print()


def _report(load: Load, provider: Provider) -> None:
    well = _state(load, "it is well", SPAN)
    provider.at_first = "silent"
    silent_since = time.monotonic()
    _state(load, f"it is silent, the first {AT_FIRST:.0f} s", AT_FIRST, well)
    _state(load, f"it is silent, the next {SPAN:.0f} s", SPAN, well)
    until(lambda: said(load.site, OPENED), PATIENCE)
    opened = time.monotonic() - silent_since
    _state(load, "its circuit is open", SPAN, well)
    provider.at_first = "200 OK"
    back_since = time.monotonic()
    until(lambda: load.logins[-1].status == 302, PATIENCE)
    closed = time.monotonic() - back_since
    _state(load, "it is well again", SPAN, well)
    print(f"  opened {opened:.1f} s after it fell silent, closed {closed:.1f} s after it was back;")
    print(f"  {len(load.errors)} requests of {len(load.logins) + len(load.pages)} were not answered at all.")


def _state(load: Load, name: str, seconds: float, before: float = 0) -> float:
    """Print what visitors had for some seconds; return the page's p95. ``before``: the one to compare it with."""
    began, ended = load.wait(seconds)
    pages, logins = (_within(each, began, ended) for each in (load.pages, load.logins))
    refused = [each.seconds * 1000 for each in logins if each.is_refusal]
    found = p95(pages)
    half, most = (f"{of(refused):.1f}" if refused else "-" for of in (median, max))
    ratio = f"{found / (before or found):.2f}"
    print(f"  {name:<40}{found * 1000:>10.1f}{ratio:>8}{len(logins):>9}{len(refused):>9}{half:>8}{most:>9}")
    return found


def _within(visits: list[Visit], began: float, ended: float) -> list[Visit]:
    """Return those that were given in a time, however long they were waited for."""
    return [each for each in visits if began <= each.ended < ended]
