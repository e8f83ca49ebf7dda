"""What a site may own accounts by: an organisation, a club that is one, and bots of theirs."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from socialreg.fields import SocialAccountField


class StandingManager(models.Manager["Organisation"]):
    """Those that were not closed."""

    def get_queryset(self) -> models.QuerySet[Organisation]:
        return super().get_queryset().filter(is_closed=False)


class Organisation(models.Model):
    """Has an account at X, and one at Acme over OAuth 2.0."""

    name = models.CharField(max_length=100)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL)
    is_closed = models.BooleanField(default=False)
    twitter = SocialAccountField(provider="twitter")
    second = SocialAccountField(provider="acme")

    objects = StandingManager()

    def __str__(self) -> str:
        return self.name


class Club(Organisation):
    """An organisation, in a table of its own beside."""

    town = models.CharField(max_length=100, blank=True)


class Sister(Organisation):
    """An organisation by another name."""

    class Meta:
        proxy = True


class Bot(models.Model):
    """Speaks for itself, and goes with its organisation."""

    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, null=True)
    voice = SocialAccountField("twitter")
    ear = SocialAccountField("twitter")

    def __str__(self) -> str:
        return self.name


def is_member(user: AbstractBaseUser, instance: models.Model, field: str) -> bool:
    """Whether a user may change what belongs to an organisation: ``SOCIALREG["MAY_CONNECT"]``."""
    organisation = instance.organisation if isinstance(instance, Bot) else instance
    return isinstance(organisation, Organisation) and organisation.members.filter(pk=user.pk).exists()
