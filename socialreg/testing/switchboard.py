"""Which faults are on, for which requests, and how often still."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import Shape
from .messages import Request, Response

Group = Literal["oauth", "profile", "errors", "bodies", "transport", "browser", "token", "id-token", "resource", "back"]


@dataclass(slots=True)
class Switch:
    """A fault that is on.

    ``path``: the one path it is for, ``None`` for all the fault's own. ``left``: for how many requests still, ``None``
    until it is cleared. ``code``: the error code or status; ``error``: one that is a word. ``shape``: of an error's
    body. ``seconds``: how long.
    """

    fault: Fault
    path: str | None = None
    left: int | None = None
    code: int = 0
    shape: Shape | None = None
    seconds: float = 0
    error: str = ""

    def is_for(self, path: str, endpoint: str) -> bool:
        """Return whether a request to ``path`` meets this fault."""
        return self.path in {path, endpoint} if self.path else bool({path, endpoint} & self.fault.paths)


Act = Callable[[Response, Request, Switch], Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong.

    ``says``: what it does, in one sentence. ``paths``: the requests that it makes sense for, ``*/token`` standing for
    this endpoint of every provider that is played. ``act``: makes the faulty answer of the right one. ``instead``: the
    request is not processed at all, so that nothing is issued or spent. ``skews``: the clock is moved by the switch's
    seconds. ``code``, ``error`` and ``seconds``: what a switch has unless told otherwise.
    """

    name: str
    says: str
    group: Group
    paths: frozenset[str]
    act: Act
    instead: bool = False
    skews: bool = False
    code: int = 0
    seconds: float = 0
    error: str = ""


class Switchboard:
    """The switches that are on, in the order in which they were switched."""

    def __init__(self) -> None:
        self._switches: list[Switch] = []
        self._lock = threading.Lock()

    def add(self, switch: Switch) -> None:
        """Switch a fault on."""
        with self._lock:
            self._switches.append(switch)

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        with self._lock:
            self._switches = [s for s in self._switches if name is not None and s.fault.name != name]

    def on(self) -> list[Switch]:
        """Return the switches that are on."""
        return list(self._switches)

    def take(self, path: str, endpoint: str = "") -> list[Switch]:
        """Return the switches that a request to ``path`` meets, and count it for each.

        :param endpoint: what the path is the address of at a provider that is played: ``*/token``.
        """
        if not self._switches:
            return []
        with self._lock:
            met = [switch for switch in self._switches if switch.is_for(path, endpoint)]
            for switch in met:
                if switch.left is not None:
                    switch.left -= 1
            self._switches = [switch for switch in self._switches if switch.left != 0]
        return met
