"""What no provider may get wrong once somebody has an account: refreshing its tokens, asking whether they are alive."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import urlsplit

from socialreg import steps
from socialreg.authorization_code import AuthorizationCode
from socialreg.exceptions import ProviderError, Revoked
from socialreg.oidc import OIDCProvider
from socialreg.types import Credentials

from .trial import Trial


class UpkeepContract:
    """A part of :class:`~socialreg.testing.contract.ProviderContract`."""

    @abstractmethod
    def trial(self) -> AbstractContextManager[Trial]:
        """Let the stand-in play the provider, as new."""

    def test_a_living_token_is_found_alive_by_one_request(self) -> None:
        with self.trial() as trial:
            credentials = stored(trial)
            steps.check_alive(trial.provider, credentials)  # the metadata are at hand now
            before = trial.calls()
            steps.check_alive(trial.provider, credentials)
            assert trial.calls() == before + 1

    def test_a_dead_token_is_found_dead(self) -> None:
        """Its account is marked then, and its person is asked back."""
        with self.trial() as trial:
            credentials = stored(trial)
            trial.standin.people.pop("maralind")
            error = _error(lambda: steps.check_alive(trial.provider, credentials))
            assert isinstance(error, Revoked), f"a dead token came to {error!r}"

    def test_a_bad_day_is_not_taken_for_a_dead_token(self) -> None:
        with self.trial() as trial:
            credentials = stored(trial)
            steps.check_alive(trial.provider, credentials)
            path = trial.paths()[-1]
            for fault in ("server-error", "reset", "truncated"):
                trial.standin.fault(fault, path=path)
                error = _error(lambda: steps.check_alive(trial.provider, credentials))
                assert not isinstance(error, Revoked), f"{fault!r} was taken for a dead token"
                trial.standin.clear()

    def test_a_refresh_brings_new_tokens_of_the_same_account(self) -> None:
        with self.trial() as trial:
            old = stored(trial)
            if not old.refresh_token:
                return
            new = steps.refresh(trial.provider, old)
            assert new.token != old.token
            assert new.refresh_token, "the refresh token was dropped"
            assert (new.uid, new.username, new.issuer, new.scope) == (old.uid, old.username, old.issuer, old.scope)
            steps.check_alive(trial.provider, new)

    def test_a_refresh_token_is_found_dead_when_it_is_and_not_before(self) -> None:
        with self.trial() as trial:
            old = stored(trial)
            if not old.refresh_token or not isinstance(trial.provider, AuthorizationCode):
                return
            for fault in ("server-error", "client-refused"):
                trial.standin.fault(fault, path=urlsplit(trial.provider.token_endpoint()).path)
                error = _error(lambda: steps.refresh(trial.provider, old))
                assert error is not None, f"{fault!r} brought new tokens"
                assert not isinstance(error, Revoked), f"{fault!r} was taken for a dead refresh token"
                trial.standin.clear()
            trial.standin.people.pop("maralind")
            error = _error(lambda: steps.refresh(trial.provider, old))
            assert isinstance(error, Revoked), f"a dead refresh token came to {error!r}"

    def test_a_refreshed_id_token_is_the_same_persons(self) -> None:
        """OpenID Connect Core section 12.2: iss, sub and aud are those of the login."""
        with self.trial() as trial:
            if not isinstance(trial.provider, OIDCProvider):
                return
            for fault in ("wrong-iss", "wrong-aud", "no-sub", "bad-signature"):
                old = stored(trial)
                trial.standin.fault(fault)
                _expect_no_tokens(trial, old, fault)
                trial.standin.clear()
            old = stored(trial)
            trial.tell({"uid": "U0somebodyelse"})
            _expect_no_tokens(trial, old, "another sub")


def stored(trial: Trial) -> Credentials:
    """Go the whole way to the credentials; return them as they are kept."""
    return replace(trial.credentials(), extra={})


def _expect_no_tokens(trial: Trial, old: Credentials, what: str) -> None:
    if not old.refresh_token:
        return
    error = _error(lambda: steps.refresh(trial.provider, old))
    assert error is not None, f"a refreshed ID token with {what} was taken"
    assert not isinstance(error, Revoked), f"{what!r} was taken for a dead refresh token"


def _error(act: Callable[[], object]) -> ProviderError | None:
    try:
        act()
    except ProviderError as error:
        return error
    return None
