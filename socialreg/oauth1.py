"""OAuth 1.0a (RFC 5849), once for every provider that speaks it.

Signed with HMAC-SHA1 in the Authorization header, by oauthlib. The callback carries no state of ours: the request token
is the state, and it must be one that this browser's own attempt waits for (RFC 5849 section 2.2).
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_TYPE_AUTH_HEADER
from oauthlib.oauth1 import Client as Signer

from .answer import Answer
from .exceptions import ConfigurationError, Denied, Mismatch, ProviderError, Refused, Revoked, Unavailable
from .profile_map import Reading, origin
from .provider import Provider, Transport
from .store import Store
from .types import Call, Credentials, Intent, Profile, Redirect, subject, text

# At DEBUG oauthlib writes every base string to the log, with tokens and verifiers in it. A log is no place for those,
# whatever level a site chooses for its root logger.
logging.getLogger("oauthlib.oauth1").setLevel(logging.INFO)

_FORM = "application/x-www-form-urlencoded"
#: A clock that is further off than this is no drift but a broken Date header.
_LARGEST_SKEW = 24 * 3600
#: Seconds. What providers take is minutes, and most do not say how many.
_LEEWAY = 120
_SERVER_ERROR = 500
#: A request token waits in a cookie, of which browsers keep 4096 bytes. X's has 27 characters.
_REQUEST_TOKEN_LENGTH = 500
#: What may stand in a query as it is when it is signed; the rest is encoded, so that what is signed is what is sent.
_QUERY = "=&;:%+~,*@!()/?'$"


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


class OAuth1Provider(Provider):
    """A provider that speaks OAuth 1.0a. A subclass states its addresses and where the uid comes from.

    The uid and the user name are read from the access-token answer, by the names in :attr:`uid_claim` and
    :attr:`username_claim`; a provider that does not send them there overrides :meth:`credentials_from`. The profile is
    read by :attr:`profile_map`, whose ``uid`` must be the same person's.
    """

    request_token_url: str
    authorize_url: str
    access_token_url: str
    username_claim: str = ""
    #: Where the profile is read, ``""`` for nowhere, with which query, and the dotted paths of its fields.
    profile_url: str = ""
    profile_params: Mapping[str, str] = {}
    profile_map: Mapping[str, str] = {}

    #: Where an access token is made good for nothing, ``""`` for nowhere.
    invalidate_token_url: str = ""

    #: The provider documents that every address it gives is verified.
    emails_verified: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        #: Seconds that the provider's clock is ahead of ours, learnt when it says that our timestamp is out of bounds.
        self._skew = 0

    def correlate(self, params: Mapping[str, str]) -> str:
        return params.get("oauth_token") or params.get("denied") or ""

    def authorize(self, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
        request = SignedRequest(
            "POST", self.request_token_url, callback=redirect_uri, form=self.request_token_params(intent, options)
        )
        answer = self._send_checked(request)
        fields = answer.form()
        token, secret = fields.get("oauth_token", ""), fields.get("oauth_token_secret", "")
        if not token or not secret:
            raise answer.unusable("it issued no request token")
        if max(len(token), len(secret)) > _REQUEST_TOKEN_LENGTH:
            raise answer.unusable("its request token is longer than a cookie can carry")
        # RFC 5849 section 2.1: without this the provider speaks OAuth 1.0, whose callback anybody can forge.
        if fields.get("oauth_callback_confirmed") != "true":
            raise answer.unusable("oauth_callback_confirmed is not true: the provider did not accept our callback")
        query = {"oauth_token": token, **self.authorize_params(intent, options)}
        url = f"{self.authorization_endpoint(intent)}?{urlencode(query)}"
        return Redirect(url, key=token, pending={"token": token, "secret": secret, "callback": redirect_uri})

    def request_token_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        """Return what goes into the body of the request-token call, signed like the rest.

        :param options: as for :meth:`authorize`: chosen from, never taken over.
        """
        return {}

    def authorization_endpoint(self, intent: Intent) -> str:
        """Return the address that the browser is sent to."""
        return self.authorize_url

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        """Return what is added to that address: chosen from ``options``, never all of them."""
        return {}

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        if _same(params.get("denied", ""), pending["token"]):
            raise Denied("The visitor declined at the provider")
        if not _same(params.get("oauth_token", ""), pending["token"]):
            raise Mismatch(
                "The callback's oauth_token is not the one this attempt waits for",
                cause="the link was put together by hand",
                remedy="Begin again from the login button",
            )
        verifier = params.get("oauth_verifier", "")
        if not verifier:
            raise Mismatch(
                "The callback carries no oauth_verifier",
                cause="the link was cut or put together by hand",
                remedy="Begin again from the login button",
            )
        request = SignedRequest(
            "POST",
            self.access_token_url,
            token=pending["token"],
            secret=pending["secret"],
            verifier=verifier,
            callback=pending["callback"],
        )
        return self.credentials_from(self._send_checked(request))

    def credentials_from(self, answer: Answer) -> Credentials:
        """Return the credentials in an access-token answer.

        :raises BadAnswer: there is no token in it, or nothing that identifies anybody.
        """
        fields = answer.form()
        uid = subject(fields.get(self.uid_claim))
        token, secret = fields.get("oauth_token", ""), fields.get("oauth_token_secret", "")
        if uid is None or not token or not secret:
            raise answer.unusable(f"it lacks {'a usable ' + self.uid_claim if uid is None else 'the access token'}")
        return Credentials(uid, text(fields.get(self.username_claim)), token=token, secret=secret)

    def fetch_profile(self, credentials: Credentials) -> Profile:
        if not self.profile_url:
            return self.profile_from(credentials)
        data = self.get(self.profile_url, self.profile_params, credentials).json()
        reading = Reading(self.profile_map, self.emails_verified, host=origin(self.profile_url))
        profile = reading.profile(subject(reading.value(data, "uid")) or "", data)
        return replace(profile, username=profile.username or credentials.username)

    def get(self, url: str, params: Mapping[str, str], credentials: Credentials) -> Answer:
        """Read something as the owner of ``credentials``. Parameters are encoded once: what is signed is what is sent.

        :raises ProviderError: any answer but 2xx, see :meth:`error_from`.
        """
        address = f"{url}?{urlencode(params)}" if params else url
        return self._send_checked(SignedRequest("GET", address, token=credentials.token, secret=credentials.secret))

    def check_alive(self, credentials: Credentials) -> None:
        address = self.alive_endpoint()
        if not address:
            raise Refused(
                f"{self.label} cannot be asked whether it takes a token still",
                cause="its class names no PROFILE_URL",
                remedy="Set it, or see on the person's page at the provider",
                code="no-profile",
            )
        url = f"{address}?{urlencode(self.profile_params)}" if self.profile_params else address
        answer = self._send_timed(SignedRequest("GET", url, token=credentials.token, secret=credentials.secret))
        error = self.error_of(answer) or (None if answer.ok else self.error_from(answer, ""))
        if error is not None:
            raise error

    def revoke(self, credentials: Credentials) -> bool:
        if not self.invalidate_token_url:
            return False
        answer = self._send_timed(
            SignedRequest("POST", self.invalidate_token_url, credentials.token, credentials.secret)
        )
        error = None if answer.ok else self.error_of(answer) or self.error_from(answer, "")
        if error is not None and not isinstance(error, Revoked):  # what is dead already, need not be revoked
            raise error
        return True

    def alive_endpoint(self) -> str:
        """Return the address that a living token opens, ``""`` if there is none."""
        return self.profile_url

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

    def sign(self, request: SignedRequest) -> tuple[str, dict[str, str], bytes | None]:
        """Return the address, the headers and the body to send (RFC 5849 section 3)."""
        headers = {"Content-Type": _FORM} if request.form else {}
        body = urlencode(request.form) if request.form else None
        url, headers, body = self._signed(request, body, headers)
        encoded = body.encode("ascii") if body else b"" if request.method == "POST" else None
        return url, headers, encoded

    def _signed(
        self, request: SignedRequest, body: str | None, headers: dict[str, str]
    ) -> tuple[str, dict[str, str], str | None]:
        signer = Signer(
            self.client_id,
            client_secret=self.client_secret,
            resource_owner_key=request.token or None,
            resource_owner_secret=request.secret or None,
            # Once a token is there, the callback is kept for error messages only.
            callback_uri=request.callback if not request.token else None,
            verifier=request.verifier or None,
            signature_method=SIGNATURE_HMAC_SHA1,
            signature_type=SIGNATURE_TYPE_AUTH_HEADER,
            timestamp=str(int(time.time()) + self._skew),
        )
        url, signed, form = signer.sign(request.url, cast("Any", request.method), body, headers)
        return url, dict(signed), form

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        """Sign a call: method, address and, if it is a form, the body. JSON, files and the like are not signed.

        RFC 5849 section 3.4.1.3.1. The address is the one that is sent: what a query cannot hold is encoded first.

        :raises ConfigurationError: the body says that it is a form, and is none.
        """
        headers = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
        form = _form_in(call)
        request = SignedRequest(call.method, _encoded(call.url), credentials.token, credentials.secret)
        try:
            url, signed, _ = self._signed(request, form, {"Content-Type": _FORM} if form else {})
        except ValueError:  # oauthlib's, whose text holds what is signed
            raise ConfigurationError(
                f"A call to {self.label} cannot be signed",
                cause="its Content-Type is a form's, and its body is none, or a GET has a body",
                remedy="Give the fields as a dict (data=...), or another Content-Type",
                code="signature",
            ) from None
        return replace(call, url=url, headers={**headers, "Authorization": signed["Authorization"]})

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


def _same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _form_in(call: Call) -> str | None:
    """Return the body of a call, if it is a form that is to be signed."""
    kinds = [value for name, value in call.headers.items() if name.lower() == "content-type"]
    is_form = any(value.partition(";")[0].strip().lower() == _FORM for value in kinds)
    return call.body.decode("utf-8", "replace") if is_form and call.body else None


def _encoded(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=quote(parts.query, safe=_QUERY), fragment=""))
