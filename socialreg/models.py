"""The accounts that people have elsewhere, kept with their credentials."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import UTC, datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from . import conf
from .account_use import AccountUse
from .encryption import seal, unseal
from .entries import SLUG_LENGTH
from .fields import let_go
from .sign_in_events import SignInEvent  # noqa: F401 - a model of this app: Django looks for it here
from .types import SUBJECT_LENGTH, TEXT_LENGTH, URL_LENGTH, Credentials, Email, Profile


def identity_digest(issuer: str, subject: str) -> str:
    """Return the database key of a person at a provider: 64 hexadecimal characters for the exact pair.

    Fixed in width and free of letters that differ in case alone, so no collation can take two people for one and the
    unique index stays short.
    """
    return hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).hexdigest()


#: What is sealed of the credentials; whose they are stands in columns.
_SEALED = tuple(each.name for each in fields(Credentials) if each.name not in {"uid", "username", "issuer", "extra"})


def _moment(seconds: float | None) -> datetime | None:
    """Return a time; ``None`` for one that there is not, as where a provider's class takes milliseconds for seconds."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


class SocialAccountManager(models.Manager["SocialAccount"]):
    """Finds accounts by who they are, never by what they are called."""

    def for_identity(self, issuer: str, subject: str) -> SocialAccount | None:
        """Return the account of (issuer, subject) with its user, in one query, ``None`` if there is none."""
        # Not first(): of at most one row there is nothing to order, and ordering is a good part of the work.
        found = next(iter(self.select_related("user").filter(identity=identity_digest(issuer, subject))), None)
        if found is None or (found.issuer, found.subject) != (issuer, subject):
            return None
        return found


