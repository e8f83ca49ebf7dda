"""The one error tree. Each error says what failed, where, why, and what to do.

::

    SocialRegError                 anything that this package reports
    ├── ConfigurationError         the site's settings are wrong or incomplete
    │   └── UnknownProvider        somebody asked for a provider that is not enabled
    ├── AttemptError               the browser came back with something that does not belong to it
    │   ├── Mismatch               no attempt of this browser belongs to the callback, or it is another's
    │   ├── Expired                it waited longer than allowed
    │   ├── Replayed               it was used before
    │   ├── Forged                 a form came without its CSRF token
    │   ├── NotPosted              the address of a button was opened as a page
    │   ├── TooMany                it comes too often
    │   ├── NoSuchServer           the visitor was asked for their server, and named none that is
    │   └── Denied                 the visitor pressed "cancel" at the provider
    ├── ProviderError              the provider did not do its part
    │   ├── Refused                it answered with an error of its own
    │   │   ├── Barred             it keeps this person out: suspended, locked
    │   │   ├── Revoked            the account's tokens are dead: its person has to come back
    │   │   ├── Forbidden          the tokens do not cover this call
    │   │   └── RateLimited        too many calls; it says when it takes the next one
    │   ├── BadAnswer              it answered with something that nobody can use
    │   └── Unavailable            it did not answer in time, or not at all
    │       ├── NotAsked           it is left alone for now
    │       └── OutOfOrder         it was not its fault: this site's cache or database failed
    └── NotAllowed                 this site says no: inactive user, identity taken, somebody else is here
        ├── LoginRequired          nobody is logged in
        │   └── LoginNotRecent     they logged in too long ago
        ├── LostRace               a user name was taken between validating and writing
        └── Veto                   a hook of the site's says no, in words of its own

An error's text is for the log and the operator. What the visitor reads is chosen by :attr:`SocialRegError.notice`, the
name of a sentence of ours: nothing that a provider wrote is ever shown. No error carries a secret.
"""

from __future__ import annotations

from typing import ClassVar

from .types import Resume


class SocialRegError(Exception):
    """The root of the tree.

    :param failed: what failed, as a sentence without a full stop ("X did not issue a request token").
    :param cause: why, as far as it is known.
    :param remedy: what the operator can do about it.
    :param code: a stable code for the log: the provider's own error number where there is one.
    :param notice: the name of the sentence shown to the visitor; each class has its own default.
    """

    code: str = "error"
    notice: str = "failed"
    #: The HTTP status of the page that the visitor gets.
    status: ClassVar[int] = 500
    #: Seconds after which trying again may help, where that is known: the answer's ``Retry-After``.
    retry_after: int = 0

    def __init__(self, failed: str, *, cause: str = "", remedy: str = "", code: str = "", notice: str = "") -> None:
        super().__init__(failed)
        self.failed = failed
        self.cause = cause
        self.remedy = remedy
        self.code = code or self.code
        self.notice = notice or self.notice
        #: How the visitor can begin again; filled in by whoever knows.
        self.resume = Resume()

    def __str__(self) -> str:
        parts = [f"{self.failed} [{self.code}]"]
        if self.cause:
            parts.append(f"Cause: {self.cause}")
        if self.remedy:
            parts.append(f"Remedy: {self.remedy}")
        return ". ".join(parts)


class ConfigurationError(SocialRegError):
    """The site's settings are wrong or incomplete; nobody can log in this way until they are mended."""

    code = "configuration"
    notice = "not-available"
    status = 503


class UnknownProvider(ConfigurationError):
    """Somebody asked for a provider that this site has not enabled."""

    code = "unknown-provider"
    status = 404


class AttemptError(SocialRegError):
    """The browser came back with something that does not belong to an attempt of its own."""

    status = 400


class Mismatch(AttemptError):
    """No attempt of this browser belongs to the callback: a lost cookie, or somebody else's link."""

    code = "mismatch"
    notice = "lost"


class Expired(AttemptError):
    """The attempt waited longer than allowed."""

    code = "expired"
    notice = "expired"


class Replayed(AttemptError):
    """The attempt was used before: a reload, the back button, or a replay."""

    code = "replayed"
    notice = "replayed"


class Forged(AttemptError):
    """A form came without the token that its page carries (CSRF): a foreign page, or cookies that are blocked."""

    code = "csrf"
    notice = "cookies"
    status = 403


class NotPosted(AttemptError):
    """Somebody opened an address that is only for a form's button."""

    code = "method"
    notice = "press-button"
    status = 405


