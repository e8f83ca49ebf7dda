"""What a provider lets be done with an account after the login: use its API, refresh, look whether it lives, revoke.

Every provider has these; :mod:`oauth1` and :mod:`authorization_code` say how. Usable without Django.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from .answer import Answer
from .exceptions import ProviderError, Refused
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
        """Whether ``url`` is at one of the provider's own hosts, so that it may see an account's token."""
        own = {urlsplit(address).netloc.lower() for address in self.endpoints()} | {*self.api_hosts}
        return urlsplit(url).netloc.lower() in own

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        """Return a call as the owner of ``credentials`` makes it: signed, or with its token.

        :raises ConfigurationError: this provider's accounts cannot be used for calls.
        """
        raise NotImplementedError

    def error_of(self, answer: Answer) -> ProviderError | None:
        """Return the error that an API's answer stands for, ``None`` if the caller is to see the answer itself.

        :class:`~socialreg.exceptions.Revoked` for dead tokens, :class:`~socialreg.exceptions.Forbidden`,
        :class:`~socialreg.exceptions.RateLimited`.
        """
        raise NotImplementedError

    def check_alive(self, credentials: Credentials) -> None:
        """Ask the provider whether it takes these credentials still, in one request.

        :raises Revoked: it does not.
        :raises ProviderError: it did not say.
        """
        raise NotImplementedError

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
