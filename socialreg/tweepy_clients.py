"""tweepy, acting as an account of X's: https://docs.tweepy.org

tweepy makes the calls, and an account's session carries them: it signs anew, whatever tweepy put there, so no token of
the account is ever in tweepy's hands or log. For HTTP errors tweepy raises its own exceptions; tokens are refreshed,
and dead ones marked, as for any session. An account that was lost before raises
:class:`~socialreg.exceptions.Revoked`.
"""

from __future__ import annotations

from typing import Any

import tweepy

from .account_session import AccountSession
from .exceptions import ConfigurationError
from .models import SocialAccount
from .oauth1 import OAuth1Provider
from .registry import providers

#: Who vouches for X's people, over OAuth 1.0a and over OAuth 2.0.
ISSUER = "https://x.com"


class AccountClient(tweepy.Client):  # type: ignore[misc] # tweepy has no types
    """tweepy's client for v2, in whose calls ``user_auth`` makes no difference: they are all the account's own."""

    def __init__(self, account: SocialAccount) -> None:
        super().__init__()
        self.session = AccountSession(account, raises=False)
        self._subject = account.subject

    def request(
        self,
        method: str,
        route: str,
        params: dict[str, object] | None = None,
        json: dict[str, object] | None = None,
        user_auth: bool = False,  # noqa: FBT001, FBT002 - tweepy's
    ) -> Any:
        """Make a call. With ``user_auth`` tweepy would sign it, for which it lacks what the session has."""
        return super().request(method, route, params=params, json=json, user_auth=False)

    def _get_authenticating_user_id(self, *, oauth_1: bool = False) -> str:
        # tweepy reads it off the token, or asks for it.
        return self._subject


class _Session:
    """What tweepy's API takes for its authentication: nothing, for the session does it."""

    def apply_auth(self) -> None:
        """Return what requests is to sign with."""


def client_for(account: SocialAccount) -> tweepy.Client:
    """Return a client for X's API v2.

    :raises ConfigurationError: the account is not X's.
    """
    _check(account)
    return AccountClient(account)


def api_for(account: SocialAccount) -> tweepy.API:
    """Return a client for X's API v1.1.

    :raises ConfigurationError: the account is not X's, or its tokens are of OAuth 2.0.
    """
    _check(account)
    if not isinstance(providers.usable(account.provider), OAuth1Provider):
        raise ConfigurationError(
            "X's API v1.1 cannot be used with this account",
            cause="its tokens are of OAuth 2.0, which v1.1 does not take",
            remedy="Use tweepy_client(), or let the account be connected over OAuth 1.0a",
            code="tweepy",
        )
    api = tweepy.API(_Session())
    api.session = AccountSession(account, raises=False)
    return api


def _check(account: SocialAccount) -> None:
    if account.issuer != ISSUER:
        raise ConfigurationError(
            f"tweepy cannot be used with an account of {account.provider!r}",
            cause="it speaks to X alone",
            remedy="Use account.session()",
            code="tweepy",
        )
