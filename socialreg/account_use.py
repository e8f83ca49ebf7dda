"""What an account can be used for, as methods of the model: calls to its provider's API, by requests or by tweepy.

Nothing of either is imported before it is asked for: ``django.setup()`` runs in every worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import models

from . import conf
from .exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    import tweepy


class AccountUse(models.Model):
    """Whoever has an account can act as it."""

    class Meta:
        abstract = True

    def session(self) -> requests.Session:
        """Return a session of the library requests, whose calls are this account's: signed, or with its token.

        See :mod:`socialreg.account_session` for what it raises and for what of requests it passes over. A session
        belongs to one thread, as the account does.
        """
        made: requests.Session = _made("account_session.AccountSession")(self)
        return made

    def tweepy_client(self) -> tweepy.Client:
        """Return tweepy's client for X's API v2, which acts as this account.

        :raises ConfigurationError: the account is not X's, or tweepy is not installed.
        """
        return _made("tweepy_clients.client_for")(self)

    def tweepy_api(self) -> tweepy.API:
        """Return tweepy's client for X's API v1.1, which acts as this account.

        :raises ConfigurationError: as for :meth:`tweepy_client`, or its tokens are of OAuth 2.0, which v1.1 does not
            take.
        """
        return _made("tweepy_clients.api_for")(self)


def _made(name: str) -> Callable[[object], Any]:
    try:
        return cast("Callable[[object], Any]", conf.deferred(f"socialreg.{name}"))
    except ModuleNotFoundError as error:
        if error.name != "tweepy":
            raise
        raise ConfigurationError(
            "There is no tweepy here",
            cause="it comes with an extra of this package, which is not installed",
            remedy='Run: pip install "socialreg[tweepy]"',
            code="tweepy",
        ) from None
