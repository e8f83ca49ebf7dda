"""Log in with X (formerly Twitter) over OAuth 1.0a.

https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/overview
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, Barred, ConfigurationError, ProviderError, Refused, Unavailable
from socialreg.oauth1 import OAuth1Provider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.types import Credentials, Intent, Profile, email, split_name, subject, text, web_address

from ._x_api import UPLOADS, needed_scope, route
from ._x_errors import CLOCK, api_error, code_of, error_from
from ._x_profile import largest, page

logger = logging.getLogger("socialreg.providers.twitter")

_NOT_IN_PLAN = "453"
_UNAUTHORIZED = 401
_METHODS = ("authenticate", "authorize")
_FIELDS = "confirmed_email,profile_image_url,verified"


class Twitter(OAuth1Provider):
    """Sign in with X.

    Identity comes from the access-token answer alone; a profile call, which X charges for and which an access level may
    forbid, only adds to it.
    """

    slug = "twitter"
    label = "X"
    issuer = "https://x.com"
    uid_claim = "user_id"
    username_claim = "screen_name"
    request_options = ("force_login", "screen_name")
    # confirmed_email, and the email of v1.1, are addresses that their owner has confirmed to X.
    emails_verified = True
    # X's mark is black or white: https://about.x.com/en/who-we-are/brand-toolkit
    color = "#000000"
    text_color = "#ffffff"
    dark_color = "#ffffff"
    dark_text_color = "#000000"

    api_hosts = UPLOADS
    #: Server calls. ``https://api.twitter.com`` still works; the signature covers the host, so it is never redirected.
    api_host: str = "https://api.x.com"
    #: The page the visitor sees.
    login_host: str = "https://api.x.com"
    request_token_url = "{api_host}/oauth/request_token"  # noqa: S105 - an address
    authenticate_url: str = "{login_host}/oauth/authenticate"
    authorize_url = "{login_host}/oauth/authorize"
    access_token_url = "{api_host}/oauth/access_token"  # noqa: S105 - an address
    profile_url: str = "{api_host}/2/users/me"
    verify_credentials_url: str = "{api_host}/1.1/account/verify_credentials.json"
    # https://developer.x.com/en/docs/authentication/api-reference/invalidate_access_token
    invalidate_token_url = "{api_host}/1.1/oauth/invalidate_token.json"  # noqa: S105 - an address

    #: ``"authenticate"`` comes straight back for somebody who has approved before, ``"authorize"`` always asks.
    method: str = "authenticate"
    #: Ask for the password at X every time.
    force_login: bool = False
    #: Ask for less than the app may do: ``"read"``, ``"write"`` or ``""`` for the app's own level, which posting needs.
    x_auth_access_type: str = ""

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        if self.method not in _METHODS:
            raise ConfigurationError(
                f"METHOD of Twitter cannot be {self.method!r}",
                cause=f"X knows {' and '.join(_METHODS)}",
                remedy="Set it to one of them, or leave it out",
                code="option-value",
            )

    def request_token_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        # There are no scopes over OAuth 1.0a. Who asks for one of OAuth 2.0 that writes is asked whether we may write.
        writes = any(name == "write" or name.endswith(".write") for name in options.get("scope", "").split())
        access = "write" if writes else self.x_auth_access_type
        return {"x_auth_access_type": access} if access else {}

    def authorization_endpoint(self, intent: Intent) -> str:
        # Connecting asks always: somebody with two accounts must see which one it is going to be.
        return self.authorize_url if intent == "connect" or self.method == "authorize" else self.authenticate_url

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        params = {}
        if self.force_login or options.get("force_login") == "true":
            params["force_login"] = "true"
        if re.fullmatch(r"\w{1,50}", options.get("screen_name", ""), re.ASCII):
            params["screen_name"] = options["screen_name"]
        return params

    def fetch_profile(self, credentials: Credentials) -> Profile:
        """Ask v2, then v1.1, then be content with the access-token answer: a login never depends on this call.

        :raises Barred: the person's own account is suspended or locked.
        :raises BadAnswer: the profile is another person's than the token's.
        """
        for step in (self._from_v2, self._from_v1):
            try:
                return step(credentials)
            except ProviderError as error:
                if isinstance(error, Barred) or error.code == "other-person":
                    raise
                # A plan without profile reads is a choice of the site's, and no news at every login.
                level = logging.INFO if error.code == _NOT_IN_PLAN else logging.WARNING
                logger.log(level, "X: the login goes on with less of a profile. %s", error)
                if not _may_go_better(error):
                    break
        return self.profile_from(credentials)

    def profile_from(self, credentials: Credentials) -> Profile:
        return Profile(credentials.uid, credentials.username, profile_url=page(credentials.username))

    def _from_v2(self, credentials: Credentials) -> Profile:
        # https://docs.x.com/x-api/users/user-lookup-me. A 200 may carry errors[] for fields that are not authorised.
        answer = self.get(self.profile_url, {"user.fields": _FIELDS}, credentials)
        data = answer.json().get("data")
        if not isinstance(data, dict):
            raise answer.unusable("it lacks the data object")
        names = ("id", "username", "profile_image_url", "confirmed_email")
        return self._profile(answer, credentials, data, names)

    def _from_v1(self, credentials: Credentials) -> Profile:
        # Literal lower-case "true": "True" is ignored. X gives confirmed addresses only, null otherwise.
        params = {"include_email": "true", "skip_status": "true", "include_entities": "false"}
        answer = self.get(self.verify_credentials_url, params, credentials)
        names = ("id_str", "screen_name", "profile_image_url_https", "email")
        return self._profile(answer, credentials, answer.json(), names)

    def _profile(
        self,
        answer: Answer,
        credentials: Credentials,
        data: Mapping[str, object],
        names: tuple[str, str, str, str],
    ) -> Profile:
        uid, username, picture, address = (data.get(name) for name in names)
        if subject(uid) != credentials.uid:
            raise BadAnswer(
                f"{answer.where} answered with another person's profile",
                cause="the id in the profile is not the user_id that the token was issued for",
                remedy="Check that API_HOST is X's own host; if it is, tell X",
                code="other-person",
            )
        handle = text(username) or credentials.username
        first, last = split_name(text(data.get("name")))
        return Profile(
            uid=credentials.uid,
            username=handle,
            full_name=text(data.get("name")),
            first_name=first,
            last_name=last,
            email=email(address, verified=self.emails_verified),
            picture=largest(web_address(picture, self.api_host)),
            profile_url=page(handle),
            raw=data,
        )

    def alive_endpoint(self) -> str:
        # v2 keeps to itself whether it was the token, the app's keys or this machine's clock; v1.1 says it.
        return self.verify_credentials_url

    def check_alive(self, credentials: Credentials) -> None:
        try:
            super().check_alive(credentials)
        except Refused as error:
            # Who is told that the plan does not cover the call was recognised before: with a dead token it is 89.
            if error.code != _NOT_IN_PLAN:
                raise

    def route(self, url: str) -> str:
        return route(url, self.api_host)

    def error_of(self, answer: Answer) -> ProviderError | None:
        return api_error(answer, "write" if needed_scope(answer.where) else "")

    def is_clock_error(self, answer: Answer) -> bool:
        # v2 keeps the reason of a 401 to itself; X's clock is in the answer all the same.
        silent = answer.status == _UNAUTHORIZED and code_of(answer) is None
        return code_of(answer) == CLOCK or (silent and self.is_off(answer))

    def error_from(self, answer: Answer, callback: str) -> ProviderError:
        return error_from(answer, callback)


def _may_go_better(error: ProviderError) -> bool:
    """Whether the next call is worth its time: not with keys or a token that X refuses, not if X is out of reach."""
    out_of_reach = isinstance(error, Unavailable) and not error.code.isdecimal()
    return not out_of_reach and error.code not in {"32", "89"}
