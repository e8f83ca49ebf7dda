"""What an OpenID provider publishes about itself: its discovery document and its keys (Discovery section 4, RFC 7517).

Both are fetched once in an hour for all workers. While the provider cannot be reached, what was fetched last serves for
another day. Another provider's document is never taken for its own: one entry per exact address, and the issuer is
compared whenever one is read (RFC 8414 section 3.3).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import cast

from .answer import Answer
from .deadlines import deadline
from .exceptions import ConfigurationError, ProviderError, Refused, SocialRegError, Unavailable
from .provider import Transport
from .store import Store
from .types import web_address

logger = logging.getLogger(__name__)

#: Seconds that a copy is used without asking, and for how much longer while nobody answers.
FRESH, STALE = 3600, 24 * 3600
#: Seconds between two attempts to replace a copy that is no longer fresh.
PAUSE = 60
#: Seconds that such an attempt may take from a login that can do without.
PATIENCE = 2.0
#: How often keys may be fetched in a minute because a token names one that is not known.
KEYS_ANEW = 2
#: Keys of a set that are looked at. The largest sets have a dozen.
KEYS = 100
#: Characters of a key's member: an RSA modulus of 16384 bits, beyond which nobody verifies.
_MEMBER_LENGTH = 2731
_TOO_MANY, _SERVER_ERROR = 429, 500

#: What is kept of a document, and of a key: what is used. A private key that somebody published stays out.
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint")
_ISS_PROMISED = "authorization_response_iss_parameter_supported"
_AUTH_METHODS = "token_endpoint_auth_methods_supported"
_METHODS = ("client_secret_basic", "client_secret_post")
#: ``issuer`` is Microsoft's: for whose tokens a key is.
_KEY_MEMBERS = ("kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "issuer")
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})

Reduce = Callable[[Answer], Mapping[str, object]]


class Metadata:
    """Reads what providers publish, and remembers it.

    :param transport: what requests are sent with: https only, no redirects.
    :param store: where copies are kept.
    """

    def __init__(self, transport: Transport, store: Store) -> None:
        self._transport = transport
        self._store = store

    def document(self, address: str, is_issuer: Callable[[str], bool]) -> Mapping[str, object]:
        """Return the discovery document at ``address``: ``issuer`` and, as far as they are there, the endpoints,
        ``token_endpoint_auth_methods_supported`` and ``authorization_response_iss_parameter_supported``.

        :param is_issuer: whether an ``issuer`` is the one that was configured.
        :raises ConfigurationError: it is another's, with the code ``issuer``.
        :raises BadAnswer: it is no discovery document.
        :raises Refused, Unavailable: it cannot be had.
        """

        def reduce(answer: Answer) -> Mapping[str, object]:
            found = _document(answer)
            if not is_issuer(str(found["issuer"])):
                raise _other_issuer(answer)
            return found

        return self._remembered(address, reduce, lambda kept: is_issuer(str(kept.get("issuer"))))

    def keys(self, address: str) -> RemoteKeys:
        """Return the keys at ``address``, a ``jwks_uri``. Nothing is fetched before they are read."""
        return RemoteKeys(self, address)

    def key_set(self, address: str) -> list[Mapping[str, object]]:
        """Return the public keys at ``address``. Raises what :meth:`document` does."""
        kept = self._remembered(address, _key_set, lambda kept: "keys" in kept)
        return cast("list[Mapping[str, object]]", kept["keys"])

    def key_set_again(self, address: str) -> list[Mapping[str, object]]:
        """Return them fetched anew; or the copy, if that was done twice in this minute already or does not work."""
        if any(self._store.add(f"{_entry(address)}:again:{turn}", PAUSE) for turn in range(KEYS_ANEW)):
            try:
                self._fetch(address, _key_set, tries=1)
            except SocialRegError as error:
                logger.warning("No newer keys: %s", error)
        return self.key_set(address)

    def _remembered(
        self, address: str, reduce: Reduce, accept: Callable[[Mapping[str, object]], bool]
    ) -> Mapping[str, object]:
        kept, age = self._kept(address)
        if kept is None or age >= FRESH + STALE or not accept(kept):
            return self._fetch(address, reduce, tries=2)
        if 0 <= age < FRESH or not self._store.add(f"{_entry(address)}:asked", PAUSE):
            return kept
        try:
            with deadline(PATIENCE):
                return self._fetch(address, reduce, tries=1)
        except SocialRegError as error:
            logger.warning("Using what was fetched %d minutes ago: %s", age // 60, error)
            return kept

    def _kept(self, address: str) -> tuple[Mapping[str, object] | None, float]:
        """Return the copy and its age in seconds, ``None`` if there is none."""
        entry = self._store.get(_entry(address))
        if not isinstance(entry, Mapping):
            return None, 0
        return entry["value"], time.time() - entry["at"]

    def _fetch(self, address: str, reduce: Reduce, tries: int) -> Mapping[str, object]:
        answer = self._transport.send("GET", address)
        if answer.status >= _SERVER_ERROR and tries > 1:  # mostly one server of many that has a hiccup
            return self._fetch(address, reduce, tries - 1)
        if not answer.ok:
            raise _failed(answer)
        found = reduce(answer)
        self._store.set(_entry(address), {"value": found, "at": time.time()}, FRESH + STALE)
        return found


class RemoteKeys:
    """The keys at one address, see :class:`~socialreg.jws.Keys`."""

    def __init__(self, metadata: Metadata, address: str) -> None:
        self._metadata = metadata
        self._address = address

    def current(self) -> list[Mapping[str, object]]:
        return self._metadata.key_set(self._address)

    def again(self) -> list[Mapping[str, object]]:
        return self._metadata.key_set_again(self._address)


def _entry(address: str) -> str:
    # To the letter: two tenants of one host differ in a path alone, and a path knows upper and lower case.
    return f"socialreg.metadata:1:{hashlib.sha256(address.encode()).hexdigest()}"


def _document(answer: Answer) -> Mapping[str, object]:
    fields = answer.json()
    issuer, methods = fields.get("issuer"), fields.get(_AUTH_METHODS)
    if not isinstance(issuer, str):
        raise answer.unusable("it is no discovery document: it names no issuer")
    found: dict[str, object] = {"issuer": issuer, _ISS_PROMISED: fields.get(_ISS_PROMISED) is True}
    # Whether an endpoint may do without https, as a stand-in's may, is seen where it is used.
    found |= {name: address for name in _ENDPOINTS if (address := web_address(fields.get(name), "http://"))}
    if isinstance(methods, list):
        found[_AUTH_METHODS] = [method for method in _METHODS if method in methods]
    return found


def _key_set(answer: Answer) -> Mapping[str, object]:
    keys = answer.json().get("keys")
    found = [key for each in keys[:KEYS] if (key := _key(each))] if isinstance(keys, list) else []
    if not found:
        raise answer.unusable("it holds no key that could verify a signature")
    return {"keys": found}


def _key(given: object) -> Mapping[str, object] | None:
    """Return what is needed of a key; ``None`` if it is damaged, or of a kind that is not used (RFC 7517 section 5)."""
    if not isinstance(given, Mapping):
        return None
    found = {name: given[name] for name in _KEY_MEMBERS if name in given}
    sound = all(isinstance(value, str) and len(value) <= _MEMBER_LENGTH for value in found.values())
    if not sound or found.get("kty") not in _KEY_TYPES:
        return None
    return found | ({"key_ops": given["key_ops"]} if "key_ops" in given else {})


def _failed(answer: Answer) -> ProviderError:
    failed = f"{answer.where} answered {answer.status}"
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY:
        return Unavailable(failed, cause="the provider is in trouble", remedy="Wait; see the provider's status page")
    return Refused(
        failed,
        cause="what an OpenID provider publishes is not at this address",
        remedy="Compare ISSUER, and DISCOVERY_URL and JWKS_URL if they are set, with the provider's documentation",
    )


def _other_issuer(answer: Answer) -> ConfigurationError:
    return ConfigurationError(
        f"{answer.where} is the discovery document of another issuer",
        cause="its issuer is not the configured one to the letter (OpenID Connect Discovery section 4.3)",
        remedy="Set ISSUER to what the document has for issuer, with or without a slash at the end, if you trust it",
        code="issuer",
    )
