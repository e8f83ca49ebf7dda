"""One call with an account's tokens: to the provider's own hosts alone, with tokens that live.

They are refreshed before they expire, or once the provider takes them no more; an account whose tokens are dead is
marked as lost. Nothing of requests' here: :mod:`account_session` has its shape.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from . import circuits, flights, keeping, steps, upkeep
from .answer import Answer
from .deadlines import deadline
from .exceptions import ConfigurationError, ProviderError, Revoked, Unavailable
from .models import SocialAccount
from .provider import Provider
from .registry import providers
from .token_state import is_due
from .transactions import database
from .types import Call, Credentials

#: ``used_at`` is brought forward no more often than this, so that a thousand calls do not write a thousand times.
USED_EVERY = timedelta(hours=1)
#: What changes with the credentials.
_RENEWED = ("provider", "sealed_credentials", "scope", "expires_at", "refreshable", "lost_at", "lost_code")


class AccountCalls:
    """Makes calls as one account, in one thread. The account's fields are renewed in place."""

    def __init__(self, account: SocialAccount) -> None:
        self._account = account

    def make(self, call: Call) -> tuple[Answer, ProviderError | None]:
        """Return the answer to a call, and the error that it stands for, if it does.

        There is one request as a rule, two or three where tokens have to be refreshed: all of them take ten seconds at
        most together.

        :raises ConfigurationError: the address is not the provider's, or the account's tokens cannot be opened.
        :raises Revoked: the tokens were lost before, or are now; no call is made with them.
        :raises Unavailable, BadAnswer: the provider did not answer, or with a redirect, or with more than 1 MiB.
        """
        self._addressed(call)
        if self._account.lost_at is not None:
            raise flights.lost(self._account)
        with deadline():
            self._renew_if_due()
            answer, error = self._send(call)
            if isinstance(error, Revoked):
                answer, error = self._after_refusal(call, error, answer)
        self._note_use()
        return answer, error

    def _addressed(self, call: Call) -> tuple[Provider, Credentials, Call]:
        """Return whom a call really goes to, with which credentials, and the call with its real address."""
        credentials = keeping.opened(self._account)
        provider = providers.usable(self._account.provider).bound_to(credentials)
        url = provider.route(call.url)
        if not provider.serves(url):
            raise _foreign(call.url, self._account.provider, provider.label)
        return provider, credentials, replace(call, url=url)

    def _send(self, call: Call) -> tuple[Answer, ProviderError | None]:
        provider, credentials, addressed = self._addressed(call)
        circuit = circuits.for_calls(provider, self._account.provider, self._account.issuer, addressed.url)
        with circuits.through(circuit, provider.label, is_final=not addressed.is_safe):
            return steps.call(provider, credentials, addressed)

    def _after_refusal(self, call: Call, error: Revoked, answer: Answer) -> tuple[Answer, ProviderError | None]:
        """Make a call once more with other tokens: one that was refused for its tokens was not carried out."""
        again: ProviderError | None = error
        if self._account.refreshable:
            try:
                self._renew(dead_token=keeping.opened(self._account).token)
            except Revoked as lost:
                return answer, lost
            answer, again = self._send(call)
        if isinstance(again, Revoked):
            again = self._confirmed(again)
        return answer, again

    def _confirmed(self, error: Revoked) -> ProviderError | None:
        """Mark the account as lost, if the provider says once more that its tokens are dead.

        Too much hangs on it for one answer of one address: the site asks people back, and with wrong keys in the
        settings it would ask everybody. ``None`` if the tokens live: that address refuses them for another reason.
        """
        provider, account = providers.usable(self._account.provider), self._account
        circuit = circuits.for_logins(provider, account.provider, account.issuer)
        try:
            with circuits.through(circuit, provider.label):
                steps.check_alive(provider, keeping.opened(account))
        except ProviderError as said:
            if isinstance(said, Revoked) or said.code == "cannot-ask":
                upkeep.mark_lost(self._account, error)
                return error
            return said
        return None

    def _renew_if_due(self) -> None:
        account, now = self._account, timezone.now()
        if not (account.refreshable and is_due(account, now)):
            return
        try:
            self._renew()
        except Unavailable:
            if account.expires_at is None or account.expires_at <= now:
                raise

    def _renew(self, dead_token: str = "") -> None:
        """Take new tokens: those that another process has got in the meantime, or others."""
        try:
            self._take_over(upkeep.refresh(self._account.pk, dead_token=dead_token))
        except Revoked:
            self._take_over(keeping.find(self._account.pk))
            raise

    def _take_over(self, found: SocialAccount) -> None:
        for name in _RENEWED:
            setattr(self._account, name, getattr(found, name))

    def _note_use(self) -> None:
        """Write down that the account was used; after the transaction around, if there is one.

        So the row is not locked meanwhile, and a database that fails takes away neither the caller's transaction nor
        the answer to a call that was carried out.
        """
        now = timezone.now()
        if now - self._account.used_at < USED_EVERY:
            return
        self._account.used_at = now
        transaction.on_commit(self._write_use, using=database(), robust=True)

    def _write_use(self) -> None:
        used = self._account.used_at
        keeping.rows(self._account.pk).filter(used_at__lte=used - USED_EVERY).update(used_at=used)


def _foreign(url: str, slug: str, label: str) -> ConfigurationError:
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"[:300]
    return ConfigurationError(
        f"A token of {label} was to be sent to {where}",
        cause="that is none of the provider's own hosts, or not over https",
        remedy=f'If the provider documents it, add the host to API_HOSTS in SOCIALREG["PROVIDERS"]["{slug}"]',
        code="foreign-host",
    )
