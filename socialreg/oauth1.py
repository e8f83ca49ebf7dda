"""OAuth 1.0a (RFC 5849), once for every provider that speaks it: its three steps, over signed requests.

The callback carries no state of ours: the request token is the state, and it must be one that this browser's own
attempt waits for (section 2.2).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlencode

from .answer import Answer
from .api_errors import cannot_ask
from .exceptions import Denied, Mismatch, Revoked
from .oauth1_client import OAuth1Client
from .profile_map import Reading, origin
from .signature import SignedRequest
from .tokens import is_token
from .types import Credentials, Intent, Profile, Redirect, subject, text

__all__ = ["OAuth1Provider", "SignedRequest"]

#: A request token waits in a cookie, of which browsers keep 4096 bytes. X's has 27 characters.
_REQUEST_TOKEN_LENGTH = 500
#: A verifier comes in an address and goes into a header. X's has 32 characters.
_VERIFIER_LENGTH = 500


class OAuth1Provider(OAuth1Client):
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
        if not all(is_token(each, _REQUEST_TOKEN_LENGTH) for each in (token, secret)):
            raise answer.unusable("its request token is longer than a cookie can carry, or no printable ASCII")
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
            raise Denied(
                "The visitor declined at the provider",
                cause="they pressed cancel there",
                remedy="Nothing: no fault of anybody's",
            )
        if not _same(params.get("oauth_token", ""), pending["token"]):
            raise Mismatch(
                "The callback's oauth_token is not the one this attempt waits for",
                cause="the link was put together by hand",
                remedy="Begin again from the login button",
            )
        verifier = params.get("oauth_verifier", "")
        if not is_token(verifier, _VERIFIER_LENGTH):
            raise Mismatch(
                "The callback carries no oauth_verifier, or none that a provider can have issued",
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
        if uid is None or not is_token(token) or not is_token(secret):
            raise answer.unusable(f"it lacks a usable {self.uid_claim if uid is None else 'access token'}")
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
            raise cannot_ask(self.label, "its class names no PROFILE_URL", "Set it")
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


def _same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(errors="replace"), expected.encode())
