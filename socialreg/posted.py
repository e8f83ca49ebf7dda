"""The answer that a provider's page posts from its own site, and the one hop that it takes.

Providers with ``response_mode=form_post`` (OAuth 2.0 Form Post Response Mode) let the browser post the answer across
sites. A browser sends no ``SameSite=Lax`` cookie along with such a post: neither Django's session nor its CSRF token,
only the attempt's own cookie, see :mod:`attempt`. Whoever is logged in would look logged out, and a page shown there
would give them another token, or another session.

So nothing is decided, shown or stored there. What was posted is sealed into a cookie of one minute, if it belongs to an
attempt of this browser, and the browser is sent on to the same address by GET, where its session is. Neither a code nor
a name stands in any address.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import attempt, conf, events
from .attempt import Attempt
from .encryption import seal, unseal
from .exceptions import Mismatch
from .parameters import Parameters
from .provider import Provider

logger = logging.getLogger("socialreg.posted")

#: Seconds between the post and the GET that follows it.
LIFETIME = 60
#: Bytes of the body, and of its cookie: beside the attempts (5000), a Cookie header of 8 KiB holds no more.
MOST_BYTES = 2800
_MOST_PARAMETERS = 20
_FORM = "application/x-www-form-urlencoded"


class _SeeOther(HttpResponseRedirect):
    """ "Go on by GET" (RFC 9110 section 15.4.4)."""

    status_code = 303


def hop(request: HttpRequest, slug: str, provider: Provider) -> HttpResponse:
    """Take what was posted, and send the browser on to the same address by GET. Reads and writes no store.

    What belongs to no attempt of this browser is dropped: the page that follows says so. CSRF is not checked before,
    for a provider's page knows no token of ours: that the browser has the attempt's cookie is the guard.

    :raises Mismatch: this provider does not answer by post.
    """
    if request.method != "POST" or not provider.answers_by_post:
        raise Mismatch(
            f"The callback of {slug!r} was sent {request.method}",
            cause="this provider sends the browser back by GET",
            remedy="Nothing: no provider was called",
        )
    here = reverse("socialreg:callback", args=[slug])
    try:
        params = _read(request)
        waiting = _waiting(request, slug, provider.correlate(params))
        sealed = _sealed(waiting.key, params)
    except Mismatch as error:
        logger.warning("%s %s", slug, error, extra=events.facts(events.failure(slug, "", error.code)))
        return _SeeOther(here)
    response = _SeeOther(f"{here}?{urlencode({'state': waiting.key})}")
    _set(response, waiting.resume().cookie, sealed, LIFETIME)
    return response


def answer(request: HttpRequest, waiting: Attempt, query: Parameters) -> Parameters:
    """Return what the provider of a claimed attempt answered.

    That is what was posted, and nothing of the query beside it; or a query that tells an error: some providers fall
    back to it when there is nothing secret to say.

    :raises Mismatch: nothing was posted, or not in the last minute, or to another attempt.
    """
    data = unseal("answer", request.COOKIES.get(_name(waiting.resume().cookie), ""), max_age=LIFETIME)
    if data and data["key"] == waiting.key:
        return Parameters(data["params"])
    if "error" in query:
        return query
    raise Mismatch(
        f"The callback of {waiting.slug!r} was opened without the answer that its provider posts",
        cause="the cookie with it was lost or a minute old, or the address was opened by hand",
        remedy="One such line is nothing; many mean that the clocks of two workers differ: set them by NTP",
    )


def is_from_another_site(request: HttpRequest) -> bool:
    """Whether another site's page posted this (Fetch Metadata): then it came without our cookies.

    A token that is made now would take the place of the one that the browser did not send along: in a cookie that
    spoils the forms in other tabs, in a session (``CSRF_USE_SESSIONS``) that logs the visitor out.
    """
    return request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site"


def forget(response: HttpResponse, name: str) -> None:
    """Remove an attempt's cookie, and that of the answer to it.

    :param name: the name of the attempt's cookie.
    """
    attempt.forget(response, name)
    if attempt.is_across(name):
        _set(response, name, "", 0)


def _read(request: HttpRequest) -> Mapping[str, str]:
    """Return the parameters of a short form, each of which came once (RFC 6749 section 3.1)."""
    # The length that is announced comes first: what is too long is not even read.
    if request.content_type != _FORM or not _is_short(request.META.get("CONTENT_LENGTH") or ""):
        raise _dropped("it is no form, or longer than an answer is")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise _dropped("it is no form of a few parameters in UTF-8") from None
    params = Parameters(pairs)
    if len(params) < len(pairs):
        raise _dropped("it carries a parameter twice")
    return params


def _is_short(length: str) -> bool:
    # Digits are counted first: of thousands of them Python makes no number.
    return length.isdecimal() and len(length) <= len(str(MOST_BYTES)) and int(length) <= MOST_BYTES


def _waiting(request: HttpRequest, slug: str, key: str) -> Attempt:
    waiting = attempt.find(request, key)
    if waiting is None or waiting.slug != slug:
        raise _dropped("it belongs to no attempt of this browser with this provider")
    return waiting


def _sealed(key: str, params: Mapping[str, str]) -> str:
    sealed = seal("answer", {"key": key, "params": params})
    if len(sealed) > MOST_BYTES:
        raise _dropped("it is longer than a cookie carries")
    return sealed


def _dropped(cause: str) -> Mismatch:
    return Mismatch("A posted answer was dropped", cause=cause, remedy="Nothing: no provider was called")


def _set(response: HttpResponse, name: str, value: str, max_age: int) -> None:
    # Lax suffices: it is read by the GET that follows.
    response.set_cookie(_name(name), value, max_age=max_age, secure=conf.is_secure(), httponly=True, samesite="Lax")


def _name(attempts_cookie: str) -> str:
    """Return the name of the answer's cookie, from that of its attempt: ``__Host-`` and the key's digest stay."""
    return attempts_cookie.replace("-attempt-", "-answer-")
