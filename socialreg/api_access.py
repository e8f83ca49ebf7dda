"""What a provider lets be done with an account after the login: use its API, refresh, look whether it lives, revoke.

Every provider has these; :mod:`oauth1` and :mod:`authorization_code` say how. Usable without Django.
"""

from __future__ import annotations

from typing import Self

from . import api_errors
from .answer import Answer
from .exceptions import ConfigurationError, ProviderError, Refused
from .origins import same_origin
from .types import Call, Credentials


class ApiAccess:
    """A provider's API, for whoever has credentials.

    A call goes to the provider's own hosts alone: those of its addresses, and of :attr:`api_hosts`.
    """

    label: str
    #: Hosts (``host`` or ``host:port``) of the provider's API besides those that its addresses are at.
    api_hosts: tuple[str, ...] = ()

    def endpoints(self) -> list[str]:
        """Return every address that this provider's requests or redirects go to."""
        return []

    def route(self, url: str) -> str:
        """Return where a call to ``url`` really goes: a provider that has moved, or is played, says so here."""
        return url

    def serves(self, url: str) -> bool:
        """Whether ``url`` is at one of the provider's own hosts, so that it may see an account's token.

        Scheme, host and port have to be the same. What names a user, or what two parsers may read in two ways, is
        nobody's.
        """
        own = [*self.endpoints(), *(f"https://{host}" for host in self.api_hosts)]
        return any(same_origin(url, address) for address in own)

    def bound_to(self, credentials: Credentials) -> Self:
        """Return this provider as it is for one account, where there are many servers of it (``server_example``)."""
        return self

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        """Return a call as the owner of ``credentials`` makes it: signed, or with its token.

        An ``Authorization`` that the call brings is replaced.

        :raises ConfigurationError: this provider's accounts cannot be used for calls, or the call cannot be made.
        """
        raise ConfigurationError(
            f"Accounts of {self.label} cannot be used for calls",
            cause=f"{type(self).__name__} does not say how a call is authorised",
            remedy=f"Give {type(self).__name__} a prepare(), or derive it from OAuth1Provider or OAuth2Provider",
            code="no-calls",
        )

    def learns_from(self, answer: Answer) -> bool:
        """Whether an answer that refused a call taught something, so that the same call is worth another try."""
        return False

    def error_of(self, answer: Answer) -> ProviderError | None:
        """Return the error that an API's answer stands for, ``None`` if the caller is to see the answer itself.

        :class:`~socialreg.exceptions.Revoked` for dead tokens, :class:`~socialreg.exceptions.Forbidden`,
        :class:`~socialreg.exceptions.RateLimited`. What is the app's own fault (wrong keys, a plan that is too small)
        is none of these: no account is lost by it.
        """
        return api_errors.error_of(answer)

    def check_alive(self, credentials: Credentials) -> None:
        """Ask the provider whether it takes these credentials still, in one request.

        :raises Revoked: it does not.
        :raises Refused: there is nothing to ask (code ``cannot-ask``).
        :raises ProviderError: it did not say.
        """
        name = type(self).__name__
        raise api_errors.cannot_ask(self.label, f"{name} has no check_alive()", f"Give {name} one")

    def refresh(self, credentials: Credentials) -> Credentials:
        """Return new credentials for old ones.

        :raises Revoked: the provider takes the refresh token no more.
        :raises ProviderError: there is none, or the provider did not play along.
        """
        raise Refused(
            f"There is no refresh token for {self.label}",
            cause="the provider handed none out",
            remedy="See on the provider's page in the documentation which scope or option asks for one",
            code="no-refresh-token",
        )

    def revoke(self, credentials: Credentials) -> bool:
        """Tell the provider that these credentials are not needed any more; false where it has no way to be told.

        :raises ProviderError: it did not play along.
        """
        return False
