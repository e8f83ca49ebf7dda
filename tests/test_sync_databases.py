"""The database has the last word on what a login writes into a user's fields."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from socialreg import sync, sync_values
from socialreg.models import SocialAccount
from socialreg.types import Profile
from tests import stores


@stores.on("sqlite", "postgres", "mysql")
def test_a_name_that_another_request_took_in_this_very_moment_leaves_the_user_as_they_were(
    database, settings, monkeypatch
):
    """It was free when it was looked up; the transaction around goes on."""
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"username": "always"}}
    user = User.objects.create(username="mara")
    account = SocialAccount.objects.create(user=user, provider="twitter", issuer="i", subject="1", identity="1")

    def look_up(wanted: str, profile: Profile) -> str:
        User.objects.create(username=wanted)  # the other request, a moment later
        return wanted

    monkeypatch.setattr(sync_values, "free_username", look_up)
    with transaction.atomic(using=database.alias):
        assert sync.apply(account, Profile("1"), Profile("1", username="kestrel")) == sync.Changes()
        assert User.objects.filter(username="mara").exists()
    assert account.user is not None
    assert account.user.username == "mara"


@stores.on("sqlite", "postgres", "mysql")
def test_what_fits_is_written(database, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "SYNC": {"username": "always", "first_name": "always"}}
    user = User.objects.create(username="mara")
    account = SocialAccount.objects.create(user=user, provider="twitter", issuer="i", subject="1", identity="1")
    done = sync.apply(account, Profile("1"), Profile("1", username="kestrel", first_name="Zo\N{SNOWMAN}"))
    assert done.written == ("username", "first_name")
    assert User.objects.values_list("username", "first_name").get() == ("kestrel", "Zo\N{SNOWMAN}")
