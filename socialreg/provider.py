"""The base class of every provider: three steps, plain values in, dataclasses out, no Django.

A provider is a class whose attributes are its facts. Every attribute can be overridden in the settings by its
upper-case name, so that stand-ins, proxies and enterprise hosts need no code; those annotated ``ClassVar`` cannot, for
they are the class's own business. An attribute whose name ends in ``_url`` may name others in braces.
"""

from __future__ import annotations

import difflib
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

from .answer import Answer
from .api_access import ApiAccess
from .exceptions import ConfigurationError
from .store import Memory, Store
from .types import Credentials, Intent, Profile, Redirect

#: The class's own business too, though no ``ClassVar``: what a property, or each provider for itself, may work out.
_NOT_SETTINGS = frozenset({"uid_claim", "required_options", "answers_by_post", "server_example"})
#: As it stands in an annotation that is a text: ``ClassVar[bool]``, ``typing.ClassVar[bool]``.
_CLASS_VAR = re.compile(r"(?:\w+\.)*ClassVar\b")
#: Options that come from this site alone, see :meth:`Provider.authorize`.
_OURS = frozenset({"scope", "granted"})
_IN_WORDS = {bool: "True or False", tuple: 'a list such as ["...", "..."]', str: "a text", int: "a whole number"}


class Transport(Protocol):
    """What a provider needs to reach the outside: :class:`socialreg.http.Client` is the one there is."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request and return the whole answer. See :meth:`socialreg.http.Client.send`."""

    @property
    def for_visitors(self) -> Transport:
        """The way to hosts that visitors name. See :attr:`socialreg.http.Client.for_visitors`."""


