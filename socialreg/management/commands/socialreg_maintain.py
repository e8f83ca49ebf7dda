"""``manage.py socialreg_maintain``: look after the accounts, on one machine."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from socialreg.background import background
from socialreg.management.progress import Progress
from socialreg.management.stopping import stoppable
from socialreg.registry import providers
from socialreg.rounds import Order, Round, Tally, accounts

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: Less than a day: who was asked a minute after the timer of yesterday went off is due again when it does today.
_ALMOST_A_DAY = timedelta(hours=20)
_EPILOG = """
Accounts are taken one after the other. Those that are lost already are left out, and so are those whose token has ended
and cannot be refreshed. Ctrl-C, or SIGTERM, ends after the account in hand; run it again, and it goes on there. A
provider that wants no more calls for now is left alone, and the others go on; at the end you are told when to come
back. The exit status is 1 if something of this site's is wrong: its settings, its database.
"""


def duration(text: str) -> timedelta:
    """Return how long ``12h`` or ``7d`` is: a whole number and s, m, h or d."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: give a number and s, m, h or d, such as 12h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Command(BaseCommand):
    """Refreshes tokens, reads profiles, asks whether tokens are alive; for a timer, or by hand."""

    help = "Looks after the accounts: without --refresh and --sync, asks the providers whether their tokens are alive."

    def create_parser(self, prog_name: str, subcommand: str, **named: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=_EPILOG, **named)

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--refresh", action="store_true", help="Refresh the tokens that have ended, or end within a minute.")
        add("--sync", action="store_true", help='Read profiles anew, and follow SOCIALREG["SYNC"].')
        add("--verify", action="store_true", help="Ask whether tokens are alive; the default if nothing else is said.")
        add("--provider", metavar="SLUG", help="The accounts of this provider alone.")
        add("--limit", type=int, metavar="N", help="Stop after so many accounts.")
        add(
            "--older-than",
            type=duration,
            metavar="DURATION",
            help="Only accounts that were neither verified nor synced for so long, such as 12h or 7d. Default: 20h, so "
            "that running it again goes on where it stopped, and a daily timer finds everybody. With --refresh alone "
            "0s, for what is refreshed is not due.",
        )
        add("--quiet", action="store_true", help="Say nothing unless something is wrong.")

    def handle(self, *, quiet: bool, limit: int | None, **options: Any) -> None:
        order = _order(**options)
        round_ = Round(order)
        total = 0 if quiet else min(accounts(order).count(), limit or 10**12)
        progress = Progress(total, None if quiet else self.stderr)
        with stoppable() as stop:
            for tally in round_.run(limit):
                progress.show(tally.seen, _in_words(tally))
                if stop.is_set():
                    break
        progress.end()
        background.drain()
        if not quiet:
            self._sum_up(round_, stopped=stop.is_set())
        if round_.tally.failed:
            raise CommandError(
                f"{round_.tally.failed:,} accounts could not be looked after, for reasons of this site's own: the log "
                "of socialreg says which"
            )

    def _sum_up(self, round_: Round, *, stopped: bool) -> None:
        say, tally = self.stdout.write, round_.tally
        say(f"Looked after {tally.done:,} accounts: {_in_words(tally)}.")
        for slug, number in tally.left.items():
            until = datetime.fromtimestamp(min(round_.rests.end(slug), 2**33), UTC)
            say(f"Left alone: {number:,} of {slug}, until {until:%Y-%m-%d %H:%M:%S} UTC. Run this again then.")
        if stopped:
            say("Stopped. Run this again with the same options: it goes on where it stopped.")


def _order(
    *, refresh: bool, sync: bool, verify: bool, provider: str | None, older_than: timedelta | None, **_: Any
) -> Order:
    if provider is not None and provider not in providers:
        enabled = ", ".join(providers) or "(none)"
        raise CommandError(f"The provider {provider!r} is not enabled. Use one of {enabled}")
    verify = verify or not (refresh or sync)
    older_than = older_than if older_than is not None else _ALMOST_A_DAY if sync or verify else timedelta(0)
    before = now() - older_than if older_than else None
    return Order(refresh, sync, verify, (provider,) if provider else tuple(providers), before)


def _in_words(tally: Tally) -> str:
    said = {
        "refreshed": tally.refreshed,
        "synced": tally.synced,
        "alive": tally.alive,
        "lost": tally.lost,
        "without an answer": tally.unanswered,
        "failed": tally.failed,
        "left alone": sum(tally.left.values()),
    }
    return ", ".join(f"{number:,} {name}" for name, number in said.items() if number) or "nothing to do"
