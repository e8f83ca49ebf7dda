"""Everything that can go wrong at the stand-in, by name, and how it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from socialreg.exceptions import ConfigurationError

from .errors import CODES, SHAPES, Shape
from .oauth2.endpoints import CALLS
from .oauth2.faults import FAULTS as PLAYED_FAULTS
from .oauth_faults import BROWSER_FAULTS, OAUTH_FAULTS, PROFILE_FAULTS
from .switchboard import Fault, Switch
from .wire_faults import BODY_FAULTS, ERROR_FAULTS, TRANSPORT_FAULTS
from .x import API

_ALL = (*OAUTH_FAULTS, *PROFILE_FAULTS, *ERROR_FAULTS, *BODY_FAULTS, *TRANSPORT_FAULTS, *BROWSER_FAULTS)
CATALOGUE: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in (*_ALL, *PLAYED_FAULTS)})
#: Every fault of X and of the wire by name, with the sentence that says what it does.
FAULTS: Mapping[str, str] = MappingProxyType({fault.name: fault.says for fault in _ALL})
#: Those that only a provider over OAuth 2.0 can have.
OAUTH2_FAULTS: Mapping[str, str] = MappingProxyType({fault.name: fault.says for fault in PLAYED_FAULTS})


def switch(
    name: str,
    times: int | None = None,
    path: str | None = None,
    code: int | str | None = None,
    shape: Shape | None = None,
    seconds: float | None = None,
) -> Switch:
    """Return a fault switched on; see :meth:`StandIn.fault`.

    :raises ConfigurationError: there is no such fault, code or shape.
    """
    fault = CATALOGUE.get(name)
    if fault is None:
        raise _unknown("fault", name, list(CATALOGUE))
    if isinstance(code, str) != bool(fault.error) and code is not None:
        raise _unknown(f"code for {name}", str(code), ["a word" if fault.error else "a number"])
    if fault.name == "error" and code is not None and code not in CODES:
        raise _unknown("error code", str(code), [str(known) for known in CODES])
    if shape is not None and shape not in SHAPES:
        raise _unknown("shape", shape, list(SHAPES))
    number = code if isinstance(code, int) else fault.code
    word = code if isinstance(code, str) else fault.error
    return Switch(fault, path, times, number, shape, fault.seconds if seconds is None else seconds, word)


def is_api(path: str, endpoint: str) -> bool:
    """Return whether an application calls there, not a browser."""
    return not {path, endpoint}.isdisjoint(API | CALLS)


def _unknown(what: str, name: str, known: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The stand-in has no {what} {name!r}",
        cause="it is not in its list",
        remedy=f"Use one of {', '.join(known)}",
        code="unknown-fault",
    )
