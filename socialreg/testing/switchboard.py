"""Which faults are on, for which requests, and how often still."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import Shape
from .messages import Request, Response

Group = Literal["oauth", "profile", "errors", "bodies", "transport", "browser"]


@dataclass(slots=True)
class Switch:
    """A fault that is on.

    ``path``: the one path it is for, ``None`` for all the fault's own. ``left``: for how many requests still, ``None``
    until it is cleared. ``code``: the error code or status. ``shape``: of an error's body. ``seconds``: how long.
    """

    fault: Fault
    path: str | None = None
    left: int | None = None
    code: int = 0
    shape: Shape | None = None
    seconds: float = 0

    def is_for(self, path: str) -> bool:
        """Return whether a request to ``path`` meets this fault."""
        return path == self.path if self.path else path in self.fault.paths


Act = Callable[[Response, Request, Switch], Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong.

    ``says``: what it does, in one sentence. ``act``: makes the faulty answer from the right one. ``instead``: the
    request is not processed at all, so that nothing is issued or spent. ``skews``: the clock is moved by the switch's
    seconds. ``code`` and ``seconds``: what a switch has unless told otherwise.
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

    def take(self, path: str) -> list[Switch]:
        """Return the switches that a request to ``path`` meets, and count it for each."""
        if not self._switches:
            return []
        with self._lock:
            met = [switch for switch in self._switches if switch.is_for(path)]
            for switch in met:
                if switch.left is not None:
                    switch.left -= 1
            self._switches = [switch for switch in self._switches if switch.left != 0]
        return met
