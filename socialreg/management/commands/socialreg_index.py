"""``manage.py socialreg_index``: make the index by which an e-mail address is found, on a live table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, Error, connections

from socialreg.email_index import EmailIndex, Plan, create, plan, wanted
from socialreg.exceptions import ConfigurationError


class Command(BaseCommand):
    """Makes the index if there is none that fits, so it may be run with every deployment."""

    help = "Makes the index by which a user is found by e-mail address, safely while the site is running."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="Whose users; default: %(default)s.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Print the SQL and do nothing.")

    def handle(self, *, database: str, dry_run: bool, verbosity: int, **options: Any) -> None:
        index = wanted(database)
        if index is None:
            self.stdout.write("The user model has no e-mail address. Nothing to do.")
            return
        try:
            done = plan(index) if dry_run else create(index)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(_refused(index, error)) from error
        if verbosity or dry_run:
            self.stdout.write(_said(index, done, dry_run=dry_run))


def _said(index: EmailIndex, done: Plan, *, dry_run: bool) -> str:
    if done.existing:
        return f"The index {done.existing} on {index.table} serves e-mail addresses already. Nothing to do."
    if dry_run:
        return "\n".join(f"{statement};" for statement in done.statements)
    return f"Made the index {index.name} on {index.table}."


def _refused(index: EmailIndex, error: Error) -> str:
    reason = " ".join(str(error).split())
    return (
        f"The index {index.name} on {index.table} was not made: {reason}. "
        "If the table was locked, run this again when it is less busy; if there is no such table, run migrate first."
    )
