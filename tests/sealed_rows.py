"""Accounts whose secrets are known, by the thousand."""

from __future__ import annotations

from typing import Any

from django.conf import settings as site

from socialreg.encryption import unseal
from socialreg.models import SocialAccount, identity_digest
from socialreg.types import Credentials

ISSUER = "https://x.com"
#: The secrets of the site, before and after.
OLD, NEW = "old-" * 16, "new-" * 16


def keyed(*keys: str) -> dict[str, Any]:
    """Return the site's settings with these keys, the newest first."""
    return {**site.SOCIALREG, "ENCRYPTION_KEYS": list(keys) or None}


def token_of(number: int) -> str:
    return f"token-of-{number}"


def fill(number: int) -> None:
    """Make so many accounts; each has a token of its own."""
    made = []
    for each in range(number):
        subject = str(each)
        account = SocialAccount(provider="twitter", issuer=ISSUER, subject=subject)
        account.identity = identity_digest(ISSUER, subject)
        account.credentials = Credentials(subject, token=token_of(each), secret="s" * 45)
        made.append(account)
    SocialAccount.objects.bulk_create(made, batch_size=500)


def opened() -> dict[str, str | None]:
    """Return the token of every account, by its subject: ``None`` where the keys of now do not open it."""
    rows = SocialAccount.objects.values_list("subject", "sealed_credentials")
    read = {subject: unseal("credentials", sealed) for subject, sealed in rows}
    return {subject: data and data["token"] for subject, data in read.items()}