class SocialAccount(AccountUse):
    """An account that a user of this site has at a provider."""

    #: Who logs in with it; nobody, where it serves owners of the site's own alone (:mod:`fields`).
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=let_go,
        related_name="social_accounts",
        null=True,
        blank=True,
        verbose_name=_("user"),
    )
    provider = models.CharField(_("provider"), max_length=SLUG_LENGTH, help_text=_("The slug it was last used by."))
    issuer = models.CharField(_("issuer"), max_length=TEXT_LENGTH, editable=False)
    subject = models.CharField(_("identifier"), max_length=SUBJECT_LENGTH, editable=False)
    identity = models.CharField(max_length=64, unique=True, editable=False)

    username = models.CharField(_("handle"), max_length=TEXT_LENGTH, blank=True)
    full_name = models.CharField(_("name"), max_length=TEXT_LENGTH, blank=True)
    first_name = models.CharField(_("first name"), max_length=TEXT_LENGTH, blank=True)
    last_name = models.CharField(_("last name"), max_length=TEXT_LENGTH, blank=True)
    email = models.CharField(_("e-mail address"), max_length=TEXT_LENGTH, blank=True)
    email_verified = models.BooleanField(_("vouched for by the provider"), default=False)
    picture = models.URLField(_("picture"), max_length=URL_LENGTH, blank=True)
    profile_url = models.URLField(_("profile page"), max_length=URL_LENGTH, blank=True)
    locale = models.CharField(_("language"), max_length=TEXT_LENGTH, blank=True)
    timezone = models.FloatField(_("hours from UTC"), null=True, blank=True)
    profile = models.JSONField(_("profile"), default=dict, blank=True, help_text=_("The provider's own answer."))
    profile_at = models.DateTimeField(_("profile read at"), null=True, editable=False)

    sealed_credentials = models.TextField(editable=False)
    #: What may be known of the credentials without opening them: set together with them.
    scope = models.TextField(_("may"), blank=True, editable=False, help_text=_("What the provider granted."))
    expires_at = models.DateTimeField(_("token expires"), null=True, editable=False)
    refreshable = models.BooleanField(_("token can be refreshed"), default=False, editable=False)
    #: Since when the provider takes the tokens no more, and the error's code; a login mends it.
    lost_at = models.DateTimeField(_("tokens lost"), null=True, editable=False)
    lost_code = models.CharField(_("why"), max_length=60, blank=True, editable=False)
    #: Set before a refresh goes out and cleared with its result: what stays is a process that died in between.
    refresh_begun_at = models.DateTimeField(null=True, editable=False)
    #: When the provider was last asked about it outside a login.
    checked_at = models.DateTimeField(_("last looked after"), null=True, editable=False)
    created_at = models.DateTimeField(_("since"), default=now, editable=False)
    used_at = models.DateTimeField(_("last used"), default=now, editable=False)

    objects: ClassVar[SocialAccountManager] = SocialAccountManager()

    class Meta:
        verbose_name = _("social account")
        verbose_name_plural = _("social accounts")
        # By the state of the tokens: few are lost or expired among very many.
        indexes = [models.Index(fields=["lost_at", "expires_at"], name="socialreg_token_state")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.handle}"

    @property
    def handle(self) -> str:
        """The name to show: the user name at the provider, or what comes nearest to it where it has none."""
        return self.username or self.email or self.full_name or self.subject

    @property
    def credentials(self) -> Credentials | None:
        """The credentials, opened; ``None`` if the key that they were sealed with is gone."""
        opened = unseal("credentials", self.sealed_credentials)
        if opened is None:
            return None
        # What a newer release sealed beside these is passed over: going back to this one must not lock anybody out.
        known = {name: opened[name] for name in _SEALED if name in opened}
        return Credentials(self.subject, self.username, issuer=self.issuer, **known)

    @credentials.setter
    def credentials(self, credentials: Credentials) -> None:
        self.sealed_credentials = seal("credentials", {name: getattr(credentials, name) for name in _SEALED})
        self.scope = credentials.scope
        self.refreshable = bool(credentials.refresh_token)
        self.expires_at = _moment(credentials.expires_at)
        self.lost_at, self.lost_code = None, ""

    def is_fresh(self, moment: datetime) -> bool:
        """Whether the stored profile is young enough to do without asking the provider again."""
        return self.profile_at is not None and moment - self.profile_at < conf.profile_max_age()

    def stored_profile(self) -> Profile:
        """Return what is stored, as the provider would tell it."""
        return Profile(
            uid=self.subject,
            issuer=self.issuer,
            username=self.username,
            full_name=self.full_name,
            first_name=self.first_name,
            last_name=self.last_name,
            email=Email(self.email, self.email_verified) if self.email else None,
            picture=self.picture,
            profile_url=self.profile_url,
            locale=self.locale,
            timezone=self.timezone,
            raw=self.profile,
        )

    def take_over(self, profile: Profile) -> None:
        """Fill the columns from a profile that was just read. Saves nothing."""
        self.username = profile.username
        self.full_name = profile.full_name
        self.first_name = profile.first_name
        self.last_name = profile.last_name
        self.email = profile.email.address if profile.email else ""
        self.email_verified = bool(profile.email and profile.email.verified)
        self.picture = profile.picture
        self.profile_url = profile.profile_url
        self.locale = profile.locale
        self.timezone = profile.timezone
        self.profile = dict(profile.raw)
        self.profile_at = now()


class UserAddress(models.Model):
    """What is known of an e-mail address of a user's: confirmed, or waiting for that. :mod:`confirmation` writes it.

    No row says nothing: an address that a provider vouched for needs none, nor does one from before.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(_("e-mail address"), max_length=TEXT_LENGTH)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    #: The address that it is to take the place of; ``""`` for one that the user was registered with.
    replaces = models.CharField(max_length=TEXT_LENGTH, blank=True, editable=False)
    #: What stands for the address while it is confirmed, whatever its case: so no two users have one confirmed.
    digest = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    #: Part of the link that was sent; ``""`` while no link is good.
    secret = models.CharField(max_length=64, blank=True, editable=False)
    sent_at = models.DateTimeField(_("last mail"), null=True, editable=False)
    #: How many mails went out since ``counted_from``.
    sent = models.PositiveIntegerField(default=0, editable=False)
    counted_from = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("since"), default=now, editable=False)

    class Meta:
        verbose_name = _("e-mail address of a user")
        verbose_name_plural = _("e-mail addresses of users")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="socialreg_one_row_per_address")]

    def __str__(self) -> str:
        return self.address


class Kept(models.Model):
    """What a provider keeps for good: an application that it registered on the fly. :mod:`shared` reads and writes it.

    Not in the admin: without its key it cannot be named, and nothing in it may be shown.
    """

    digest = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("kept for a provider")
        verbose_name_plural = _("kept for providers")
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest
