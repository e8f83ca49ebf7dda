"""The link in a mail that confirms an address: good for three days, for one user, one address, and once.

Signed with ``SECRET_KEY`` under a salt of its own. It names a row, and carries a print of what it was made for: user,
address, the row's secret and the user's password hash. So it dies with each of them: with a newer mail, with its own
use, with a new password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing

from .models import UserAddress

LIFETIME = timedelta(days=3)
_SALT = "socialreg.address"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link's token says: which row, and the print of what it was made for."""

    row: int
    made_for: str


def token(user: AbstractBaseUser, row: UserAddress) -> str:
    """Return the token of a link that confirms ``row``."""
    return signing.dumps([row.pk, _print(user, row)], salt=_SALT)


def read(given: str) -> Link | None:
    """Return what a token says, ``None`` if it is not ours or too old."""
    try:
        row, made_for = signing.loads(given, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return Link(row, made_for)


def fits(link: Link, user: AbstractBaseUser, row: UserAddress) -> bool:
    """Whether the link was made for this user, and for the row as it is now."""
    return hmac.compare_digest(link.made_for, _print(user, row))


def _print(user: AbstractBaseUser, row: UserAddress) -> str:
    # The secret is random and shown to nobody, so nothing of the rest can be guessed from this.
    return hashlib.sha256(json.dumps([str(user.pk), row.address, row.secret, user.password]).encode()).hexdigest()
