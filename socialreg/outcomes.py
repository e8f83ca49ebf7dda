"""What became of a request that brought no answer: which error it is, and what the operator does about it."""

from __future__ import annotations

from collections.abc import Mapping

from .deadlines import Fault
from .exceptions import BadAnswer, ConfigurationError, SocialRegError, Unavailable

_REACH = "See the provider's status page, and whether this server reaches it: DNS, firewall, the host in the settings"
_ODD = "Try again; if it stays, see the provider's status page and whether the address in the settings is right"
#: What became of a request: the error it is, and what the operator does about it.
ERRORS: Mapping[str, tuple[type[SocialRegError], str]] = {
    "timeout": (Unavailable, _REACH),
    "dns": (Unavailable, _REACH),
    "connection": (Unavailable, _REACH),
    "tls": (Unavailable, "See whether the provider speaks TLS 1.2 or later at this address, and its status page"),
    "certificate": (
        Unavailable,
        "Check the host in the settings and this machine's clock, bring certifi up to date; somebody may be in between",
    ),
    "malformed": (BadAnswer, _ODD),
    "truncated": (BadAnswer, _ODD),
    "encoding": (BadAnswer, _ODD),
    "too-large": (BadAnswer, _ODD),
    "redirect": (BadAnswer, "Give the final address in the settings: redirects are never followed"),
    "address": (ConfigurationError, "Give an address of the form https://host/path in the settings"),
    "not-https": (
        ConfigurationError,
        "Give an https address. A stand-in over plain http works with DEBUG on and its host in PRIVATE_HOSTS",
    ),
    "private-address": (
        ConfigurationError,
        'If this host is meant to be inside your network, name it in SOCIALREG["PRIVATE_HOSTS"]',
    ),
    "header": (ConfigurationError, "See that the credentials in the settings are pasted whole, without line breaks"),
    "ca-file": (ConfigurationError, "Give the path of a readable file with certificates in PEM format"),
}


def error_of(fault: Fault, where: str) -> SocialRegError:
    """Return the error that a fault is.

    :param where: which request it befell, without its query.
    """
    kind, remedy = ERRORS[fault.code]
    return kind(f"{where} failed", cause=fault.cause, remedy=remedy, code=fault.code)
