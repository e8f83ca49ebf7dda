"""Where a request comes from.

Nothing that a request says of itself is believed: a forwarded header is what anybody can send. Which proxies of its own
a site has, and what they write, only the site knows: ``SOCIALREG["CLIENT_ADDRESS"]`` names a function of its own.
"""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from . import conf

#: What one subscriber has: of IPv6 a whole network, so counting single addresses would count nothing.
_SUBSCRIBER = {4: 32, 6: 64}
#: What is written down: enough to see that many came from one place, too little to say who.
_PREFIX = {4: 24, 6: 48}


def of_connection(request: HttpRequest) -> str:
    """Return the address of the connection: the visitor's, or that of a proxy in between.

    One that is not public is a proxy's, or of the site's own network: those behind it cannot be told apart, and ``""``
    says so.
    """
    found = _parsed(request.META.get("REMOTE_ADDR", ""))
    return str(found) if found is not None and found.is_global else ""


def subscriber(request: HttpRequest) -> str:
    """Return what stands for a visitor's connection where they are counted, ``""`` where nobody can tell."""
    return _network(request, _SUBSCRIBER)


def prefix(request: HttpRequest) -> str:
    """Return the part of a visitor's address that may be kept, such as ``203.0.113.0/24``, ``""`` without one."""
    return _network(request, _PREFIX)


def _network(request: HttpRequest, lengths: dict[int, int]) -> str:
    found = _parsed(conf.client_address()(request))
    if found is None:
        return ""
    return str(ipaddress.ip_network((found, lengths[found.version]), strict=False))


def _parsed(text: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(str(text).strip())
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
