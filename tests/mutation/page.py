"""The page of the documentation that says what was changed and what no test noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .explained import EXPLAINED
from .record import ROOT, UNTRIED, Fate
from .rooms import ROOMS
from .runs import OUTCOMES

PAGE = ROOT / "docs/explanation/mutation.md"
#: From here on the page is written by this tool.
MARK = "<!-- written by make mutation -->\n"


def write(found: Sequence[Fate]) -> None:
    """Put what was found onto the page."""
    head = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(head + MARK + told(found), "utf-8")


def told(found: Sequence[Fate]) -> str:
    """Return what the page says of what was found, in the order of the rooms and of their lines."""
    ordered = sorted(found, key=lambda fate: (list(ROOMS).index(fate.change.room), fate.change.line, fate.change.key))
    return "\n".join(["", *_rooms(ordered), "", *_untried(ordered), *_survivors(ordered), ""])


def _rooms(found: Sequence[Fate]) -> Iterator[str]:
    yield "| Room | Mutants | Killed | Timed out | Survived | Not tried |"
    yield "|---|--:|--:|--:|--:|--:|"
    for room in ROOMS:
        yield _row(f"`{room}`", [fate for fate in found if fate.change.room == room])
    yield _row("**all**", found)


def _row(name: str, found: Sequence[Fate]) -> str:
    counted = Counter(fate.outcome for fate in found)
    figures = (len(found), *(counted[outcome] for outcome in (*OUTCOMES, UNTRIED)))
    assert len(found) == sum(figures[1:])
    return f"| {' | '.join([name, *map(str, figures)])} |"


def _untried(found: Sequence[Fate]) -> Iterator[str]:
    some = [fate for fate in found if fate.outcome == UNTRIED]
    if some:
        yield "## What was not tried"
        yield ""
        yield "What stands there reads otherwise since the last run, or was added:"
        yield ""
        yield "| Line | Where | Change |"
        yield "|---|---|---|"
        yield from map(_told, some)
        yield ""


def _survivors(found: Sequence[Fate]) -> Iterator[str]:
    yield "## What survives, and why it may"
    yield ""
    yield "| Line | Where | Change | Why no test notices |"
    yield "|---|---|---|---|"
    for fate in found:
        if fate.outcome == "survived":
            yield f"{_told(fate)} {EXPLAINED.get(fate.change.key, 'not explained')} |"


def _told(fate: Fate) -> str:
    change = fate.change
    return f"| `{change.room}.py:{change.line}` | `{change.where}` | {_code(change.change)} |"


def _code(text: str) -> str:
    return f"`` {text} ``".replace("|", r"\|")
