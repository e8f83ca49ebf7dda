"""What an application does with OAuth 1.0a besides logging in: signed requests, by the provider's own clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from . import signature
from .answer import Answer
from .exceptions import ConfigurationError, ProviderError, Refused, Unavailable
from .provider import Provider, Transport
from .signature import FORM, Consumer, SignedRequest, encoded, form_in
from .store import Store
from .types import Call, Credentials

#: A clock that is further off than this is no drift but a broken Date header.
_LARGEST_SKEW = 24 * 3600
#: Seconds. What providers take is minutes, and most do not say how many.
_LEEWAY = 120
_SERVER_ERROR = 500


class OAuth1Client(Provider):
    """A provider that takes signed requests. :class:`~socialreg.oauth1.OAuth1Provider` logs people in by them."""

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        #: Seconds that the provider's clock is ahead of ours, learnt when it says that our timestamp is out of bounds.
        self._skew = 0

    def sign(self, request: SignedRequest) -> tuple[str, dict[str, str], bytes | None]:
        """Return the address, the headers and the body to send (RFC 5849 section 3)."""
        form = urlencode(request.form) if request.form else None
        url, authorization = self._signed(request, form)
        headers = {"Content-Type": FORM} if form else {}
        body = form.encode() if form else b"" if request.method == "POST" else None
        return url, {**headers, "Authorization": authorization}, body

    def _signed(self, request: SignedRequest, form: str | None) -> tuple[str, str]:
        consumer = Consumer(self.client_id, self.client_secret)
        return signature.sign(consumer, request, form, int(time.time()) + self._skew)

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        """Sign a call: method, address and, if it is a form, the body. JSON, files and the like are not signed.

        RFC 5849 section 3.4.1.3.1. The address is the one that is sent: what a query cannot hold is encoded first.

        :raises ConfigurationError: the body says that it is a form, and is none.
        """
        headers = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
        request = SignedRequest(call.method, encoded(call.url), credentials.token, credentials.secret)
        try:
            url, authorization = self._signed(request, form_in(call))
        except ValueError:  # oauthlib's, whose text holds what is signed
            raise ConfigurationError(
                f"A call to {self.label} cannot be signed",
                cause="its Content-Type is a form's, and its body is none, or a GET has a body",
                remedy="Give the fields as a dict (data=...), or another Content-Type",
                code="signature",
            ) from None
        return replace(call, url=url, headers={**headers, "Authorization": authorization})

    def _send_timed(self, request: SignedRequest) -> Answer:
        """Send a request, and a second time by the provider's clock if that is what was wrong."""
        answer = self._send(request)
        if self.learns_from(answer):
            answer = self._send(request)
        return answer

    def _send_checked(self, request: SignedRequest) -> Answer:
        answer = self._send_timed(request)
        if not answer.ok:
            raise self.error_from(answer, request.callback)
        return answer

    def _send(self, request: SignedRequest) -> Answer:
        url, headers, body = self.sign(request)
        return self.transport.send(request.method, url, headers=headers, body=body)

    def learns_from(self, answer: Answer) -> bool:
        return not answer.ok and self.is_clock_error(answer) and self._learn_skew(answer)

    def is_clock_error(self, answer: Answer) -> bool:
        """Whether the provider says that our timestamp is out of bounds."""
        return False

    def is_off(self, answer: Answer) -> bool:
        """Whether the provider's clock, as an answer tells it, is further off than any provider bears."""
        date = answer.date()
        return date is not None and abs(date - time.time() - self._skew) > _LEEWAY

    def _learn_skew(self, answer: Answer) -> bool:
        """Take over the provider's clock; false if that would change nothing, so that nobody tries for ever."""
        date = answer.date()
        if date is None:
            return False
        skew = date - int(time.time())
        if abs(skew) > _LARGEST_SKEW or skew == self._skew:
            return False
        self._skew = skew
        return True

    def error_from(self, answer: Answer, callback: str) -> ProviderError:
        """Return the error that an answer other than 2xx stands for. A provider with documented codes reads them here.

        :param callback: our callback address, for remedies that name it; empty for calls that do not carry it.
        """
        failed = f"{answer.where} answered {answer.status}"
        if answer.status >= _SERVER_ERROR:
            return Unavailable(
                failed, cause="the provider is in trouble", remedy="Wait; see the provider's status page"
            )
        return Refused(
            failed,
            cause="the provider refused the request",
            remedy=f"Check CLIENT_ID and CLIENT_SECRET, and that {callback or 'the callback'} is registered there",
        )