class Provider(ApiAccess, ABC):
    """Somebody who vouches for people.

    :param settings: this provider's entry in ``SOCIALREG["PROVIDERS"]``: upper-case names of class attributes.
    :param transport: what it sends its requests with.
    :param store: what it remembers between requests; in a site that is shared by all workers.
    :raises ConfigurationError: a name that is no attribute of the class, or a value of another type.
    """

    #: The name in URLs and templates; also the stem of the module and of its picture.
    slug: ClassVar[str]
    #: The name that people know it by, as it stands on the button.
    label: str
    #: Who vouches. Identity is (issuer, uid): two protocols of one site share an issuer and so an account.
    issuer: str
    #: Names that a start form may pass on to the provider. Nothing else that a request carries ever reaches it.
    request_options: ClassVar[tuple[str, ...]] = ()
    #: Options, as the settings name them, that must hold a text before anybody can be sent to this provider.
    required_options: tuple[str, ...] = ("CLIENT_ID", "CLIENT_SECRET")
    #: For those of whom there are many servers: the name of one, as an example to the visitor, who is asked for theirs.
    #: It arrives as ``options["server"]``. ``""``: nobody is asked.
    server_example: str = ""
    #: Button colours (CSS hex), light and dark.
    color: str = "#1f2937"
    text_color: str = "#ffffff"
    dark_color: str = "#e5e7eb"
    dark_text_color: str = "#111827"

    #: Whether this site takes the provider's word for whose an address is. ``False``: no address of its counts as
    #: verified, for a server that lets people have any.
    trust_emails: bool = True

    client_id: str = ""
    client_secret: str = ""

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        self.transport = transport
        self.store: Store = store or Memory()
        self._refuse_own_words()
        for name, value in settings.items():
            self._override(name, value)
        for name in _endpoint_names(type(self)):
            setattr(self, name, self._expand(getattr(self, name)))

    def _refuse_own_words(self) -> None:
        # What an account was granted, and is to be granted, no browser may say.
        taken = sorted(_OURS.intersection(self.request_options))
        if taken:
            raise ConfigurationError(
                f"request_options of {type(self).__name__} names {' and '.join(taken)}",
                cause="then any page could have a visitor asked for more than this site wants",
                remedy="Leave it out: buttons of an account ask for more by themselves",
                code="request-options",
            )

    def _override(self, name: str, value: object) -> None:
        attribute = name.lower()
        default = getattr(self, attribute, None)
        if not name.isupper() or attribute in _own_business(type(self)) or not _is_data(default):
            raise ConfigurationError(
                f"{type(self).__name__} has no option {name!r}",
                cause="it is no upper-case name of an attribute of the provider's class",
                remedy=f"{_meant(name, self.option_names())}Use one of {', '.join(self.option_names())}",
                code="unknown-option",
            )
        if isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        # For Python True is a number.
        if not isinstance(value, type(default)) or isinstance(value, bool) is not isinstance(default, bool):
            raise ConfigurationError(
                f"The option {name} of {type(self).__name__} has the wrong type",
                cause=f"it is {type(value).__name__}, not {type(default).__name__}",
                remedy=f"Give {name} as {_IN_WORDS.get(type(default), 'a dict of texts')}",
                code="option-type",
            )
        setattr(self, attribute, value)

    def _expand(self, address: str) -> str:
        """Fill in the attributes that an address names in braces: ``"{api_host}/oauth/authorize"``."""
        return re.sub(r"\{([a-z_]+)\}", lambda match: str(getattr(self, match[1])), address)

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the upper-case names that the settings may override."""
        return _option_names(cls)

    @classmethod
    def icon(cls) -> str:
        """Return the SVG beside the class's module (``twitter.py``, ``twitter.svg``), ``""`` if there is none."""
        return _svg(Path(inspect.getfile(cls)).with_suffix(".svg"))

    def endpoints(self) -> list[str]:
        """Return every address that this provider's requests or redirects go to, for the system checks."""
        return [address for name in _endpoint_names(type(self)) if (address := getattr(self, name))]

    @property
    @abstractmethod
    def uid_claim(self) -> str:
        """Where the uid comes from: the provider's stable identifier, never a name or an address that changes hands."""

    @property
    def answers_by_post(self) -> bool:
        """Whether the browser comes back with a form that the provider's page posts (``response_mode=form_post``)."""
        return False

    def server_of(self, named: str) -> str:
        """Return the one name of a server, where there are many (:attr:`server_example`). Makes no call.

        What has failed there is counted by it: so all that people may type for one server must come to the same.

        :param named: what a visitor typed, or an issuer of this provider's; ``""`` may come back where it names none.
        """
        return named.strip().lower().removeprefix("https://").rstrip("/")

    @abstractmethod
    def correlate(self, params: Mapping[str, str]) -> str:
        """Return the :attr:`Redirect.key` that a callback names, ``""`` if it names none. Makes no call."""

    @abstractmethod
    def authorize(self, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
        """Begin: say where to send the browser.

        :param redirect_uri: the absolute address of our callback, exactly as registered with the provider.
        :param intent: ``"login"``, ``"connect"`` or ``"prefill"``.
        :param options: what the start form asked for, of the names in :attr:`request_options` only. Besides, where it
            applies: ``server``, see :attr:`server_example`; ``granted`` and ``scope``, separated by blanks, where an
            account that was granted something is to be allowed more.
        :raises NoSuchServer: what the visitor typed, where :attr:`server_example` makes us ask, names no server.
        :raises Refused, BadAnswer, Unavailable: the provider did not play along.
        """

    @abstractmethod
    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        """Turn a callback into credentials.

        :param pending: what :meth:`authorize` left to wait, from this browser's own attempt.
        :param params: the callback's parameters: untrusted.
        :raises Denied: the visitor pressed "cancel".
        :raises Mismatch: the callback does not belong to ``pending``, or lacks what it must carry.
        :raises NotAllowed: an option keeps this person out.
        :raises Refused, BadAnswer, Unavailable: the provider did not play along.
        """

    @abstractmethod
    def fetch_profile(self, credentials: Credentials) -> Profile:
        """Ask the provider who ``credentials`` belong to.

        :raises Refused, BadAnswer, Unavailable: the provider did not play along.
        """

    def fetch_again(self, credentials: Credentials, stored: Profile) -> Profile:
        """Ask who somebody is whose profile is stored but old. A provider that can do with fewer calls overrides this.

        :param stored: what was learnt before.
        :raises Refused, BadAnswer, Unavailable: the provider did not play along.
        """
        return self.fetch_profile(credentials)

    def profile_from(self, credentials: Credentials) -> Profile:
        """Return what the credentials alone tell: what a :meth:`fetch_profile` can fall back to."""
        return Profile(uid=credentials.uid, username=credentials.username)


@cache  # by class, as all that is a fact of one: a site makes all its providers in each process
def _option_names(cls: type[Provider]) -> tuple[str, ...]:
    names = (name for name in dir(cls) if not name.startswith("_") and name not in _own_business(cls))
    return tuple(sorted(name.upper() for name in names if _is_data(getattr(cls, name))))


@cache
def _endpoint_names(cls: type[Provider]) -> tuple[str, ...]:
    return tuple(name for name in sorted(dir(cls)) if name.endswith("_url") and isinstance(getattr(cls, name), str))


@cache  # a page of buttons reads no file
def _svg(path: Path) -> str:
    return re.sub(r"\s+", " ", path.read_text("utf-8")).strip() if path.is_file() else ""


@cache
def _own_business(cls: type) -> frozenset[str]:
    """Return the attributes that no setting can change."""
    annotated = (item for base in cls.__mro__ for item in inspect.get_annotations(base).items())
    return _NOT_SETTINGS | {name for name, kind in annotated if _CLASS_VAR.match(str(kind))}


def _meant(name: str, options: tuple[str, ...]) -> str:
    """Return the option that somebody most likely wanted, as a question, ``""`` if none is near."""
    near = difflib.get_close_matches(name.upper(), options, n=1, cutoff=0.7)
    return f"Did you mean {near[0]}? " if near else ""


def _is_data(value: object) -> bool:
    return isinstance(value, str | bool | int | tuple | Mapping)
