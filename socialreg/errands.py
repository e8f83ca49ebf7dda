"""What a button of the site's own says besides the provider, signed, so that nobody else can say it.

It travels in the button's form, waits in the attempt, and is opened at the start and again at the callback.
"""

from __future__ import annotations

from dataclasses import asdict

from django.core.signing import BadSignature, Signer

from .exceptions import Mismatch, NotAllowed
from .types import Errand

#: Characters that one may have: it waits in a cookie beside others.
LENGTH = 800
_SALT = "socialreg.errand"


def sign(errand: Errand) -> str:
    """Return an errand as text for a button's form."""
    given = {name: value for name, value in asdict(errand).items() if value}
    return Signer(salt=_SALT).sign_object(given)


def read(signed: str, user_id: str | None) -> Errand | None:
    """Return an errand that was signed, ``None`` if there is none.

    :param user_id: who is here now.
    :raises Mismatch: it was not signed here, or was cut.
    :raises NotAllowed: it was made for somebody else.
    """
    if not signed:
        return None
    errand = _opened(signed)
    if errand.user != user_id:
        raise NotAllowed(
            "A button was pressed that was made for somebody else",
            cause="somebody else logged in since the page was shown, or its form was passed on",
            remedy="Nothing, if it happens now and then",
            code="changed",
            notice="changed",
        )
    return errand


def _opened(signed: str) -> Errand:
    try:
        return Errand(**Signer(salt=_SALT).unsign_object(signed))
    except (BadSignature, TypeError, ValueError) as error:
        raise Mismatch(
            "A button's errand was not signed here",
            cause="it was put together by hand or cut, or SECRET_KEY changed",
            remedy="Nothing: no provider was called",
        ) from error
