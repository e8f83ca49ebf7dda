"""Where a connection may go: names are looked up here, every address is checked, and the one checked is dialled.

So a name cannot lead into the site's own network, and cannot mean one address when it is checked and another when it is
used (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from .deadlines import CONNECT_SECONDS, Fault, allow, step

#: Names looked up at once. The system's resolver cannot be interrupted, so what hangs in it is bounded by number.
_LOOKUPS = 8

#: One entry of getaddrinfo: the family, and what connect() takes.
Address = tuple[socket.AddressFamily, tuple[object, ...]]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address is out in the internet, also behind the notations that carry an IPv4 address inside.

    Follows the IANA special-purpose registries (RFC 6890), RFC 4291 (mapped), RFC 3056 (6to4) and RFC 6052 (NAT64).
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    inside = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inside is not None:
        return is_public(inside)
    return address in _GLOBAL_UNICAST and address.is_global


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Gate:
    """Where connections may go. One per process: what a parent's threads hold, a forked child could never free.

    ``private_hosts`` are ``host`` or ``host:port`` in lower case, which may have addresses that are not public.
    """

    private_hosts: frozenset[str]
    _free: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_LOOKUPS))

    def knows(self, host: str, port: int) -> bool:
        """Return whether the operator named this host as one that may be private."""
        bare = f"[{host}]" if ":" in host else host
        return not self.private_hosts.isdisjoint({host, bare, f"{bare}:{port}"})

    def addresses(self, host: str, port: int, *, plain: bool) -> list[Address]:
        """Return the addresses of a host, all of them checked: one bad among good ones spoils them all.

        :param plain: the connection is not encrypted, so it may not leave this machine.
        :raises Fault: no address, not in time, or an address that is not allowed.
        """
        known = self.knows(host, port)
        found = self._look_up(host, port)
        for _, where in found:
            address = ipaddress.ip_address(str(where[0]))
            mapped = getattr(address, "ipv4_mapped", None)  # whose loopback Python 3.13 counts as one, others do not
            if plain and not (known and address.is_loopback and not mapped):
                reason = "plain http may not leave this machine" if known else "it is not named in PRIVATE_HOSTS"
                raise Fault("not-https", f"{host} leads to {address}, and {reason}")
            if not known and not is_public(address):
                raise Fault("private-address", f"{host} leads to {address}, which is not a public address")
        return found

    def _look_up(self, host: str, port: int) -> list[Address]:
        answer: queue.SimpleQueue[list[Address]] = queue.SimpleQueue()
        late = Fault("timeout", f"looking up {host} took too long")
        if not self._free.acquire(timeout=allow(CONNECT_SECONDS)):
            raise late
        try:
            threading.Thread(target=self._ask, args=(host, port, answer), daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise Fault("dns", f"no thread could be started to look up {host}") from None
        try:
            found = answer.get(timeout=allow(CONNECT_SECONDS))
        except queue.Empty:
            raise late from None
        if not found:
            raise Fault("dns", f"the name {host} does not resolve")
        return found

    def _ask(self, host: str, port: int, answer: queue.SimpleQueue[list[Address]]) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
            found = []
        finally:
            self._free.release()
        answer.put([(family, where) for family, _, _, _, where in found])


def dial(addresses: list[Address]) -> socket.socket:
    """Return a connection to the first address that answers; none may use up the time of the next.

    :raises Fault: what became of the last one, if none answers.
    """
    share = CONNECT_SECONDS / min(len(addresses), 3)
    *others, last = addresses
    for family, where in others:
        with suppress(Fault):
            return _dial(family, where, share)
    return _dial(*last, share)


def _dial(family: socket.AddressFamily, where: tuple[object, ...], share: float) -> socket.socket:
    with step(share, "connecting") as seconds:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            sock.close()
            raise
        return sock
