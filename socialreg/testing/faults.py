"""Everything that can go wrong at the stand-in, by name, and how it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from socialreg.exceptions import ConfigurationError

from .errors import CODES, SHAPES, Shape
from .oauth_faults import BROWSER_FAULTS, OAUTH_FAULTS, PROFILE_FAULTS
from .switchboard import Fault, Switch
from .wire_faults import BODY_FAULTS, ERROR_FAULTS, TRANSPORT_FAULTS

_ALL = (*OAUTH_FAULTS, *PROFILE_FAULTS, *ERROR_FAULTS, *BODY_FAULTS, *TRANSPORT_FAULTS, *BROWSER_FAULTS)
CATALOGUE: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})
#: Every fault by name, with the sentence that says what it does.
FAULTS: Mapping[str, str] = MappingProxyType({fault.name: fault.says for fault in _ALL})


def switch(
    name: str,
    times: int | None = None,
    path: str | None = None,
    code: int | None = None,
    shape: Shape | None = None,
    seconds: float | None = None,
) -> Switch:
    """Return a fault switched on; see :meth:`XStandIn.fault`.

    :raises ConfigurationError: there is no such fault, code or shape.
    """
    fault = CATALOGUE.get(name)
    if fault is None:
        raise _unknown("fault", name, list(CATALOGUE))
    if fault.name == "error" and code is not None and code not in CODES:
        raise _unknown("error code", str(code), [str(known) for known in CODES])
    if shape is not None and shape not in SHAPES:
        raise _unknown("shape", shape, list(SHAPES))
    return Switch(
        fault, path, times, fault.code if code is None else code, shape, fault.seconds if seconds is None else seconds
    )


def _unknown(what: str, name: str, known: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The stand-in has no {what} {name!r}",
        cause="it is not in its list",
        remedy=f"Use one of {', '.join(known)}",
        code="unknown-fault",
    )
