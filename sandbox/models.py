"""What Windowsill keeps of its own: a picture and some words of everybody, organisations, and a bot."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from socialreg.fields import SocialAccountField


class Portrait(models.Model):
    """What somebody tells the neighbours about themselves."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    picture = models.URLField(max_length=500, blank=True)
    about = models.TextField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"Portrait of {self.user}"


class Organisation(models.Model):
    """Several people with one account at X. Any member may connect it, and post."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="organisations")
    twitter = SocialAccountField(provider="twitter")

    def __str__(self) -> str:
        return self.name


class Bot(models.Model):
    """A program that posts by itself. Its keeper connects it."""

    name = models.CharField(max_length=100, unique=True)
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bots")
    twitter = SocialAccountField(provider="twitter")

    def __str__(self) -> str:
        return self.name

    def say_hello(self) -> None:
        """Post, by tweepy.

        :raises SocialRegError: X does not take it.
        """
        if self.twitter is not None:
            self.twitter.tweepy_client().create_tweet(text=f"{now():%A, %H:%M} UTC. All beans are watered.")