_TOLD_APART = "; behind a proxy, CLIENT_ADDRESS says how people are told apart"


class TooMany(AttemptError):
    """Somebody does something more often than ``SOCIALREG["RATE_LIMITS"]`` lets them (RFC 6585 section 4).

    :param action: what they do, as the setting names it.
    :param by: ``address`` or ``account``: what was counted.
    :param seconds: when the next one is welcome.
    """

    code = "too-many"
    notice = "too-many"
    status = 429

    def __init__(self, action: str, by: str, seconds: int) -> None:
        super().__init__(
            f"There were too many of {action!r} by one {by}",
            cause=f"a script{', or many people whom this site takes for one' if by == 'address' else ''}",
            remedy=f"See RATE_LIMITS{_TOLD_APART if by == 'address' else ''}. Whose it was: Sign-in events, too-many",
        )
        self.retry_after = seconds


class NoSuchServer(AttemptError):
    """The visitor was asked which server their account is on, and typed something that is none."""

    code = "no-such-server"
    notice = "server"


class Denied(AttemptError):
    """The visitor pressed "cancel" at the provider. No fault of anybody's."""

    code = "denied"
    notice = "denied"
    status = 200


class ProviderError(SocialRegError):
    """The provider did not do its part."""

    status = 502


class Refused(ProviderError):
    """The provider answered with an error of its own."""

    code = "refused"
    notice = "refused"
    #: A browser brought it, so anybody can have made it up.
    is_hearsay: bool = False


class Barred(Refused):
    """The provider keeps this person out, and not this site: a suspended or locked account. No fault of the site's."""

    code = "barred"
    notice = "suspended"
    status = 403


class Revoked(Refused):
    """The tokens of an account are dead: revoked at the provider, expired, or lost. Its person has to come back."""

    code = "revoked"
    notice = "expired"


class Forbidden(Refused):
    """The provider does not let these tokens do this.

    :attr:`scope` is what would be needed, as the provider names it, ``""`` where it does not say.
    """

    code = "forbidden"
    scope: str = ""


class RateLimited(Refused):
    """There were too many calls.

    :attr:`reset` is when the provider takes the next one, in seconds since the epoch; ``None`` where it does not say.
    """

    code = "rate-limited"
    notice = "busy"
    status = 503
    reset: int | None = None


class BadAnswer(ProviderError):
    """The provider answered with something that nobody can use."""

    code = "bad-answer"
    notice = "failed"


class Unavailable(ProviderError):
    """The provider did not answer in time, or not at all."""

    code = "unavailable"
    notice = "unavailable"
    status = 503


class NotAsked(Unavailable):
    """The provider is left alone for now: it has failed before, or too many wait for it already. See :mod:`circuits`.

    :param label: the name that people know the provider by.
    :param seconds: when it may be asked again.
    """

    code = "circuit-open"

    def __init__(self, label: str, *, cause: str, remedy: str, seconds: int, code: str = "") -> None:
        super().__init__(f"{label} was not asked", cause=cause, remedy=remedy, code=code)
        self.retry_after = seconds


class OutOfOrder(Unavailable):
    """What this site itself needs failed, its cache or its database: what a provider said is of no use without."""

    notice = "out-of-order"


class NotAllowed(SocialRegError):
    """This site says no: an inactive user, an identity that is taken, somebody else is here now."""

    code = "not-allowed"
    notice = "not-allowed"
    status = 403


class LoginRequired(NotAllowed):
    """This is for people who are logged in. Our pages send others to the login; a script is told where that is."""

    code = "login-required"
    notice = "login-required"
    status = 401
    #: Where to log in.
    login_url: str = ""


class LoginNotRecent(LoginRequired):
    """The last login is too long ago for this: see ``SOCIALREG["RECENT_LOGIN"]``."""

    code = "recent-login"
    notice = "recent-login"
    status = 403


class LostRace(NotAllowed):
    """A unique value of the registration form was taken between validating and writing."""

    code = "lost-race"
    notice = "failed"


class Veto(NotAllowed):
    """Raised by a site's own hook to stop a login or a registration.

    :param message: the sentence that the visitor reads; the site's own, already translated.
    """

    code = "veto"
    notice = "not-allowed"

    def __init__(self, message: str) -> None:
        super().__init__(
            "A hook of this site stopped it",
            cause="BEFORE_LOGIN or BEFORE_REGISTER raised Veto",
            remedy="Nothing, if that was meant; else look at the hook",
        )
        self.message = message
