"""The chart above the timeline in the admin: how many came in by each provider, and how many did not, day by day.

One query, which reads the days that are shown by the index on the time. What is drawn are rectangles in whole numbers;
their colours stand in a stylesheet, so a policy against inline styles holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Case, Count, IntegerField, Q, When
from django.utils.timezone import localdate, make_aware
from django.utils.translation import gettext as _

from .codes import OK
from .registry import providers
from .sign_in_events import SignInEvent

DAYS = 14
#: How many providers have a picture of their own; the others share one.
MOST = 8
#: The size of a picture, and of a bar in it, in units of its own.
WIDTH, HEIGHT = 280, 72
_STEP = WIDTH // DAYS
_BAR = 14

_WAYS_IN = (
    SignInEvent.Kind.LOGIN,
    SignInEvent.Kind.REGISTER,
    SignInEvent.Kind.CONNECT,
    SignInEvent.Kind.RECONNECT,
    SignInEvent.Kind.PREFILL,
    SignInEvent.Kind.FAILURE,
)

#: Of one day: how many went well, and how many did not.
Counts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: ``well`` rises from the line, ``not_well`` hangs from it. All in units of the picture."""

    x: int
    top: int
    well: int
    not_well: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One provider, ``slug`` being ``""`` for all that share a picture."""

    slug: str
    label: str
    counts: Sequence[Counts]
    line: int
    bars: Sequence[Bar]

    @property
    def well(self) -> int:
        """How many went well."""
        return sum(well for well, _not in self.counts)

    @property
    def not_well(self) -> int:
        """How many did not."""
        return sum(not_well for _well, not_well in self.counts)

    @property
    def most(self) -> int:
        """How many there were on the busiest day, well and not."""
        return max(map(sum, self.counts))


@dataclass(frozen=True, slots=True)
class Chart:
    """The days, oldest first, and a panel for each provider, the busiest first."""

    days: Sequence[date]
    panels: Sequence[Panel]
    width: int = WIDTH
    height: int = HEIGHT
    bar: int = _BAR

    @property
    def rows(self) -> list[tuple[date, list[Counts]]]:
        """What the chart shows, as a table: of each day, newest first, what each panel has."""
        rows = [(day, [panel.counts[place] for panel in self.panels]) for place, day in enumerate(self.days)]
        return rows[::-1]


def chart() -> Chart:
    """Return the chart of the past days, today being the last."""
    today = localdate()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    counted = _counted(days)
    busiest = sorted(counted, key=lambda slug: (-sum(map(sum, counted[slug])), slug))
    panels = [_panel(slug, providers.label(slug), counted[slug]) for slug in busiest[:MOST]]
    if len(busiest) > MOST:
        panels.append(_panel("", _("All others"), _together(counted[slug] for slug in busiest[MOST:])))
    return Chart(days, panels)


def _counted(days: Sequence[date]) -> dict[str, list[Counts]]:
    """Return what there was of each provider on each day."""
    # Days are told apart here and not by the database's dates: MariaDB knows time zones only if somebody loads them.
    starts = [make_aware(datetime.combine(day, time.min)) for day in days]
    places = (When(at__gte=start, then=place) for place, start in reversed(list(enumerate(starts))))
    events = SignInEvent.objects.filter(at__gte=starts[0], event__in=_WAYS_IN).exclude(provider="")
    groups = events.annotate(day=Case(*places, output_field=IntegerField())).order_by().values("provider", "day")
    counted: dict[str, list[Counts]] = defaultdict(lambda: [(0, 0)] * len(days))
    for group in groups.annotate(total=Count("pk"), well=Count("pk", filter=Q(code=OK))):
        counted[group["provider"]][group["day"]] = (group["well"], group["total"] - group["well"])
    return counted


def _together(several: Iterable[Sequence[Counts]]) -> list[Counts]:
    return [(sum(well for well, _ in day), sum(not_well for _, not_well in day)) for day in zip(*several, strict=True)]


def _panel(slug: str, label: str, counts: Sequence[Counts]) -> Panel:
    most = [max(day[which] for day in counts) for which in (0, 1)]
    scale = HEIGHT / (sum(most) or 1)
    # A day on which something failed is seen as one, also beside days of thousands.
    line = min(_length(most[0], scale), HEIGHT - 2 * bool(most[1]))
    bars = [_bar(place, day, scale, line) for place, day in enumerate(counts)]
    return Panel(slug, label, counts, line, bars)


def _bar(place: int, day: Counts, scale: float, line: int) -> Bar:
    well, not_well = min(_length(day[0], scale), line), min(_length(day[1], scale), HEIGHT - line)
    return Bar(place * _STEP + (_STEP - _BAR) // 2, line - well, well, not_well)


def _length(count: int, scale: float) -> int:
    return max(round(count * scale), 2) if count else 0
