"""A provider that can be told how to be, and whoever asks it by way of a circuit, as a login does."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import ClassVar

import pytest
from django.core.cache.backends import base, locmem

from socialreg import circuits
from socialreg.breakers import Circuit
from socialreg.exceptions import SocialRegError
from socialreg.http import Client
from tests.servers import Peer, Server, answer

ACME = Circuit("acme")
WELL = "200 OK"


class Provider(Server):
    """Answers each path with the status that it is told, ``200 OK`` at first; ``silent``: with nothing at all.

    ``bodies`` is what it says, by path; ``pause`` the seconds before it does. ``held`` are the requests that wait for
    an answer now, ``most_held`` the most that there were at once.
    """

    def __init__(self, bodies: Mapping[str, bytes] = MappingProxyType({}), pause: float = 0) -> None:
        super().__init__(self._converse)
        self.bodies = bodies
        self.pause = pause
        self.how: dict[str, str] = {}
        self.at_first = WELL
        self.held = self.most_held = 0
        self._lock = threading.Lock()
        self.base = self.url.removesuffix("/path")

    def _converse(self, peer: Peer) -> None:
        while request := peer.request():
            path = request.split(b" ", 2)[1].decode()
            with self._lock:
                self.held += 1
                self.most_held = max(self.held, self.most_held)
            try:
                self._answer(peer, path)
            finally:
                with self._lock:
                    self.held -= 1

    def _answer(self, peer: Peer, path: str) -> None:
        while (how := self.how.get(path, self.at_first)) == "silent":
            readable, _, _ = select.select([peer.sock], [], [], 0.02)
            if self.ended.is_set() or (readable and not peer.sock.recv(1, socket.MSG_PEEK)):
                return  # whoever waited has gone
        if how == "reset":
            peer.reset()
        else:
            self.ended.wait(self.pause)
            headers = {"Content-Type": "application/json", "Location": "https://elsewhere.example/"}
            peer.say(answer(how, self.bodies.get(path, b"{}"), headers))

    def asked(self) -> int:
        return len(self.requests)


class Asker:
    """Asks a provider by way of a circuit."""

    def __init__(self, provider: Provider, client: Client) -> None:
        self.provider = provider
        self.client = client

    def __call__(
        self, path: str = "/token", circuit: Circuit = ACME, method: str = "POST", *, is_final: bool = False
    ) -> str:
        """Ask once; return the status, or the error's code."""
        return self.in_one_step(path, circuit=circuit, method=method, is_final=is_final)[-1]

    def in_one_step(
        self, *paths: str, circuit: Circuit = ACME, method: str = "POST", is_final: bool = False
    ) -> list[str]:
        """Ask for several things one after the other, as a login does; return what came of each until one fails."""
        found: list[str] = []
        try:
            with circuits.through(circuit, "Acme", is_final=is_final):
                for path in paths:
                    found.append(str(self.client.send(method, f"{self.provider.base}{path}").status))  # noqa: PERF401
        except SocialRegError as error:
            found.append(error.code)
        return found


class Clock:
    """The clock of a cache in memory, which can be put forward."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        for module in (base, locmem):
            patch.setattr(module, "time", SimpleNamespace(time=lambda: time.time() + self.ahead))

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


def until(is_so: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that must come."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.01)


class Counting(locmem.LocMemCache):
    """A cache that writes down what is asked of it; one question for many entries is one."""

    asked: ClassVar[list[str]] = []
    is_down: ClassVar[bool] = False

    def __getattribute__(self, name: str):
        if name in {"add", "set", "delete", "touch", "get_many", "set_many", "delete_many", "incr", "has_key"}:
            Counting.asked.append(name)
            if Counting.is_down:
                raise ConnectionRefusedError
        return super().__getattribute__(name)

    def delete_many(self, keys, version=None):
        for key in keys:
            locmem.LocMemCache.delete(self, key, version)

    def set_many(self, data, timeout=None, version=None):
        for key, value in data.items():
            locmem.LocMemCache.set(self, key, value, timeout, version)
        return []
