"""What a site may write into PROFILE_MAP and EMAILS_MAP: a slip of the pen is told at once, and by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from socialreg.exceptions import ConfigurationError
from socialreg.types import Profile

PROFILE_NAMES = (*(each.name for each in fields(Profile) if each.name not in {"raw", "issuer"}), "email_verified")
EMAIL_NAMES = ("items", "address", "primary", "verified")


def completed(
    option: str, given: Mapping[str, str], default: Mapping[str, str], known: tuple[str, ...]
) -> dict[str, str]:
    """Return a map with what it leaves out taken from the class's own.

    :raises ConfigurationError: a name in it is none of ``known``, or what it stands for is no text.
    """
    wrong = sorted(str(name) for name, path in given.items() if name not in known or not isinstance(path, str))
    if wrong:
        raise ConfigurationError(
            f"{option} cannot have {', '.join(map(repr, wrong))}",
            cause="it is no field that is read, or its path is no text",
            remedy=f'Use {", ".join(known)}, each with a dotted path such as "data.id" or "emails[0].value"',
            code="option-value",
        )
    return {**default, **given}
