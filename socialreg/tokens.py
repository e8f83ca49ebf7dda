"""The token endpoint: how a client says who it is, and what the answer holds (RFC 6749 sections 2.3.1 and 5.1)."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import quote_plus

from .answer import Answer
from .exceptions import ConfigurationError

FORM = "application/x-www-form-urlencoded"
#: No provider's token is longer, and no server takes a longer header.
TOKEN_LENGTH = 16_000
_SCOPE_LENGTH = 4_000
#: RFC 6749 section 3.3. What is no name is left out: it is stored, and no database takes NUL or half a character.
_SCOPE_NAME = re.compile(r"[!#-\[\]-~]+")
#: Ten years. What expires later than that was no number of seconds.
_LONGEST = 10 * 366 * 24 * 3600

#: How the client proves who it is, in the words of RFC 8414 section 2.
AuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint hands out.

    ``expires_at`` is in seconds since the epoch, ``None`` where the provider did not say. ``scope`` is what was
    granted. ``answer`` is the whole answer.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int | None
    scope: str
    answer: Mapping[str, object] = field(repr=False)


def auth_method(name: str) -> AuthMethod:
    """Return a method by its name.

    :raises ConfigurationError: there is no such method here.
    """
    for method in get_args(AuthMethod):
        if name == method:
            return method  # type: ignore[no-any-return]
    raise ConfigurationError(
        f"TOKEN_ENDPOINT_AUTH_METHOD cannot be {name!r}",
        cause="it is none of the methods that are known here",
        remedy=f"Use one of {', '.join(get_args(AuthMethod))}",
        code="option-value",
    )


def client_headers(method: AuthMethod, client_id: str, client_secret: str) -> dict[str, str]:
    """Return the headers of a token request.

    For ``client_secret_basic`` id and secret are form-encoded first, which many clients forget: without that, those
    with a colon or a percent sign are refused (RFC 6749 section 2.3.1).
    """
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    if method == "client_secret_basic":
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers


def client_fields(method: AuthMethod, client_id: str, client_secret: str) -> dict[str, str]:
    """Return what goes into the body of a token request."""
    if method == "client_secret_basic":
        return {}
    return {"client_id": client_id} | ({"client_secret": client_secret} if method == "client_secret_post" else {})


def read_tokens(answer: Answer, asked: str) -> Tokens:
    """Return the tokens in an answer. Members that are not known are passed over.

    :param asked: the scope that was asked for, which counts as granted where the answer names none.
    :raises BadAnswer: there is no usable access token in it, or of a kind that nobody here can use.
    """
    fields = answer.fields()
    token = fields.get("access_token")
    if not is_token(token):
        raise answer.unusable("there is no usable access token in it")
    # RFC 6749 section 7.1: in any case. Some leave it out, though it is required, and mean bearer.
    if str(fields.get("token_type") or "bearer").lower() != "bearer":
        raise answer.unusable("its token_type is not bearer")
    refresh = fields.get("refresh_token")
    return Tokens(str(token), str(refresh) if is_token(refresh) else "", _expiry(fields), _scope(fields, asked), fields)


def is_token(value: object, length: int = TOKEN_LENGTH) -> bool:
    """Whether a value can be sent in a header (RFC 6750 section 2.1, and what providers make of it), and be kept.

    :param length: characters that there is room for.
    """
    return isinstance(value, str) and 0 < len(value) <= length and value.isascii() and value.isprintable()


def _expiry(fields: Mapping[str, object]) -> int | None:
    seconds = fields.get("expires_in", fields.get("expires"))
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) < len(str(_LONGEST)) + 1:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST:
        return None  # zero is GitHub's and others' way to say "never"; nonsense says nothing
    return int(time.time() + seconds)


def _scope(fields: Mapping[str, object], asked: str) -> str:
    granted = fields.get("scope")
    if isinstance(granted, list):
        granted = " ".join(each for each in granted if isinstance(each, str))
    if not isinstance(granted, str) or not granted:
        return asked
    names = granted[:_SCOPE_LENGTH].replace(",", " ").split()  # GitHub and others put commas between them
    return " ".join(name for name in names if _SCOPE_NAME.fullmatch(name)) or asked
