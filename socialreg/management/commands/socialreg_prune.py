"""``manage.py socialreg_prune``: remove old events from the audit trail."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.timezone import now

from socialreg.management.stopping import stoppable
from socialreg.pruning import prune

_EPILOG = """
Events are removed in batches of a few thousand, the oldest first, each in a short transaction: the site may run
meanwhile, and so may a second run. Ctrl-C or SIGTERM ends it after the batch in hand; run it again, and it goes on
there. The exit status is 1 if it was ended, or the database does not play along.
"""
#: Longer than any site keeps anything, and short enough to be counted back from today.
_MOST_DAYS = 36_500


def days(text: str) -> int:
    """Return a number of days, one at least."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_DAYS)) and 1 <= int(text) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days: give a whole number from 1 to {_MOST_DAYS}")
    return int(text)


class Command(BaseCommand):
    """Removes what is older than a number of days; for a timer, or by hand."""

    help = "Removes sign-in events that are older than a number of days."

    def create_parser(self, prog_name: str, subcommand: str, **named: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=_EPILOG, **named)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=days, default=90, help="How old events may become; default: %(default)s.")

    def handle(self, *, days: int, verbosity: int, **options: Any) -> None:
        before = now() - timedelta(days=days)
        removed = 0
        try:
            with stoppable() as stop:
                for batch in prune(before):
                    removed += batch
                    if stop.is_set():
                        raise CommandError(f"Stopped, {removed:,} sign-in events removed. Run this again: it goes on")
        except Error as error:
            raise CommandError(_refused(removed, error)) from error
        if verbosity:
            self.stdout.write(f"Removed {removed:,} sign-in events from before {before:%Y-%m-%d %H:%M:%S %Z}.".rstrip())


def _refused(removed: int, error: Error) -> str:
    reason = " ".join(str(error).split()).rstrip("?.")
    return (
        f"Removed {removed:,} sign-in events, and then the database said: {reason}. Bring it back, or wait until it is "
        "less busy, and run this again; if there is no such table, run migrate first."
    )
