"""How much is tried, as a plugin of pytest: what a change needs in every run, everything at night.

``EFFORT=nightly`` (``make nightly``) adds what is marked ``nightly`` and takes the higher numbers of :func:`either`.
``--sample`` is for a run beside the main one, on another database, with another Django, or of the wheel: of a test that
runs for a dozen providers or more it keeps one of each protocol, and Mastodon, which alone writes something before
anybody has logged in; and it leaves out what is ``slow``. What is marked ``whole`` it keeps for every provider.

With ``--no-loadscope-reorder``, which takes pytest-xdist's own order away, what is marked ``lasting`` begins first, or
the others would be done long before it; then come the files with the most tests.
"""

from __future__ import annotations

import gc
import os
from collections import Counter, defaultdict
from typing import TypeVar

import pytest

from tests.shipped import NAMES, PROTOCOLS

T = TypeVar("T")

EFFORTS = ("ordinary", "nightly")
EFFORT = os.environ.get("EFFORT", EFFORTS[0])
if EFFORT not in EFFORTS:  # no silent ordinary one
    raise pytest.UsageError(f"EFFORT={EFFORT} is none of {', '.join(EFFORTS)}")
NIGHTLY = EFFORT == "nightly"
#: A test that runs for so many providers runs for all; fewer were chosen, for what is their own.
MANY = 12
SAMPLE = frozenset({*PROTOCOLS, "mastodon"})


def either(ordinary: T, at_night: T) -> T:
    """Return what is tried now: in every run the first, at night the second."""
    return at_night if NIGHTLY else ordinary


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", action="store_true", help="one provider of each protocol, and nothing slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = set() if NIGHTLY else {each for each in items if each.get_closest_marker("nightly")}
    if config.getoption("sample"):
        left_out |= unsampled(items)
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [each for each in items if each not in left_out]
    if not config.getoption("loadscopereorder", default=True):
        sizes = Counter(each.path for each in items)
        items.sort(key=lambda each: (each.get_closest_marker("lasting") is None, -sizes[each.path], str(each.path)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the garbage collector look no more at what stays to the end: twenty thousand tests cost it a fifth of all.

    In xdist's processes alone: elsewhere somebody may want to find objects by it, as the mutations do.
    """
    if hasattr(session.config, "workerinput"):
        gc.collect()
        gc.freeze()


def unsampled(items: list[pytest.Item]) -> set[pytest.Item]:
    """Return what a sample does without."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for each in items:
        found[_function(each)] |= _providers(each)
    return {each for each in items if each.get_closest_marker("slow") or _is_one_of_many(each, found[_function(each)])}


def _is_one_of_many(item: pytest.Item, found: set[str]) -> bool:
    if len(found) < MANY or not found & SAMPLE or item.get_closest_marker("whole"):
        return False
    return bool(_providers(item)) and not _providers(item) & SAMPLE


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _providers(item: pytest.Item) -> set[str]:
    """Return the providers that a test is parametrised with."""
    call = getattr(item, "callspec", None)
    return {value for value in call.params.values() if isinstance(value, str) and value in NAMES} if call else set()
