"""The audit trail: what happened to whom, when, and by which provider. :mod:`events` writes it, and nothing changes it.

Users and accounts are named by their ids and not by foreign keys: what happened stays known when they are gone, and to
delete them costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from .codes import OK
from .entries import SLUG_LENGTH

#: Characters of a code; none of ours has as many, and a provider's says no more for being whole.
CODE_LENGTH = 64
USER_LENGTH = 64
REFERENCE_LENGTH = 16


class SignInEvent(models.Model):
    """One thing that happened to somebody's way in."""

    class Kind(models.TextChoices):
        """What can happen."""

        LOGIN = "login", _("login")
        REGISTER = "register", _("registration")
        CONNECT = "connect", _("account connected")
        RECONNECT = "reconnect", _("account connected again")
        PREFILL = "prefill", _("form filled in")
        DISCONNECT = "disconnect", _("account disconnected")
        CONFIRM = "confirm", _("address confirmed")
        LOST = "lost", _("tokens lost")
        FAILURE = "failure", _("failure")

    at = models.DateTimeField(_("time"), default=now)
    event = models.CharField(_("event"), max_length=16, choices=Kind)
    provider = models.CharField(_("provider"), max_length=SLUG_LENGTH, blank=True)
    account = models.BigIntegerField(_("social account"), null=True, blank=True)
    user = models.CharField(_("user"), max_length=USER_LENGTH, blank=True)
    code = models.CharField(_("outcome"), max_length=CODE_LENGTH)
    #: What stands on the visitor's page and in the log.
    reference = models.CharField(_("reference"), max_length=REFERENCE_LENGTH, blank=True)
    #: The network that the request came from, never a whole address.
    address = models.CharField(_("network"), max_length=50, blank=True)
    agent = models.CharField(_("browser"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("sign-in event")
        verbose_name_plural = _("sign-in events")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["at"], name="socialreg_event_at"),
            models.Index(fields=["user", "at"], name="socialreg_event_user"),
            models.Index(fields=["reference"], name="socialreg_event_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.provider or 'socialreg'}: {self.event} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to somebody's way in, on its way to the log, the counters and the table.

    :param what: one of :class:`SignInEvent.Kind`.
    :param provider: the slug, ``""`` where there was none.
    :param user: the user's id as text, ``""`` for nobody.
    :param account: the id of the social account, also of one that is gone by now.
    :param code: ``ok``, or the stable code of the error.
    :param reference: what the visitor saw on the page.
    """

    what: str
    provider: str = ""
    user: str = ""
    account: int | None = None
    code: str = OK
    reference: str = ""
    at: datetime = field(default_factory=now)
