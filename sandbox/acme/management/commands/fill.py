"""``call_command("fill")``: what must be in Acme's database, that is tables, the application, the people."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import BaseCommand, call_command
from oauth2_provider.models import Application

from sandbox.acme.client import CLIENT_ID, CLIENT_SECRET
from sandbox.acme.people import EMPLOYEES


class Command(BaseCommand):
    """Bring the database up to date; people who are there already stay as they are."""

    help = "Fill Acme's database."

    def handle(self, **options: object) -> None:
        """Do it."""
        call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
        _register_application()
        _employ_everybody()


def _register_application() -> None:
    """Register the site as it is this time: its port, and so its callback, may have changed."""
    facts = {
        "name": "Windowsill",
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "algorithm": Application.RS256_ALGORITHM,
        "client_secret": CLIENT_SECRET,  # hashed when it is saved
        "redirect_uris": " ".join(settings.CALLBACKS),
        "skip_authorization": False,  # everybody is asked, each time
    }
    Application.objects.update_or_create(client_id=CLIENT_ID, defaults=facts)


def _employ_everybody() -> None:
    known = set(User.objects.values_list("username", flat=True))
    for each in EMPLOYEES:
        if each.username not in known:
            User.objects.create_user(
                each.username, each.email, each.username, first_name=each.first_name, last_name=each.last_name
            )
