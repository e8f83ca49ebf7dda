"""A provider's steps, as the site takes them.

A provider may be anybody's class. Whatever it raises over data that its author never saw becomes an error of our tree,
and whom it names is checked before anybody believes it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from .answer import Answer
from .exceptions import BadAnswer, ProviderError, SocialRegError
from .provider import Provider
from .types import Call, Credentials, Intent, Profile, Redirect, subject

logger = logging.getLogger("socialreg.steps")

T = TypeVar("T")


def authorize(provider: Provider, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
    """Take the first step, see :meth:`Provider.authorize`."""
    return _guarded(provider, lambda: provider.authorize(redirect_uri, intent, options))


def verify(provider: Provider, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
    """Take the second step, see :meth:`Provider.verify`.

    :raises BadAnswer: besides, if what came out identifies nobody.
    """
    credentials = _guarded(provider, lambda: provider.verify(pending, params))
    if not _names_somebody(credentials.uid):
        raise BadAnswer(
            f"{type(provider).__name__} named nobody",
            cause="the uid is no printable text of 1 to 255 characters",
            remedy=f"Take the uid of {type(provider).__name__} through socialreg.types.subject()",
        )
    if not _names_somebody(credentials.issuer or provider.issuer):
        raise BadAnswer(
            f"{type(provider).__name__} named nobody who vouches",
            cause="the issuer is no printable text of 1 to 255 characters",
            remedy=f"Give {type(provider).__name__} an issuer, or the credentials that it returns",
        )
    return credentials


def _names_somebody(value: object) -> bool:
    return isinstance(value, str) and subject(value) == value


def fetch_profile(provider: Provider, credentials: Credentials) -> Profile:
    """Take the third step, see :meth:`Provider.fetch_profile`.

    :raises BadAnswer: besides, if the profile is somebody else's.
    """
    return _own(provider, credentials, _guarded(provider, lambda: provider.fetch_profile(credentials)))


def fetch_again(provider: Provider, credentials: Credentials, stored: Profile) -> Profile:
    """Take the third step for somebody who is known, see :meth:`Provider.fetch_again`.

    :raises BadAnswer: besides, if the profile is somebody else's.
    """
    return _own(provider, credentials, _guarded(provider, lambda: provider.fetch_again(credentials, stored)))


def revoke(provider: Provider, credentials: Credentials) -> bool:
    """Tell a provider that credentials are not needed any more, see :meth:`Provider.revoke`."""
    return _guarded(provider, lambda: provider.revoke(credentials))


def refresh(provider: Provider, credentials: Credentials) -> Credentials:
    """Renew credentials, see :meth:`Provider.refresh`.

    :raises BadAnswer: besides, if what came out is another person's.
    """
    fresh = _guarded(provider, lambda: provider.refresh(credentials))
    if (fresh.uid, fresh.issuer) != (credentials.uid, credentials.issuer):
        raise _other_person(provider, "another person's credentials")
    return fresh


def check_alive(provider: Provider, credentials: Credentials) -> None:
    """Ask whether the provider takes credentials still, see :meth:`Provider.check_alive`."""
    _guarded(provider, lambda: provider.check_alive(credentials))


def call(provider: Provider, credentials: Credentials, call: Call) -> tuple[Answer, ProviderError | None]:
    """Make a call as the owner of credentials; return the answer, and the error that it stands for, if it does.

    :param call: with the address that it goes to, see :meth:`Provider.route` and :meth:`Provider.serves`.
    """
    return _guarded(provider, lambda: _called(provider, credentials, call))


def _called(provider: Provider, credentials: Credentials, call: Call) -> tuple[Answer, ProviderError | None]:
    answer = _sent(provider, provider.prepare(credentials, call))
    if provider.learns_from(answer):
        answer = _sent(provider, provider.prepare(credentials, call))
    return answer, provider.error_of(answer)


def _sent(provider: Provider, call: Call) -> Answer:
    return provider.transport.send(call.method, call.url, headers=call.headers, body=call.body)


def _own(provider: Provider, credentials: Credentials, profile: Profile) -> Profile:
    if profile.uid != credentials.uid:
        raise _other_person(provider, "another person's profile")
    if profile.email and not provider.trust_emails:
        profile = replace(profile, email=replace(profile.email, verified=False))
    return profile


def _other_person(provider: Provider, what: str) -> BadAnswer:
    return BadAnswer(
        f"{type(provider).__name__} returned {what}",
        cause="its uid is not the one that the credentials were issued for",
        remedy="See that it is asked for with these credentials, and that the host is the provider's",
        code="other-person",
    )


def _guarded(provider: Provider, step: Callable[[], T]) -> T:
    try:
        return step()
    except SocialRegError as error:
        # Without the frames below, whose variables hold tokens: debug pages, mails to ADMINS and error trackers show
        # every variable of every frame, and what is raised over an account's API goes through code of the site's own.
        raise error.with_traceback(None) from None
    except Exception as error:  # noqa: BLE001 - whatever a class of the site's own may raise
        name = type(provider).__name__
        # The frames alone: the message may hold what the provider answered, or a token.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("%s raised %s\n%s", name, type(error).__name__, frames)  # noqa: TRY400 - see above
        raise BadAnswer(
            f"{name} failed",
            cause=f"it raised {type(error).__name__}, over an answer that it did not expect",
            remedy=f"Mend {name}: the lines above this one say where",
            code="provider",
        ) from None
