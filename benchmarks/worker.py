"""What every worker pays before anybody logs in: ``django.setup()``, and the page with a button for each provider."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory, override_settings

from tests import shipped
from tests.test_setup_budget import BARE

from .meters import Processor

PROCESSES = 11
PAGES = 300

#: Prints milliseconds on the clock, milliseconds of processor time, and megabytes of memory.
_SETUP = """
import json, os, sys, time
from django.conf import settings
settings.configure(INSTALLED_APPS={apps!r}, SOCIALREG=json.loads({given!r}), SECRET_KEY="x" * 50,
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}})
import django
def memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
linux = sys.platform == "linux"
clock, cpu, used = time.perf_counter(), time.process_time(), memory() if linux else 0
django.setup()
print(json.dumps([(time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000,
    memory() - used if linux else 0]))
"""


def report() -> None:
    """Measure and print."""
    given = {"BASE_URL": "https://example.com", "PROVIDERS": shipped.everything()}
    _report_setup(given)
    with override_settings(SOCIALREG=given):
        _report_buttons(len(given["PROVIDERS"]))


def _report_setup(given: dict[str, object]) -> None:
    # By turns, so that whatever else this machine does disturbs both.
    rounds = [(_setup([], given), _setup(["socialreg"], given)) for _ in range(PROCESSES)]
    bare, full = ([*zip(*each, strict=True)] for each in zip(*rounds, strict=True))
    print(f"django.setup(), {len(shipped.everything())} providers enabled, {PROCESSES} processes each")
    print(f"  {'':<28}{'bare':>10}{'with ours':>12}{'more':>10}{'ratio':>8}")
    names = ("ms on the clock", "ms of processor time", "MB of memory")
    for name, without, ours in zip(names, bare, full, strict=True):
        for what, of in (("median", median), ("least", min)):
            a, b = of(without), of(ours)
            ratio = f"{b / a:.2f}" if a else "-"
            print(f"  {f'{name}, {what}':<28}{a:>10.1f}{b:>12.1f}{b - a:>10.1f}{ratio:>8}")
    print()


def _setup(apps: list[str], given: dict[str, object]) -> list[float]:
    code = _SETUP.format(apps=[*BARE, *apps], given=json.dumps(given))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    figures: list[float] = json.loads(done.stdout)
    return figures


def _report_buttons(number: int) -> None:
    token, buttons = _page("{{ csrf_token }}"), _page("{% login_buttons %}")
    more, least = (getattr(buttons, of)("page") - getattr(token, of)("page") for of in ("of", "least"))
    print(f"A page of {number} buttons, above a page with a CSRF token alone: milliseconds of processor time")
    print(f"  {'':<28}{'median':>10}{'least':>10}")
    print(f"  {'all of them':<28}{more:>10.2f}{least:>10.2f}")
    print(f"  {'one of them':<28}{more / number:>10.3f}{least / number:>10.3f}\n")


def _page(text: str) -> Processor:
    template = engines["django"].from_string("{% load socialreg %}" + text)
    cpu = Processor()
    template.render({}, _request())  # makes the providers
    for _ in range(PAGES):
        request = _request()
        with cpu("page"):
            template.render({}, request)
    return cpu


def _request() -> HttpRequest:
    request = RequestFactory().get("/login/")
    request.user = AnonymousUser()
    return request
