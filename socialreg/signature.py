"""The signature of OAuth 1.0a (RFC 5849 section 3): HMAC-SHA1 in the Authorization header, by oauthlib."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit, urlunsplit

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_TYPE_AUTH_HEADER
from oauthlib.oauth1 import Client as Signer

from .types import Call

# At DEBUG oauthlib writes every base string to the log, with tokens and verifiers in it. A log is no place for those,
# whatever level a site chooses for its root logger.
logging.getLogger("oauthlib.oauth1").setLevel(logging.INFO)

FORM = "application/x-www-form-urlencoded"
#: What may stand in a query as it is when it is signed; the rest is encoded, so that what is signed is what is sent.
_QUERY = "=&;:%+~,*@!()/?'$"


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who signs: the application, as the provider knows it."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """One request to sign. ``token`` and ``secret`` are empty before there are any (RFC 5849 section 2.1)."""

    method: str
    url: str
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    callback: str = ""
    verifier: str = field(default="", repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


def sign(consumer: Consumer, request: SignedRequest, form: str | None, moment: int) -> tuple[str, str]:
    """Return the address to send a request to, and its ``Authorization``.

    :param form: its body, if that is a form, which is signed as well (section 3.4.1.3.1).
    :param moment: when it is sent by the provider's clock, in seconds since the epoch.
    :raises ValueError: ``form`` is none, or the method takes none. The text holds what was to be signed.
    """
    signer = Signer(
        consumer.key,
        client_secret=consumer.secret,
        resource_owner_key=request.token or None,
        resource_owner_secret=request.secret or None,
        # Once a token is there, the callback is kept for error messages only.
        callback_uri=request.callback if not request.token else None,
        verifier=request.verifier or None,
        signature_method=SIGNATURE_HMAC_SHA1,
        signature_type=SIGNATURE_TYPE_AUTH_HEADER,
        timestamp=str(moment),
    )
    headers = {"Content-Type": FORM} if form else {}
    url, signed, _ = signer.sign(request.url, cast("Any", request.method), form, headers)
    return url, dict(signed)["Authorization"]


def form_in(call: Call) -> str | None:
    """Return the body of a call, if it is a form that is to be signed."""
    kinds = [value for name, value in call.headers.items() if name.lower() == "content-type"]
    is_form = any(value.partition(";")[0].strip().lower() == FORM for value in kinds)
    return call.body.decode("utf-8", "replace") if is_form and call.body else None


def encoded(url: str) -> str:
    """Return an address as it can be signed and sent: what a query cannot hold is encoded, a fragment left out."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=quote(parts.query, safe=_QUERY), fragment=""))
