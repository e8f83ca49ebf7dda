"""``furnish``: what the sandbox has from the start: one user, somebody for the admin, an organisation and a bot."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from sandbox.models import Bot, Organisation

#: The address of Inês Moreau at the stand-in: whoever comes back as her is asked to prove that this user is hers.
EMAIL = "ines.moreau@example.net"


class Command(BaseCommand):
    """Make what is not there yet. Passwords are the user names."""

    def handle(self, **options: Any) -> None:
        demo = _user("demo", EMAIL, first_name="Inês", last_name="Moreau")
        _user("staff", "", is_staff=True, is_superuser=True)
        organisation, _made = Organisation.objects.get_or_create(name="Balcony Growers")
        organisation.members.add(demo)
        Bot.objects.get_or_create(name="Watering Can", defaults={"keeper": demo})


def _user(name: str, email: str, **more: Any) -> User:
    return User.objects.filter(username=name).first() or User.objects.create_user(name, email, name, **more)
