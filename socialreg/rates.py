"""How often something may be done here: what ``RATE_LIMITS`` says, and what holds where it says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from .setting_values import wrong

#: What is limited in number, by the address that it comes from and by the account that it is about.
Action = Literal["start", "callback", "register", "prove"]
LimitedBy = Literal["address", "account"]


@dataclass(frozen=True, slots=True)
class Rate:
    """``times`` in ``seconds``."""

    times: int
    seconds: int


#: An address may be a whole school's; an account is one person's.
_DEFAULTS: Mapping[Action, Mapping[LimitedBy, str]] = {
    "start": {"address": "300/m", "account": "30/m"},
    "callback": {"address": "300/m", "account": "30/m"},
    "register": {"address": "120/m", "account": "30/m"},
    "prove": {"address": "60/m", "account": "10/m"},
}
_RATE = re.compile(r"([1-9][0-9]{0,8})/([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def limit(given: object, action: Action, by: LimitedBy) -> Rate | None:
    """Return one limit; ``None`` for as often as anybody likes.

    :param given: what the setting holds.
    :raises ConfigurationError: it names another action, or holds something that is no rate.
    """
    if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
        raise wrong("RATE_LIMITS", "it is no dict of dicts", 'Such as {"start": {"address": "300/m"}}')
    unknown = [name for name in given if name not in _DEFAULTS]
    unknown += [name for each in given.values() for name in each if name not in get_args(LimitedBy)]
    if unknown:
        raise wrong("RATE_LIMITS", f"it names {unknown[0]!r}", f"There are {', '.join(_DEFAULTS)}; address and account")
    return _read({**_DEFAULTS[action], **given.get(action, {})}[by])


def _read(value: object) -> Rate | None:
    if value is None:
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        remedy = 'Write a rate as "60/m": a number, and s, m, h or d; None is no limit'
        raise wrong("RATE_LIMITS", f"it holds {value!r}", remedy)
    return Rate(int(found[1]), _SECONDS[found[2]])
