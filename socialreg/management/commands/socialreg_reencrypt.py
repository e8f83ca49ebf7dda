"""``manage.py socialreg_reencrypt``: seal every stored secret anew, with the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from socialreg import resealing
from socialreg.management.progress import Progress
from socialreg.management.stopping import stoppable
from socialreg.resealing import Tally

_EPILOG = """
For after a change of keys, once every process of the site has the new one. It may run while the site does, and a second
time: what is sealed with the newest key already is not written again. Ctrl-C, or SIGTERM, ends after the rows in hand;
run it again, and it goes on. The exit status is 0 only if everything is sealed with the newest key: then the former one
may go.
"""


class Command(BaseCommand):
    """Rotates what lies in the database; to be run once for each change of keys."""

    help = "Seals every stored secret anew, with the newest of the keys."

    def create_parser(self, prog_name: str, subcommand: str, **named: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=_EPILOG, **named)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Say nothing unless something is wrong.")

    def handle(self, *, quiet: bool, **options: Any) -> None:
        try:
            tally, stopped = self._run(quiet=quiet)
        except Error as error:  # its text may hold a statement with what is sealed
            raise CommandError(
                f"The database failed: {type(error).__name__}. Bring it back and run this again: it goes on"
            ) from None
        if not quiet:
            self.stdout.write(f"{_in_words(tally)}.")
        _complain(tally, stopped=stopped)

    def _run(self, *, quiet: bool) -> tuple[Tally, bool]:
        progress = Progress(0 if quiet else resealing.total(), None if quiet else self.stderr)
        tally = Tally()
        with stoppable() as stop:
            for tally in resealing.run():
                progress.show(tally.seen, _in_words(tally))
                if stop.is_set():
                    break
        progress.end()
        return tally, stop.is_set()


def _in_words(tally: Tally) -> str:
    return f"Sealed anew: {tally.resealed:,}. With the newest key already: {tally.fresh:,}"


def _complain(tally: Tally, *, stopped: bool) -> None:
    """Say what is left to do.

    :raises CommandError: something is.
    """
    said = []
    if tally.closed:
        said.append(
            f"No key opens {tally.closed:,}. Give the key that they were sealed with: last in ENCRYPTION_KEYS, or, "
            "where there are none, in SECRET_KEY_FALLBACKS; without it they are lost, and their people bring new "
            "tokens with their next login."
        )
    if tally.stuck:
        said.append(f"{tally.stuck:,} could not be written: something else was at them all the time. Run this again.")
    if tally.named:
        more = tally.closed + tally.stuck - len(tally.named)
        said.append(f"Rows: {', '.join(tally.named)}{f', and {more:,} more' if more else ''}.")
    if stopped:
        said.append("Stopped. Run this again: it goes on where it stopped.")
    if said:
        raise CommandError("\n".join(said))
